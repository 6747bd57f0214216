"""What each time-frequency transform of EEG adds to the sum of a layer; see `augment.fused`.

Each function takes windows ``x`` (n_windows, n_chans, n_times), amounts (n_windows,), weights
(n_windows or 1, 1) and optionally the draw of its transform, and returns the terms of
``weight * transform(x)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sleepaug.augment.eeg_frequency import n_phases, shift_phase
from sleepaug.augment.eeg_time import time_mask
from sleepaug.augment.transform import decide


@dataclass(frozen=True)
class Terms:
    """One transform's share of a sum over transforms; None: no such term.

    ``gain x + flip x(-t) + std noise + surrogate irfft(X exp(i phase)) - carrier H[x]``, where X is
    the Fourier transform of x and H[x] its Hilbert transform. Of the transforms in one sum at most
    one may have noise, and one phases; the other terms add up.

    Attributes
    ----------
    gain : Tensor of shape (1, 1), (n_windows, 1) or (n_windows, n_times), optional
    flip : Tensor of shape (n_windows,), optional
    std : Tensor of shape (n_windows,), optional
        With its `noise`, a Tensor of shape (n_windows, n_chans, n_times).
    phase : Tensor of shape (n_windows, n_phases), optional
        In radians, from the lowest frequency up, with its weight `surrogate`, a Tensor of shape
        (n_windows or 1, 1).
    carrier : Tensor of shape (n_windows, n_times), optional
    """

    gain: Tensor | None = None
    flip: Tensor | None = None
    std: Tensor | None = None
    noise: Tensor | None = None
    phase: Tensor | None = None
    surrogate: Tensor | None = None
    carrier: Tensor | None = None


def reverse_terms(
    x: Tensor, probability: Tensor, weight: Tensor, draw: Tensor | None = None
) -> Terms:
    """Return the terms of `time_reverse`."""
    flip = weight * decide(probability, draw)[:, None]
    return Terms(gain=weight - flip, flip=flip.squeeze(1))


def mask_terms(x: Tensor, length: Tensor, weight: Tensor, draw: Tensor | None = None) -> Terms:
    """Return the terms of `time_masking`."""
    draw = torch.rand_like(length) if draw is None else draw
    return Terms(gain=weight * time_mask(x.shape[-1], length, draw))


def noise_terms(x: Tensor, std: Tensor, weight: Tensor, draw: Tensor | None = None) -> Terms:
    """Return the terms of `gaussian_noise`."""
    noise = torch.randn_like(x) if draw is None else draw
    return Terms(gain=weight, std=weight.squeeze(1) * std, noise=noise)


def surrogate_terms(
    x: Tensor, max_phase: Tensor, weight: Tensor, draw: Tensor | None = None
) -> Terms:
    """Return the terms of `ft_surrogate`."""
    if draw is None:
        draw = torch.rand(len(x), n_phases(x.shape[-1]), dtype=x.dtype, device=x.device)
    return Terms(phase=draw * max_phase[:, None], surrogate=weight)


def shift_terms(
    x: Tensor, max_shift: Tensor, weight: Tensor, draw: Tensor | None = None, *, sfreq: float
) -> Terms:
    """Return the terms of `frequency_shift`; `sfreq` is in Hz."""
    draw = torch.rand_like(max_shift) if draw is None else draw
    phase = shift_phase(x.shape[-1], max_shift, draw, sfreq)
    return Terms(gain=weight * phase.cos(), carrier=weight * phase.sin())
