"""Files are written whole or not at all, and what prevents it is one sentence."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sleepaug.support.errors import ConfigError, OutputError

FULL = (errno.ENOSPC, errno.EDQUOT, None)
"""What a full disk is called; NumPy's error has no number."""


def make_folder(path: Path) -> None:
    """Make a folder and its parents.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: this folder cannot be made: {error.strerror}. Name another."
        ) from error


def into_place(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name with the same ending, then move it into place.

    Raises
    ------
    OutputError
        It cannot be written; nothing is left of it.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        try:
            write(part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        advice = " Make room, or name another folder." if error.errno in FULL else ""
        why = error.strerror or f"no space left on device ({error})"
        raise OutputError(f"{path}: cannot be written: {why}.{advice}") from error


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    into_place(path, lambda part: part.write_bytes(content))


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, values: Any) -> None:
    write_text(path, json.dumps(values, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """What `write_json` wrote; a `ConfigError` if it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(
            f"{path}: damaged, it is not JSON ({error}). Remove it; the command that wrote it "
            "makes it again."
        ) from error
