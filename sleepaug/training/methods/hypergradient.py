"""The gradient of the validation loss after a training step, with respect to the policy.

DADA and ADDA choose the policy a whose training step leads to the lowest validation loss:

    F(a) = L_valid(w - lr * dL_train(w, a)/dw)

Its gradient is computed exactly, by differentiating the step, or as in DARTS, DADA and ADDA by
finite differences of the training loss. Both passes of the latter see the same draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sleepaug.training.random_state import random_state, set_random_state

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Unrolled:
    """The gradients and losses of one unrolled step.

    Attributes
    ----------
    policy_gradient : list of Tensor
        dF/da, one for each policy parameter.
    trunk_gradient : dict of Tensor
        dL_train/dw, which the training step uses too.
    train_loss, valid_loss : Tensor
        L_train at w, and F.
    """

    policy_gradient: list[Tensor]
    trunk_gradient: Weights
    train_loss: Tensor
    valid_loss: Tensor


@dataclass(frozen=True)
class Losses:
    """The two losses of a bilevel problem.

    Attributes
    ----------
    inner : callable
        Training loss as a function of the weights and the augmented windows; it may draw from
        torch's generator.
    outer : callable
        Validation loss as a function of the weights.
    """

    inner: Callable[[Weights, Tensor], Tensor]
    outer: Callable[[Weights], Tensor]


def unroll(
    x: Tensor,
    losses: Losses,
    weights: Mapping[str, Tensor],
    policy: Sequence[Tensor],
    lr: float,
    how: Literal["exact", "finite"] = "finite",
) -> Unrolled:
    """Differentiate the validation loss after a training step by the policy's parameters.

    Parameters
    ----------
    x : Tensor
        The augmented training windows, which depend on `policy`.
    losses : Losses
    weights : dict of Tensor
        The trunk's parameters, w.
    policy : sequence of Tensor
        The policy's parameters, a.
    lr : float
        Of the unrolled step.
    how : {"exact", "finite"}
        Exact second derivatives, or central differences along v = dL_valid/dw':
        ``-lr * (dL_train(w + e v)/da - dL_train(w - e v)/da) / (2 e)`` with e = 0.01 / ||v||. The
        differences are taken of dL_train/dx, so that windows are augmented once.

    Notes
    -----
    Source: DARTS (Liu et al. 2019), eq. 7 and 8; DADA (Li et al. 2020); ADDA (Rommel et al. 2021).
    """
    inner, outer = losses.inner, losses.outer
    start = random_state() if how == "finite" else {}
    w = flat(weights.values()).detach().requires_grad_()
    train_loss = inner(shaped(w, weights), x if how == "exact" else x.detach())
    [slope] = torch.autograd.grad(train_loss, w, create_graph=how == "exact")
    if how == "exact":
        valid_loss = outer(shaped(torch.sub(w.detach(), slope, alpha=lr), weights))
        policy_gradient = torch.autograd.grad(valid_loss, policy, materialize_grads=True)
    else:
        ahead = torch.sub(w.detach(), slope, alpha=lr).requires_grad_()
        valid_loss = outer(shaped(ahead, weights))
        [v] = torch.autograd.grad(valid_loss, ahead)
        e = 0.01 / torch.linalg.vector_norm(v).clamp(min=1e-12)
        after = random_state()
        sides = []
        for sign in (1, -1):
            set_random_state(start)
            moved = shaped(torch.addcmul(w.detach(), e, v, value=sign), weights)
            here = x.detach().requires_grad_()
            sides.append(torch.autograd.grad(inner(moved, here), here)[0])
        set_random_state(after)
        difference = (sides[0] - sides[1]) * (-lr / (2 * e))
        policy_gradient = torch.autograd.grad(x, policy, difference, materialize_grads=True)
    return Unrolled(
        policy_gradient=[g.detach() for g in policy_gradient],
        trunk_gradient=shaped(slope.detach(), weights),
        train_loss=train_loss.detach(),
        valid_loss=valid_loss.detach(),
    )


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """Return the numbers of tensors, one after the other (n_numbers,)."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def shaped(numbers: Tensor, like: Mapping[str, Tensor]) -> Weights:
    """Return numbers (n_numbers,) in the shapes of named tensors."""
    parts = numbers.split([tensor.numel() for tensor in like.values()])
    pairs = zip(like.items(), parts, strict=True)
    return {name: part.view_as(tensor) for (name, tensor), part in pairs}
