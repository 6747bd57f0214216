"""`train` runs a search to its end, then trains with what it found; it goes on after a kill."""

import json
from types import SimpleNamespace

import pytest
import torch

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.experiments.single import search_and_train
from sleepaug.support.errors import ConfigError
from sleepaug.training.clock import Clock
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS
from sleepaug.training.runs import RunFolder
from sleepaug.training.tasks.task import TaskData


def train(task, path, method, *, stop_after=None, epochs=2):
    config = SimpleNamespace(
        method=method,
        training=Training(epochs=epochs),
        preprocessing=Preprocessing(),
        run=SimpleNamespace(seed=3, fold=0),
    )
    loaded = TaskData(task, task.valid)
    folder = RunFolder(path)
    folder.path.mkdir(exist_ok=True)
    rows = []

    def tell(row):
        rows.append(row)
        if len(rows) == stop_after:
            raise KeyboardInterrupt

    search = method.search(task, config.training, seed=3)
    clock = Clock(timer=iter(range(10**6)).__next__)
    metrics = search_and_train(config, folder, loaded, search, clock, tell)
    return metrics, rows


@pytest.mark.parametrize(
    ("name", "options", "accounts"),
    [
        ("adda", {"warm_start": 1, "epochs": 1}, ["pretrain", "search", "train", "train"]),
        ("fast-aa", {"trials": 1}, ["pretrain", "pretrain", "search", "train", "train"]),
        ("random", {"trials": 1}, ["search", "search", "train", "train"]),
    ],
)
def test_a_search_is_run_to_its_end_and_taken_up_where_it_was(
    tiny_task, tmp_path, name, options, accounts
):
    method = METHODS[name](**options)
    metrics, rows = train(tiny_task, tmp_path / "whole", method)
    assert [next(k[:-2] for k in row if k.endswith("_s")) for row in rows] == accounts
    for stop_after in range(1, len(rows) + 1):
        path = tmp_path / f"killed-{stop_after}"
        with pytest.raises(KeyboardInterrupt):
            train(tiny_task, path, method, stop_after=stop_after)
        torch.rand(5)
        again, rest = train(tiny_task, path, method)
        assert again == metrics
        assert rest == rows[stop_after:]  # nothing is done again; the clock goes on
    policy = json.loads((tmp_path / "whole" / "policy.json").read_text())["policy"]
    assert policy


def test_a_search_that_diverges_is_a_message(tiny_task, tmp_path):
    method = METHODS["faster-aa"](learning_rate=1e30, epochs=2)
    with pytest.raises(ConfigError, match="diverged in epoch 1: a loss"):
        train(tiny_task, tmp_path / "run", method)
