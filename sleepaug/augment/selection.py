"""Selection by measurement: each transform goes as far as held-out examples do not mind."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sleepaug.augment.transform import Transform, apply_chosen

START = 0.02
"""Magnitude at the start: small, so that the trunk learns something before anything goes far."""

BEYOND = 1.3
"""In training transforms go this much further than where they are measured, so that the trunk is
judged on what it could learn."""

LEAST = 0.05
"""A transform below this magnitude is left out of the trained model."""

LARGEST_STEP, SMALLEST_STEP = 0.15, 0.02
"""Of a magnitude's logarithm in one epoch: 26 epochs lead from START to 1."""

FASTER, SLOWER = 1.2, 0.5
"""How steps change from epoch to epoch, in the same direction and after a turn."""

N_MEASURED = 200
"""Held-out examples on which each transform is measured after an epoch."""

MEMORY = 0.5
"""What the measurements of one epoch still count in the next."""

DOUBT = 2.0
"""Standard errors by which a cost must exceed the tolerance before it counts as proven."""

FEWEST = 10
"""With fewer held-out examples magnitudes stay where they are."""

CHUNK = 256
"""Examples predicted at once."""


class MeasuredLayer(nn.Module):
    """A layer whose transforms do not compete: each is taken as far as it does no harm.

    After each epoch held-out examples are predicted plain and transformed by each candidate at its
    present magnitude. The *cost* of a transform is the mean probability of the true class that is
    lost. A magnitude grows unless its cost is proven to exceed the tolerance; then it shrinks. In
    training each example draws one of the candidates, afterwards one of those that were kept.

    Parameters
    ----------
    transforms
        Candidates, with different names. No gradient has to reach their amounts.
    tolerance : float
        Mean probability of the true class that a transform may cost.

    Notes
    -----
    Stochastic approximation on the logarithm of the magnitude, whose steps halve at each turn and
    grow again where one direction lasts, as in Rprop (Riedmiller and Braun 1993): transforms that
    found their limit settle there, and follow it where the trunk goes on learning. Neither ranges
    nor units play a part in it, but for where a transform starts (magnitude 0.02) and what is too
    little to keep (0.05).
    """

    def __init__(self, transforms: Sequence[Transform], *, tolerance: float) -> None:
        super().__init__()
        self.transforms, self.tolerance = tuple(transforms), tolerance
        n_transforms = len(self.transforms)
        self.register_buffer("magnitudes", torch.full((n_transforms,), START))
        self.register_buffer("moments", torch.zeros(3, n_transforms))
        self.register_buffer("direction", torch.ones(n_transforms))
        self.register_buffer("steps", torch.full((n_transforms,), LARGEST_STEP))
        self.magnitudes: Tensor
        self.moments: Tensor  # of the costs: how many, their sum, the sum of their squares
        self.direction: Tensor
        self.steps: Tensor

    @property
    def weights(self) -> Tensor:
        """Probability (n_transforms,) of each transform in the trained model; 0: left out."""
        kept = (self.magnitudes >= LEAST).float()
        return kept / kept.sum().clamp(min=1)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Transform each example of ``x`` (n_examples, ...) by one transform."""
        weights = torch.ones_like(self.magnitudes) if self.training else self.weights
        nothing = weights.sum() == 0
        choice = torch.multinomial(weights + nothing, len(x), replacement=True)
        choice = torch.where(nothing, -1, choice)
        reach = BEYOND if self.training else 1.0
        magnitude = (reach * self.magnitudes[choice]).clamp(max=1)
        return apply_chosen(x, self.transforms, choice, magnitude)

    @torch.no_grad()
    def measure_(self, trunk: nn.Module, x: Tensor, y: Tensor, weight: Tensor) -> None:
        """Measure each transform on held-out examples and move its magnitude.

        Parameters
        ----------
        trunk : nn.Module
            In evaluation mode; x -> logits.
        x : Tensor of shape (n_examples, ...)
            Not trained on.
        y : Tensor of shape (n_examples,)
            Their classes.
        weight : Tensor of shape (n_examples,)
            What each counts: examples are drawn with probabilities in proportion.
        """
        if len(x) < FEWEST:
            return
        n_transforms = len(self.transforms)
        drawn = torch.multinomial(weight, N_MEASURED * n_transforms, replacement=True)
        choice = torch.arange(n_transforms, device=x.device).repeat(N_MEASURED)
        self.moments *= MEMORY
        for index, q in zip(drawn.split(CHUNK), choice.split(CHUNK), strict=True):
            plain, classes = x[index], y[index]
            moved = apply_chosen(plain, self.transforms, q, self.magnitudes[q])
            cost = probability(trunk, plain, classes) - probability(trunk, moved, classes)
            self.moments.index_add_(1, q, torch.stack([torch.ones_like(cost), cost, cost**2]))
        self._move_()

    def _move_(self) -> None:
        n, total, squares = self.moments
        mean = total / n
        margin = DOUBT * ((squares / n - mean**2).clamp(min=0) / n).sqrt() + 1e-6
        push = ((self.tolerance + margin - mean) / margin).clamp(-1, 1)
        same = push * self.direction
        self.steps *= torch.where(same > 0, FASTER, torch.where(same < 0, SLOWER, 1.0))
        self.steps.clamp_(SMALLEST_STEP, LARGEST_STEP)
        self.direction = torch.where(push == 0, self.direction, push.sign())
        self.magnitudes *= torch.exp(self.steps * push)
        self.magnitudes.clamp_(max=1)

    def project_(self) -> None:
        """Do nothing: magnitudes are in [0, 1] as it is."""


def probability(trunk: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the probability (n_examples,) that a trunk gives to the true class."""
    return torch.softmax(trunk(x), dim=-1).gather(1, y[:, None])[:, 0]
