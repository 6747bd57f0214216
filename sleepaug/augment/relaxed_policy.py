"""A policy whose choices, probabilities and magnitudes are learned by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sleepaug.augment.augmentation import Augmentation
from sleepaug.augment.fused import gated_sum
from sleepaug.augment.layers import AugmentationLayer
from sleepaug.augment.policy import Policy, Step
from sleepaug.augment.transform import Transform, decide


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
    Every parameter starts uniform in [0, 1], from torch's global generator. In training each step
    is computed for all examples at once, each with the parameters of its subpolicy.
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
        drawn = torch.randint(len(self.subpolicies), (len(x),), device=x.device)
        if not self.training or (x.device.type == "cpu" and self._is_chosen()):
            return self._one_by_one(x, drawn)
        number = torch.arange(len(self.subpolicies), device=x.device)
        one_hot = (drawn[:, None] == number).to(x.dtype)
        for layers in zip(*self.subpolicies, strict=True):  # all subpolicies' first steps, ...
            parameters = torch.stack(
                [
                    torch.softmax(
                        torch.stack([layer.logits for layer in layers]) / layers[0].temperature, -1
                    ),
                    torch.stack([layer.raw_magnitudes for layer in layers]),
                    torch.stack([layer.raw_probabilities for layer in layers]),
                ]
            )
            weights, magnitudes, probabilities = (one_hot @ parameters).transpose(1, 2)
            applied = weights * decide(probabilities)
            x = gated_sum(x, layers[0].transforms, applied.unbind(), magnitudes.unbind())
        return x

    def _is_chosen(self) -> bool:
        """Tell whether every step has one transform left, so that only that one is computed."""
        logits = torch.stack([layer.logits for steps in self.subpolicies for layer in steps])
        weights = torch.softmax(logits.detach() / self.subpolicies[0][0].temperature, -1)
        return bool((weights.amax(-1) == 1).all())

    def _one_by_one(self, x: Tensor, drawn: Tensor) -> Tensor:
        """Transform the examples of one subpolicy after those of the other."""
        drawn = drawn.cpu()
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
