"""Low-pass filter and resampler for whole nights, in blocks, in one pass.

Each block is read with some overlap, transformed once, multiplied by the filter's response, cut to
(or extended to) the new band and transformed back: overlap-save filtering and Fourier resampling
in two FFTs. The filter and the Fourier method are those of MNE-Python's `Raw.filter` and
`Raw.resample` (Hamming-windowed FIR of zero phase), against which the tests compare the samples.
Blocks keep the memory at a few megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from scipy import fft

BLOCK_SAMPLES = 2**15
OVERLAP_SECONDS = 4.0
MIN_TRANSITION = 1.0  # Hz; a narrower one would need a filter longer than the overlap


def lowpass_taps(sfreq: float, lowpass: float) -> np.ndarray:
    """Make a zero-phase FIR low-pass, odd and symmetric, of unit gain at 0 Hz.

    The transition band begins at `lowpass` and is ``max(lowpass / 4, 2)`` Hz wide, or what is left
    below half the sampling rate. Source: MNE-Python's defaults ("firwin" design).
    """
    transition = min(max(0.25 * lowpass, 2.0), sfreq / 2 - lowpass)
    n = round(3.3 / transition * sfreq)
    n += 1 - n % 2
    cutoff = (lowpass + transition / 2) / sfreq
    taps = 2 * cutoff * np.sinc(2 * cutoff * (np.arange(n) - n // 2)) * np.hamming(n)
    return taps / taps.sum()


def lowpass_and_resample(
    read: Callable[[int, int], np.ndarray],
    n_times: int,
    sfreq: float,
    new_sfreq: float,
    lowpass: float | None,
    out: np.ndarray,
) -> None:
    """Filter and resample a signal that is read block by block.

    Parameters
    ----------
    read : callable
        ``read(start, stop)`` returns samples as float32 of shape (n_chans, stop - start).
    n_times : int
        Samples there are to read.
    sfreq, new_sfreq : float
        Sampling rates in Hz.
    lowpass : float or None
        Upper edge of the pass band in Hz, at least `MIN_TRANSITION` below half the sampling rate;
        None resamples only.
    out : ndarray of shape (n_chans, n_new), float32
        Receives the result; NaN in the input makes NaN of all samples its filter would reach.
    """
    ratio = Fraction(new_sfreq / sfreq).limit_denominator(10_000)
    up, down = ratio.numerator, ratio.denominator
    pad = math.ceil(OVERLAP_SECONDS * sfreq / down)  # in units of `down` samples, on each side
    size = max(2 ** math.ceil(math.log2(BLOCK_SAMPLES / down)), 4 * pad)
    n_in, n_out, keep = size * down, size * up, (size - 2 * pad) * up
    response, reach = np.ones(n_in // 2 + 1, np.float32), 0
    if lowpass is not None:
        taps = lowpass_taps(sfreq, lowpass)
        reach = len(taps) // 2
        response = fft.rfft(np.roll(np.pad(taps, (0, n_in - len(taps))), -reach)).real
        response = response.astype(np.float32)
    response *= np.float32(up / down)
    for first in range(0, out.shape[1], keep):
        start = first // up * down - pad * down
        x = _extended(read, n_times, start, start + n_in)
        missing = ~np.isfinite(x)
        if missing.any():
            x = _filled(x, missing)
        y = _resampled(fft.rfft(x) * response, n_in, n_out)[:, pad * up : pad * up + keep]
        if missing.any():
            y[_reached(missing, reach, ratio, n_out)[:, pad * up : pad * up + keep]] = np.nan
        out[:, first : first + keep] = y[:, : out.shape[1] - first]


def _extended(
    read: Callable[[int, int], np.ndarray], n_times: int, start: int, stop: int
) -> np.ndarray:
    """Return samples `start` to `stop`, continued at both ends by odd reflection, then by zeros."""
    low, high = max(start, 0), min(stop, n_times)
    x = read(low, high)
    before = min(low - start, x.shape[1] - 1)
    after = min(stop - high, x.shape[1] - 1)
    parts = [2 * x[:, :1] - x[:, before:0:-1]] if before else []
    parts += [x, 2 * x[:, -1:] - x[:, -2 : -after - 2 : -1]] if after else [x]
    empty = [(0, 0), (low - start - before, stop - high - after)]
    return np.pad(np.concatenate(parts, axis=1), empty) if parts[1:] else x


def _resampled(spectrum: np.ndarray, n_in: int, n_out: int) -> np.ndarray:
    """Invert an FFT with another number of samples; the shared Nyquist bin as in SciPy."""
    shorter = min(n_in, n_out)
    spectrum = spectrum[:, : shorter // 2 + 1]
    if n_in != n_out and shorter % 2 == 0:
        spectrum[:, -1] *= 2.0 if n_out < n_in else 0.5
    return fft.irfft(spectrum, n_out)


def _filled(x: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Interpolate the missing samples of `x`, so that they disturb no others."""
    x = x.copy()
    for row, bad in zip(x, missing, strict=True):
        if bad.all():
            row[:] = 0
        elif bad.any():
            at = np.flatnonzero(bad)
            row[at] = np.interp(at, np.flatnonzero(~bad), row[~bad])
    return x


def _reached(missing: np.ndarray, reach: int, ratio: Fraction, n_out: int) -> np.ndarray:
    """Find the new samples that depend on a missing one through the filter."""
    reached = np.zeros((len(missing), n_out), bool)
    scale = float(ratio)
    for row, bad in zip(reached, missing, strict=True):
        edges = np.flatnonzero(np.diff(np.pad(bad, 1).astype(np.int8)))
        for begin, end in edges.reshape(-1, 2):
            low, high = (begin - reach) * scale, (end + reach) * scale
            row[max(math.floor(low), 0) : math.ceil(high) + 1] = True
    return reached
