"""A model scored on a dataset."""

import json

import numpy as np
import pytest
from command_line import run

import sleepaug
import sleepaug.simulation


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


def test_evaluate_takes_a_subset_of_channels(shipped, tmp_path, real_data):
    model = shipped / "default.safetensors"
    args = ("--data=dreams", "--data-dir", real_data / "dreams", "--map", "C3=C3-A1|CZ-A1")
    values = json.loads(run("evaluate", model, *args, "--json").stdout)
    assert values["n_windows"] == 360


def test_evaluate_says_how_scorings_were_read_and_what_was_dropped(tmp_path):
    """The scoring is in epochs of 20 s and longer than the night."""
    night = sleepaug.simulation.simulate_night(0, hours=0.1, ch_names=["C3"])
    night.export(tmp_path / "n.edf", verbose="error")
    rows = "".join(f"{20 * k},20,{stage}\n" for k, stage in enumerate("WWWWWW" + "222" * 5))
    (tmp_path / "n.csv").write_text(f"onset,duration,stage\n{rows}")
    result = run("evaluate", "default", "--data=edf", "--data-dir", tmp_path)
    assert "Stages from epochs of 20 s, by majority in 30 s." in result.stderr
    assert "Dropped: 2 scored windows outside the recording." in result.stderr
