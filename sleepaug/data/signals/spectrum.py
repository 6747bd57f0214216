"""Power spectrum of short frames of a signal."""

from __future__ import annotations

import math

import numpy as np
from scipy import fft


def frame_power(
    x: np.ndarray,
    sfreq: float,
    seconds: float,
    *,
    hop_seconds: float | None = None,
    highest: float = math.inf,
    periodic: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the power density of Hann-windowed frames whose mean is subtracted.

    Parameters
    ----------
    x : ndarray of shape (..., n_times)
        In microvolts.
    sfreq : float
        Sampling rate in Hz.
    seconds : float
        Length of a frame.
    hop_seconds : float, optional
        From the start of a frame to that of the next; by default frames follow each other. What is
        left at the end and fills no frame is not used.
    highest : float
        Frequencies up to this one are returned, in Hz.
    periodic : bool
        Whether the Hann window is periodic or symmetric.

    Returns
    -------
    power : ndarray of shape (..., n_frames, n_freqs), of the type of `x`
        One-sided, in uV^2/Hz.
    freqs : ndarray of shape (n_freqs,)
        In Hz, from 0 in steps of ``1 / seconds``.

    Notes
    -----
    Source: Welch 1967, without the mean over frames.

    Examples
    --------
    >>> time = np.arange(3000) / 100
    >>> power, freqs = frame_power(20 * np.sin(2 * np.pi * 10 * time), 100, 5, highest=30)
    >>> power.shape, float(freqs[power.mean(axis=0).argmax()])
    ((6, 151), 10.0)
    """
    size = round(seconds * sfreq)
    hop = size if hop_seconds is None else round(hop_seconds * sfreq)
    frames = np.lib.stride_tricks.sliding_window_view(x, size, axis=-1)[..., ::hop, :]
    taper = (np.hanning(size + 1)[:-1] if periodic else np.hanning(size)).astype(x.dtype)
    freqs = np.arange(size // 2 + 1) * sfreq / size
    freqs = freqs[freqs <= highest + 1e-9]
    z = fft.rfft((frames - frames.mean(axis=-1, keepdims=True)) * taper)[..., : len(freqs)]
    return (z.real**2 + z.imag**2) * x.dtype.type(2 / (sfreq * (taper**2).sum())), freqs
