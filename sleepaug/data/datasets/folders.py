"""Folders of recordings: what all datasets do to find the files of a night."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TypeVar

from sleepaug.support.errors import ConfigError

Night = TypeVar("Night", bound=Hashable)


def existing_folder(folder: str | Path) -> Path:
    """Check that a folder exists.

    Raises
    ------
    ConfigError
        It does not, or is a file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "no such folder"
        raise ConfigError(
            f"{folder}: {problem}. Name the folder of the recordings.", parameters=("data_dir",)
        )
    return folder


def add_file(nights: dict[Night, dict[str, Path]], night: Night, kind: str, path: Path) -> None:
    """Add a file to those of its night.

    Parameters
    ----------
    nights : dict
        The files of each night by their kind; changed in place.
    night : hashable
        Name of the night.
    kind : str
        Such as "psg" or "hypnogram".
    path : Path

    Raises
    ------
    ConfigError
        The folder holds two files of this kind.
    """
    files = nights.setdefault(night, {})
    if kind in files:
        raise ConfigError(f"{files[kind]} and {path}: the same night twice. Keep one of them.")
    files[kind] = path
