"""Lanes keep to the clock, share their start, survive kills, and end with a status."""

import dataclasses
import itertools
import math

import pandas as pd
import pytest
import torch
from filelock import FileLock

from sleepaug.experiments.comparison import estimate
from sleepaug.experiments.comparison.results import read_results
from sleepaug.experiments.comparison.rows import ENDED, lane_folder
from sleepaug.experiments.comparison.runner import FoldData
from sleepaug.experiments.comparison.settings import Job, comparison_of, read_comparison
from sleepaug.support.errors import ConfigError
from sleepaug.training.tasks.sleep import Sleep
from sleepaug.training.tasks.task import Split


def points(rows):
    return [row for row in rows if row.get("point")]


def test_a_search_pauses_trains_from_scratch_and_goes_on(comparing):
    status, rows = comparing.start(compare={"budget": "1h"}).run("dada")
    assert status == "finished"
    assert [row["account"] for row in rows] == [
        *["search"] * 2, *["train"] * 4, *["search"] * 2, *["train"] * 4, *["search"] * 2,
        *["train"] * 4,
    ]  # fmt: skip
    first, second, last = points(rows)
    assert [row["search_steps"] for row in (first, second, last)] == [2, 4, 6]
    assert [(row["search_s"], row["train_s"], row["trained_s"]) for row in points(rows)] == [
        (2, 4, 0),
        (4, 4, 4),
        (6, 4, 8),
    ]
    assert set(first["point"]["test"]["nights"]) == {"a", "b"}
    assert len(first["point"]["learned"]["policy"]) == 3  # all pairs of three transforms


def test_points_are_thinned_geometrically_or_taken_at_every_pause(comparing, tmp_path):
    changes = {"methods": {"dada": {"epochs": 9}}, "training": {"epochs": 1}}
    for kind, expected in (("thinned", [2, 4, 8, 9]), ("all", [2, 4, 6, 8, 9])):
        comparing.root = tmp_path / kind
        _, rows = comparing.start(**changes, compare={"budget": "1h", "points": kind}).run("dada")
        assert [row["search_steps"] for row in points(rows)] == expected


def test_trials_are_counted_not_their_epochs(comparing):
    _, rows = comparing.start(compare={"budget": "1h"}).run("random")
    [point] = points(rows)
    assert point["search_steps"] == 5
    assert point["search_s"] == 20
    assert len(point["point"]["learned"]["policy"]) == 5


def test_lanes_compute_in_the_precision_of_the_comparison(comparing, tmp_path):
    weights = []
    for number, precision in enumerate(("float32", "float32", "bf16")):
        comparing.root = tmp_path / str(number)
        comparing.start(compare={"precision": precision}).run("none")
        checkpoint = lane_folder(comparing.root, Job("none", 0, 0)) / "checkpoint.pt"
        weights.append(torch.load(checkpoint)["process"]["fit"]["model"]["trunk.0.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    torch.testing.assert_close(weights[2], weights[0], rtol=0.1, atol=0.01)


def test_the_budget_is_of_pretraining_search_and_one_training(comparing):
    status, rows = comparing.start(compare={"budget": "9s"}).run("dada")
    assert status == "budget_spent"
    assert [(row["search_s"], row["train_s"]) for row in points(rows)] == [(2, 4), (4, 4), (6, 3)]
    assert points(rows)[-1]["point"]["epochs"] == 3  # cut to what was left


def test_no_point_in_time_is_out_of_budget(comparing):
    status, rows = comparing.start(compare={"budget": "3s"}).run("random")
    assert status == "out_of_budget"
    assert points(rows) == []
    assert rows[-1]["search_s"] == 3


def test_epochs_are_the_points_of_what_needs_no_search(comparing):
    comparing.start()
    for method in ("none", "augnet"):
        status, rows = comparing.run(method)
        assert status == "finished"
        assert [row["train_s"] for row in rows] == [1, 2, 3, 4]
        best = -1.0
        for row in rows:  # the test split is scored where validation improved, and only there
            assert bool(row["point"]) == (row["valid_balanced_accuracy"] > best)
            best = max(best, row["valid_balanced_accuracy"])
    assert rows[0]["point"]["learned"]["layers"]


def test_searches_start_from_the_floor_s_training_and_are_charged_for_it(comparing, tmp_path):
    comparing.start(compare={"budget": "1h"}).run("none")
    _, shared = comparing.run("adda")
    assert [row["account"] for row in shared[:2]] == ["search", "search"]
    assert {row["pretrain_s"] for row in shared} == {2}
    _, matched = comparing.run("fast-aa")
    assert {row["pretrain_s"] for row in matched} == {4}
    comparing.root = tmp_path / "alone"
    for method, rows in (("adda", shared), ("fast-aa", matched)):
        _, alone = comparing.start(compare={"budget": "1h"}).run(method)
        own = [row for row in alone if row["account"] != "pretrain"]
        assert [{**row, "step": 0} for row in own] == [{**row, "step": 0} for row in rows]


def test_a_warm_start_that_spends_the_budget_is_out_of_budget(comparing):
    comparing.start(compare={"budget": "1s"}).run("none")
    status, rows = comparing.run("adda")
    assert status == "out_of_budget"
    assert [(row["step"], row["pretrain_s"]) for row in rows] == [(0, 1)]


@pytest.mark.parametrize("method", ["none", "random", "fast-aa", "adda"])
def test_a_lane_killed_after_any_step_goes_on_as_if_it_had_not_been(comparing, tmp_path, method):
    changes = {
        "training": {"epochs": 2},
        "methods": {method: comparing.settings["methods"][method]},
    }
    _, whole = comparing.start(**changes).run(method)
    for kill_after in range(1, len(whole) + 1, 1 if method == "none" else 4):
        comparing.root = tmp_path / f"killed-{kill_after}"
        comparing.start(**changes)
        with pytest.raises(KeyboardInterrupt):
            comparing.run(method, kill_after=kill_after)
        folder = lane_folder(comparing.root, Job(method, 0, 0))
        with (folder / "rows.jsonl").open("a") as file:
            file.write('{"step": a row that was being written')
        torch.rand(5)
        status, rows = comparing.run(method)
        assert rows == whole
        assert status in ENDED
        assert comparing.run(method) == (status, whole)  # nothing finished is done again


def test_the_steps_of_a_lane_are_a_table_when_it_is_stopped_and_when_it_ends(comparing):
    comparing.start()
    table = lane_folder(comparing.root, Job("dada", 0, 0)) / "rows.csv"
    with pytest.raises(KeyboardInterrupt):
        comparing.run("dada", kill_after=3)
    assert pd.read_csv(table)["step"].tolist() == [1, 2, 3]
    _, rows = comparing.run("dada")
    columns = pd.read_csv(table)
    assert points(rows)
    assert list(columns) == [name for name in rows[0] if name != "point"]
    for name in ("step", "status", "account", "search_s", "train_s"):
        assert columns[name].tolist() == [row[name] for row in rows]


def test_a_lane_that_fails_is_a_row_and_is_tried_again(comparing, loaded):
    broken = dataclasses.replace(loaded, task=dataclasses.replace(loaded.task, transforms={}))
    comparing.start()
    status, rows = comparing.run("random", data=broken)
    assert status == rows[-1]["status"] == "failed"
    assert rows[-1]["reason"]
    folder = lane_folder(comparing.root, Job("random", 0, 0))
    assert "Traceback" in (folder / "error.txt").read_text()
    status, rows = comparing.run("random")
    assert status in ENDED
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))


def test_a_lane_that_diverges_says_so(comparing, loaded):
    comparing.start(methods={"dada": {"policy_lr": 1e38}})
    x = loaded.task.train.x * math.inf
    task = dataclasses.replace(loaded.task, train=Split(x, loaded.task.train.y))
    status, rows = comparing.run("dada", data=dataclasses.replace(loaded, task=task))
    assert status == "diverged"
    assert "is not a number" in rows[-1]["reason"]


def test_energy_is_charged_as_time_is(comparing, loaded):
    """The row of an error repeats the row before it."""

    class Failing(Split):
        def batches(self, size, *, shuffle=False):
            readings.append(readings[-1])
            if len(readings) > 4:
                raise OSError("a disk error")
            return super().batches(size, shuffle=shuffle)

    readings = [100.0]
    train = Failing(loaded.task.train.x, loaded.task.train.y)
    broken = dataclasses.replace(loaded, task=dataclasses.replace(loaded.task, train=train))
    status, rows = comparing.start().run(
        "none", data=broken, meter=lambda: readings[-1] + 10 * len(readings)
    )
    assert (status, len(rows)) == ("failed", 4)
    assert [row["train_j"] for row in rows] == [10.0, 20.0, 30.0, 30.0]


def test_the_data_of_the_last_fold_stay_in_memory(loaded, monkeypatch):
    folds = []

    def load(task, preprocessing, *, fold, **_):
        folds.append(fold)
        return dataclasses.replace(loaded)

    monkeypatch.setattr(Sleep, "load", load)
    data = FoldData(comparison_of({}))
    first = data.load(0)
    assert data.load(0) is first
    assert data.load(1) is data.load(1) is not first
    data.load(0)
    assert folds == [0, 1, 0]


def test_one_process_writes_a_lane(comparing, loaded):
    comparing.start()
    job = Job("none", 0, 0)
    folder = lane_folder(comparing.root, job)
    folder.path.mkdir(parents=True)
    with FileLock(folder / "lock", timeout=0):
        assert comparing.run("none") == ("running", [])


def test_a_lane_takes_over_the_energy_of_the_floor_with_its_time(comparing):
    counts = itertools.count(0.0, 5.0)
    comparing.start()
    comparing.run("none", meter=counts.__next__)
    _, rows = comparing.run("adda", meter=counts.__next__)
    assert (rows[0]["pretrain_s"], rows[0]["pretrain_j"]) == (2.0, 10.0)
    row = points(rows)[-1]
    assert row["search_j"] == 5 * row["search_s"]
    assert row["train_j"] == 5 * row["train_s"]
    point = read_results(comparing.root).of("adda")[0].points[-1]
    assert point.joules == 5 * point.seconds


def test_a_lane_on_a_cpu_computes_with_one_thread_and_others_are_not_merged(comparing):
    before = torch.get_num_threads()
    _, rows = comparing.start(compare={"device": "cpu"}).run("none")
    assert {row["threads"] for row in rows} == {1}
    assert torch.get_num_threads() == before
    lane_folder(comparing.root, Job("dada", 0, 0)).path.mkdir(parents=True)
    lane_folder(comparing.root, Job("dada", 0, 0)).append({**rows[-1], "threads": 2})
    with pytest.raises(ConfigError, match="none-fold0-seed0 with 1, dada-fold0-seed0 with 2"):
        read_results(comparing.root)


@pytest.mark.parametrize("method", ["none", "fast-aa", "adda", "random"])
def test_the_expected_seconds_and_models_are_those_of_the_lane(
    comparing, loaded, monkeypatch, method
):
    """Where each step takes a second, the plan is exact."""
    monkeypatch.setattr(
        estimate, "seconds_of", lambda process, device: [process.step(), process.step(), 1][2]
    )
    monkeypatch.setattr(estimate, "few", lambda task, n: (task, 1.0))
    monkeypatch.setattr(estimate, "seconds_of_scoring", lambda fit, loaded: 0.5)
    comparing.start(compare={"budget": "1h"})
    comparison = read_comparison(comparing.root)
    comparing.run("none")
    plan = estimate.expected(comparison, loaded, method)
    _, rows = comparing.run(method)
    last = rows[-1]
    n_points = 1 if method == "none" else len(points(rows))
    assert plan.n_points == n_points
    charged = last["search_s"] + last["trained_s"] + last["train_s"]
    assert plan.seconds == charged
    assert plan.scoring_s == 0.5 * (2 if method == "none" else n_points)


def test_a_plan_expects_no_scoring_beyond_the_budget(comparing, loaded, monkeypatch):
    monkeypatch.setattr(estimate, "seconds_of", lambda process, device: 1.0)
    monkeypatch.setattr(estimate, "few", lambda task, n: (task, 10.0))
    monkeypatch.setattr(estimate, "seconds_of_scoring", lambda fit, loaded: 7.0)
    training = dict(comparing.settings["training"]) | {"epochs": 60, "patience": 40}
    comparison = comparison_of({**comparing.settings, "training": training})
    for budget, scorings in {"60s": 2, "10m": 20}.items():  # 6 epochs, all 60; a third is scored
        short = dataclasses.replace(comparison.compare, budget=budget)
        plan = estimate.expected(dataclasses.replace(comparison, compare=short), loaded, "none")
        assert (plan.seconds, plan.scoring_s) == (min(short.seconds, 600), 7 * scorings)


def test_a_plan_counts_every_pretraining_of_fast_autoaugment(comparing, loaded, monkeypatch):
    monkeypatch.setattr(
        estimate, "seconds_of", lambda process, device: [process.step(), process.step(), 1][2]
    )
    monkeypatch.setattr(estimate, "few", lambda task, n: (task, 1.0))
    options = {"trials": 5, "folds": 3}
    comparison = comparison_of({**comparing.settings, "methods": {"fast-aa": options}})
    comparison = dataclasses.replace(
        comparison, compare=dataclasses.replace(comparison.compare, budget="1h")
    )
    plan = estimate.expected(comparison, loaded, "fast-aa")
    assert plan.seconds == 3 * 4 + 5 + 4  # pretrainings, trials, the training of the one point
