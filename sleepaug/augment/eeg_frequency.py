"""Transforms of the spectrum: FT-surrogate, frequency shift, band-stop filter."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from sleepaug.augment.constants import constant

TRANSITION = 0.5
"""Width in Hz of the band-stop filter's flanks."""


def n_phases(n_times: int) -> int:
    """Return how many frequencies of ``n_times`` samples have a phase (not 0 Hz, not Nyquist).

    Examples
    --------
    >>> n_phases(3000), n_phases(3001)
    (1499, 1500)
    """
    return (n_times - 1) // 2


def turn(phase: Tensor) -> Tensor:
    """Return ``exp(i phase)`` as complex numbers shaped as ``phase`` (radians)."""
    return torch.polar(constant((1.0,), phase.dtype, phase.device).expand_as(phase), phase)


def ft_surrogate(x: Tensor, max_phase: Tensor, draw: Tensor | None = None) -> Tensor:
    """Advance the phase of every frequency at random; the amplitude spectrum stays.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    max_phase : Tensor of shape (n_windows,)
        Phases are uniform in [0, max_phase) radians, one a frequency, common to all channels.
    draw : Tensor of shape (n_windows, (n_times - 1) // 2), optional
        Uniform in [0, 1): the phases as parts of ``max_phase``, from the lowest frequency up.

    Notes
    -----
    The phases of 0 Hz and of Nyquist stay, so that the result is real.
    Source: Schwabedal et al. 2018; range 0-2 pi in Table 4 of the AugNet paper.
    """
    n_times = x.shape[-1]
    if draw is None:
        draw = torch.rand(len(x), n_phases(n_times), dtype=x.dtype, device=x.device)
    spectrum = torch.fft.rfft(x)
    above = n_times // 2 - draw.shape[-1]  # 1 where n_times is even: Nyquist
    phase = torch.nn.functional.pad(draw * max_phase[:, None].to(x.dtype), (1, above))
    return torch.fft.irfft(spectrum * turn(phase)[:, None], n=n_times)


def hilbert(x: Tensor) -> Tensor:
    """Return the Hilbert transform of ``x`` (..., n_times), padded with zeros to a power of 2."""
    n_times = x.shape[-1]
    n_fft = 1 << (n_times - 1).bit_length()
    spectrum = torch.fft.rfft(x, n=n_fft)
    spectrum *= _quarter_turn(n_fft, spectrum.dtype, spectrum.device)
    return torch.fft.irfft(spectrum, n=n_fft)[..., :n_times]


@lru_cache
def _quarter_turn(n_fft: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return ``-i`` for each frequency but 0 Hz and Nyquist, where it is 0."""
    turns = torch.full((n_fft // 2 + 1,), -1j, dtype=dtype)
    turns[[0, -1]] = 0
    return turns.to(device)


def shift_phase(n_times: int, max_shift: Tensor, draw: Tensor, sfreq: float) -> Tensor:
    """Return the phase (n_windows, n_times) in radians of a carrier of ``(2 draw - 1) max_shift``.

    Parameters
    ----------
    n_times : int
        Samples of a window.
    max_shift : Tensor of shape (n_windows,)
        In Hz.
    draw : Tensor of shape (n_windows,)
        Uniform in [0, 1).
    sfreq : float
        In Hz.

    Notes
    -----
    Counted in turns in float64 and brought near zero: after 30 s at 5 Hz float32 alone would be
    wrong by 2e-4.
    """
    half_shift = (draw - 0.5) * max_shift.double()
    turns = half_shift[:, None] * _half_seconds(n_times, sfreq, draw.device)
    return (2 * math.pi * turns.frac()).to(max_shift.dtype)


@lru_cache
def _half_seconds(n_times: int, sfreq: float, device: torch.device) -> Tensor:
    """Return the time (n_times,) of each sample in units of half a second."""
    return (2 / sfreq * torch.arange(n_times, dtype=torch.float64)).to(device)


def frequency_shift(
    x: Tensor, max_shift: Tensor, draw: Tensor | None = None, *, sfreq: float
) -> Tensor:
    """Shift the spectrum of each window by a random frequency.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    max_shift : Tensor of shape (n_windows,)
        Largest shift in Hz; the shift is uniform in [-max_shift, max_shift) and common to all
        channels.
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): 0 shifts by -max_shift, 1 would shift by max_shift.
    sfreq : float
        Sampling frequency in Hz.

    Notes
    -----
    ``Re((x + i H[x]) exp(2 pi i shift t))``, H being the Hilbert transform. Frequencies which
    cross 0 Hz or Nyquist fold back.
    Source: Rommel et al. 2021 (CADDA); range 0-5 Hz in Table 4 of the AugNet paper.
    """
    draw = torch.rand_like(max_shift) if draw is None else draw
    phase = shift_phase(x.shape[-1], max_shift, draw, sfreq)[:, None].to(x.dtype)
    return torch.addcmul(x * phase.cos(), hilbert(x), phase.sin(), value=-1)


@lru_cache
def _notch_taps(sfreq: float, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the sample numbers, from the middle, and the Hamming window of the filter."""
    n_taps = round(3.3 * sfreq / TRANSITION)
    n_taps += 1 - n_taps % 2
    numbers = torch.arange(n_taps, device=device, dtype=dtype) - n_taps // 2
    window = torch.hamming_window(n_taps, periodic=False, device=device, dtype=dtype)
    return numbers, window


def _low_pass(cut: Tensor, sfreq: float) -> Tensor:
    """Return windowed-sinc low-pass filters (n_windows, n_taps) of gain 1 at 0 Hz."""
    numbers, window = _notch_taps(sfreq, cut.device, cut.dtype)
    taps = window * torch.sinc(2 * cut[:, None] / sfreq * numbers)
    return taps / taps.sum(-1, keepdim=True)


def bandstop_filter(
    x: Tensor, width: Tensor, draw: Tensor | None = None, *, sfreq: float, max_freq: float
) -> Tensor:
    """Remove a random frequency band from each window.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    width : Tensor of shape (n_windows,)
        Width in Hz of the band that is removed; 0 leaves the window as it is.
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): the band's centre, between ``1 + width / 2`` and
        ``max_freq - 1 - width / 2``.
    sfreq : float
        Sampling frequency in Hz.
    max_freq : float
        Highest frequency in Hz at which the windows hold a signal.

    Notes
    -----
    A zero-phase windowed-sinc filter (Hamming) with flanks of 0.5 Hz on either side of the band;
    the ends are continued by odd reflection: MNE's ``notch_filter``, which braindecode uses. No
    gradient reaches the width. Source: range 0-2 Hz in Table 4 of the AugNet paper.
    """
    width = width.detach()
    draw = torch.rand_like(width) if draw is None else draw
    wide = width.double()
    low = 1 + wide / 2
    centre = low + draw.double() * (max_freq - 1 - wide / 2 - low)
    edge = (wide + TRANSITION) / 2
    taps = _low_pass(centre - edge, sfreq) - _low_pass(centre + edge, sfreq)
    half = taps.shape[-1] // 2
    taps[:, half] += 1
    n_times = x.shape[-1]
    n_mirrored = min(half, n_times - 1)
    start = 2 * x[..., :1] - x[..., 1 : n_mirrored + 1].flip(-1)
    end = 2 * x[..., -1:] - x[..., n_times - 1 - n_mirrored : -1].flip(-1)
    padded = torch.cat([start, x, end], dim=-1)
    n_fft = fast_length(max(n_times + n_mirrored + half, 2 * half + 1))
    spectrum = torch.fft.rfft(padded, n=n_fft)
    response = torch.fft.rfft(taps.to(x.dtype), n=n_fft)
    first = half + n_mirrored
    filtered = torch.fft.irfft(spectrum * response[:, None], n=n_fft)[..., first : first + n_times]
    return torch.where(width[:, None, None] > 0, filtered, x)


@lru_cache
def fast_length(n: int) -> int:
    """Return the smallest even length of at least ``n`` with no prime factor above 5."""
    n += n % 2
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 2
