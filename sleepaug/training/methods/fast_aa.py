"""Fast AutoAugment: policies under which a model trained without augmentation still does well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sleepaug.augment import Identity, Policy
from sleepaug.augment.model import EVALUATION_BATCH
from sleepaug.support.seeds import derived_seed
from sleepaug.support.settings import Count
from sleepaug.training.fit import EpochRow, Fit, Training
from sleepaug.training.methods.search import Method
from sleepaug.training.methods.tpe import (
    Subpolicy,
    Trial,
    TrialUnit,
    best_subpolicies,
    finite,
    from_plain,
    propose,
)
from sleepaug.training.runs import Process
from sleepaug.training.tasks.task import Split, Task


@dataclass(frozen=True)
class FastAutoAugment(Method):
    """Density matching: score subpolicies by the loss of a pretrained model on augmented windows.

    Attributes
    ----------
    trials : int
        Proposals in all; the models take them alternately.
    top : int
        Best trials of each model that go into the policy.
    best_of : int
        A window counts with the lowest loss of this many draws; the reference code takes 5, which
        flatters strong policies.
    folds : int
        1: one model, trained on the training split and scored on the validation split. More: the
        training split is cut into this many parts; each model is trained on the others and scored
        on its part.
    unit : {"subpolicy", "policy"}
        What a trial proposes.

    Examples
    --------
    >>> from sleepaug.training.fit import Training
    >>> from sleepaug.training.tasks import Sinusoids
    >>> task = Sinusoids().load().task
    >>> search = FastAutoAugment(trials=3).search(task, Training(epochs=1), seed=0)
    >>> for process in (search.pretraining, search):
    ...     while not process.done:
    ...         row = process.step()
    >>> 1 <= len(search.augmentation().subpolicies) <= 3
    True
    """

    name: ClassVar[str] = "fast-aa"
    trials: Count = 200
    top: Count = 5
    best_of: Count = 1
    folds: Count = 1
    unit: TrialUnit = "subpolicy"

    def search(
        self, task: Task, training: Training, *, seed: int, fold: int = 0
    ) -> DensityMatching:
        return DensityMatching(self, task, training, seed, fold)


class DensityMatching:
    """A search whose step is a trial: a pretrained model passes over augmented windows once.

    Attributes
    ----------
    pretraining : Fit or SequentialFits
        What has to be done before the first step.
    history : list of list of (subpolicies, score)
        For each model, its trials, with minus the weighted cross-entropy of each.
    """

    pause = 5
    regularization = 0.0

    def __init__(
        self, method: FastAutoAugment, task: Task, training: Training, seed: int, fold: int = 0
    ) -> None:
        self.method, self.task, self.seed, self.fold = method, task, seed, fold
        tasks = [task] if method.folds == 1 else deal(task, method.folds)
        self.held_out = [part.valid for part in tasks]
        fits = [Fit(part, Identity(), training, seed=seed) for part in tasks]
        self.pretraining: Process = fits[0] if len(fits) == 1 else SequentialFits(fits, seed)
        self.fits = fits
        self.history: list[list[Trial]] = [[] for _ in fits]

    @property
    def n_steps(self) -> int:
        return sum(map(len, self.history))

    @property
    def most_steps(self) -> int:
        return self.method.trials

    @property
    def done(self) -> bool:
        return self.n_steps >= self.most_steps

    def step(self) -> dict[str, Any]:
        """Try one proposal."""
        k = self.n_steps % len(self.fits)
        history, fit = self.history[k], self.fits[k]
        if not fit.best_state:
            raise FloatingPointError("the pretraining diverged in its first epoch")
        proposal = propose(
            history,
            list(self.task.transforms),
            sampler="tpe",
            unit=self.method.unit,
            seed=derived_seed(self.seed, "proposal", fold=self.fold, trial=self.n_steps),
        )
        policy = Policy(proposal, self.task.transforms).to(self.held_out[k].x.device)
        # The same draws for every trial: only the policy differs.
        torch.manual_seed(derived_seed(self.seed, "augmented windows", fold=self.fold))
        trunk = fit.best_model().trunk
        loss = augmented_loss(
            trunk, policy, self.held_out[k], fit.class_weights, best_of=self.method.best_of
        )
        history.append((proposal, finite(-loss, -1e9)))
        return {"trial": self.n_steps, "augmented_loss": -history[-1][1]}

    def augmentation(self) -> Policy:
        """Merge the best subpolicies of the models; the same transforms in order count once."""
        merged: dict[tuple[str, ...], Subpolicy] = {}
        for history in self.history:
            for subpolicy in best_distinct(history, self.method.top):
                merged.setdefault(tuple(name for name, _, _ in subpolicy), subpolicy)
        return Policy(list(merged.values()), self.task.transforms)

    def state_dict(self) -> dict[str, Any]:
        return {
            "history": [list(trials) for trials in self.history],
            "pretraining": self.pretraining.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.history = [from_plain(trials) for trials in state["history"]]
        self.pretraining.load_state_dict(state["pretraining"])


def best_distinct(history: Sequence[Trial], n: int) -> list[Subpolicy]:
    """Return the subpolicies of the `n` best trials whose transforms differ from a better one's."""
    distinct: dict[tuple[str, ...], Trial] = {}
    for trial in sorted(history, key=lambda trial: -trial[1]):
        names = tuple(name for subpolicy in trial[0] for name, _, _ in subpolicy)
        distinct.setdefault(names, trial)
    return best_subpolicies(list(distinct.values()), n)


@torch.no_grad()
def augmented_loss(
    trunk: nn.Module, policy: Policy, split: Split, class_weights: Tensor, *, best_of: int = 1
) -> float:
    """Return the weighted cross-entropy of a model on augmented windows.

    Parameters
    ----------
    trunk : nn.Module
        x -> logits; it is put into evaluation mode.
    policy : Policy
    split : Split
    class_weights : Tensor of shape (n_classes,)
    best_of : int
        Each window counts with its lowest loss of so many draws.
    """
    trunk.eval()
    total = weight = torch.zeros((), device=split.x.device)
    for x, y in split.batches(EVALUATION_BATCH):
        losses = [F.cross_entropy(trunk(policy(x)), y, reduction="none") for _ in range(best_of)]
        lowest = torch.stack(losses).amin(0)
        total = total + (lowest * class_weights[y]).sum()
        weight = weight + class_weights[y].sum()
    return float(total / weight)


def deal(task: Task, n: int) -> list[Task]:
    """Cut the training split into `n` parts, each the held-out part of one task.

    Recordings stay whole where there are at least `n` of them; otherwise windows are dealt out.
    """
    groups = np.unique(task.train.group)
    if len(groups) >= n:
        part = np.searchsorted(groups, task.train.group) % n
    else:
        part = np.arange(len(task.train)) % n
    return [
        replace(task, train=_choose(task.train, part != k), valid=_choose(task.train, part == k))
        for k in range(n)
    ]


def _choose(split: Split, mask: np.ndarray) -> Split:
    index = torch.as_tensor(mask.nonzero()[0], device=split.x.device)
    return Split(split.x[index], split.y[index], split.group[mask])


class SequentialFits:
    """Several trainings, one after the other: a Process whose step is an epoch."""

    def __init__(self, fits: Sequence[Fit], seed: int) -> None:
        self.fits, self.seed = fits, seed

    @property
    def n_steps(self) -> int:
        return sum(fit.n_steps for fit in self.fits)

    @property
    def done(self) -> bool:
        return all(fit.done for fit in self.fits)

    def step(self) -> EpochRow:
        """Train the first fit that is not done for one epoch."""
        fit = next(fit for fit in self.fits if not fit.done)
        if fit.n_steps == 0:
            torch.manual_seed(self.seed)
        return fit.step()

    def state_dict(self) -> dict[str, Any]:
        return {"fits": [fit.state_dict() for fit in self.fits]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for fit, fit_state in zip(self.fits, state["fits"], strict=True):
            fit.load_state_dict(fit_state)
