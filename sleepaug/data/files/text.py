"""Text files whose encoding is not known."""

from __future__ import annotations

from pathlib import Path

from sleepaug.data.files.check import check_file
from sleepaug.support.errors import RecordingError

BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
MAX_BYTES = 20e6
"""A scoring is smaller; what is larger is not read into memory."""


def read_text(path: Path) -> str:
    """Read a small text file, as UTF-8, UTF-16 with a byte order mark, or else as Latin-1.

    Raises
    ------
    RecordingError
        It does not exist, cannot be read, is empty, too large or no text.
    """
    check_file(path)
    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: too large for a scoring ({path.stat().st_size} bytes).")
    content = path.read_bytes()
    encodings = ("utf-16",) if content[:2] in BYTE_ORDER_MARKS else ("utf-8-sig", "latin-1")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    kind = "a spreadsheet or a packed file" if content[:2] == b"PK" else "no text"
    raise RecordingError(
        f"{path}: is {kind}, not a scoring that can be read. Save it as text, such as .csv."
    )
