"""Random courses that everything else is made of: slow wandering, bursts, noise of a spectrum."""

import numpy as np
from scipy.fft import irfft
from scipy.signal import lfilter


def wander(rng: np.random.Generator, n: int, seconds: float) -> np.ndarray:
    """Return a Gaussian process of variance 1 with an exponential memory of `seconds`."""
    a = np.exp(-1 / seconds)
    noise = rng.standard_normal(n) * np.sqrt(1 - a**2)
    noise[0] = rng.standard_normal()
    return lfilter([1], [1, -a], noise)


def bursts(rng: np.random.Generator, rate: np.ndarray, shortest: float, mean: float) -> np.ndarray:
    """Return 1 in the bursts of a Poisson process of `rate` per second, 0 elsewhere."""
    n = len(rate)
    onset = np.flatnonzero(rng.random(n) < rate)
    length = shortest + rng.exponential(mean - shortest, len(onset))
    out = np.zeros(n)
    for start, duration in zip(onset, length, strict=True):
        out[start : start + max(1, round(duration))] = 1
    return out


def synthesize(
    rng: np.random.Generator, density: np.ndarray, sfreq: float, tail: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Make noise whose power spectral density changes every second.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    density : ndarray of shape (n_seconds, n_freqs), float32
        Power spectral density, one row a second, at multiples of 0.5 Hz from 0 up.
    sfreq : float
        Sampling frequency, a whole number of Hz.
    tail : ndarray of shape (sfreq,), optional
        Half of the block before, from the call before.

    Returns
    -------
    noise : ndarray of shape (n_seconds * sfreq,), float32
    tail : ndarray of shape (sfreq,)
        For the next call.
    """
    hop = round(sfreq)
    n_seconds, n_freqs = density.shape
    z = rng.standard_normal((n_seconds, 2 * n_freqs), dtype=np.float32).view(np.complex64)
    z *= np.sqrt(
        density * np.float32(sfreq * hop / 2)
    )  # E|z|^2 was 2, becomes density * sfreq * hop
    blocks = irfft(z, 2 * hop, axis=1)
    blocks *= np.sin(np.pi * (np.arange(2 * hop, dtype=np.float32) + 0.5) / (2 * hop))
    noise = blocks[:, :hop].copy()
    noise[1:] += blocks[:-1, hop:]
    if tail is not None:
        noise[0] += tail
    return noise.reshape(-1), blocks[-1, hop:]
