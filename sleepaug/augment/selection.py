"""Selection by measurement: each transform is taken as far as it costs no held-out accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sleepaug.augment.chosen import apply_chosen
from sleepaug.augment.transform import Transform

START = 0.1
"""Magnitude at the start, as in AugNet."""

LOWEST = 0.02
"""Magnitude below which training never goes: a trunk that never sees a transform cannot become
invariant to it, and a transform that did harm early in the training may be harmless later."""

LEAST = 0.05
"""A transform below this magnitude is left out of the trained model."""

BEYOND = 1.3
"""In training transforms go this much further than where they are measured, so that the trunk is
judged on what it could learn."""

STEP = 0.3
"""Largest change of a magnitude's logarithm in one epoch: 8 epochs lead from START to 1."""

MEMORY = 0.8
"""What the magnitudes of one epoch still count in the average of the next: their mean age is 4
epochs."""

N_MEASURED = 400
"""Held-out examples on which each transform is measured after an epoch."""

FEWEST = 10
"""With fewer held-out examples magnitudes stay where they are."""

CHUNK = 256
"""Examples predicted at once."""


class MeasuredLayer(nn.Module):
    """A layer whose transforms do not compete: each is taken as far as it does no harm.

    After each epoch held-out examples are predicted plain and transformed by each candidate at its
    present magnitude. The *cost* of a transform is the accuracy that is lost, its *limit* the
    tolerance plus one standard error of that cost over the held-out examples. A magnitude grows
    while its cost is below the limit and shrinks while it is above. In training each example draws
    one of the candidates, afterwards one of those that were kept.

    Parameters
    ----------
    transforms : sequence of Transform
        Candidates, with different names. No gradient has to reach their amounts.
    tolerance : float
        Accuracy that a transform may cost for certain, in [0, 1].

    Notes
    -----
    Stochastic approximation on the logarithm of the magnitude, whose iterates are averaged (Polyak
    and Juditsky 1992, here with an exponential window, since the trunk goes on learning). One
    standard error is the rule of Breiman et al. (1984) for the simplest tree that is as good as the
    best: as far as these examples can tell. It does not fall with repeated measurements, so that
    neither their number nor a transform's range or unit decides how far it goes.

    Examples
    --------
    >>> from sleepaug.augment import eeg_transforms
    >>> transforms = eeg_transforms(100.0, ["C3", "C4"])
    >>> layer = MeasuredLayer([transforms["bandstop_filter"]], tolerance=0.0025)
    >>> layer(torch.randn(8, 2, 3000)).shape, round(layer.magnitudes.item(), 3)
    (torch.Size([8, 2, 3000]), 0.1)
    """

    def __init__(self, transforms: Sequence[Transform], *, tolerance: float) -> None:
        super().__init__()
        self.transforms, self.tolerance = tuple(transforms), tolerance
        self.register_buffer("magnitudes", torch.full((len(self.transforms),), START))
        self.register_buffer("trial", self.magnitudes.clone())
        self.magnitudes: Tensor  # of the trained model: averages of trial
        self.trial: Tensor

    @property
    def weights(self) -> Tensor:
        """Probability (n_transforms,) of each transform in the trained model; 0: left out."""
        chosen = (self.magnitudes >= LEAST).float()
        return chosen / chosen.sum().clamp(min=1)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Transform each example of ``x`` (n_examples, ...) by one transform."""
        weights = torch.ones_like(self.trial) if self.training else self.weights
        nothing = weights.sum() == 0
        choice = torch.multinomial(weights + nothing, len(x), replacement=True)
        magnitudes = (BEYOND * self.trial).clamp(max=1) if self.training else self.magnitudes
        magnitude = magnitudes[choice]
        return apply_chosen(x, self.transforms, torch.where(nothing, -1, choice), magnitude)

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
            What each counts: examples are drawn in proportion.
        """
        if len(x) < FEWEST:
            return
        drawn = evenly(weight, N_MEASURED)
        parts = [self._costs(trunk, x[index], y[index]) for index in drawn.split(CHUNK)]
        costs = torch.cat(parts, dim=1)
        n_examples = weight.sum() ** 2 / weight.square().sum()
        limit = self.tolerance + costs.std(1, correction=0) / n_examples.sqrt() + 1e-6
        push = (1 - costs.mean(1) / limit).clamp(-1, 1)
        self.trial *= torch.exp(STEP * push)
        self.trial.clamp_(LOWEST, 1)
        self.magnitudes.pow_(MEMORY).mul_(self.trial ** (1 - MEMORY))

    def _costs(self, trunk: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Return right plain minus right transformed (n_transforms, n_examples): -1, 0 or 1."""
        plain = right(trunk, x, y)
        pairs = zip(self.transforms, self.trial, strict=True)
        return torch.stack([plain - right(trunk, t(x, magnitude), y) for t, magnitude in pairs])

    def project_(self) -> None:
        """Do nothing: magnitudes are in [0, 1] as it is."""


def right(trunk: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return 1 where a trunk finds the true class and 0 elsewhere (n_examples,)."""
    return (trunk(x).argmax(-1) == y).float()


def evenly(weight: Tensor, n: int) -> Tensor:
    """Draw ``n`` indices so that each appears in proportion to its weight, to less than once."""
    share = weight.cumsum(0) / weight.sum()
    position = (torch.arange(n, device=weight.device) + torch.rand(1, device=weight.device)) / n
    return torch.searchsorted(share, position).clamp(max=len(weight) - 1)
