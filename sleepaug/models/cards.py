"""Which models are at hand, and what their files say of them; no network is built here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from safetensors import SafetensorError, safe_open

from sleepaug.models.description import Description
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.support.errors import ModelError, printable

DEFAULT_MODEL = "default"
WEIGHTS = "model.safetensors"
MEMBERS = ("fold-", "seed-")
"""How the folders of the runs begin that predict together."""
YASA = "yasa"
"""The name of the model of the library YASA, which has no file here."""
LARGEST_FILE = 1 << 30  # bytes


def shipped_models() -> dict[str, Path]:
    """Return the models that ship with the package, by name."""
    folder = Path(str(files("sleepaug.models"))) / "pretrained"
    return {file.stem: file for file in sorted(folder.glob("*.safetensors"))}


def find_model(path: Path | str | None = None) -> Path:
    """Return the file of a model; see `models.files.read_model`."""
    shipped = shipped_models()
    if path is None:
        if DEFAULT_MODEL not in shipped:
            raise ModelError(
                "model: none ships with this copy of the package. Name a run folder or a model "
                "file.",
                parameters=("model",),
            )
        return shipped[DEFAULT_MODEL]
    if str(path) in shipped and not Path(path).exists():
        return shipped[str(path)]
    path = Path(path)
    if path == Path(YASA) and not path.exists():
        raise ModelError(
            "yasa: the model of a library, which has no file here. predict, evaluate and inspect "
            "take it; name another model."
        )
    if not path.is_dir():
        return path
    if (path / WEIGHTS).is_file():
        return path / WEIGHTS
    below = sorted({_whole(file.parent, path) for file in path.rglob(WEIGHTS)})
    if below:
        listed = "".join(f"\n  {folder}" for folder in below)
        raise ModelError(f"{path}: holds several models. Name one of these folders:{listed}")
    if (path / "lanes").is_dir():
        raise ModelError(
            f"{path}: a comparison, which keeps scores and no models. Train the method that it "
            "recommends with `train`, and name that run."
        )
    raise ModelError(
        f"{path}: holds no {WEIGHTS}. Is the training finished? The same train command resumes it."
    )


def _whole(folder: Path, top: Path) -> Path:
    """Return the run that a fold or seed is part of, if it lies below `top`."""
    return folder.parent if folder.name.startswith(MEMBERS) and folder.parent != top else folder


@dataclass(frozen=True)
class Card:
    """What is known of a model.

    Attributes
    ----------
    path : Path
    description : Description or RecordingDescription
        What the file says of the model.
    text : str
        The Markdown file beside it, or nothing.
    """

    path: Path
    description: Description | RecordingDescription
    text: str

    def lines(self) -> list[str]:
        """Return the card as text for a terminal."""
        if self.text:
            return [printable(line) for line in self.text.splitlines()]
        return [printable(line) for line in self.description.lines()]


def read_card(path: Path) -> Card:
    """Read the description in a model file, and the Markdown file beside it, if any."""
    text = path.with_suffix(".md")
    return Card(
        path, read_description(path), text.read_text(encoding="utf-8") if text.is_file() else ""
    )


def read_description(path: Path) -> Description | RecordingDescription:
    """Read what a model file says of its model, and check it.

    Raises
    ------
    ModelError
        The file is missing or damaged, or what it says cannot be true.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ModelError(
                f"{path}: larger than {LARGEST_FILE >> 30} GiB, which no model of sleepaug is."
            )
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get("sleepaug", "")
    except FileNotFoundError as error:  # safetensors raises it without permission, too
        if path.exists():
            raise ModelError(f"{path}: cannot be read: permission denied.") from error
        raise ModelError(
            f"{path}: no such model. Name a run folder, a model file, or a model that "
            f"ships ({', '.join(shipped_models()) or 'none does'})."
        ) from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: not a model file: {printable(str(error))}.") from error
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not a model of sleepaug: it has no description.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: not a model of sleepaug: its description has no keys.")
    try:
        if values.get("kind") == "recording":
            return RecordingDescription.from_json(values)
        return Description.from_json(values)
    except ModelError as error:
        raise ModelError(f"{path}: not a model of sleepaug:\n  {error}") from error
