"""Where stages come from, in the forms that outputs need."""

import datetime

import edfio
import numpy as np
import pytest

from sleepaug.models.description import TrainedOn
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance


@pytest.mark.parametrize("name", ["my model", "Modell \u00e4\u20ac", "x" * 200, ""])
def test_any_name_of_a_model_fits_the_header_of_an_edf_file(name, tmp_path):
    models = (ModelSource(name, "0123456789abcdef"), ModelSource("yasa 0.8.1", "f" * 64))
    night = Hypnogram(
        30.0 * np.arange(2),
        np.eye(5)[:2],
        ["", ""],
        start=datetime.datetime(2020, 9, 17, 22, 30),
        made=Provenance(models, version="0.10.10"),
    )
    night.save(tmp_path / "n.edf")
    header = edfio.read_edf(tmp_path / "n.edf").recording
    assert header.startdate == datetime.date(2020, 9, 17)
    assert header.equipment_code == "sleepaug_0.10.10"
    (words,) = header.additional
    assert words.isascii()
    assert len(words) <= 36


def test_several_models_are_joined_and_each_is_named_in_a_line():
    simulated = TrainedOn("simulated", n_windows=7)
    made = Provenance((ModelSource("a", "1", simulated), ModelSource("b", "2", simulated)), ("C3",))
    assert made.model == {"name": "a,b", "hash": "1,2", "trained_on": "simulated data (7 windows)"}
    first, second, _ = made.lines()
    assert first == "Model a (SHA-256 1), trained on simulated data (7 windows)."
    assert second.startswith("Model b (SHA-256 2)")
