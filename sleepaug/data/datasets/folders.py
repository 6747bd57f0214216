"""Folders of recordings: what all datasets do to find the files of a night."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from sleepaug.support.errors import ConfigError


def existing_folder(folder: str | Path) -> Path:
    """`folder`, or a `ConfigError` if it is not there."""
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "no such folder"
        raise ConfigError(f"{folder}: {what}. Name the folder of the recordings with --data-dir.")
    return folder


def file_away(found: dict, night: Hashable, kind: str, path: Path) -> None:
    """Note a file of a night; a `ConfigError` if the folder holds it twice."""
    files = found.setdefault(night, {})
    if kind in files:
        raise ConfigError(f"{files[kind]} and {path}: the same night twice. Keep one of them.")
    files[kind] = path
