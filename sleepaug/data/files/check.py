"""Whether a file can be read at all."""

from __future__ import annotations

from pathlib import Path

from sleepaug.support.errors import RecordingError

FOLDERS = (".ds", ".mff")
"""Endings of recordings that are folders: CTF and EGI."""


def check_file(path: Path) -> None:
    """Check that a file exists, can be read and is not empty.

    Raises
    ------
    RecordingError
        It does not, cannot, or is.
    """
    if not path.exists():
        raise RecordingError(f"{path}: no such file.")
    if path.is_dir() and path.suffix.lower() not in FOLDERS:
        raise RecordingError(f"{path}: is a folder; a recording is a file.")
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                raise RecordingError(f"{path}: the file is empty (0 bytes). Copy it again.")
    except IsADirectoryError:
        return
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}.") from error
