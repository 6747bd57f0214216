"""The command compare: it plans, runs, reports, and runs nothing twice."""

import dataclasses
import re

import pytest
import torch
from click.testing import CliRunner

from sleepaug.cli import main
from sleepaug.experiments.comparison.compare import Execution, compare, default_output
from sleepaug.experiments.comparison.settings import comparison_of
from sleepaug.support.errors import ConfigError
from sleepaug.training.runs import RunFolder
from sleepaug.training.tasks.sleep import Sleep


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
    best = re.search(r"Next: sleepaug train --like (\S+/(none|fast-aa))\n", again.output)
    assert best, again.output
    like = CliRunner().invoke(
        main, ["train", "--like", best[1], "--epochs", "1", "-o", str(tmp_path / "run")]
    )
    assert like.exit_code == 0, like.output
    trained, compared = (
        RunFolder(tmp_path / "run").config(),
        RunFolder(tmp_path / "comparison").config(),
    )
    assert trained["method"] == compared["methods"][best[2]]
    assert trained["training"] == {**compared["training"], "epochs": 1}
    wrong = CliRunner().invoke(main, ["train", "--like", str(tmp_path / "comparison" / "adda")])
    assert "'adda' is not compared there" in wrong.output
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


def test_without_a_name_the_folder_with_these_settings_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = comparison_of({"compare": {"budget": "30s", "folds": 1}, "methods": ["dada"]})
    first = default_output(wanted)
    RunFolder(first).start(wanted, "cpu")
    more = dataclasses.replace(wanted, compare=dataclasses.replace(wanted.compare, folds=2))
    assert default_output(more) == first
    (first / "config.yaml").write_text("training: {a_setting_of_another_version: 1}")
    assert default_output(more) == first.with_name(f"{first.name}-2")


def test_more_lanes_than_gpus_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match=r"2 lanes would share 1 GPU.*Use at most 1"):
        compare(comparison_of({}), tmp_path / "out", Execution(n_jobs=2))
    assert not (tmp_path / "out").exists()
