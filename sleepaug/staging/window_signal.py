"""The signals of one window as a person looks at them: channels that tell stages, filtered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from sleepaug.data.files.open import open_recording
from sleepaug.data.signals.channels import Source
from sleepaug.data.signals.montage import montage
from sleepaug.data.signals.spectrogram import recorded_spectrum
from sleepaug.data.stages import WINDOW_SECONDS

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

BANDS = {"eeg": (0.3, 35.0), "eog": (0.3, 35.0), "emg": (10.0, 100.0)}
"""What is drawn of each kind of channel, in Hz. Source: AASM Manual, section on filters."""
MARGIN_SECONDS = 10.0
"""Read on either side of a window, so that the filter's start does not show."""
LEAST_RATE = 100.0
"""Hz that a drawn signal has at least, where it was recorded with as many."""


@dataclass(frozen=True)
class Trace:
    """One channel in one window.

    Attributes
    ----------
    name : str
        As recorded.
    kind : {"eeg", "eog", "emg"}
    sfreq : float
        Hz.
    microvolts : ndarray of shape (n_times,), float32
        NaN where samples are missing.
    """

    name: str
    kind: str
    sfreq: float
    microvolts: np.ndarray


class WindowSignals:
    """A recording that gives the signals of any of its windows.

    Parameters
    ----------
    recording : path, mne.io.BaseRaw, or whatever else `open_recording` takes
    map, exclude
        See `RecordingStager.predict`.

    Raises
    ------
    RecordingError
        It cannot be read, or has no EEG channel that is known by its name.

    Examples
    --------
    >>> import sleepaug
    >>> signals = WindowSignals(sleepaug.simulate_night(1, hours=0.05, ch_names=["C3"], sfreq=256))
    >>> (trace,) = signals.window(30.0)
    >>> trace.name, trace.kind, trace.sfreq, trace.microvolts.shape
    ('EEG C3-CLE', 'eeg', 128.0, (3840,))
    """

    def __init__(
        self,
        recording: AnyRecording,
        map: Mapping[str, str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> None:
        self._recorded = open_recording(recording)
        chosen = montage(self._recorded, map, exclude or ())
        self.channels = dict(zip(chosen.names.values(), chosen.kind, strict=True))

    def window(self, onset: float, seconds: float = WINDOW_SECONDS) -> list[Trace]:
        """Read and filter the signals of a window.

        Parameters
        ----------
        onset : float
            Seconds from the start of the recording.
        seconds : float
            Length of the window.
        """
        return [self._trace(name, kind, onset, seconds) for name, kind in self.channels.items()]

    def spectrum(self, n_windows: int) -> tuple[str, np.ndarray]:
        """Return the name of the first EEG channel, and its `recorded_spectrum`."""
        name = next(iter(self.channels))
        return name, recorded_spectrum(self._recorded, Source(name, (), ""), n_windows)

    def _trace(self, name: str, kind: str, onset: float, seconds: float) -> Trace:
        rate, n_times = self._recorded.rate(name), self._recorded.n_times(name)
        begin = max(0, round((onset - MARGIN_SECONDS) * rate))
        end = min(n_times, round((onset + seconds + MARGIN_SECONDS) * rate))
        x = self._recorded.read([name], begin, end)[0].astype(np.float64)
        first = round(onset * rate) - begin
        filtered = _filtered(x, kind, rate)[first : first + round(seconds * rate)]
        step = max(1, math.floor(rate / LEAST_RATE))
        return Trace(name, kind, rate / step, filtered[::step].astype(np.float32))


def _filtered(x: np.ndarray, kind: str, rate: float) -> np.ndarray:
    """Band-pass a signal without shifting it; missing samples stay missing."""
    missing = ~np.isfinite(x)
    if missing.all():
        return np.full_like(x, np.nan)
    low, high = BANDS[kind]
    level = x[~missing].mean()
    high = min(high, 0.45 * rate, 0.45 * rate / max(1, math.floor(rate / LEAST_RATE)))
    filled = np.where(missing, level, x) - level
    y = zero_phase_bandpass(filled, low, high, rate)
    y[missing] = np.nan
    return y


def zero_phase_bandpass(x: np.ndarray, low: float, high: float, rate: float) -> np.ndarray:
    """Band-pass a signal as a Butterworth filter does that runs over it forwards and backwards.

    By its response in the frequencies, on the signal followed by its mirror image: the import of
    `scipy.signal` alone takes longer than this.

    Parameters
    ----------
    x : ndarray of shape (n_times,)
    low, high, rate : float
        Edges of the band and sampling rate, in Hz; the gain at the edges is 1/2.

    Notes
    -----
    With w = tan(pi f / rate), the gain of two passes of order 2 is 1 / (1 + q ** 4), q = (w ** 2 -
    w_low w_high) / (w (w_high - w_low)): Oppenheim & Schafer, Discrete-Time Signal Processing, 7.1.
    """
    w_low, w_high = np.tan(np.pi * np.array([low, high]) / rate)
    w = np.tan(np.pi * fft.rfftfreq(2 * len(x), 1 / rate)[1:-1] / rate)
    q = (w**2 - w_low * w_high) / (w * (w_high - w_low))
    gain = np.concatenate([[0.0], 1 / (1 + q**4), [0.0]])
    return fft.irfft(fft.rfft(np.concatenate([x, x[::-1]])) * gain)[: len(x)]
