"""Provenance: which models made a hypnogram, of which channels, and by which command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from sleepaug import __version__
from sleepaug.models.description import TrainedOn


@dataclass(frozen=True)
class ModelSource:
    """A model that had a say in a hypnogram.

    Attributes
    ----------
    name : str
        Of a shipped model, a run folder or a file; "" for a model that comes from none.
    hash : str
        SHA-256 of its file.
    trained_on : TrainedOn
    in_words : str
        What it was trained on, where only this is known, as in the files of a hypnogram.
    """

    name: str = ""
    hash: str = ""
    trained_on: TrainedOn = field(default_factory=TrainedOn)
    in_words: str = ""

    @property
    def trained_on_words(self) -> str:
        """What it was trained on, in words."""
        return self.in_words or self.trained_on.in_words()

    def to_json(self) -> dict[str, str]:
        """Return name, hash and training set, ready for JSON."""
        return {"name": self.name, "hash": self.hash, "trained_on": self.trained_on_words}


@dataclass(frozen=True)
class Provenance:
    """How a hypnogram came about.

    Attributes
    ----------
    models : tuple of ModelSource
    channels : tuple of str
        What was used of the recording, a sentence for each channel.
    command : str
        What was typed; "" where the hypnogram was made from Python.
    version : str
        Of sleepaug.

    Examples
    --------
    >>> made = Provenance((ModelSource("default", "1a2b3c4d5e6f"),), version="0.1.0")
    >>> made.model["name"], made.in_short()
    ('default', 'sleepaug_0.1.0 default_1a2b3c4d')
    """

    models: tuple[ModelSource, ...] = ()
    channels: tuple[str, ...] = ()
    command: str = ""
    version: str = __version__

    @property
    def model(self) -> dict[str, str]:
        """Name, hash and training set; those of several models are joined."""
        each = [model.to_json() for model in self.models]
        return {
            "name": ",".join(one["name"] for one in each),
            "hash": ",".join(one["hash"] for one in each),
            "trained_on": "; ".join(dict.fromkeys(one["trained_on"] for one in each)),
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "model": self.model,
            "channels": list(self.channels),
            "command": self.command,
            "sleepaug": self.version,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Provenance:
        """Read what `to_json` gave; what is missing stays empty."""
        model = values.get("model")
        models: tuple[ModelSource, ...] = ()
        if isinstance(model, Mapping) and (model.get("name") or model.get("hash")):
            names, hashes = (str(model.get(key, "")).split(",") for key in ("name", "hash"))
            words = str(model.get("trained_on", ""))
            pairs = zip_longest(names, hashes, fillvalue="")
            models = tuple(ModelSource(name, digest, in_words=words) for name, digest in pairs)
        channels = values.get("channels")
        return cls(
            models,
            tuple(map(str, channels)) if isinstance(channels, list) else (),
            str(values.get("command", "")),
            str(values.get("sleepaug", __version__)),
        )

    def in_short(self) -> str:
        """Name version and models in two words of plain characters, for the header of EDF."""
        models = "+".join(f"{model.name}_{model.hash[:8]}" for model in self.models)
        plain = "".join(c if c.isascii() and c.isprintable() and c != " " else "_" for c in models)
        return f"sleepaug_{self.version} {plain}".strip()

    def lines(self) -> list[str]:
        """Say it in sentences, for a page."""
        lines = [
            f"Model {model.name or 'without a name'} (SHA-256 {model.hash or 'unknown'}), "
            f"trained on {model.trained_on_words}."
            for model in self.models
        ]
        lines += [f"Command: {self.command}"] if self.command else []
        return [*lines, f"sleepaug {self.version}"]
