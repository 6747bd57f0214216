"""Cutting a continuous night into windows at the onsets of its scoring, and scaling them."""

from __future__ import annotations

import numpy as np

from sleepaug.data.recording import Scoring
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS


def scored_windows(
    scoring: Scoring, preprocessing: Preprocessing, n_samples: int
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Onsets and stages of the windows to cut, and how many were dropped for which reason."""
    onset: list[float] = []
    y: list[int] = []
    dropped: dict[str, int] = {}
    n_times = preprocessing.n_times
    for start, duration, stage in zip(scoring.onset, scoring.duration, scoring.stage, strict=True):
        n = int(duration / WINDOW_SECONDS + 1e-3)
        if duration - n * WINDOW_SECONDS > 0.1:
            _count(dropped, f"shorter than {WINDOW_SECONDS:g} s", 1)
        if stage == UNKNOWN and preprocessing.unknown == "drop":
            _count(dropped, "epochs scored unknown", n)
            continue
        first = round(start * preprocessing.sfreq)  # sample
        inside = range(max(-(first // n_times), 0), min((n_samples - first) // n_times, n))
        _count(dropped, "scored windows outside the recording", n - len(inside))
        onset += [start + k * WINDOW_SECONDS for k in inside]
        y += [0 if stage == UNKNOWN else STAGES.index(stage)] * len(inside)
    onsets, stages = np.array(onset, float), np.array(y, np.int64)
    asleep = onsets[stages > 0]
    if preprocessing.crop_wake is not None and len(asleep):
        wake = 60 * preprocessing.crop_wake + 1e-3
        kept = (onsets >= asleep.min() - wake) & (onsets <= asleep.max() + wake)
        _count(dropped, "wake windows far from sleep", int((~kept).sum()))
        onsets, stages = onsets[kept], stages[kept]
    return onsets, stages, dropped


def cut(
    night: np.ndarray, onset: np.ndarray, preprocessing: Preprocessing, dropped: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Windows at the onsets in microvolts, and which of the onsets gave one."""
    n_times = preprocessing.n_times
    x = np.empty((len(onset), len(night), n_times), np.float32)
    first = np.rint(onset * preprocessing.sfreq).astype(int)
    for window, start in zip(x, np.clip(first, 0, night.shape[1] - n_times), strict=True):
        window[:] = night[:, start : start + n_times]
    usable = ~np.isnan(x).any(axis=(1, 2))
    _count(dropped, "windows with missing samples", int((~usable).sum()))
    return (x if usable.all() else x[usable]), np.asarray(usable)


def _count(dropped: dict[str, int], why: str, n: int) -> None:
    """Add `n` to a tally, leaving out zeros."""
    if n:
        dropped[why] = dropped.get(why, 0) + n
