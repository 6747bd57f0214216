"""Features of a window: what tells stages in one channel, from 0.5 to 22 Hz.

22 Hz is what a recording at 50 Hz still has, and what most recorders' low-passes leave. Amplitudes
stay in microvolts: how large the EEG is tells wake and REM sleep from deeper stages.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import fft

from sleepaug.data.signals.spectrum import frame_power

EDGES = (0.5, 1, 2, 4, 6, 8, 10, 12, 14, 16, 19, 22)
"""Of the bands whose median power is described, in Hz."""
RHYTHMS = {
    "delta": (0.5, 4),
    "theta": (4, 8),
    "alpha": (8, 11),
    "sigma": (11, 16),
    "beta": (16, 22),
}
"""Bands in Hz; how much their power changes within a window is a feature."""
NAMES = (
    *(f"power {low:g}-{high:g}" for low, high in itertools.pairwise(EDGES)),
    *("amplitude", "mobility", "complexity", "edge"),
    *(f"variation {name}" for name in RHYTHMS),
    *(f"bursts {name}" for name in RHYTHMS),
    *("kurtosis", "skewness", "crossings", "range", "slow waves", "autocorrelation"),
)
FLOOR = 1e-4
"""uV^2/Hz that are added to every power density."""
LARGE = 37.5
"""uV: half of the 75 uV from peak to peak that the AASM manual asks of a slow wave."""
BLOCK = 120
"""Windows that are described at a time, to bound memory."""


def window_features(x: np.ndarray, sfreq: float) -> np.ndarray:
    """Describe each window of one channel.

    Parameters
    ----------
    x : ndarray of shape (n_windows, n_times)
        Windows of 30 s in microvolts, finite.
    sfreq : float
        Sampling frequency in Hz, at least 50.

    Returns
    -------
    ndarray of shape (n_windows, 31), float32
        In the order of `NAMES`. Logarithms are natural.

    Raises
    ------
    ValueError
        The rate is below 50 Hz.

    Notes
    -----
    Powers are medians over frames of 4 s, so that a short artefact does not count; variation and
    bursts are the standard deviation and the 92nd percentile above the median of the logarithm of
    power in frames of 2 s, which spindles, K-complexes and eye movements raise. Mobility and
    complexity: Hjorth 1970, from the moments of the spectrum.

    Examples
    --------
    >>> windows = np.random.default_rng(0).normal(0, 20, (4, 1500))
    >>> window_features(windows, 50.0).shape
    (4, 31)
    """
    if sfreq < 50:
        raise ValueError(f"sfreq: at least 50 Hz are needed, got {sfreq:g}.")
    blocks = [_describe(x[k : k + BLOCK], sfreq) for k in range(0, len(x), BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty((0, len(NAMES)), np.float32)


def _describe(x: np.ndarray, sfreq: float) -> np.ndarray:
    x = np.asarray(x, np.float32)
    x = x - x.mean(axis=1, keepdims=True)
    columns = [*_of_spectrum(x, sfreq), *_of_changes(x, sfreq), *_of_shape(x, sfreq)]
    return np.stack(columns, axis=1).astype(np.float32)


def _of_spectrum(x: np.ndarray, sfreq: float) -> list[np.ndarray]:
    """Measure band powers, amplitude, mobility, complexity, and where 90 % of the power lie."""
    power, freqs = frame_power(x, sfreq, 4, hop_seconds=2, highest=EDGES[-1])
    bands = [
        np.log(np.median(power[..., _inside(freqs, band)].mean(axis=-1), axis=1) + FLOOR)
        for band in itertools.pairwise(EDGES)
    ]
    inside = _inside(freqs, (EDGES[0], EDGES[-1]))
    density, freqs = np.median(power[..., inside], axis=1) + 1e-6, freqs[inside]
    m0, m2, m4 = (density @ freqs**k for k in (0, 2, 4))
    share = np.cumsum(density, axis=1) / m0[:, None]
    edge = freqs[np.minimum((share < 0.9).sum(axis=1), len(freqs) - 1)]
    mobility = 0.5 * np.log(m2 / m0)
    amplitude = 0.5 * np.log(m0 / 4)  # bins are 1/4 Hz wide
    return [*bands, amplitude, mobility, 0.5 * np.log(m4 / m2) - mobility, np.log(edge)]


def _of_changes(x: np.ndarray, sfreq: float) -> list[np.ndarray]:
    """Measure how the power of each rhythm varies in the window, and how far bursts stand out."""
    power, freqs = frame_power(x, sfreq, 2, hop_seconds=1, highest=EDGES[-1])
    levels = [np.log(power[..., _inside(freqs, b)].mean(axis=-1) + FLOOR) for b in RHYTHMS.values()]
    level = np.sort(np.stack(levels, axis=1), axis=2)
    last = level.shape[2] - 1
    above = level[..., round(0.92 * last)] - level[..., (last + 1) // 2]
    return [*np.log(level.std(axis=2) + 0.05).T, *np.log(np.maximum(above, 0) + 0.1).T]


def _of_shape(x: np.ndarray, sfreq: float) -> list[np.ndarray]:
    """Describe the distribution of the samples, and their order, between 0.4 and 22 Hz."""
    n, n_times = x.shape
    spectrum = fft.rfft(x)
    freqs = np.arange(spectrum.shape[1]) * sfreq / n_times
    spectrum[:, (freqs < 0.4) | (freqs > EDGES[-1])] = 0
    filtered = fft.irfft(spectrum, n_times)
    spectrum[:, freqs > 4] = 0
    slow = fft.irfft(spectrum, n_times)
    scaled = filtered / (filtered.std(axis=1, keepdims=True) + 1e-3)
    square = scaled * scaled
    size, lag = round(3 * sfreq), round(0.1 * sfreq)
    parts = filtered[:, : n_times // size * size].reshape(n, -1, size)
    extent = np.median(parts.max(axis=2) - parts.min(axis=2), axis=1)
    return [
        np.log(np.maximum((square * square).mean(axis=1), 1)),
        np.arcsinh((square * scaled).mean(axis=1)),
        np.log(np.diff(np.signbit(scaled), axis=1).mean(axis=1) * sfreq + 0.1),
        np.log(extent + 0.1),
        np.log((np.abs(slow) > LARGE).mean(axis=1) + 0.003),
        (scaled[:, lag:] * scaled[:, :-lag]).mean(axis=1),
    ]


def _inside(freqs: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    return (freqs >= band[0]) & (freqs < band[1])
