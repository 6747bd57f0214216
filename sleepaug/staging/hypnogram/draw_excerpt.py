"""The picture of one epoch, as lines of an SVG: its signals, one below the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.staging.hypnogram.plot import runs

if TYPE_CHECKING:
    from sleepaug.staging.excerpts import Excerpt
    from sleepaug.staging.window_signal import Trace

MICROVOLTS = {"eeg": 50, "eog": 100, "emg": 50}
"""Half of what lies between two channels."""
STEPS = 100
"""Of a line, in half of what lies between two channels: 0.5 µV of an EEG."""


@dataclass(frozen=True)
class Line:
    """A signal as a line.

    Attributes
    ----------
    label : str
    seconds : float
        Between its samples.
    path : str
        The path of an SVG, in samples to the right and steps downwards.
    """

    label: str
    seconds: float
    path: str


@dataclass(frozen=True)
class Drawing:
    """The lines of a window, and its length in seconds."""

    lines: tuple[Line, ...]
    seconds: int = int(WINDOW_SECONDS)
    steps: int = STEPS


def draw_excerpt(excerpt: Excerpt) -> Drawing:
    """Draw the signals of a window, each with its scale."""
    return Drawing(tuple(_line(trace) for trace in excerpt.traces))


def _line(trace: Trace) -> Line:
    """Draw a signal; it covers its neighbours, no more, and an EMG none of them."""
    microvolts, most = MICROVOLTS[trace.kind], 1 if trace.kind == "emg" else 2
    height = np.clip(trace.microvolts / microvolts, -most, most) * STEPS
    return Line(f"{trace.name[:18]} ±{microvolts} µV", 1 / trace.sfreq, path_of(-height))


def path_of(y: np.ndarray) -> str:
    """Write whole steps from one sample to the next as the path of an SVG.

    Parameters
    ----------
    y : ndarray of shape (n_times,)
        Downwards; NaN where there is no line.

    Examples
    --------
    >>> path_of(np.array([0.0, 3.0, 1.2, np.nan, 7.0]))
    'M0 0l0 0 1 3 1-2M4 7l0 0'
    """
    parts = []
    for begin, end in runs(np.isfinite(y)):
        whole = np.rint(y[begin:end]).astype(int)
        parts.append(f"M{begin} {whole[0]}l0 0")
        parts += [f" 1 {step}" for step in np.diff(whole).tolist()]
    return "".join(parts).replace(" -", "-")
