"""Policies: subpolicies of a few steps, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sleepaug.augment.augmentation import Augmentation
from sleepaug.augment.chosen import apply_chosen
from sleepaug.augment.transform import Transform
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import did_you_mean

Step = tuple[str, float, float]


class Policy(Augmentation):
    """A fixed policy: each example goes through one subpolicy, drawn uniformly.

    Parameters
    ----------
    subpolicies : sequence of sequences of (name, probability, magnitude)
        Lists of steps ``(name, probability, magnitude)``, for instance
        ``[[("time_reverse", 0.8, 1.0), ("gaussian_noise", 0.3, 0.4)], ...]``. Probability and
        magnitude are in [0, 1]. An empty policy does nothing.
    transforms : dict of Transform
        What the names stand for.

    Raises
    ------
    ConfigError
        A step has an unknown name, or a number that is not in [0, 1].

    Notes
    -----
    A step is applied to each example with its probability, and the transform's own randomness
    comes on top: ``("sign_flip", 0.8, 1.0)`` flips with probability 0.8 times 1/2.

    Examples
    --------
    >>> from sleepaug.augment import eeg_transforms
    >>> transforms = eeg_transforms(100.0, ["C3", "C4"])
    >>> policy = Policy([[("time_reverse", 0.8, 1.0), ("gaussian_noise", 0.5, 0.4)]], transforms)
    >>> policy(torch.randn(8, 2, 3000)).shape
    torch.Size([8, 2, 3000])
    """

    def __init__(
        self,
        subpolicies: Sequence[Sequence[Sequence[str | float]]],
        transforms: Mapping[str, Transform],
    ) -> None:
        super().__init__()
        self.subpolicies = [
            [_checked(step, transforms, f"subpolicies[{i}][{j}]") for j, step in enumerate(steps)]
            for i, steps in enumerate(subpolicies)
        ]
        names = list(dict.fromkeys(name for steps in self.subpolicies for name, _, _ in steps))
        self.transforms = tuple(transforms[name] for name in names)
        n_steps = max(map(len, self.subpolicies), default=0)
        shape = len(self.subpolicies), n_steps
        op, probability, magnitude = torch.full(shape, -1), torch.zeros(shape), torch.zeros(shape)
        for i, steps in enumerate(self.subpolicies):
            for j, (name, p, m) in enumerate(steps):
                op[i, j], probability[i, j], magnitude[i, j] = names.index(name), p, m
        # Not saved with the weights: the JSON form says the same.
        self.register_buffer("op", op, persistent=False)
        self.register_buffer("probability", probability, persistent=False)
        self.register_buffer("magnitude", magnitude, persistent=False)
        self.op: Tensor
        self.probability: Tensor
        self.magnitude: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (n_examples, ...)."""
        n_subpolicies, n_steps = self.op.shape
        if n_steps == 0:
            return x
        drawn = torch.randint(n_subpolicies, (len(x),), device=x.device)
        applied = torch.rand(len(x), n_steps, device=x.device) < self.probability[drawn]
        choice = torch.where(applied, self.op[drawn], -1)
        for step in range(n_steps):
            magnitude = self.magnitude[drawn, step]
            x = apply_chosen(x, self.transforms, choice[:, step], magnitude)
        return x

    def describe(self) -> dict[str, float]:
        """Return ``{"1.1.sign_flip.probability": 0.8, "1.1.sign_flip.amount": 0.5, ...}``."""
        amount_at_1 = {transform.name: transform.amount_at_1 for transform in self.transforms}
        described = {}
        for i, steps in enumerate(self.subpolicies, start=1):
            for j, (name, probability, magnitude) in enumerate(steps, start=1):
                described[f"{i}.{j}.{name}.probability"] = probability
                described[f"{i}.{j}.{name}.amount"] = magnitude * amount_at_1[name]
        return described

    def to_json(self) -> list[list[list[str | float]]]:
        """Return the subpolicies as lists which ``json`` can write."""
        return [[list(step) for step in steps] for steps in self.subpolicies]


def _checked(step: Sequence[str | float], transforms: Mapping[str, Transform], where: str) -> Step:
    """Return the step if it is one, or raise a ConfigError that says what is wrong."""
    if isinstance(step, str) or len(step) != 3:
        raise ConfigError(f"{where}: expected (name, probability, magnitude), got {step!r}.")
    name, probability, magnitude = step
    if name not in transforms:
        raise ConfigError(
            f"{where}: unknown transform {name!r}. {did_you_mean(str(name), transforms)}"
        )
    for label, value in ("probability", probability), ("magnitude", magnitude):
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConfigError(f"{where}: {label} must be a number from 0 to 1, got {value!r}.")
    return str(name), float(probability), float(magnitude)
