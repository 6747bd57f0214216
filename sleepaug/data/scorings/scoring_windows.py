"""Stages with times that are shorter than 30 s, or that are no seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sleepaug.data.recording import Scoring
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import RecordingError

EQUAL = 0.9
"""Share of the stages that last equally long where a scoring is in epochs."""
FEWEST = 4
TOLERANCE = 0.05
"""Seconds by which epochs may differ in length."""
LONGEST_EPOCH, SHORTEST_EPOCH = 120.0, 0.9
"""Seconds: a scoring in epochs that last longer or shorter is not in seconds."""


def in_windows(path: Path, scoring: Scoring) -> Scoring:
    """Make stages of 30 s, by majority, of a scoring in shorter epochs.

    Parameters
    ----------
    path : Path
        For messages.
    scoring : Scoring

    Returns
    -------
    Scoring
        The same one if its stages last 30 s or more, or are no epochs of equal length. Windows
        begin with the first epoch; a window of which less than half is scored is left out.

    Raises
    ------
    RecordingError
        All stages last so long, or so short, that their times cannot be seconds.
    """
    duration = np.array(scoring.duration)
    epoch = float(np.median(duration))
    if len(scoring) < FEWEST or np.mean(abs(duration - epoch) < TOLERANCE) < EQUAL:
        return scoring
    if not SHORTEST_EPOCH <= epoch <= LONGEST_EPOCH:
        raise RecordingError(
            f"{path}: most stages last {epoch:g} s, where epochs of sleep last 30 s. Onset and "
            "duration must be in seconds, not in minutes, milliseconds or samples."
        )
    if epoch > WINDOW_SECONDS - TOLERANCE:
        return scoring
    begins, ends = np.array(scoring.onset), np.array(scoring.onset) + duration
    n = int((ends[-1] - begins[0]) / WINDOW_SECONDS + TOLERANCE / WINDOW_SECONDS)
    lows = begins[0] + WINDOW_SECONDS * np.arange(n)
    stages = [(low, stage) for low in lows.tolist() if (stage := _majority(scoring, ends, low))]
    if not stages:
        raise RecordingError(f"{path}: {len(scoring)} epochs of {epoch:g} s make no 30-s window.")
    return replace(
        scoring,
        onset=tuple(onset for onset, _ in stages),
        duration=(WINDOW_SECONDS,) * len(stages),
        stage=tuple(stage for _, stage in stages),
        notes=(*scoring.notes, f"Stages from epochs of {epoch:g} s, by majority in 30 s."),
    )


def _majority(scoring: Scoring, ends: np.ndarray, low: float) -> str | None:
    """Return the stage of most of a window, of equals the first; None if half is not scored."""
    seconds: dict[str, float] = {}
    for k in range(int(np.searchsorted(ends, low, "right")), len(scoring)):
        if scoring.onset[k] >= low + WINDOW_SECONDS:
            break
        part = min(ends[k], low + WINDOW_SECONDS) - max(scoring.onset[k], low)
        seconds[scoring.stage[k]] = round(seconds.get(scoring.stage[k], 0.0) + part, 3)
    if sum(seconds.values()) < WINDOW_SECONDS / 2:
        return None
    return max(seconds, key=lambda stage: seconds[stage])
