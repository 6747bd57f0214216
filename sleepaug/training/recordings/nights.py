"""Scored recordings as a recording model learns from them: features of all channels, and stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from sleepaug.data.recording import Recording
from sleepaug.data.signals.cutting import nearest_window, scored_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.models.recording_features import recording_features

UNSCORED = -100
"""Stage of windows that do not count (the index that torch's cross-entropy leaves out)."""
SETTINGS = Preprocessing(channels=("EEG",), sfreq=50.0, lowpass=22.0, crop_wake=None)


@dataclass(frozen=True)
class ScoredNight:
    """A recording as the network sees it in training.

    Attributes
    ----------
    x : ndarray of shape (n_windows, n_chans, n_features), float32
        NaN where a channel cannot be used.
    places : ndarray of shape (n_chans, 9), float32
        See `sleepaug.data.signals.montage.channel_place`.
    y : ndarray of shape (n_windows,), int64
        Index into `STAGES`, or `UNSCORED`.
    opinion : ndarray of shape (n_windows, 5), or None
        Probabilities that another stager gives; NaN where it gives none.
    """

    x: np.ndarray
    places: np.ndarray
    y: np.ndarray
    opinion: np.ndarray | None = None

    @property
    def is_eeg(self) -> np.ndarray:
        """Which channels are EEG."""
        return self.places[:, 0] == 1

    def target(self, begin: int, end: int, opinion_weight: float) -> np.ndarray:
        """Return what to learn of some windows, shape (end - begin, 5): the stage, and the opinion.

        Zeros where the window is unscored.

        Examples
        --------
        >>> night = ScoredNight(np.zeros((1, 1, 31)), np.zeros((1, 9)), np.array([1]),
        ...                     opinion=np.array([[0.5, 0.0, 0.5, 0, 0]]))
        >>> night.target(0, 1, 0.5).tolist()
        [[0.25, 0.5, 0.25, 0.0, 0.0]]
        """
        y = self.y[begin:end, None]
        stage = (y == np.arange(len(STAGES))).astype(np.float32)
        if self.opinion is None:
            return stage
        mixed = (1 - opinion_weight) * stage + opinion_weight * self.opinion[begin:end]
        return np.where(np.isnan(mixed) | (y < 0), stage, mixed).astype(np.float32)


def read_nights(recordings: Sequence[Recording], *, progress: bool = False) -> list[ScoredNight]:
    """Read scored recordings and describe their windows.

    Parameters
    ----------
    recordings : sequence of Recording
    progress : bool
        Show a progress bar on a terminal.

    Raises
    ------
    RecordingError
        A recording or its scoring cannot be used.
    """
    nights = []
    for recording in tqdm(recordings, "Describing", unit="night", disable=not progress or None):
        features = recording_features(recording.files[0])
        n = len(features.x)
        samples = round(n * WINDOW_SECONDS * SETTINGS.sfreq)
        onset, stages, _ = scored_windows(recording.scoring(), SETTINGS, samples)
        y = np.full(n, UNSCORED)
        y[nearest_window(onset, n)] = stages
        nights.append(ScoredNight(features.x, features.montage.places(), y))
    return nights
