"""A lane: one method on one fold, its pretraining, its search, and the trainings that are points.

A lane is a Process. The clock charges its `step`, but not `settle`, which scores the test split and
decides what comes next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sleepaug.augment import Identity
from sleepaug.augment.learned import Learned
from sleepaug.experiments.comparison.rows import Row, TrainedPoint
from sleepaug.training.clock import Clock
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.search import Search
from sleepaug.training.random_state import random_state, set_random_state
from sleepaug.training.scoring import scores_by_group
from sleepaug.training.tasks.task import TaskData


class Lane:
    """One method on one fold.

    Parameters
    ----------
    search : Search
    loaded : TaskData
        The lane scores the test split at each point; the method has no access to it.
    training : Training
        How the model of each point is trained.
    seed : int
        Random seed: every training starts from the same weights and sees the windows in the same
        order.
    clock : Clock
        Its accounts are "pretrain", "search", and "train" for the training in progress; its budget
        is that of a point.
    every_pause : bool
        Train at every pause of the search, not only after 1, 2, 4, 8, ... of them.

    Attributes
    ----------
    status : str
        ``"running"`` or one of `rows.ENDED`.
    trained_s, epoch_s : float
        Seconds of the trainings that ended, and of an epoch of the last one.

    Examples
    --------
    >>> from sleepaug.training.methods.given import NoAugmentation
    >>> from sleepaug.training.tasks.sinusoids import Sinusoids
    >>> loaded, training = Sinusoids().load(seed=0), Training(epochs=2)
    >>> search, clock = NoAugmentation().search(loaded.task, training, seed=0), Clock(budget=60)
    >>> lane = Lane(search, loaded, training, seed=0, clock=clock)
    >>> while not lane.done:
    ...     with clock.charge(lane.account):
    ...         logged = lane.step()
    ...     row = lane.settle(logged)
    >>> row["step"], row["status"]
    (2, 'finished')
    """

    def __init__(
        self,
        search: Search,
        loaded: TaskData,
        training: Training,
        *,
        seed: int,
        clock: Clock,
        every_pause: bool = False,
    ) -> None:
        self.search, self.training = search, training
        self.task, self.test = loaded.task, loaded.test
        self.seed, self.clock, self.every_pause = seed, clock, every_pause
        self.trains_only = search.done  # nothing to search for: every epoch may be a point
        self.n_steps = self.n_points = self.trained_at = 0
        self.trained_s = self.epoch_s = 0.0
        self.status = "running"
        self.charged = ""
        self.fit: Fit | None = None
        self.search_random: dict[str, Any] = {}
        if self.trains_only:
            self._start_training()

    @property
    def done(self) -> bool:
        return self.status != "running"

    @property
    def account(self) -> str:
        """What the next step is charged to: "pretrain", "search" or "train"."""
        if self.fit is not None:
            return "train"
        pretraining = self.search.pretraining
        return "search" if pretraining is None or pretraining.done else "pretrain"

    def start_from(
        self, state: dict[str, Any], seconds: float, joules: float | None = None
    ) -> None:
        """Take over a training without augmentation, instead of doing the same again.

        Parameters
        ----------
        state : dict
            The state of a `Fit` on this task with this training, seed and number of epochs.
        seconds : float
            What that training cost.
        joules : float, optional
            Its energy, where the device counted it.
        """
        assert self.search.pretraining is not None
        self.search.pretraining.load_state_dict(state)
        self.clock.seconds["pretrain"] = seconds
        if joules is not None:
            self.clock.joules["pretrain"] = joules
        self._settle_search()

    @property
    def warm_start(self) -> int:
        """How many epochs without augmentation the method starts from; 0 if it needs its own."""
        fit = self.search.pretraining
        plain = (
            isinstance(fit, Fit)
            and fit.task is self.task
            and isinstance(fit.model.augment, Identity)
            and replace(fit.training, epochs=self.training.epochs) == self.training
        )
        return fit.training.epochs if plain and isinstance(fit, Fit) else 0

    def charges(self) -> Row:
        """Return the seconds, and joules if they are counted, of each account so far."""
        seconds, joules = self.clock.seconds, self.clock.joules
        row: Row = {
            "pretrain_s": seconds.get("pretrain", 0.0),
            "search_s": seconds.get("search", 0.0),
            "train_s": seconds.get("train", 0.0),
        }
        if joules:
            row["pretrain_j"] = joules.get("pretrain", 0.0)
            row["search_j"] = joules.get("search", 0.0)
            row["train_j"] = joules.get("train", 0.0)
        return row

    def step(self) -> Mapping[str, Any]:
        """Do an epoch of training or pretraining, or a step of the search."""
        self.n_steps += 1
        self.charged = self.account
        if self.fit is not None:
            return self.fit.step()
        process = self.search.pretraining if self.charged == "pretrain" else self.search
        assert process is not None
        return process.step()

    def settle(self, logged: Mapping[str, Any]) -> Row:
        """Score the step and decide what comes next, outside the clock; return the step's row.

        Parameters
        ----------
        logged : dict
            What `step` returned.
        """
        row: Row = {
            "step": self.n_steps,
            "account": self.charged,
            "search_steps": self.search.n_steps,
            **self.charges(),
            "trained_s": self.trained_s,
            "valid_balanced_accuracy": logged.get("valid_balanced_accuracy"),
        }
        if self.fit is not None:
            row["point"] = self._settle_training()
        else:
            self._settle_search()
        row["status"] = self.status
        return row

    def _settle_training(self) -> TrainedPoint | None:
        fit, trained = self.fit, self.clock.seconds["train"]
        assert fit is not None
        self.epoch_s = trained / fit.n_steps
        over = self.clock.left() < self.epoch_s  # another epoch would end after the budget
        if self.trains_only:
            point = self._point(fit) if fit.best_step == fit.n_steps else None
            if fit.status == "diverged":
                self.status = "diverged"
            elif fit.done or over:
                self.status = self._ended("finished" if fit.done else "budget_spent")
            return point
        if not fit.done and not over:
            return None
        point = self._point(fit) if fit.best_state else None
        self.fit = None
        self.trained_s += self.clock.close("train")
        set_random_state(self.search_random)  # the search goes on as if there had been no point
        if self.search.done or self.clock.left() < self.epoch_s:
            whole = self.search.done and fit.done
            self.status = self._ended("finished" if whole else "budget_spent")
        return point

    def _settle_search(self) -> None:
        n, pause = self.search.n_steps, self.search.pause
        n_pauses, rest = divmod(n, pause)
        due = rest == 0 and (self.every_pause or n_pauses & (n_pauses - 1) == 0)
        if self.clock.left() <= self.epoch_s:
            self.status = self._ended("budget_spent")
        elif n > self.trained_at and (due or self.search.done):
            self.trained_at = n
            self.search_random = random_state()
            self._start_training()

    def _ended(self, status: str) -> str:
        return status if self.n_points else "out_of_budget"

    def _start_training(self) -> None:
        self.fit = Fit(
            self.task,
            self.search.augmentation(),
            self.training,
            regularization=self.search.regularization,
            seed=self.seed,
        )

    def _point(self, fit: Fit) -> TrainedPoint:
        """Score the best model of a training; on the test split, for the report alone."""
        self.n_points += self.clock.left() >= 0  # one that took too long is no point in time
        model = fit.model if fit.best_step == fit.n_steps else fit.best_model()
        return {
            "epochs": fit.n_steps,
            "best_epoch": fit.best_step,
            "training": fit.status,
            "valid_balanced_accuracy": fit.best_score,
            "test": scores_by_group(model, self.test, self.task.classes),
            "learned": Learned.of(model.augment).to_json(),
        }

    def state_dict(self) -> dict[str, Any]:
        return {
            "search": self.search.state_dict(),
            "fit": self.fit and self.fit.state_dict(),
            "search_random": self.search_random,
            **{name: getattr(self, name) for name in self._counts},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.search.load_state_dict(state["search"])
        self.fit = None
        if state["fit"]:
            self._start_training()
            assert self.fit is not None
            self.fit.load_state_dict(state["fit"])
        self.search_random = state["search_random"]
        for name in self._counts:
            setattr(self, name, state[name])

    _counts = ("n_steps", "n_points", "trained_at", "trained_s", "epoch_s", "status")
