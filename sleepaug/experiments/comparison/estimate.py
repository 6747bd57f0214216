"""How long a comparison will take, measured on a few batches before it starts."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

from sleepaug.experiments.comparison.settings import Comparison
from sleepaug.training.fit import Fit
from sleepaug.training.runs import Process
from sleepaug.training.tasks.task import Split, Task

N_BATCHES = 3
TYPICAL = 1.5  # a training lasts about 1.5 times its patience: 46 epochs, of 30, in the paper


def expected(comparison: Comparison, task: Task, method: str) -> tuple[float, int]:
    """Measure the steps of a method on a few batches, and predict its lane from them.

    Parameters
    ----------
    comparison : Comparison
    task : Task
        The task of the first fold.
    method : str
        Its name.

    Returns
    -------
    seconds : float
        What one lane takes: pretraining, search, and the training of every point.
    n_points : int
        How many models will be trained; 0 if the budget is too small for one.
    """
    settings, training = comparison.methods[method], comparison.training
    budget, n_epochs = comparison.compare.seconds, round(TYPICAL * training.patience)
    n_epochs = min(training.epochs, n_epochs)
    short, scale = few(task, N_BATCHES * training.batch_size)
    brief = replace(training, epochs=2, patience=2)
    search = settings.search(short, brief, seed=0)
    pretrain = step = 0.0
    if search.pretraining is not None:
        warm = settings.warm_start or n_epochs
        pretrain = min(warm, n_epochs) * scale * seconds_of(search.pretraining)
        while not search.pretraining.done:
            search.pretraining.step()
    if not search.done:
        step = scale * seconds_of(search)
        if search.n_steps == 1:  # after two calls: a trial is a training, here of two epochs
            step *= n_epochs
    fit = Fit(short, search.augmentation(), brief, seed=0)
    retrain = n_epochs * scale * seconds_of(fit)
    if search.done:
        return min(budget, retrain), 1
    wall, n_points = 0.0, 0
    for k in itertools.count():
        n_pauses = k + 1 if comparison.compare.points == "all" else 2**k
        n_steps = n_pauses * search.pause
        left = budget - pretrain - n_steps * step
        if left <= 0 or n_steps > search.most_steps:
            break
        wall, n_points = wall + min(retrain, left), n_points + 1
    return wall + min(budget, pretrain + search.most_steps * step), n_points


def few(task: Task, n: int) -> tuple[Task, float]:
    """Shorten a task to about `n` windows in a split; also return how many times longer it was."""

    def first(split: Split) -> Split:
        # spread over the split, so that every stage occurs
        index = list(range(0, len(split), max(1, len(split) // n)))[:n]
        return Split(split.x[index], split.y[index], split.group[index])

    short = replace(task, train=first(task.train), valid=first(task.valid))
    return short, len(task.train) / len(short.train)


def seconds_of(process: Process) -> float:
    """Measure the second of two steps in seconds; the first one also fills caches."""
    process.step()
    start = time.perf_counter()
    process.step()
    return time.perf_counter() - start
