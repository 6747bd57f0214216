"""What a transform is, and what all of them share.

A transform is a pure function of a batch and an amount per window. It holds no parameter, no
probability and no random state: whoever learns or fixes its magnitude owns the tensor. Where the
amount requires a gradient the transform is differentiable in it; otherwise its decisions are hard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import did_you_mean

if TYPE_CHECKING:
    from sleepaug.augment.eeg_terms import Terms

RELAXATION = 0.05
"""Temperature of relaxed Bernoulli variables (Faster AutoAugment, and the authors' AugNet)."""

MARGIN = 1e-3
"""A relaxed probability stays this far from 0 and 1, where it would have no gradient."""


@dataclass(frozen=True)
class Transform:
    """A random map on a batch, driven by one magnitude per window.

    Parameters
    ----------
    name : str
        Key of the transform, for instance ``"frequency_shift"``.
    apply : callable
        Function of ``x`` (n_windows, ...) and ``amount`` (n_windows,), in `unit`, which returns a
        tensor shaped as ``x``. Amount 0 must be the identity. Any such function will do.
    amount_at_1 : float
        Amount at magnitude 1, in `unit`.
    unit : str
        What the amount is counted in: Hz, std, samples, degrees, radians, fraction, probability.
    differentiable : bool
        Whether the gradient reaches the amount.
    matrix : callable, optional
        Of a transform that is a matrix across channels: function of the amount (n_windows,), the
        number of channels and a draw or None, which returns the matrices (n_windows, n_chans,
        n_chans). A layer whose transforms all have one multiplies windows once, by their sum.
    terms : callable, optional
        Of a transform in time or frequency: function of ``x``, the amount, weights (n_windows or
        1, 1) and a draw
        or None, which returns its `Terms`. A layer whose transforms all have them computes them in
        one pass.

    Examples
    --------
    >>> halved = Transform("gain", lambda x, amount: x * (1 - amount)[:, None, None], 0.5, "factor")
    >>> halved(torch.ones(2, 1, 3), 1.0)[0]
    tensor([[0.5000, 0.5000, 0.5000]])
    """

    name: str
    apply: Callable[[Tensor, Tensor], Tensor]
    amount_at_1: float = 1.0
    unit: str = "probability"
    differentiable: bool = True
    matrix: Callable[[Tensor, int, Tensor | None], Tensor] | None = None
    terms: Callable[[Tensor, Tensor, Tensor, Tensor | None], Terms] | None = None

    def __call__(self, x: Tensor, magnitude: Tensor | float) -> Tensor:
        """Transform ``x`` (n_windows, ...) with a magnitude () or (n_windows,) in [0, 1]."""
        if isinstance(magnitude, Tensor):
            amount = (magnitude.to(x) * self.amount_at_1).expand(len(x))
        else:
            amount = x.new_full((len(x),), magnitude * self.amount_at_1)
        return self.apply(x, amount)


def per_window(values: Tensor, x: Tensor) -> Tensor:
    """Reshape (n_windows,) to (n_windows, 1, ...), so that it multiplies windows of ``x``."""
    return values.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def relaxed_bernoulli(probability: Tensor, draw: Tensor) -> Tensor:
    """Return soft decisions in (0, 1) which are above 1/2 where ``draw < probability``.

    Parameters
    ----------
    probability : Tensor
        In [0, 1], any shape. It is moved into [MARGIN, 1 - MARGIN] without cutting its gradient.
    draw : Tensor
        Numbers uniform in [0, 1), same shape.

    Notes
    -----
    Source: ``sigmoid((logit(p) - logit(u)) / 0.05)``, u uniform: the relaxed Bernoulli
    distribution of Maddison et al. 2017, as in Faster AutoAugment.
    """
    return _RelaxedBernoulli.apply(probability, draw)


class _RelaxedBernoulli(torch.autograd.Function):
    """A decision and its gradient in a few kernels."""

    @staticmethod
    def forward(ctx: Any, probability: Tensor, draw: Tensor) -> Tensor:
        logits = torch.logit(probability, eps=MARGIN) - torch.logit(draw, eps=1e-6)
        decision = torch.sigmoid(logits / RELAXATION)
        ctx.save_for_backward(probability, decision)
        return decision

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:
        probability, decision = ctx.saved_tensors
        p = probability.clamp(MARGIN, 1 - MARGIN)
        slope = torch.addcmul(decision, decision, decision, value=-1)  # of the sigmoid
        return grads[0] * slope / (RELAXATION * torch.addcmul(p, p, p, value=-1)), None


def decide(probability: Tensor, draw: Tensor | None = None) -> Tensor:
    """Draw yes (1) or no (0) for each probability: relaxed if it is to be learned, hard if not.

    Parameters
    ----------
    probability : Tensor
        Probabilities, any shape.
    draw : Tensor, optional
        Numbers uniform in [0, 1), same shape; drawn here by default.

    Returns
    -------
    Tensor
        Shaped as `probability`: 0 or 1, or in (0, 1) where the probability requires a gradient.

    Examples
    --------
    >>> decide(torch.tensor([0.2, 0.8]), torch.tensor([0.5, 0.5]))
    tensor([0., 1.])
    """
    if draw is None:
        draw = torch.rand_like(probability)
    if probability.requires_grad:
        return relaxed_bernoulli(probability, draw)
    return (draw < probability).to(probability.dtype)


def gate(x: Tensor, transformed: Tensor, probability: Tensor, draw: Tensor | None = None) -> Tensor:
    """Take each window from ``transformed`` with its probability, else from ``x``.

    Parameters
    ----------
    x, transformed : Tensor of shape (n_windows, ...)
        The two versions of the windows.
    probability : Tensor of shape (n_windows,)
        In [0, 1]. Where it requires a gradient the two are mixed by a relaxed decision.
    draw : Tensor of shape (n_windows,), optional
        Numbers uniform in [0, 1); drawn here by default.

    Returns
    -------
    Tensor of shape (n_windows, ...)
    """
    chosen = per_window(decide(probability, draw), x)
    if probability.requires_grad:
        return torch.lerp(x, transformed, chosen.expand_as(x))
    return torch.where(chosen > 0, transformed, x)


class UnknownTransformError(ConfigError, KeyError):
    """No transform has this name."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show it in quotes


class Transforms(dict[str, Transform]):
    """Transforms by name; a wrong name is an error that says which there are.

    Examples
    --------
    >>> from sleepaug.augment import eeg_transforms
    >>> try:
    ...     eeg_transforms(100.0, ["C3"])["sign_flop"]
    ... except ConfigError as error:
    ...     print(error)
    no transform is called 'sign_flop'. Did you mean 'sign_flip'?
    """

    def __missing__(self, name: str) -> Transform:
        raise UnknownTransformError(
            f"no transform is called {name!r}. {did_you_mean(name, self)}", parameters=("layers",)
        )
