"""A recording as a recording model sees it: the features of its windows, channel by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.files.open import open_recording
from sleepaug.data.signals.features import NAMES, window_features
from sleepaug.data.signals.montage import Montage, montage
from sleepaug.data.signals.night import Night, night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import printable

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

LOWPASS, SFREQ = 22.0, 50.0
"""Hz: what is left of a recording."""


@dataclass(frozen=True)
class RecordingFeatures:
    """A recording as the network sees it.

    Attributes
    ----------
    night : Night
        Its windows and what is wrong with them.
    montage : Montage
    x : ndarray of shape (n_windows, n_chans, n_features), float32
        NaN where a channel cannot be used.
    """

    night: Night
    montage: Montage
    x: np.ndarray

    @property
    def is_eeg(self) -> np.ndarray:
        """Which channels are EEG, shape (n_chans,)."""
        return np.array([kind == "eeg" for kind in self.montage.kind])


def recording_features(
    recording: AnyRecording,
    *,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] | None = None,
    reference: str | None = None,
) -> RecordingFeatures:
    """Read the channels of a recording that tell stages, and describe their windows.

    Parameters
    ----------
    recording : path, mne.io.BaseRaw, or whatever else `open_recording` takes
    map, exclude, reference
        See `RecordingStager.predict`.

    Raises
    ------
    RecordingError
        The recording cannot be read, or has no EEG channel that is known by its name.
    """
    recorded = open_recording(recording)
    used = montage(recorded, map, exclude or (), eeg_only=reference not in (None, "as-recorded"))
    settings = Preprocessing(
        channels=tuple(used.names),
        map=used.names,
        exclude=tuple(exclude or ()),
        lowpass=LOWPASS,
        sfreq=SFREQ,
        normalize="none",
    ).with_overrides(reference=reference)
    night = night_windows(recorded, settings, allow_missing=True)
    if used.left_out:
        listed = "; ".join(f"'{name}' ({why})" for name, why in used.left_out.items())
        night.notes.append(printable(f"Left out: {listed}."))
    x = np.full((len(night.x), len(used.names), len(NAMES)), np.nan, np.float32)
    for k in range(x.shape[1]):
        good = night.faults[:, k] == ""
        x[good, k] = window_features(night.x[good, k], settings.sfreq)
    return RecordingFeatures(night, used, x)
