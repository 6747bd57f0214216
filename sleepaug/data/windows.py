"""Scored windows of many nights: 30 s of EEG with one stage. `prepare.py` makes them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Windows:
    """Scored windows of many nights.

    Attributes
    ----------
    x : ndarray or StoredWindows of shape (n_windows, n_chans, n_times), float32
        4 bytes a sample: 60 nights of 6 channels at 100 Hz take about 4 GB in memory.
    y : ndarray of shape (n_windows,), int64
        Index into `STAGES`.
    subject, recording : ndarray of shape (n_windows,), str
        Whose window it is, and of which night.
    onset : ndarray of shape (n_windows,), float64
        Seconds from the start of the recording.
    sfreq : float
        Sampling rate in Hz.
    ch_names : tuple of str
        Names of the channels.
    notes : dict of str to list of str
        For each night, which channels were used and what was dropped.
    failures : dict of str to str
        Nights that could not be used, and why.

    Examples
    --------
    >>> windows = Windows(
    ...     x=np.zeros((2, 1, 3000), np.float32), y=np.array([0, 2]), onset=np.array([0.0, 30.0]),
    ...     subject=np.array(["anna", "anna"]), recording=np.array(["night", "night"]),
    ...     sfreq=100.0, ch_names=("C3",),
    ... )
    >>> len(windows.subset(windows.y == 2))
    1
    """

    x: Any  # an array, or StoredWindows
    y: np.ndarray
    subject: np.ndarray
    recording: np.ndarray
    onset: np.ndarray
    sfreq: float
    ch_names: tuple[str, ...]
    notes: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    def subset(self, mask: np.ndarray) -> Windows:
        """Return the windows that a mask or an array of indices chooses."""
        recordings = self.recording[mask]
        return dataclasses.replace(
            self,
            x=self.x[mask],
            y=self.y[mask],
            subject=self.subject[mask],
            recording=recordings,
            onset=self.onset[mask],
            notes={name: self.notes[name] for name in self.notes if name in recordings},
        )
