"""AutoAugment with Optuna's TPE as its controller, and random search: a trial is a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sleepaug.augment import Policy
from sleepaug.support.seeds import derived_seed
from sleepaug.support.settings import Count
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.search import Method
from sleepaug.training.methods.tpe import (
    N_SUBPOLICIES,
    Subpolicy,
    Trial,
    TrialUnit,
    best_subpolicies,
    finite,
    from_plain,
    propose,
)
from sleepaug.training.tasks.task import Task


@dataclass(frozen=True)
class AutoAugment(Method):
    """Try subpolicies: train the trunk from scratch with each, and let TPE propose the next.

    Attributes
    ----------
    trials : int
        Most trainings.
    unit : {"subpolicy", "policy"}
        What a training tries. Five subpolicies make a policy, so five trainings find one; a whole
        policy has 30 variables instead of 6.

    Examples
    --------
    >>> from sleepaug.training.fit import Training
    >>> from sleepaug.training.tasks import Sinusoids
    >>> search = AutoAugment(trials=3).search(Sinusoids().load().task, Training(epochs=1), seed=0)
    >>> while not search.done:
    ...     row = search.step()
    >>> len(search.augmentation().subpolicies)
    3
    """

    name: ClassVar[str] = "autoaugment"
    sampler: ClassVar[Literal["tpe", "random"]] = "tpe"
    trials: Count = 50
    unit: TrialUnit = "subpolicy"

    def search(self, task: Task, training: Training, *, seed: int, fold: int = 0) -> TrainingTrials:
        return TrainingTrials(self, task, training, seed, fold)


@dataclass(frozen=True)
class RandomSearch(AutoAugment):
    """As AutoAugment, but every proposal is drawn at random: what a search has to beat."""

    name: ClassVar[str] = "random"
    sampler: ClassVar[Literal["tpe", "random"]] = "random"


class TrainingTrials:
    """A search whose trial is a training from scratch; `step` is one epoch of it.

    Attributes
    ----------
    history : list of (subpolicies, score)
        The trials that ended, with the best validation balanced accuracy of each.
    n_steps : int
        Trials that ended.
    """

    pause = 5
    pretraining = None
    regularization = 0.0

    def __init__(
        self, method: AutoAugment, task: Task, training: Training, seed: int, fold: int = 0
    ) -> None:
        self.method, self.task, self.training = method, task, training
        self.seed, self.fold = seed, fold
        self.history: list[Trial] = []
        self.fit: Fit | None = None

    @property
    def n_steps(self) -> int:
        return len(self.history)

    @property
    def most_steps(self) -> int:
        return self.method.trials

    @property
    def done(self) -> bool:
        return self.n_steps >= self.most_steps

    def step(self) -> dict[str, Any]:
        """Train the current proposal for an epoch; when it ends, note its score."""
        fit = self.fit = self.fit or self._next_fit()
        row = fit.step()
        logged = {
            "trial": self.n_steps + 1,
            "trial_epoch": row["epoch"],
            "valid_balanced_accuracy": row["valid_balanced_accuracy"],
            "trial_status": row["status"],
        }
        if fit.done:
            self.history.append((self.proposal(), finite(fit.best_score, 0.0)))
            self.fit = None
        return logged

    def augmentation(self) -> Policy:
        """Return the best subpolicies so far, or the best policy."""
        n = N_SUBPOLICIES if self.method.unit == "subpolicy" else 1
        return Policy(best_subpolicies(self.history, n), self.task.transforms)

    def state_dict(self) -> dict[str, Any]:
        return {"history": list(self.history), "fit": self.fit and self.fit.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.history = from_plain(state["history"])
        self.fit = None
        if state["fit"]:
            self.fit = self._next_fit()
            self.fit.load_state_dict(state["fit"])

    def proposal(self) -> list[Subpolicy]:
        """Return the subpolicies of the trial that is next, or under way: the same at each call."""
        return propose(
            self.history,
            list(self.task.transforms),
            sampler=self.method.sampler,
            unit=self.method.unit,
            seed=derived_seed(
                self.seed, f"proposal of {self.method.name}", fold=self.fold, trial=self.n_steps
            ),
        )

    def _next_fit(self) -> Fit:
        policy = Policy(self.proposal(), self.task.transforms)
        return Fit(self.task, policy, self.training, seed=self.seed)
