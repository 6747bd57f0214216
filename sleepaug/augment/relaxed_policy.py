"""A policy whose choices, probabilities and magnitudes are learned by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sleepaug.augment.augmentation import Augmentation
from sleepaug.augment.chosen import apply_chosen
from sleepaug.augment.fused import gated_sum
from sleepaug.augment.policy import Policy, Step
from sleepaug.augment.transform import Transform, decide, gate


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

    Attributes
    ----------
    logits, magnitudes, probabilities : Parameter of shape (n_subpolicies, n_steps, n_transforms)
        Of each transform in each step. The last two are in [0, 1] after `project_`.

    Notes
    -----
    Every parameter starts uniform in [0, 1], from torch's global generator. In training each step
    is computed for all examples at once, each with the parameters of its subpolicy; afterwards
    each example draws one transform a step.
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
        self.transforms = tuple(t for t in transforms.values() if t.differentiable)
        self.temperature = temperature
        drawn = torch.rand(n_subpolicies, n_steps, 3, len(self.transforms))
        self.logits, self.magnitudes, self.probabilities = (
            nn.Parameter(numbers.clone()) for numbers in drawn.unbind(2)
        )

    @property
    def weights(self) -> Tensor:
        """Weights (n_subpolicies, n_steps, n_transforms), which sum to 1 in each step."""
        return torch.softmax(self.logits / self.temperature, dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each example of ``x`` (n_examples, ...) by a subpolicy drawn uniformly."""
        n_subpolicies = len(self.logits)
        drawn = torch.randint(n_subpolicies, (len(x),), device=x.device)
        weights = self.weights
        if not self.training:
            return self._sampled(x, drawn, weights)
        if x.device.type == "cpu" and bool((weights.detach().amax(-1) == 1).all()):
            return self._chosen(x, drawn, weights.argmax(-1).tolist())
        one_hot = (drawn[:, None] == torch.arange(n_subpolicies, device=x.device)).to(x.dtype)
        parameters = torch.stack([weights, self.magnitudes, self.probabilities], dim=1)
        of_each = (one_hot @ parameters.flatten(1)).unflatten(1, parameters.shape[1:])
        weights, magnitudes, probabilities = of_each.permute(1, 2, 3, 0)
        applied = weights * decide(probabilities)
        for weight, magnitude in zip(applied, magnitudes, strict=True):
            x = gated_sum(x, self.transforms, weight, magnitude)
        return x

    @torch.no_grad()
    def _sampled(self, x: Tensor, drawn: Tensor, weights: Tensor) -> Tensor:
        """Transform each example by one transform a step, drawn with the weights, or by none."""
        for step in range(weights.shape[1]):
            choice = torch.multinomial(weights[drawn, step], 1)[:, 0]
            magnitude = self.magnitudes[drawn, step, choice]
            applied = torch.rand_like(magnitude) < self.probabilities[drawn, step, choice]
            x = apply_chosen(x, self.transforms, torch.where(applied, choice, -1), magnitude)
        return x

    def _chosen(self, x: Tensor, drawn: Tensor, choices: list[list[int]]) -> Tensor:
        """Transform each example by the one transform that is left in each step."""
        out = torch.empty_like(x)
        for number, steps in enumerate(choices):
            index = (drawn == number).nonzero()[:, 0]
            if len(index) == 0:
                continue
            part = x[index]
            for step, q in enumerate(steps):
                transformed = self.transforms[q](part, self.magnitudes[number, step, q])
                probability = self.probabilities[number, step, q].expand(len(part))
                part = gate(part, transformed, probability)
            out = out.index_copy(0, index, part)
        return out

    @torch.no_grad()
    def entropy(self) -> Tensor:
        """Return the mean `relative_entropy` of the steps' weights."""
        return relative_entropy(self.weights).mean()

    @torch.no_grad()
    def freeze(self) -> Policy:
        """Return the policy of each step's heaviest transform."""

        def heaviest(number: int, step: int) -> Step:
            q = int(self.logits[number, step].argmax())
            probability = float(self.probabilities[number, step, q].clamp(0, 1))
            magnitude = float(self.magnitudes[number, step, q].clamp(0, 1))
            return self.transforms[q].name, probability, magnitude

        n_subpolicies, n_steps, _ = self.logits.shape
        return Policy(
            [[heaviest(i, j) for j in range(n_steps)] for i in range(n_subpolicies)],
            self.candidates,
        )

    def describe(self) -> dict[str, float]:
        """Return what `freeze` would give, as `Policy.describe` does."""
        return self.freeze().describe()

    @torch.no_grad()
    def project_(self) -> None:
        """Bring magnitudes and probabilities back into [0, 1]."""
        self.magnitudes.clamp_(0, 1)
        self.probabilities.clamp_(0, 1)


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
