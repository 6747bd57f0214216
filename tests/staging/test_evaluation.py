"""A model scored on a dataset."""

import json

import numpy as np
import pytest
from command_line import run

import sleepaug


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
