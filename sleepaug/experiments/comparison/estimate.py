"""How long a comparison will take, measured on a few batches before it starts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from sleepaug.augment.model import EVALUATION_BATCH
from sleepaug.experiments.comparison.runner import one_thread
from sleepaug.experiments.comparison.settings import Comparison
from sleepaug.training.clock import Clock
from sleepaug.training.fit import Fit
from sleepaug.training.methods.fast_aa import SequentialFits
from sleepaug.training.methods.search import Search
from sleepaug.training.runs import Process
from sleepaug.training.scoring import scores_by_group
from sleepaug.training.tasks.task import Split, Task, TaskData

N_BATCHES = 3
TYPICAL = 1.5  # a training lasts about 1.5 times its patience: 46 epochs, of 30, in the paper

BETTER = 1 / 3  # of the epochs of a training have a new best score, and are scored


@dataclass(frozen=True)
class Expected:
    """What a lane will take.

    Attributes
    ----------
    seconds : float
        Seconds that the clock will be charged: pretraining unless the floor's is taken over,
        search, and the training of every point.
    scoring_s : float
        Seconds in which the test split is scored, which the clock does not count.
    n_points : int
        How many models will be trained; 0 if the budget is too small for one.
    """

    seconds: float
    scoring_s: float
    n_points: int

    @property
    def wall_s(self) -> float:
        """Seconds of wall time on an idle machine, once the data are loaded."""
        return self.seconds + self.scoring_s


def expected(comparison: Comparison, loaded: TaskData, method: str) -> Expected:
    """Measure the steps of a method on a few batches, and predict its lane from them.

    Parameters
    ----------
    comparison : Comparison
    loaded : TaskData
        The data of the first fold.
    method : str
        Its name.
    """
    settings, training = comparison.methods[method], comparison.training
    task, budget = loaded.task, comparison.compare.seconds
    device = task.train.x.device
    n_epochs = min(training.epochs, round(TYPICAL * training.patience))
    short, scale = few(task, N_BATCHES * training.batch_size)
    brief = replace(training, epochs=2, patience=2)
    search = settings.search(short, brief, seed=0)
    pretrain = step = 0.0
    if search.pretraining is not None:
        pretraining = search.pretraining
        n_fits = len(pretraining.fits) if isinstance(pretraining, SequentialFits) else 1
        warm = min(settings.warm_start or n_epochs, n_epochs)
        pretrain = n_fits * warm * scale * seconds_of(search.pretraining, device)
        while not search.pretraining.done:
            search.pretraining.step()
    if not search.done:
        step = scale * seconds_of(search, device)
        if search.n_steps == 1:  # after two calls: a trial is a training, here of two epochs
            step *= n_epochs
    fit = Fit(short, search.augmentation(), brief, seed=0)
    epoch = scale * seconds_of(fit, device)
    retrain = n_epochs * epoch
    scoring = seconds_of_scoring(fit, loaded)
    if search.done:
        n_scored = math.ceil(min(n_epochs, budget / epoch) * BETTER)
        return Expected(min(budget, retrain), n_scored * scoring, 1)
    seconds, n_points = 0.0, 0
    for n_steps in trained_after(search, every_pause=comparison.compare.points == "all"):
        left = budget - pretrain - n_steps * step
        if left <= 0:
            break
        seconds, n_points = seconds + min(retrain, left), n_points + 1
    seconds += min(budget, pretrain + search.most_steps * step)
    if isinstance(search.pretraining, Fit):  # the floor has done it
        seconds -= min(budget, pretrain)
    return Expected(seconds, n_points * scoring, n_points)


def trained_after(search: Search, *, every_pause: bool) -> list[int]:
    """List the steps of a search after which a model is trained, as `Lane` does.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> trained_after(SimpleNamespace(pause=2, most_steps=20), every_pause=False)
    [2, 4, 8, 16, 20]
    """
    n_pauses = search.most_steps // search.pause
    pauses = [k for k in range(1, n_pauses + 1) if every_pause or k & (k - 1) == 0]
    return sorted({*(k * search.pause for k in pauses), search.most_steps})


def seconds_of_scoring(fit: Fit, loaded: TaskData) -> float:
    """Measure how long the test split is scored, on a part of it."""
    part, scale = first(loaded.test, EVALUATION_BATCH)
    return scale * clocked(
        lambda: scores_by_group(fit.model, part, loaded.task.classes), part.x.device
    )


def few(task: Task, n: int) -> tuple[Task, float]:
    """Shorten a task to about `n` windows in a split; also return how many times longer it was."""
    train, scale = first(task.train, n)
    return replace(task, train=train, valid=first(task.valid, n)[0]), scale


def first(split: Split, n: int) -> tuple[Split, float]:
    """Take about `n` windows, spread over a split so that every stage occurs; see `few`."""
    index = list(range(0, len(split), max(1, len(split) // n)))[:n]
    return Split(split.x[index], split.y[index], split.group[index]), len(split) / len(index)


def seconds_of(process: Process, device: torch.device) -> float:
    """Measure the second of two steps in seconds; the first one also fills caches."""
    process.step()
    return clocked(process.step, device)


def clocked(work: Callable[[], object], device: torch.device) -> float:
    """Measure seconds as a lane is charged: with one thread, not counting other programs."""
    clock = Clock(device)
    with one_thread(device), clock.charge("work"):
        work()
    return clock.seconds["work"]
