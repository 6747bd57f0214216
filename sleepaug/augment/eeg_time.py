"""Transforms of the time course: reversal, masking, noise."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from sleepaug.augment.transform import decide, gate, per_window


def time_reverse(x: Tensor, probability: Tensor, draw: Tensor | None = None) -> Tensor:
    """Play each window backwards with a probability.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    probability : Tensor of shape (n_windows,)
        Probability of the reversal, in [0, 1].
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): reversed where it is below the probability.

    Notes
    -----
    Source: Table 4 of the AugNet paper; gradient by a relaxed Bernoulli decision.
    """
    backwards = x.flip(-1)
    if probability.requires_grad or x.requires_grad:
        return gate(x, backwards, probability, draw)
    chosen = per_window(decide(probability, draw), x) > 0
    return torch.where(chosen, backwards, x, out=backwards)  # large batches: no third buffer


@lru_cache
def _samples(n_times: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the numbers (n_times,) of the samples of a window."""
    return torch.arange(n_times, dtype=dtype, device=device)


def time_mask(n_times: int, length: Tensor, draw: Tensor) -> Tensor:
    """Return the smooth mask (n_windows, n_times): 1, and towards 0 over ``length`` samples.

    `length` and `draw` (n_windows,) are those of `time_masking`.
    """
    length = length.clamp(max=n_times)
    start = draw * (n_times - length)
    t = _samples(n_times, length.dtype, length.device)
    slope = 1000 / n_times
    before = torch.sigmoid(slope * (start[:, None] - t))
    after = torch.sigmoid(-slope * ((start + length)[:, None] - t))
    return before + after


def time_masking(x: Tensor, length: Tensor, draw: Tensor | None = None) -> Tensor:
    """Fade all channels out over a random stretch of each window.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    length : Tensor of shape (n_windows,)
        Length of the stretch in samples (a real number), at most n_times.
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): where the stretch starts, as a part of ``n_times - length``.

    Notes
    -----
    ``m(t) = sig(-s (t - t0)) + sig(s (t - t0 - length))`` with ``s = 1000 / n_times``: an edge is
    13 samples wide for 3000 samples, and masks much shorter than that do not reach zero.
    Source: Rommel et al. 2021 (CADDA); range 0-200 samples in Table 4 of the AugNet paper.
    """
    draw = torch.rand_like(length) if draw is None else draw
    return x * time_mask(x.shape[-1], length, draw)[:, None].to(x.dtype)


def gaussian_noise(x: Tensor, std: Tensor, draw: Tensor | None = None) -> Tensor:
    """Add white Gaussian noise.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    std : Tensor of shape (n_windows,)
        Standard deviation of the noise, in units of ``x``.
    draw : Tensor of shape (n_windows, n_chans, n_times), optional
        Standard normal numbers.

    Notes
    -----
    Source: range 0-0.2 in Table 4 of the AugNet paper, which presumes windows of unit variance.
    """
    draw = torch.randn_like(x) if draw is None else draw
    return torch.addcmul(x, draw, per_window(std, x))
