"""Transforms across the sensors: sign flip, left-right symmetry, shuffle, dropout."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from sleepaug.augment.constants import constant, identity
from sleepaug.augment.transform import MARGIN, decide, gate, per_window


def sign_flip(x: Tensor, probability: Tensor, draw: Tensor | None = None) -> Tensor:
    """Turn all channels of each window upside down with a probability.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    probability : Tensor of shape (n_windows,)
        Probability of the flip, in [0, 1].
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): flipped where it is below the probability.

    Notes
    -----
    Source: Table 4 of the AugNet paper; gradient by a relaxed Bernoulli decision.
    """
    return x * per_window(1 - 2 * decide(probability, draw), x)


def sign_matrix(probability: Tensor, n_chans: int, draw: Tensor | None = None) -> Tensor:
    """Return the matrices (n_windows, n_chans, n_chans) which `sign_flip` applies."""
    eye = identity(n_chans, probability.dtype, probability.device)
    return torch.addcmul(eye, decide(probability, draw)[:, None, None], eye, value=-2)


def take_channels(x: Tensor, source: Tensor) -> Tensor:
    """Return windows (n_windows, n_chans, n_times) with channel ``source[:, i]`` of ``x`` as i."""
    n_windows, n_chans = x.shape[:2]
    first = torch.arange(n_windows, device=x.device)[:, None] * n_chans
    rows = x.reshape(n_windows * n_chans, -1).index_select(0, (first + source).flatten())
    return rows.reshape(x.shape)


def channels_symmetry(
    x: Tensor, probability: Tensor, draw: Tensor | None = None, *, partners: tuple[int, ...]
) -> Tensor:
    """Swap left and right channels of each window with a probability.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    probability : Tensor of shape (n_windows,)
        Probability of the swap, in [0, 1].
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): swapped where it is below the probability.
    partners : tuple of int
        For each channel the index of the one it changes places with (itself on the midline).

    Notes
    -----
    Source: Deiss et al. 2018; Table 4 of the AugNet paper; gradient by a relaxed Bernoulli
    decision.
    """
    swapped = constant(partners, torch.int64, x.device)
    if probability.requires_grad:
        return gate(x, x[:, swapped], probability, draw)
    chosen = decide(probability, draw)[:, None] > 0
    stay = torch.arange(x.shape[1], device=x.device)
    return take_channels(x, torch.where(chosen, swapped, stay))


def symmetry_matrix(
    probability: Tensor, n_chans: int, draw: Tensor | None = None, *, partners: tuple[int, ...]
) -> Tensor:
    """Return the matrices (n_windows, n_chans, n_chans) which `channels_symmetry` applies."""
    eye = identity(n_chans, probability.dtype, probability.device)
    swapped = eye[constant(partners, torch.int64, eye.device)]
    return torch.lerp(eye, swapped, decide(probability, draw)[:, None, None])


def shuffle_draw(fraction: Tensor, n_chans: int) -> Tensor:
    """Draw the (2, n_windows, n_chans) uniform numbers that a shuffle needs."""
    return torch.rand(2, len(fraction), n_chans, dtype=fraction.dtype, device=fraction.device)


def shuffle_sources(fraction: Tensor, draw: Tensor) -> Tensor:
    """Return for each window and channel the number (n_windows, n_chans) of the one it shows.

    `fraction` (n_windows,) and `draw` (2, n_windows, n_chans) are those of `channels_shuffle`.
    """
    n_chans = draw.shape[-1]
    number = constant(tuple(range(n_chans)), draw.dtype, draw.device)
    last = constant(tuple(range(n_chans, 2 * n_chans)), draw.dtype, draw.device)
    stays = draw[0] >= fraction.detach()[:, None]
    # Channels which stay come last, in order, in both lists, and so are sent to themselves.
    slots = torch.where(stays, last, number).argsort(-1)
    content = torch.where(stays, last, draw[1]).argsort(-1)
    return torch.empty_like(slots).scatter_(-1, slots, content)


class _ScoreGradient(torch.autograd.Function):
    """Pass the permutations on; give the fraction its score-function gradient."""

    @staticmethod
    def forward(ctx: FunctionCtx, permutation: Tensor, fraction: Tensor, chosen: Tensor) -> Tensor:
        ctx.save_for_backward(permutation, fraction, chosen)
        return permutation.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        permutation, fraction, chosen = ctx.saved_tensors  # type: ignore[attr-defined]
        stay = identity(permutation.shape[-1], permutation.dtype, permutation.device)
        change = (grads[0] * (permutation - stay)).sum((-2, -1))
        n_windows, n_chans = len(fraction), permutation.shape[-1]
        if n_windows > 1:  # the other windows' mean is a baseline which leaves no bias
            change = change - (change.sum() - change) / (n_windows - 1)
        p = fraction.clamp(MARGIN, 1 - MARGIN)
        return None, change * (chosen - n_chans * p) / (p * (1 - p)), None


def shuffle_matrix(
    fraction: Tensor,
    n_chans: int,
    draw: Tensor | None = None,
    *,
    estimator: str = "score",
) -> Tensor:
    """Return the permutation matrices (n_windows, n_chans, n_chans), with a gradient.

    `fraction` (n_windows,) and the rest are as in `channels_shuffle`.
    """
    draw = shuffle_draw(fraction, n_chans) if draw is None else draw
    source = shuffle_sources(fraction, draw)
    permutation = identity(n_chans, fraction.dtype, fraction.device)[source]
    if estimator == "score":
        chosen = (draw[0] < fraction.detach()[:, None]).sum(-1)
        return _ScoreGradient.apply(permutation, fraction, chosen)
    return permutation + (fraction - fraction.detach())[:, None, None]


def channels_shuffle(
    x: Tensor,
    fraction: Tensor,
    draw: Tensor | None = None,
    *,
    estimator: str = "score",
) -> Tensor:
    """Choose each channel with a probability and permute the chosen ones among themselves.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    fraction : Tensor of shape (n_windows,)
        Probability with which each channel is chosen, in [0, 1].
    draw : Tensor of shape (2, n_windows, n_chans), optional
        Uniform in [0, 1): ``draw[0]`` chooses where it is below the fraction, the order of
        ``draw[1]`` among the chosen is their permutation.
    estimator : {"score", "straight_through"}
        How the gradient reaches the fraction. ``score`` is the derivative of the expected loss, as
        far as the loss is linear in the change made to the window: a score-function estimate with
        the batch's other windows as baseline. ``straight_through`` (the authors') adds up the
        gradient of all entries of the permutation matrix; this does not depend on the permutation
        drawn, and may point the wrong way: on random losses the derivative was +1.10, the score
        estimate +1.12, and this one -2.25.

    Notes
    -----
    Source: Saeed et al. 2020; range 0-1 in Table 4 of the AugNet paper.
    """
    n_chans = x.shape[1]
    if fraction.requires_grad:
        return shuffle_matrix(fraction, n_chans, draw, estimator=estimator).to(x.dtype) @ x
    draw = shuffle_draw(fraction, n_chans) if draw is None else draw
    return take_channels(x, shuffle_sources(fraction, draw))


def dropout_gains(fraction: Tensor, draw: Tensor) -> Tensor:
    """Return what to multiply channels by (n_windows, n_chans): 0 or 1, with a gradient.

    `fraction` (n_windows,) and `draw` (n_windows, n_chans) are those of `channels_dropout`.
    """
    if not fraction.requires_grad:
        return (draw >= fraction[:, None]).to(fraction.dtype)
    gains = (draw >= fraction.detach()[:, None]).to(fraction.dtype)
    return gains - (fraction - fraction.detach())[:, None]


def dropout_matrix(fraction: Tensor, n_chans: int, draw: Tensor | None = None) -> Tensor:
    """Return the matrices (n_windows, n_chans, n_chans) which `channels_dropout` applies."""
    if draw is None:
        draw = torch.rand(len(fraction), n_chans, dtype=fraction.dtype, device=fraction.device)
    eye = identity(n_chans, fraction.dtype, fraction.device)
    return dropout_gains(fraction, draw)[..., None] * eye


def channels_dropout(x: Tensor, fraction: Tensor, draw: Tensor | None = None) -> Tensor:
    """Set each channel to zero with a probability; the others are not scaled up.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    fraction : Tensor of shape (n_windows,)
        Probability with which each channel is dropped, in [0, 1].
    draw : Tensor of shape (n_windows, n_chans), optional
        Uniform in [0, 1): dropped where it is below the fraction.

    Notes
    -----
    The gradient is straight-through, ``d x_kept / d fraction = -x``, which is the derivative of the
    expected window. (The authors' steep sigmoid has the same mean, is zero for most draws and
    fades channels a little even at fraction 0.)
    Source: Saeed et al. 2020; range 0-1 in Table 4 of the AugNet paper.
    """
    if draw is None:
        draw = torch.rand(x.shape[:2], dtype=fraction.dtype, device=x.device)
    return x * dropout_gains(fraction, draw)[..., None].to(x.dtype)
