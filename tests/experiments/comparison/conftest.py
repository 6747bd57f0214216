"""A small comparison whose every step lasts one second."""

import copy
import dataclasses

import numpy as np
import pytest

from sleepaug.experiments.comparison.rows import read_rows
from sleepaug.experiments.comparison.runner import run_job
from sleepaug.experiments.comparison.settings import Job, comparison_of, read_comparison
from sleepaug.training.clock import Clock
from sleepaug.training.runs import RunFolder
from sleepaug.training.tasks.task import Split, TaskData

SETTINGS = {
    "training": {"epochs": 4, "patience": 4},
    "compare": {"budget": "30s", "folds": 1},
    "methods": {
        "none": {},
        "augnet": {"layers": [["time_reverse", "gaussian_noise"]]},
        "random": {"trials": 5},
        "fast-aa": {"trials": 10},
        "dada": {"epochs": 6},
        "adda": {"warm_start": 2, "epochs": 4},
    },
}


class Ticking(Clock):
    """A clock on which every step of every kind lasts one second."""

    def __init__(self, budget):
        super().__init__(timer=iter(range(10**6)).__next__, budget=budget)


@pytest.fixture
def loaded(tiny_task):
    names = ("time_reverse", "gaussian_noise", "channels_dropout")
    task = dataclasses.replace(tiny_task, transforms={k: tiny_task.transforms[k] for k in names})
    test = Split(task.valid.x, task.valid.y, np.repeat(["a", "b"], 20))
    train = Split(task.train.x[:48], task.train.y[:48], task.train.group[:48])
    task = dataclasses.replace(task, train=train)
    return TaskData(task, test)


@pytest.fixture
def comparing(tmp_path, loaded):
    """Makes a folder with settings; returns a function that runs one of its jobs."""

    class Comparing:
        settings = SETTINGS
        root = tmp_path / "comparison"

        def start(self, **changes):
            values = copy.deepcopy(SETTINGS)
            for section, change in changes.items():
                values[section] |= change
            RunFolder(self.root).start(comparison_of(values), "cpu")
            return self

        def run(self, method, *, kill_after=None, data=loaded, root=None, meter=None):
            rows, root = [], root or self.root
            comparison = read_comparison(root)

            def tell(job, row):
                rows.append(row)
                if len(rows) == kill_after:
                    raise KeyboardInterrupt

            job = Job(method, 0, 0)
            clock = Ticking(comparison.compare.seconds)
            clock.meter = meter or clock.meter
            status = run_job(root, job, lambda fold: data, clock=clock, tell=tell)
            return status, read_rows(root, job)

    return Comparing()
