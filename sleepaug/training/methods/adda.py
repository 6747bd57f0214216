"""ADDA: the relaxed policy of Faster AutoAugment, learned on the bilevel problem itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sleepaug.augment import Identity, Policy, RelaxedPolicy, Transform
from sleepaug.support.seeds import derived_seed
from sleepaug.support.settings import Count, Fraction, Positive, Range
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.bilevel import Bilevel, ChoosingPolicy, PolicySteps
from sleepaug.training.methods.gradient import GradientSearch
from sleepaug.training.methods.relax import TEMPERATURE, exponential
from sleepaug.training.methods.search import Method
from sleepaug.training.methods.tpe import N_STEPS, N_SUBPOLICIES
from sleepaug.training.tasks.task import Task

NEVER = -1e4  # a logit whose weight underflows to exactly 0

Estimator = Literal["relax", "gumbel", "softmax"]


@dataclass(frozen=True)
class ADDA(Method):
    """Lower the validation loss after a training step, by plain gradient descent on the policy.

    Attributes
    ----------
    epochs : int
        Passes over the training windows, after the warm start.
    warm_start : int
        Epochs the trunk is trained without augmentation first.
    policy_lr : float
        Of plain gradient descent on probabilities and magnitudes. The hypergradient has the size
        of the trunk's learning rate times a second derivative, hence the large number; the
        paper's is 5e4 (A.4).
    choice_lr : float or None
        Of Adam on the choice of each step. None: plain gradient descent with `policy_lr`, as in
        the paper; the first batch then decides every choice for good. The default was the best of
        1e-4, 1e-3, 1e-2 on validation nights (`benchmarks/choice_rates.py`).
    largest_step : float or None
        A probability or magnitude changes by at most so much in one step. The hypergradient of
        some magnitudes, the frequency shift's above all, is noise of a hundred times the size of
        its mean (`benchmarks/shift_gradient.py`). None: no limit, as in the paper.
    estimator : {"relax", "gumbel", "softmax"}
        How the choice of transforms is learned: RELAX makes the choices and computes only them;
        the others differentiate a weighted average of all transforms, with and without noise.
    temperature : float
        Of the weights of the transforms in a step.
    hypergradient : {"exact", "finite"}
        How the unrolled step is differentiated.

    Examples
    --------
    >>> from sleepaug.training.fit import Training
    >>> from sleepaug.training.tasks import Sinusoids
    >>> method = ADDA(epochs=1, warm_start=1)
    >>> search = method.search(Sinusoids().load().task, Training(), seed=0)
    >>> for process in (search.pretraining, search):
    ...     while not process.done:
    ...         row = process.step()
    >>> len(search.augmentation().subpolicies)
    5
    """

    name: ClassVar[str] = "adda"
    epochs: Count = 40
    warm_start: Annotated[int, Range(low=0)] = 20
    policy_lr: Positive = 5e4
    choice_lr: Positive | None = 1e-2
    largest_step: Fraction | None = 0.05
    estimator: Estimator = "relax"
    temperature: Positive = 0.05
    hypergradient: Literal["exact", "finite"] = "exact"

    def search(self, task: Task, training: Training, *, seed: int, fold: int = 0) -> GradientSearch:
        torch.manual_seed(derived_seed(seed, "policy", fold=fold))
        policy = Slots(task.transforms, self.estimator, self.temperature)
        policy.to(task.train.x.device)
        amounts = [policy.relaxed.magnitudes, policy.relaxed.probabilities]
        optimizers: dict[str, torch.optim.Optimizer]
        if self.choice_lr is None:
            optimizers = {
                "policy": torch.optim.SGD(policy.parameters(), lr=self.policy_lr, fused=True)
            }
        else:
            optimizers = {
                "policy": torch.optim.SGD(amounts, lr=self.policy_lr, fused=True),
                "choices": torch.optim.Adam([policy.choices], lr=self.choice_lr, fused=True),
            }
        steps = PolicySteps(
            self.hypergradient,
            relax=self.estimator == "relax",
            largest=self.largest_step and self.largest_step / self.policy_lr,
        )
        learner = Bilevel(policy, task, training, optimizers, steps)
        pretraining = None
        if self.warm_start:
            warm = replace(training, epochs=self.warm_start)
            pretraining = Fit(task, Identity(), warm, seed=seed)
        return GradientSearch(
            learner,
            task,
            training,
            epochs=self.epochs,
            seed=derived_seed(seed, "search", fold=fold),
            pretraining=pretraining,
        )


class Slots(ChoosingPolicy):
    """The steps of a relaxed policy, each of which chooses one transform.

    Parameters
    ----------
    transforms
        Those no gradient reaches are left out.
    estimator, temperature
        See `ADDA`.
    """

    def __init__(
        self, transforms: Mapping[str, Transform], estimator: Estimator, temperature: float
    ) -> None:
        super().__init__()
        self.relaxed = RelaxedPolicy(
            transforms, n_subpolicies=N_SUBPOLICIES, n_steps=N_STEPS, temperature=temperature
        )
        self.estimator, self.temperature = estimator, temperature

    @property
    def choices(self) -> nn.Parameter:
        return self.relaxed.logits

    def entropy(self) -> Tensor:
        return self.relaxed.entropy()

    def augment(self, x: Tensor, choice: Tensor | None) -> Tensor:
        """Apply the policy with the choices made, or with its weights (and noise)."""
        logits: Tensor = self.relaxed.logits
        if choice is not None:
            chosen = choice.view(*logits.shape[:-1], 1)
            logits = torch.full_like(logits, NEVER).scatter(-1, chosen, 0.0)
        elif self.estimator == "gumbel":
            noisy = logits / self.temperature - exponential(logits).log()
            logits = self.temperature * noisy / TEMPERATURE
        return functional_call(self.relaxed, {"logits": logits}, (x,))

    def freeze(self) -> Policy:
        return self.relaxed.freeze()

    def project_(self) -> None:
        self.relaxed.project_()
