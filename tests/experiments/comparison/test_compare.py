"""Lanes keep to the clock, share their start, survive kills, and end with a status."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from sleepaug.cli import main
from sleepaug.experiments.comparison import runner as drive
from sleepaug.experiments.comparison.compare import default_output
from sleepaug.experiments.comparison.lane import ENDED
from sleepaug.experiments.comparison.settings import Job, comparison_of
from sleepaug.support.errors import ConfigError
from sleepaug.training.methods import METHODS
from sleepaug.training.runs import Clock, RunFolder
from sleepaug.training.tasks.sleep import Sleep
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
        root = tmp_path / "comparison"

        def start(self, **changes):
            values = json.loads(json.dumps(SETTINGS))
            for section, change in changes.items():
                values[section] |= change
            RunFolder(self.root).start(comparison_of(values), "cpu")
            return self

        def run(self, method, *, kill_after=None, data=loaded, root=None):
            rows, root = [], root or self.root
            comparison = comparison_of(RunFolder(root).config())

            def tell(job, row):
                rows.append(row)
                if len(rows) == kill_after:
                    raise KeyboardInterrupt

            job = Job(method, 0, 0)
            clock = Ticking(comparison.compare.seconds)
            status = drive.run_job(root, job, clock=clock, load=lambda *_: data, tell=tell)
            return status, drive.lane_folder(root, job).rows()

    return Comparing()


def test_the_command_says_what_to_expect_runs_reports_and_is_done_once(
    loaded, tmp_path, monkeypatch
):
    monkeypatch.setattr(Sleep, "load", lambda *_, **__: loaded)
    command = ["compare", "--budget", "1h", "--folds", "1", "--methods", "fast-aa", "--epochs", "2"]
    command += ["--set", "methods.fast-aa.trials=5", "-o", str(tmp_path / "comparison")]
    first = CliRunner().invoke(main, command)
    assert first.exit_code == 0, first.output
    for text in ("2 lanes: 2 methods", "Expected wall time of them all", "Report: "):
        assert text in first.output
    assert re.search(r"fast-aa +\S+ m?s +x 1 +1 trained model\n", first.output)
    assert re.search(r"fast-aa +0\.\d{3}.* finished 1", first.output)
    rows = (tmp_path / "comparison/lanes/fast-aa-fold0-seed0/rows.jsonl").read_text()
    again = CliRunner().invoke(main, command)
    assert "2 of them ended before and are not run again" in again.output
    assert (tmp_path / "comparison/lanes/fast-aa-fold0-seed0/rows.jsonl").read_text() == rows
    other = CliRunner().invoke(main, [*command, "--budget", "2h"])
    assert other.exit_code == 2
    assert "compare.budget: '1h' before, '2h' now" in other.output
    more = CliRunner().invoke(main, [*command, "--seeds", "2", "--methods", "fixed"])
    assert more.exit_code == 0, more.output
    for text in ("6 lanes: 3 methods", "2 of them ended before"):
        assert text in more.output
    assert re.findall(r" x (\d) ", more.output) == ["1", "1", "2"]  # none, fast-aa, fixed
    assert (tmp_path / "comparison/lanes/fast-aa-fold0-seed0/rows.jsonl").read_text() == rows
    assert len(list((tmp_path / "comparison/lanes").glob("*/rows.jsonl"))) == 6


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
    changes = {"training": {"epochs": 2}, "methods": {method: SETTINGS["methods"][method]}}
    _, whole = comparing.start(**changes).run(method)
    for kill_after in range(1, len(whole) + 1, 1 if method == "none" else 4):
        comparing.root = tmp_path / f"killed-{kill_after}"
        comparing.start(**changes)
        with pytest.raises(KeyboardInterrupt):
            comparing.run(method, kill_after=kill_after)
        folder = drive.lane_folder(comparing.root, Job(method, 0, 0))
        with (folder / "rows.jsonl").open("a") as file:
            file.write('{"step": a row that was being written')
        torch.rand(5)
        status, rows = comparing.run(method)
        assert rows == whole
        assert status in ENDED
        assert comparing.run(method) == (status, whole)  # nothing finished is done again


def test_a_lane_that_fails_is_a_row_and_is_tried_again(comparing, loaded):
    broken = dataclasses.replace(loaded, task=dataclasses.replace(loaded.task, transforms={}))
    comparing.start()
    status, rows = comparing.run("random", data=broken)
    assert status == rows[-1]["status"] == "failed"
    assert rows[-1]["reason"]
    folder = drive.lane_folder(comparing.root, Job("random", 0, 0))
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
    assert "is no number" in rows[-1]["reason"]


def test_one_process_writes_a_lane(comparing, loaded):
    comparing.start()
    job = Job("none", 0, 0)
    folder = drive.lane_folder(comparing.root, job)
    folder.path.mkdir(parents=True)
    with drive.FileLock(folder / "lock", timeout=0):
        assert comparing.run("none") == ("running", [])


def test_settings_are_checked_together():
    values = {
        "compare": {"budgt": "12h", "folds": 0},
        "methods": {"ada": {}, "dada": {"epoch": 3}},
        "method": "none",
    }
    with pytest.raises(ConfigError) as error:
        comparison_of(values)
    for part in ("compare.budgt", "compare.folds", "'ada'", "methods.dada.epoch", "method:"):
        assert part in str(error.value)


def test_settings_survive_their_file(tmp_path):
    comparison = comparison_of(json.loads(json.dumps(SETTINGS)))
    RunFolder(tmp_path / "c").start(comparison, "cpu")
    assert comparison_of(RunFolder(tmp_path / "c").config()) == comparison
    assert comparison.compare.seconds == 30
    assert [job.name for job in comparison.jobs()][:2] == ["none-fold0-seed0", "augnet-fold0-seed0"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1.5m", 90), ("12h", 43200), ("1d", 86400)]
)
def test_budgets(text, seconds):
    assert comparison_of({"compare": {"budget": text}}).compare.seconds == seconds


@pytest.mark.parametrize("text", ["12 hours", "0h", "h", "-3m"])
def test_other_budgets_are_refused(text):
    with pytest.raises(ConfigError, match="budget: expected a number above 0 with s, m, h or d"):
        comparison_of({"compare": {"budget": text}})


def test_what_is_not_compared_cannot_be_the_reference():
    values = {"compare": {"reference": "adda"}, "methods": ["augnet", "dada"]}
    with pytest.raises(ConfigError, match="'adda' is not compared"):
        comparison_of(values)
    assert list(comparison_of({"methods": ["dada"]}).methods) == ["none", "dada"]


def test_an_option_of_a_method_does_not_choose_the_methods():
    changed = comparison_of({}, [("methods.adda.epochs", 7)])
    assert changed.methods["adda"].epochs == 7
    assert list(changed.methods) == [name for name in METHODS if name != "augerino"]


def test_without_a_name_the_folder_with_these_settings_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = comparison_of(json.loads(json.dumps(SETTINGS)))
    first = default_output(wanted)
    RunFolder(first).start(wanted, "cpu")
    more = dataclasses.replace(wanted, compare=dataclasses.replace(wanted.compare, folds=2))
    assert default_output(more) == first
    (first / "config.yaml").write_text("training: {a_setting_of_another_version: 1}")
    assert default_output(more) == first.with_name(f"{first.name}-2")
