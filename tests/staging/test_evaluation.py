"""A model scored on a dataset."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from command_line import run

import sleepaug
from sleepaug.models.files import read_model, save_model
from sleepaug.staging.short_notes import notes_in_short
from sleepaug.staging.stager import Stager


@pytest.mark.parametrize("context", ["none", "transitions"])
def test_evaluate_scores_what_predict_gives(shipped, nights, context):
    model = shipped / "default.safetensors"
    args = ("--data=mass", "--data-dir", nights, "--context", context, "--json")
    values = json.loads(run("evaluate", model, *args).stdout)
    stager = sleepaug.load_model(model)
    for night in nights.glob("*PSG.edf"):
        stages = stager.predict(night, context=context).stages
        confusion = values["nights"][night.name.split()[0]]["confusion"]
        counts = [int((stages == s).sum()) for s in ("W", "N1", "N2", "N3", "R")]
        assert np.sum(confusion, axis=0).tolist() == counts
    assert 0 <= values["calibration_error"] <= 1
    assert values["context"] == context
    assert values["contexts"][context]["cohen_kappa"] == values["cohen_kappa"]
    assert set(values["contexts"]) == {"none", "transitions"}


def test_evaluate_multiplies_in_full_float32(shipped, nights, monkeypatch):
    rounding, compute = [], Stager.log_probabilities

    def noted(stager, x):
        rounding.append(torch.backends.cudnn.conv.fp32_precision)
        return compute(stager, x)

    monkeypatch.setattr(Stager, "log_probabilities", noted)
    run("evaluate", shipped / "default.safetensors", "--data=mass", "--data-dir", nights)
    assert set(rounding) == {"ieee"}


def test_predict_and_evaluate_use_the_context_that_validated_better(shipped, nights, tmp_path):
    """The same weights with either context in the file: both commands follow it."""
    saved = read_model(shipped / "default.safetensors")
    night = next(nights.glob("*PSG.edf"))
    staged = {}
    for context in ("none", "transitions"):
        path = tmp_path / f"{context}.safetensors"
        save_model(path, saved.model, replace(saved.description, context=context))
        stager = sleepaug.load_model(path)
        staged[context] = stager.predict(night).probabilities
        np.testing.assert_array_equal(
            staged[context], stager.predict(night, context=context).probabilities
        )
        values = json.loads(
            run("evaluate", path, "--data=mass", "--data-dir", nights, "--json").stdout
        )
        assert values["context"] == context
    assert not np.allclose(staged["none"], staged["transitions"])


@pytest.mark.parametrize(
    ("model", "context"), [("default", "transitions"), ("spectral", "network")]
)
def test_a_context_of_another_model_is_refused_before_any_night_is_staged(model, context, nights):
    args = ("--data=mass", "--data-dir", nights, "--context", context)
    result = run("evaluate", model, *args, code=2)
    assert f"{context!r} is not for this model. Allowed: " in result.output


def test_a_model_of_recordings_reports_both_contexts(nights):
    values = json.loads(
        run("evaluate", "default", "--data=mass", "--data-dir", nights, "--json").stdout
    )
    assert values["context"] == "network"
    assert set(values["contexts"]) == {"network", "none"}
    assert values["contexts"]["network"]["calibration_error"] == values["calibration_error"]


def test_evaluate_takes_a_subset_of_channels(shipped, tmp_path, real_data):
    model = shipped / "default.safetensors"
    args = ("--data=dreams", "--data-dir", real_data / "dreams", "--map", "C3=C3-A1|CZ-A1")
    values = json.loads(run("evaluate", model, *args, "--json").stdout)
    assert values["n_windows"] == 360


def test_evaluate_says_how_scorings_were_read_and_what_was_dropped(tmp_path):
    """The scoring is in epochs of 20 s and longer than the night."""
    night = sleepaug.simulate_night(0, hours=0.1, ch_names=["C3"])
    night.export(tmp_path / "n.edf", verbose="error")
    rows = "".join(f"{20 * k},20,{stage}\n" for k, stage in enumerate("WWWWWW" + "222" * 5))
    (tmp_path / "n.csv").write_text(f"onset,duration,stage\n{rows}")
    result = run("evaluate", "default", "--data=edf", "--data-dir", tmp_path)
    assert "Stages from epochs of 20 s, by majority in 30 s." in result.stderr
    assert "Dropped: 2 scored windows outside the recording." in result.stderr


def test_the_scorings_of_many_nights_are_one_line():
    nights = {f"n{k}": [f"Scoring: n{k}.csv.", "Dropped: 2 short."] for k in range(9)}
    assert notes_in_short(nights) == [
        "Scoring: n0.csv. And 8 more of such files.",
        "Dropped: 18 short. (9 of 9 nights)",
    ]
    shared = {f"n{k}": ["Scoring: all.csv."] for k in range(9)}
    assert notes_in_short(shared) == ["Scoring: all.csv. (9 of 9 nights)"]
