"""What of a recording a model is shown: windows and channels unlike any EEG are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sleepaug.data.signals.features import NAMES
from sleepaug.models.familiarity import FAR_WINDOW, Familiarity
from sleepaug.models.recording_features import RecordingFeatures

LARGEST_MICROVOLTS = 150.0
"""Amplitude (0.4 to 22 Hz, median over a recording) that EEG can have: N3 of children has 100."""
UNLIKE = "unlike any EEG in training"


@dataclass(frozen=True)
class RecordingView:
    """What of a recording a model is shown.

    Attributes
    ----------
    features : RecordingFeatures
        All that was recorded.
    x : ndarray of shape (n_windows, n_chans, n_features), float32
        What of it looks like the EEG that the model was trained on, and the other kinds of
        channels; NaN elsewhere.
    reason : list of str
        Why a window cannot be staged; "" where it can.
    notes : list of str
        What was left out, or makes all of it doubtful.
    """

    features: RecordingFeatures
    x: np.ndarray
    reason: list[str]
    notes: list[str]

    @classmethod
    def of(cls, features: RecordingFeatures, familiarity: Familiarity) -> RecordingView:
        """Leave out windows and channels unlike those of training, unless none would be left."""
        x, doubts = features.x.copy(), dict[int, str]()
        reason = list(features.night.reason)
        names = list(features.montage.names)
        far = np.zeros(x.shape[:2], bool)
        for k in np.flatnonzero(features.is_eeg):
            good = ~np.isnan(x[:, k]).any(axis=1)
            if not good.any():
                continue
            strange = [*_too_large(x[good, k]), *familiarity.doubts(x[good, k])]
            if strange:
                doubts[int(k)] = " ".join(f"{names[k]} {text}" for text in strange)
            far[good, k] = familiarity.distance(x[good, k]) > FAR_WINDOW
        x[far] = np.nan
        recorded = np.flatnonzero(features.is_eeg & ~np.isnan(features.x).all(axis=(0, 2)))
        notes = []
        if doubts and len(doubts) < len(recorded):
            x[:, list(doubts)] = np.nan
            notes = [f"Left out: {text}" for text in doubts.values()]
        elif doubts:
            notes = [f"Warning: {text} Do not trust these stages." for text in doubts.values()]
        for row in np.flatnonzero(far.any(axis=1) & np.isnan(x[:, features.is_eeg, 0]).all(axis=1)):
            reason[row] = UNLIKE
        usable = ~np.isnan(x[:, features.is_eeg]).any(axis=2).all(axis=1)
        reason = [
            "" if ok else why or "no EEG channel can be used"
            for ok, why in zip(usable, reason, strict=True)
        ]
        return cls(features, x, reason, notes)

    @property
    def usable(self) -> np.ndarray:
        """Which windows can be staged, shape (n_windows,)."""
        return np.array([not why for why in self.reason], bool)

    @property
    def used(self) -> tuple[str, ...]:
        """A sentence for each channel that is shown."""
        night = self.features.night
        sentence = dict(zip(night.channels, night.used, strict=True))
        return tuple(
            sentence[name]
            for k, name in enumerate(self.features.montage.names)
            if not np.isnan(self.x[:, k]).all()
        )


def _too_large(features: np.ndarray) -> list[str]:
    """Doubt a channel whose amplitude no EEG has: familiarity, which ignores gains, does not."""
    amplitude = float(np.exp(np.median(features[:, NAMES.index("amplitude")])))
    if amplitude <= LARGEST_MICROVOLTS:
        return []
    return [
        f"has a typical amplitude of {amplitude:.0f} uV, where EEG has at most "
        f"{LARGEST_MICROVOLTS:g}: its gain or unit may be wrong."
    ]
