"""Policies: subpolicies of a few steps, as plain data (`Policy`) or to be learned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sleepaug.augment.augmentation import Augmentation
from sleepaug.augment.layers import AugmentationLayer
from sleepaug.augment.transform import Transform, apply_chosen
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


class RelaxedPolicy(Augmentation):
    """A policy whose choices, probabilities and magnitudes are learned by gradient descent.

    Parameters
    ----------
    transforms : dict of Transform
        Candidates of every step; those that no gradient reaches are left out.
    n_subpolicies, n_steps : int
        Number of subpolicies, and of steps in each.
    temperature : float
        Of the weights' softmax.

    Notes
    -----
    Every parameter starts uniform in [0, 1], from torch's global generator.
    Source: Faster AutoAugment (Hataya et al. 2020); 5 x 2 in Section 5.2 of the AugNet paper.

    Examples
    --------
    >>> from sleepaug.augment import eeg_transforms
    >>> relaxed = RelaxedPolicy(eeg_transforms(100.0, ["C3", "C4"]), n_subpolicies=3)
    >>> relaxed(torch.randn(8, 2, 3000)).shape, len(relaxed.freeze().subpolicies)
    (torch.Size([8, 2, 3000]), 3)
    """

    def __init__(
        self,
        transforms: Mapping[str, Transform],
        *,
        n_subpolicies: int = 5,
        n_steps: int = 2,
        temperature: float = 0.05,
    ) -> None:
        super().__init__()
        self.candidates = dict(transforms)
        learnable = [t for t in transforms.values() if t.differentiable]
        self.subpolicies: Sequence[Sequence[AugmentationLayer]]
        self.subpolicies = nn.ModuleList(  # type: ignore[assignment]
            nn.ModuleList(
                AugmentationLayer(learnable, temperature=temperature, with_probability=True)
                for _ in range(n_steps)
            )
            for _ in range(n_subpolicies)
        )
        for parameter in self.parameters():
            nn.init.uniform_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each example of ``x`` (n_examples, ...) by a subpolicy drawn uniformly."""
        drawn = torch.randint(len(self.subpolicies), (len(x),), device=x.device).cpu()
        out = torch.empty_like(x)
        for number, steps in enumerate(self.subpolicies):
            index = (drawn == number).nonzero()[:, 0].to(x.device)
            if len(index) == 0:
                continue
            part = x[index]
            for layer in steps:
                part = layer(part)
            out = out.index_copy(0, index, part)
        return out

    @torch.no_grad()
    def entropy(self) -> Tensor:
        """Return the mean `relative_entropy` of the steps' weights."""
        weights = [layer.weights for steps in self.subpolicies for layer in steps]
        return relative_entropy(torch.stack(weights)).mean()

    def freeze(self) -> Policy:
        """Return the policy of each step's heaviest transform."""
        return Policy(
            [[_heaviest(layer) for layer in steps] for steps in self.subpolicies], self.candidates
        )

    def describe(self) -> dict[str, float]:
        """Return what `freeze` would give, as `Policy.describe` does."""
        return self.freeze().describe()

    def project_(self) -> None:
        """Bring magnitudes and probabilities back into [0, 1]."""
        for steps in self.subpolicies:
            for layer in steps:
                layer.project_()


def relative_entropy(weights: Tensor) -> Tensor:
    """Return how open choices (..., n_candidates) are: 1 all weights alike, 0 one weight is 1.

    Examples
    --------
    >>> relative_entropy(torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]))
    tensor([1., 0.])
    """
    weights = weights.detach()
    entropy = torch.special.entr(weights).sum(-1)
    return entropy / math.log(weights.shape[-1]) if weights.shape[-1] > 1 else 0 * entropy


def _heaviest(layer: AugmentationLayer) -> Step:
    """Return the step which comes closest to a layer."""
    q = int(layer.logits.argmax())
    probability = (
        1.0 if layer.probabilities is None else float(layer.probabilities[q].detach().clamp(0, 1))
    )
    return layer.transforms[q].name, probability, float(layer.magnitudes[q].detach().clamp(0, 1))
