"""Fine-tuning: a training that starts from the weights of a saved model.

The network and its input (channels, rate, preprocessing) are those of the model; settings that
differ from them are refused. The rest is as in any training: data, method, folds, seeds, folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from sleepaug.models.cards import find_model, read_card
from sleepaug.models.files import SavedModel, read_model
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import plain

LEARNING_RATE = 1e-4
"""A tenth of what a training from scratch takes by default (`Training.learning_rate`)."""

FIXED = ("channels", "sfreq", "lowpass", "normalize")
"""The settings of preprocessing that the weights depend on; the others may differ."""


def taken_from_model(values: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the settings of a fine-tuning by those of its model.

    Parameters
    ----------
    values : mapping
        Plain settings whose ``task.start_from`` names a model.

    Returns
    -------
    dict
        New settings; those in `values` stay as they are.

    Raises
    ------
    ConfigError
        The model cannot be read, or settings differ from it; both values are named.
    """
    task = _section(values, "task")
    path = find_model(str(task["start_from"]))
    description = read_card(path).description
    if isinstance(description, RecordingDescription):
        raise ConfigError(
            f"task.start_from: {path} is a model of whole recordings. `sleepaug adapt` lets it "
            "learn on; here, name one that `train` made."
        )
    model = {
        "task": {"trunk": description.trunk, "trunk_options": description.trunk_options},
        "preprocessing": plain(description.preprocessing),
    }
    wanted = {"task": task, "preprocessing": _section(values, "preprocessing")}
    checked = {"task": ("trunk", "trunk_options"), "preprocessing": FIXED}
    wrong = [
        f"{section}.{key}: the model {path} has {_shown(model[section].get(key))}, the settings "
        f"say {_shown(wanted[section][key])}. Leave it out."
        for section, keys in checked.items()
        for key in keys
        if key in wanted[section]
        and _comparable(wanted[section][key]) != _comparable(model[section].get(key))
    ]
    if wrong:
        raise ConfigError("\n".join(wrong))
    return {
        **values,
        **{section: {**model[section], **wanted[section]} for section in wanted},
        "training": {"learning_rate": LEARNING_RATE, **_section(values, "training")},
    }


def _section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a section of settings; raise a ConfigError if it has no keys and values."""
    section = values.get(name) or {}
    if not isinstance(section, Mapping):
        raise ConfigError(f"{name}: expected keys and values, got {section!r}.")
    return dict(section)


def _comparable(value: Any) -> Any:
    """Return tuples as lists, so that both compare as equal."""
    return list(value) if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@dataclass(frozen=True)
class Start:
    """The model that a training starts from."""

    name: str
    saved: SavedModel

    @classmethod
    def of(cls, model: Path) -> Start:
        """Read a model; see `models.files.read_model`."""
        return cls(model.stem, read_model(model))

    @property
    def allow_missing(self) -> bool:
        """Whether recordings may lack channels of the model."""
        return self.saved.allow_missing

    @property
    def scorings(self) -> tuple[str, ...]:
        """Nights the model was trained on, which a model that starts from it has seen too."""
        return self.saved.description.trained_on.scorings

    def weighted(self, make_trunk: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
        """Return `make_trunk` with the model's weights in each new trunk."""
        weights = self.saved.model.trunk.state_dict()

        def make() -> nn.Module:
            trunk = make_trunk()
            trunk.load_state_dict(weights)
            return trunk

        return make
