"""Text files whose encoding is not known."""

from __future__ import annotations

from pathlib import Path

from sleepaug.data.files.check import check_file
from sleepaug.support.errors import RecordingError


def read_text(path: Path) -> str:
    """Content of a small text file."""
    check_file(path)
    if path.stat().st_size > 20e6:
        raise RecordingError(f"{path}: too large for a scoring ({path.stat().st_size} bytes).")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return path.read_text(encoding="latin-1")
