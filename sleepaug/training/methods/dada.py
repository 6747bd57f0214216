"""DADA: one pair of transforms a batch, and the pair's probability learned by RELAX."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from sleepaug.augment import Policy, Transform
from sleepaug.augment.constants import constant
from sleepaug.augment.fused import gated_sum
from sleepaug.augment.relaxed_policy import relative_entropy
from sleepaug.augment.transform import decide, gate
from sleepaug.support.seeds import derived_seed
from sleepaug.support.settings import Count, Positive
from sleepaug.training.fit import Training
from sleepaug.training.methods.bilevel import Bilevel, ChoosingPolicy, PolicySteps
from sleepaug.training.methods.gradient import GradientSearch
from sleepaug.training.methods.search import Method
from sleepaug.training.methods.tpe import N_SUBPOLICIES
from sleepaug.training.tasks.task import Task


@dataclass(frozen=True)
class DADA(Method):
    """Learn which pairs of transforms help, with their probabilities and magnitudes.

    Attributes
    ----------
    epochs : int
        Passes over the training windows.
    policy_lr : float
        Of Adam, betas 0.5 and 0.999.
    hypergradient : {"exact", "finite"}
        How the unrolled step is differentiated.

    Examples
    --------
    >>> from sleepaug.training.fit import Training
    >>> from sleepaug.training.tasks import Sinusoids
    >>> search = DADA(epochs=1).search(Sinusoids().load().task, Training(), seed=0)
    >>> row = search.step()
    >>> search.done, len(search.augmentation().subpolicies)
    (True, 5)
    """

    name: ClassVar[str] = "dada"
    epochs: Count = 20
    policy_lr: Positive = 5e-3
    hypergradient: Literal["exact", "finite"] = "exact"

    def search(self, task: Task, training: Training, *, seed: int, fold: int = 0) -> GradientSearch:
        torch.manual_seed(derived_seed(seed, "policy", fold=fold))
        policy = Pairs(task.transforms).to(task.train.x.device)
        optimizer = torch.optim.Adam(
            policy.parameters(), lr=self.policy_lr, betas=(0.5, 0.999), fused=True
        )
        steps = PolicySteps(self.hypergradient)
        learner = Bilevel(policy, task, training, {"policy": optimizer}, steps)
        return GradientSearch(
            learner,
            task,
            training,
            epochs=self.epochs,
            seed=derived_seed(seed, "search", fold=fold),
        )


class Pairs(ChoosingPolicy):
    """All unordered pairs of different transforms, of which a batch draws one.

    Parameters
    ----------
    transforms
        Those no gradient reaches are left out.
    """

    temperature = 1.0

    def __init__(self, transforms: Mapping[str, Transform]) -> None:
        super().__init__()
        self.candidates = dict(transforms)
        self.transforms = [t for t in transforms.values() if t.differentiable]
        self.pairs = list(itertools.combinations(self.transforms, 2))
        self.logits = nn.Parameter(torch.full((len(self.pairs),), 1e-3))
        self.probabilities = nn.Parameter(torch.full((len(self.pairs), 2), 0.5))
        self.magnitudes = nn.Parameter(torch.full((len(self.pairs), 2), 0.5))

    @property
    def choices(self) -> nn.Parameter:
        return self.logits

    def entropy(self) -> Tensor:
        return relative_entropy(torch.softmax(self.logits, 0))

    def augment(self, x: Tensor, choice: Tensor | None) -> Tensor:
        """Apply the chosen pair to all of ``x``."""
        assert choice is not None
        if x.device.type != "cpu":
            return self._without_asking(x, choice)
        pair = int(choice)
        for j, transform in enumerate(self.pairs[pair]):
            probability = self.probabilities[pair, j].expand(len(x))
            x = gate(x, transform(x, self.magnitudes[pair, j]), probability)
        return x

    def _without_asking(self, x: Tensor, choice: Tensor) -> Tensor:
        """Compute all transforms, those outside the pair with weight 0, so that nothing waits."""
        n = len(self.transforms)
        pairs = itertools.chain(*itertools.combinations(range(n), 2))
        of_pairs = constant(tuple(pairs), torch.int64, x.device).view(-1, 2)
        numbers = constant(tuple(range(n)), torch.int64, x.device)
        probabilities, magnitudes, members = (
            table.index_select(0, choice).T
            for table in (self.probabilities, self.magnitudes, of_pairs)
        )
        decisions = decide(probabilities.expand(2, len(x)))
        for member, decision, magnitude in zip(members, decisions, magnitudes, strict=True):
            weights = torch.where(numbers[:, None] == member, decision, 0)
            x = gated_sum(x, self.transforms, weights, magnitude.expand_as(weights))
        return x

    def freeze(self) -> Policy:
        """Return the policy of the likeliest pairs."""
        best = self.logits.detach().topk(min(N_SUBPOLICIES, len(self.pairs))).indices.tolist()
        return Policy(
            [
                [
                    (
                        transform.name,
                        float(self.probabilities[pair, j].detach()),
                        float(self.magnitudes[pair, j].detach()),
                    )
                    for j, transform in enumerate(self.pairs[pair])
                ]
                for pair in best
            ],
            self.candidates,
        )

    @torch.no_grad()
    def project_(self) -> None:
        self.probabilities.clamp_(0, 1)
        self.magnitudes.clamp_(0, 1)
