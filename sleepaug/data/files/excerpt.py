"""Recordings of one channel in a text file, as in the DREAMS databases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.support.errors import RecordingError

if TYPE_CHECKING:
    import mne

EXCERPT_SECONDS = 1800.0
EXCERPT_RATES = (50, 100, 200)
LENGTH_TOLERANCE = 0.01
"""Share of its length by which an excerpt may be longer or shorter."""
MAX_BYTES = 50e6
"""An excerpt is smaller; what is larger is not read into memory."""


def read_excerpt(path: Path) -> mne.io.BaseRaw:
    """Read an excerpt of the Sleep Spindles database: ``[C3-A1]``, then microvolts.

    The file does not say its sampling rate; it follows from the 30 minutes that excerpts last.

    Raises
    ------
    RecordingError
        The file has no channel in its first line, or another length.
    """
    import mne

    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: too large for an excerpt ({path.stat().st_size} bytes).")
    with open(path, "rb") as file:
        head = re.fullmatch(rb"\s*\[([^\]\r\n]{1,40})\]\s*", file.readline(100))
        if head is None:
            raise RecordingError(
                f"{path}: not a recording. A text file must begin with its channel in brackets, "
                "such as [C3-A1], and go on with a number in microvolts a line."
            )
        try:
            x = np.array(file.read().split(), float)
        except ValueError as error:
            raise RecordingError(f"{path}: not a number a line: {error}.") from error
    rate = min(EXCERPT_RATES, key=lambda rate: abs(len(x) / EXCERPT_SECONDS - rate))
    if abs(len(x) / (rate * EXCERPT_SECONDS) - 1) > LENGTH_TOLERANCE:
        raise RecordingError(
            f"{path}: {len(x)} samples. An excerpt lasts 30 minutes, at 50, 100 or 200 Hz: 90000, "
            "180000 or 360000 samples. Was it cut short?"
        )
    info = mne.create_info([head[1].decode("latin-1").strip()], float(rate), "eeg")
    return mne.io.RawArray(x[None] * 1e-6, info, verbose="error")
