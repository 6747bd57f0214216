"""Whitening: each channel is filtered so that its typical spectrum over the recording is flat.

What a head, a reference, an electrode, a filter and an amplifier do to every window alike is
divided out. What is left is how a window differs from the others of its night. By that stages are
recognised, and simulated and real nights have it in common.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.quality import is_flat

EDGES = (*np.arange(0.5, 4, 0.5), *np.arange(4, 16, 1), *np.arange(16, 100, 2))
"""Bands in Hz whose typical power is measured; below the first nothing is left."""

FLOOR = 1e-3
"""Density in uV^2/Hz that is added: what is less is no EEG, and is not amplified."""


def whiten(x: np.ndarray, sfreq: float, usable: np.ndarray) -> np.ndarray:
    """Give each channel a flat median spectrum over the windows, in place.

    Parameters
    ----------
    x : ndarray of shape (n_windows, n_chans, n_times), float32
        Windows of one recording in microvolts.
    sfreq : float
        In Hz.
    usable : ndarray of shape (n_windows, n_chans), bool
        Windows that count for what is typical; a channel without any becomes 0.

    Returns
    -------
    ndarray
        `x`; a typical window has about unit variance.
    """
    n_times = x.shape[-1]
    freqs = np.arange(n_times // 2 + 1) * sfreq / n_times
    edges = np.array([*(edge for edge in EDGES if edge < sfreq / 2), sfreq / 2])
    band = np.searchsorted(edges, freqs, side="right") - 1  # -1 below the first
    starts = np.searchsorted(band, np.arange(len(edges) - 1))
    width = np.diff([*starts, len(freqs)])
    centres = np.log((edges[1:] + edges[:-1]) / 2)
    log_freqs = np.log(np.maximum(freqs, edges[0]))
    for k in range(x.shape[1]):
        spectrum = fft.rfft(x[:, k])
        known = spectrum[usable[:, k]]
        if not len(known):
            x[:, k] = 0
            continue
        power = np.add.reduceat(known.real**2 + known.imag**2, starts, axis=1) / width
        density = np.median(power, axis=0) * 2 / (sfreq * n_times)  # of a window, one-sided
        gain = np.exp(np.interp(log_freqs, centres, -0.5 * np.log(density + FLOOR)))
        gain[band < 0] = 0
        gain /= np.sqrt(sfreq / 2)
        x[:, k] = fft.irfft(spectrum * gain.astype(np.float32), n_times)
    return x


def scale(x: np.ndarray, preprocessing: Preprocessing, usable: np.ndarray) -> np.ndarray:
    """Scale all windows of a recording as asked for, in place.

    Parameters
    ----------
    x : ndarray of shape (n_windows, n_chans, n_times), float32
        In microvolts.
    preprocessing : Preprocessing
    usable : ndarray of shape (n_windows, n_chans), bool
        Windows that count for what is typical of the recording.
    """
    if preprocessing.normalize == "recording":
        return whiten(x, preprocessing.sfreq, usable)
    return normalize(x) if preprocessing.normalize == "window" else x


def normalize(x: np.ndarray) -> np.ndarray:
    """Give each window and channel zero mean and unit variance, in place; a flat one becomes 0."""
    for window in x:
        flat = is_flat(window)
        window -= window.mean(axis=-1, keepdims=True)
        window /= np.where(flat, 1, window.std(axis=-1))[:, None]
        window[flat] = 0
    return x
