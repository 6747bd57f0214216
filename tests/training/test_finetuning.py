"""Fine-tuning: `train --from MODEL` starts from its weights, and from nothing that does not fit."""

import json

import pytest
import torch
from command_line import run
from safetensors.torch import load_file

from sleepaug.experiments.settings import config_from
from sleepaug.staging.loading import load_model
from sleepaug.support.errors import ConfigError
from sleepaug.training.finetuning import LEARNING_RATE
from sleepaug.training.fit import Fit, Training
from sleepaug.training.tasks.sleep import Sleep


@pytest.fixture(scope="module")
def start(nights, tmp_path_factory):
    """A spectral model of two channels that goes without either."""
    output = tmp_path_factory.mktemp("start") / "run"
    settings = (
        "task.trunk=spectral",
        "task.trunk_options={n_hidden: 8}",
        "preprocessing.sfreq=50",
        "preprocessing.lowpass=22",
        "preprocessing.normalize=recording",
        "method.policy=[[[channels_dropout, 1.0, 0.3]]]",
        "training.learning_rate=3e-3",
    )
    command = ["train", "--data", "mass", "--data-dir", nights, "--channels", "C3,O1", "--fold", 0]
    command += [part for text in settings for part in ("--set", text)]
    run(*command, "--method", "fixed", "--epochs", 4, "-o", output)
    return output


def tune(start, nights, output, *more, code=0):
    command = ("train", "--from", start, "--data", "mass", "--data-dir", nights, "--epochs", 3)
    return run(*command, "-o", output, *more, code=code)


def test_it_starts_from_exactly_the_model(start, nights):
    values = {"task": {"data": "mass", "data_dir": str(nights), "start_from": str(start)}}
    config = config_from(values, (), "here")
    assert (config.task.trunk, config.task.trunk_options) == ("spectral", {"n_hidden": 8})
    assert config.preprocessing == load_model(start).preprocessing
    assert config.training.learning_rate == LEARNING_RATE < Training().learning_rate
    task = config.task.load(config.preprocessing, fold=0).task
    search = config.method.search(task)
    fit = Fit(task, search.augmentation(), config.training, seed=1)
    saved = load_model(start).model
    for key, value in saved.trunk.state_dict().items():
        assert torch.equal(fit.model.trunk.state_dict()[key], value), key
    with torch.no_grad():
        assert torch.equal(fit.model.eval()(task.valid.x), saved(task.valid.x))


def test_a_given_learning_rate_stays(start, nights):
    values = {"task": {"start_from": str(start)}, "training": {"learning_rate": 0.01}}
    assert config_from(values, (), "here").training.learning_rate == 0.01


@pytest.mark.parametrize(
    ("section", "given", "both"),
    [
        ("preprocessing", {"channels": ["C3", "C4"]}, ("C3, O1", "C3, C4")),
        ("preprocessing", {"sfreq": 100.0}, ("50", "100")),
        ("preprocessing", {"normalize": "window"}, ("recording", "window")),
        ("task", {"trunk": "chambon2018"}, ("spectral", "chambon2018")),
        ("task", {"trunk_options": {"n_hidden": 9}}, ("8", "9")),
    ],
)
def test_what_does_not_fit_the_model_is_refused(start, section, given, both):
    (key,) = given
    values = {"task": {"start_from": str(start)}, "preprocessing": {}}
    values[section] = {**values[section], **given}
    with pytest.raises(ConfigError, match=rf"{section}\.{key}: the model .* has ") as caught:
        config_from(values, (), "here")
    assert all(word in str(caught.value) for word in both)


def test_a_section_that_is_none_is_refused(start):
    values = {"task": {"start_from": str(start)}, "training": ["fast"]}
    with pytest.raises(ConfigError, match="training: expected keys and values"):
        config_from(values, (), "here")


def test_the_command_says_what_it_does_and_refuses(start, nights, tmp_path):
    done = tune(start, nights, tmp_path / "tuned", "--method", "augnet")
    assert f"Starts from the weights of {start}, at a learning rate of 0.0001" in done.stderr
    assert json.loads((tmp_path / "tuned/policy.json").read_text())["layers"]
    refused = tune(start, nights, tmp_path / "other", "--channels", "C3", code=2)
    assert "has C3, O1, the settings say C3" in refused.stderr
    assert not (tmp_path / "other").exists()
    missing = tune(tmp_path / "nothing", nights, tmp_path / "other", code=2)
    assert "no such model" in missing.stderr


def test_the_result_is_a_model_like_any(start, nights, tmp_path):
    """It may miss the channels its start could miss, and knows all nights it learned from."""
    tune(start, nights, tmp_path / "tuned")
    before, after = load_model(start), load_model(tmp_path / "tuned")
    assert after.allow_missing
    assert after.description.started_from == "run"
    known = [set(m.description.trained_on.scorings) for m in (before, after)]
    assert known[0] <= known[1]
    old, new = (load_file(f / "model.safetensors") for f in (start, tmp_path / "tuned"))
    assert not torch.equal(old["trunk.conv_1.weight"], new["trunk.conv_1.weight"])
    night = next(nights.glob("*PSG.edf"))
    run("predict", night, "--model", tmp_path / "tuned", "--to", "csv", "-o", tmp_path / "out")
    again = tune(tmp_path / "tuned", nights, tmp_path / "twice")
    assert "balanced accuracy" in again.stdout


def test_a_last_training_may_test_nobody(start, nights, tmp_path):
    tune(start, nights, tmp_path / "all", "--set", "task.n_folds=1")
    metrics = json.loads((tmp_path / "all/metrics.json").read_text())
    assert metrics["test"]["n_windows"] == 0
    assert metrics["test"]["balanced_accuracy"] is None
    learned_from = load_model(tmp_path / "all").description.trained_on.subjects
    assert len(learned_from) == 5
    run("report", tmp_path / "all")


def test_a_stopped_fine_tuning_goes_on_to_the_same_end(start, nights, tmp_path, monkeypatch):
    tune(start, nights, tmp_path / "whole", "--method", "fixed")
    step, steps = Fit.step, 0

    def stopped(self):
        nonlocal steps
        steps += 1
        if steps == 2:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Fit, "step", stopped)
    tune(start, nights, tmp_path / "stopped", "--method", "fixed", code=130)
    monkeypatch.setattr(Fit, "step", step)
    tune(start, nights, tmp_path / "stopped", "--method", "fixed")
    whole, taken_up = (
        (tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "stopped")
    )
    assert whole == taken_up


def test_recordings_may_lack_what_the_model_may_miss(start, nights, tmp_path):
    task = Sleep(data="mass", data_dir=nights, start_from=start)
    settings = load_model(start).preprocessing
    loaded = task.load(type(settings)(**{**vars(settings), "channels": ("C3", "Fp1")}), fold=0)
    assert not loaded.task.train.x[:, 1].any()
    assert loaded.task.train.x[:, 0].any()
