"""Seeds and variants: what is run, what is taken up again, and what the report says of them."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from sleepaug.augment.learned import kept
from sleepaug.cli import main
from sleepaug.experiments.figures import draw_kept
from sleepaug.experiments.metrics import Metrics
from sleepaug.experiments.report import invariance_text
from sleepaug.experiments.run import train
from sleepaug.experiments.settings import load_config, members
from sleepaug.experiments.variants import (
    Variant,
    experiment_text,
    leaves,
    quartiles,
    read_variants,
)
from sleepaug.support.errors import ConfigError

SETTINGS = """
task: {name: sinusoids, trunk: mlp, ranges: {frequency_shift: 2.0}}
method: none
training: {epochs: 1, batch_size: 100, keep: last}
run:
  seed: 3-4
  variants:
    - small: {task.neurons: 1}
      large: {task.neurons: 3}
    - plain: {method: none}
      shift: {method: {name: augnet, layers: [[frequency_shift, sign_flip]]}, training.epochs: 2}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "experiment.yaml"
    path.write_text(SETTINGS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, train(load_config(settings), folder)


def test_every_combination_of_variants_is_a_run(settings):
    config = load_config(settings)
    runs = members(config)
    assert list(runs) == ["small-plain", "small-shift", "large-plain", "large-shift"]
    assert [one.task.neurons for one in runs.values()] == [1, 1, 3, 3]
    assert [one.method.name for one in runs.values()] == ["none", "augnet"] * 2
    assert [one.training.epochs for one in runs.values()] == [1, 2, 1, 2]
    seeds = members(runs["small-plain"])
    assert {name: one.run.seed for name, one in seeds.items()} == {"seed-3": 3, "seed-4": 4}
    assert not members(seeds["seed-3"])


def test_mistakes_in_variants_and_seeds_are_found_at_once(settings):
    with pytest.raises(
        ConfigError, match=r"small-shift: 1 problem\n  training\.epoch: unknown key"
    ):
        load_config(settings, [("run.variants", [{"small-shift": {"training.epoch": 3}}])])
    with pytest.raises(ConfigError, match=r"run\.seed: expected .* 0-9"):
        load_config(settings, [("run.seed", "first")])
    with pytest.raises(ConfigError, match="has no recordings"):
        load_config(settings, [("preprocessing.lowpass", 20)])
    with pytest.raises(ConfigError, match="has no folds"):
        load_config(settings, [("run.fold", 1)])


def test_each_run_equals_the_same_run_alone(settings, finished, tmp_path):
    folder, metrics = finished
    alone = members(members(load_config(settings))["large-shift"])["seed-4"]
    expected = train(alone, tmp_path / "alone")
    assert Metrics.read(folder / "large-shift" / "seed-4" / "metrics.json") == expected
    assert expected.test["balanced_accuracy"] in metrics.variants["large-shift"].test["seeds"]


def test_counts_of_seeds_are_pooled(finished):
    _, metrics = finished
    for one in metrics.variants.values():
        assert one.test["n_windows"] == 400
        assert one.test["balanced_accuracy"] == pytest.approx(np.mean(one.test["seeds"]))


def test_a_stopped_experiment_goes_on_with_what_is_missing(settings, finished, tmp_path):
    folder, metrics = finished
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "metrics.json").unlink()
    (copy / "small-shift" / "metrics.json").unlink()
    shutil.rmtree(copy / "small-shift" / "seed-4")
    kept_file = copy / "small-shift" / "seed-3" / "metrics.json"
    before = kept_file.stat().st_mtime_ns
    assert train(load_config(settings), copy) == metrics
    assert kept_file.stat().st_mtime_ns == before


def test_invariance_is_measured_where_it_is_known(finished):
    folder, _ = finished
    one = json.loads((folder / "small-plain" / "seed-3" / "metrics.json").read_text())
    assert one["invariance"]["frequency_shift"]["amount"] == 0.5
    assert one["invariance"]["frequency_shift"]["unit"] == "Hz"
    assert one["invariance"]["frequency_shift"]["median"] <= 1


def test_the_report_says_medians_and_draws(finished):
    folder, metrics = finished
    result = CliRunner().invoke(main, ["report", str(folder)])
    assert result.exit_code == 0, result.output
    accuracy = metrics.variants["large-plain"].test["seeds"]
    lines = result.output.splitlines()
    about = lines[lines.index("large-plain: 2 of 2 runs finished") + 1]
    assert about.startswith(f"  accuracy (test) {np.median(accuracy):.3f} [")
    assert "1 frequency shift: kept by" in result.output
    for name in ("experiment.png", "learned.png", "kept.png"):
        assert (folder / name).stat().st_size > 10_000


def test_a_collapsed_run_has_no_invariance_to_report():
    scores = {"accuracy": 0.5, "balanced_accuracy": 0.5}
    medians = ({"a": {"median": median, "amount": 1.0}} for median in (0.75, None))
    metrics = [Metrics({"valid": scores, "test": scores}, invariance=median) for median in medians]
    text = experiment_text([Variant("one", [[{"augmentation": {}}]] * 2, metrics)])
    assert "invariance to a 0.750 [0.750, 0.750], 1 runs" in text
    one = {"rotation": {"median": None, "amount": 45.0, "unit": "degrees"}}
    assert invariance_text(Metrics(invariance=one))[1].endswith("up to 45 degrees             -")


def test_the_figure_of_what_was_kept_counts_runs():
    """Two of three runs kept a, whose true amount is known, one kept b."""
    ends = [{"1.a.weight": w, "1.a.amount": 0.4, "1.b.weight": 1 - w} for w in (0.9, 0.8, 0.1)]
    variant = Variant("one", [[{"augmentation": end}] for end in ends], [])
    counts, amounts = draw_kept([variant], {"a": 0.5}).axes
    assert [patch.get_width() for patch in counts.patches] == [2, 1]
    assert [list(line.get_xdata()) for line in amounts.lines] == [[0.4, 0.4], [0.5, 0.5]]


def test_a_report_of_seeds_that_are_not_finished(settings, finished, tmp_path):
    folder, _ = finished
    copy = tmp_path / "copy"
    shutil.copytree(folder / "small-shift", copy)
    (copy / "seed-4" / "metrics.json").unlink()
    (variant,) = read_variants(copy)
    assert (len(variant.rows), len(variant.metrics)) == (2, 1)
    result = CliRunner().invoke(main, ["report", str(copy)])
    assert result.exit_code == 0, result.output
    assert "1 of 2 runs finished" in result.output


def test_leaves_are_the_folders_of_single_runs(settings, tmp_path):
    config = load_config(settings)
    folders = leaves(config, tmp_path)
    assert len(folders) == 8
    assert folders[0] == tmp_path / "small-plain" / "seed-3"
    single = dataclasses.replace(config, run=dataclasses.replace(config.run, seed=1, variants=[]))
    assert leaves(single, tmp_path) == [tmp_path]


def test_what_counts_as_kept():
    one = {
        "1.a.weight": 0.9,
        "1.a.amount": 1,
        "1.b.weight": 0.1,
        "2.c.weight": 0.5,
        "2.d.weight": 0.5,
    }
    assert [kept(one, name) for name in ("1.a", "1.b", "2.c", "2.d")] == [True, False, True, True]
    assert kept({"1.rotation.amount": 3.0}, "1.rotation")  # Augerino has no weights
    assert not kept(one, "3.e")
    assert not kept({"1.a.weight": 0.0}, "1.a")  # all of a measured layer were left out


def test_quartiles():
    assert quartiles([4, 1, 3, 2, 5]) == (3, 2, 4)
