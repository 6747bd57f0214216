"""Every experiment's settings run for one epoch; the slow tests run them as they are meant."""

import dataclasses

import numpy as np
import pytest

from sleepaug.experiments.run import train
from sleepaug.experiments.settings import load_config, members
from sleepaug.experiments.variants import read_variants

SMALL = {"mario_iggy": {"n_train": 64, "n_valid": 32, "n_test": 32, "width": 2}, "sinusoids": {}}
CONFIGS = (
    *("sinusoids_paper", "sinusoids_official", "sinusoids_robust"),
    *("capacity_paper", "capacity_robust", "mario_iggy_paper", "mario_iggy_small"),
)


@pytest.mark.parametrize("name", CONFIGS)
def test_one_epoch_of_a_variant_that_learns(name, config_path, tmp_path):
    """The settings of the other variants are checked when the file is loaded."""
    config = load_config(config_path(f"{name}.yaml"))
    if config.run.variants:
        variants = members(config)
        config = next(one for one in variants.values() if one.method.name == "augnet")
    one = dataclasses.replace(
        config,
        task=dataclasses.replace(config.task, **SMALL[config.task.name]),
        training=dataclasses.replace(config.training, epochs=1),
        run=dataclasses.replace(config.run, seed=1),
    )
    metrics = train(one, tmp_path / "run")
    assert metrics.status == "finished"
    (variant,) = read_variants(tmp_path / "run")
    learned = variant.rows[0][-1]["augmentation"]
    (known,) = metrics.invariance
    assert 0 <= learned[f"1.{known}.amount"] <= 360
    assert np.isfinite(metrics.invariance[known]["median"])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_robust_selection_finds_the_shift(config_path, tmp_path):
    config = load_config(config_path("sinusoids_robust.yaml"), [("run.seed", "300-304")])
    train(members(config)["robust"], tmp_path / "run")
    (variant,) = read_variants(tmp_path / "run")
    last = [rows[-1]["augmentation"] for rows in variant.rows]
    assert all(one["1.frequency_shift.weight"] > 0 for one in last)
    assert 0.4 <= np.median([one["1.frequency_shift.amount"] for one in last]) <= 0.6
    assert all(one["1.gaussian_noise.amount"] == pytest.approx(0.2, abs=0.02) for one in last)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_robust_selection_beats_the_oracle_in_a_small_network(config_path, tmp_path):
    config = load_config(config_path("capacity_robust.yaml"), [("run.seed", "300-304")])
    runs = members(config)
    names = ("2_neurons_1_layer-oracle", "2_neurons_1_layer-augnet")
    oracle, augnet = (train(runs[name], tmp_path / name)["test"]["seeds"] for name in names)
    assert np.median(augnet) > np.median(oracle)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_augnet_learns_the_tilt_of_the_figures(config_path, tmp_path):
    """Where it chooses rotation, as with most seeds; the regularizer decides."""
    runs = members(load_config(config_path("mario_iggy_small.yaml"), [("task.n_test", 100)]))
    last = {}
    for name in ("augnet", "no_regularizer"):
        one = dataclasses.replace(runs[name], run=dataclasses.replace(runs[name].run, seed=2))
        train(one, tmp_path / name)
        (variant,) = read_variants(tmp_path / name)
        last[name] = variant.rows[0][-1]["augmentation"]
    assert last["augnet"]["1.rotation.weight"] > 0.9
    assert last["augnet"]["1.rotation.amount"] == pytest.approx(45, abs=5)
    assert last["no_regularizer"]["1.rotation.amount"] < 10
