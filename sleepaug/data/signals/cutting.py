"""Cutting a continuous night into windows at the onsets of its scoring."""

from __future__ import annotations

import numpy as np

from sleepaug.data.recording import Scoring
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS

ROUNDING = 1e-3
"""Seconds (or windows) that times in a scoring may be off."""
REMAINDER_SECONDS = 0.1
"""What is left of a stage after its last full window is counted if it is longer."""


def scored_windows(
    scoring: Scoring, preprocessing: Preprocessing, n_samples: int
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Find the windows to cut.

    Parameters
    ----------
    scoring : Scoring
    preprocessing : Preprocessing
        Its rate, `crop_wake` and `unknown` are used.
    n_samples : int
        Length of the prepared signals.

    Returns
    -------
    onset : ndarray of shape (n_windows,), float64
        Seconds from the start of the recording.
    y : ndarray of shape (n_windows,), int64
        Index into `STAGES`.
    dropped : dict of str to int
        How many windows were dropped for which reason.
    """
    onset: list[float] = []
    y: list[int] = []
    dropped: dict[str, int] = {}
    n_times = preprocessing.n_times
    for start, duration, stage in zip(scoring.onset, scoring.duration, scoring.stage, strict=True):
        n = int(duration / WINDOW_SECONDS + ROUNDING)
        if duration - n * WINDOW_SECONDS > REMAINDER_SECONDS:
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
        wake = 60 * preprocessing.crop_wake + ROUNDING
        is_near = (onsets >= asleep.min() - wake) & (onsets <= asleep.max() + wake)
        _count(dropped, "wake windows far from sleep", int((~is_near).sum()))
        onsets, stages = onsets[is_near], stages[is_near]
    return onsets, stages, dropped


def window_number(onset: np.ndarray) -> np.ndarray:
    """Return the number of the window on a grid from 0 s that is nearest to each onset in seconds.

    Half a window counts up, so that windows that do not overlap never share a number.

    Examples
    --------
    >>> window_number(np.array([15.0, 45.0, 75.0]))
    array([1, 2, 3])
    """
    return np.floor(onset / WINDOW_SECONDS + 0.5 + ROUNDING).astype(int)


def nearest_window(onset: np.ndarray, n_windows: int) -> np.ndarray:
    """Return the window of a recording of `n_windows` that is nearest to each onset in seconds.

    Examples
    --------
    >>> nearest_window(np.array([0.0, 31.0, 95.0]), 3)
    array([0, 1, 2])
    """
    return np.clip(window_number(onset), 0, n_windows - 1)


def cut(
    night: np.ndarray, onset: np.ndarray, preprocessing: Preprocessing, dropped: dict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut windows at their onsets.

    Parameters
    ----------
    night : ndarray of shape (n_chans, n_samples), float32
        In microvolts; NaN where samples are missing.
    onset : ndarray of shape (n_onsets,)
        In seconds.
    preprocessing : Preprocessing
        Its rate is used.
    dropped : dict of str to int
        How many windows were dropped for which reason; changed in place.

    Returns
    -------
    x : ndarray of shape (n_windows, n_chans, n_times), float32
    usable : ndarray of shape (n_onsets,), bool
        Which of the onsets gave a window.
    """
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
