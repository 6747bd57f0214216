"""The spectrum of every window of one channel as it was recorded, without a filter."""

from __future__ import annotations

import numpy as np

from sleepaug.data.files.open import OpenRecording
from sleepaug.data.signals.channels import Source
from sleepaug.data.signals.spectrum import frame_power
from sleepaug.data.stages import WINDOW_SECONDS

FRAME_SECONDS, HIGHEST = 5, 30
"""Length of the frames of a spectrum, and its highest frequency in Hz."""
AT_ONCE = 60
"""Windows that are read together."""


def recorded_spectrum(recorded: OpenRecording, source: Source, n_windows: int) -> np.ndarray:
    """Compute the mean power of the frames of each window.

    Parameters
    ----------
    recorded : OpenRecording
    source : Source
        How the channel is made of recorded ones.
    n_windows : int
        Of 30 s, from the start of the recording.

    Returns
    -------
    ndarray of shape (n_windows, n_freqs), float32
        In uV^2/Hz, from 0 to 30 Hz in steps of 0.2 Hz, or to half the rate if that is less; NaN
        where samples are missing.
    """
    rate = recorded.rate(source.channel)
    edges = np.rint(np.arange(n_windows + 1) * WINDOW_SECONDS * rate).astype(int)
    size = int(WINDOW_SECONDS * rate)  # samples that every window has
    parts = []
    for first in range(0, n_windows, AT_ONCE):
        begins = edges[first : min(first + AT_ONCE, n_windows)]
        x = recorded.read(source.needs, begins[0], min(begins[-1] + size, edges[-1]))
        signal = x[0] - x[1:].mean(axis=0) if source.minus else x[0]
        windows = np.stack([signal[k : k + size] for k in begins - begins[0]])
        with np.errstate(invalid="ignore"):  # where samples are missing
            power, _ = frame_power(windows, rate, FRAME_SECONDS, highest=HIGHEST, periodic=False)
        parts.append(power.mean(axis=1))
    return np.concatenate(parts)
