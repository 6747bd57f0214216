"""Text files whose encoding is not known."""

from __future__ import annotations

from pathlib import Path

from sleepaug.data.files.check import check_file
from sleepaug.support.errors import RecordingError

MAX_BYTES = 20e6
"""A scoring is smaller; what is larger is not read into memory."""


def read_text(path: Path) -> str:
    """Read a small text file, as UTF-8 or else as Latin-1.

    Raises
    ------
    RecordingError
        It does not exist, cannot be read, is empty or too large.
    """
    check_file(path)
    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: too large for a scoring ({path.stat().st_size} bytes).")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return path.read_text(encoding="latin-1")
