"""Selection by measurement: each transform goes as far as held-out examples do not mind."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sleepaug.augment.transform import Transform, apply_chosen

START = 0.02
"""Magnitude at the start: small, so that the trunk learns something before anything goes far."""

LEAST = 0.05
"""A transform below this magnitude is left out of the trained model."""

GAIN = 0.2
"""Largest change of a magnitude's logarithm in one epoch: 20 epochs lead from START to 1."""

MEMORY = 0.5
"""What the measurements of one epoch still count in the next."""

DOUBT = 2.0
"""Standard errors by which a cost must exceed the tolerance before it counts as proven."""

FEWEST = 10
"""With fewer measurements of a transform its magnitude stays."""

CHUNK = 256
"""Examples predicted at once."""


class MeasuredLayer(nn.Module):
    """A layer whose transforms do not compete: each is taken as far as it does no harm.

    After each epoch every held-out example is predicted twice, plain and transformed by a
    candidate at its present magnitude. The *cost* of a transform is the mean probability of the
    true class that is lost. A magnitude grows unless its cost is proven to exceed the tolerance,
    and shrinks where it is. In training each example draws one of the candidates, afterwards one of
    those that were kept.

    Parameters
    ----------
    transforms
        Candidates, with different names. No gradient has to reach their amounts.
    tolerance : float
        Mean probability of the true class that a transform may cost.

    Notes
    -----
    Stochastic approximation on the logarithm of the magnitude. A step is the smaller, the more
    often a transform has turned back (Kesten 1958), so that those which found their limit settle
    there while the harmless ones run on to 1. Neither ranges nor units play a part in it, but for
    where a transform starts (magnitude 0.02) and what is too little to keep (0.05).
    """

    def __init__(self, transforms: Sequence[Transform], *, tolerance: float) -> None:
        super().__init__()
        self.transforms, self.tolerance = tuple(transforms), tolerance
        n_transforms = len(self.transforms)
        self.register_buffer("magnitudes", torch.full((n_transforms,), START))
        self.register_buffer("moments", torch.zeros(3, n_transforms))
        self.register_buffer("direction", torch.ones(n_transforms))
        self.register_buffer("n_turns", torch.zeros(n_transforms))
        self.magnitudes: Tensor
        self.moments: Tensor  # of the costs: how many, their sum, the sum of their squares
        self.direction: Tensor
        self.n_turns: Tensor

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
        return apply_chosen(x, self.transforms, choice, self.magnitudes[choice])

    @torch.no_grad()
    def measure_(self, trunk: nn.Module, x: Tensor, y: Tensor, weight: Tensor) -> None:
        """Measure each transform on held-out examples and move its magnitude.

        Parameters
        ----------
        trunk : nn.Module
            In evaluation mode; x -> logits.
        x : Tensor of shape (n_examples, ...)
            Not trained on. Each draws one of the transforms.
        y : Tensor of shape (n_examples,)
            Their classes.
        weight : Tensor of shape (n_examples,)
            What each counts; mean 1.
        """
        self.moments *= MEMORY
        for part, classes, counts in zip(
            x.split(CHUNK), y.split(CHUNK), weight.split(CHUNK), strict=True
        ):
            choice = torch.randint(len(self.transforms), (len(part),), device=x.device)
            moved = apply_chosen(part, self.transforms, choice, self.magnitudes[choice])
            lost = probability(trunk, part, classes) - probability(trunk, moved, classes)
            cost = counts * lost
            self.moments.index_add_(1, choice, torch.stack([torch.ones_like(cost), cost, cost**2]))
        self._move_()

    def _move_(self) -> None:
        n, total, squares = self.moments
        mean = total / n.clamp(min=1)
        error = ((squares / n.clamp(min=1) - mean**2).clamp(min=0) / n.clamp(min=1)).sqrt()
        margin = (DOUBT * error).clamp(min=1e-6)
        step = ((self.tolerance + margin - mean) / margin).clamp(-1, 1) * (n >= FEWEST)
        self.n_turns += step * self.direction < 0
        self.direction = torch.where(step == 0, self.direction, step.sign())
        self.magnitudes *= torch.exp(GAIN * step / (1 + self.n_turns).sqrt())
        self.magnitudes.clamp_(max=1)

    def project_(self) -> None:
        """Do nothing: magnitudes are in [0, 1] as it is."""


def probability(trunk: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the probability (n_examples,) that a trunk gives to the true class."""
    return torch.softmax(trunk(x), dim=-1).gather(1, y[:, None])[:, 0]
