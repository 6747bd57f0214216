"""What a model file says of its model: the same after reading and writing, and within bounds."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

import sleepaug
from sleepaug.data.signals.features import NAMES
from sleepaug.data.signals.montage import N_PLACE
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.models.cards import find_model, read_card
from sleepaug.models.description import Description, TrainedOn
from sleepaug.models.familiarity import Familiarity
from sleepaug.models.files import read_model
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.recording_model import (
    RecordingModel,
    read_recording_model,
    save_recording_model,
)
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.support.errors import ModelError

PLAIN = Description(
    channels=("C3", "C4"), trunk="chambon2018", preprocessing=Preprocessing(("C3", "C4"))
)


def test_a_file_says_the_same_after_it_was_read_and_written():
    path = find_model("spectral")
    with safe_open(path, framework="np") as file:
        read = json.loads(file.metadata()["sleepaug"])
    written = json.loads(json.dumps(read_card(path).description.to_json()))
    assert list(written) == list(read)
    settings, of_file = written.pop("preprocessing"), read.pop("preprocessing")
    assert written == read
    assert settings == {**settings, **of_file}  # settings of later versions have their default


def test_a_fine_tuned_model_names_where_it_started_and_no_other_does():
    assert "started_from" not in PLAIN.to_json()
    tuned = replace(PLAIN, started_from="default", trained_on=TrainedOn("edf", ("a",), 7, ("ff",)))
    assert Description.from_json(tuned.to_json()) == tuned


def test_a_model_of_other_examples_describes_its_training_only():
    written = Description(sleepaug="0.1.0", classes=("0", "1"), method="augnet").to_json()
    assert list(written) == [
        "sleepaug", "classes", "method", "augmentation", "copies_eval", "scores",
    ]  # fmt: skip
    with pytest.raises(ModelError, match=r"channels: is missing(.|\n)*preprocessing: is missing"):
        Description.from_json(written)


def test_a_key_of_a_later_version_is_left_out():
    assert Description.from_json({**PLAIN.to_json(), "colour": "blue"}) == PLAIN


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("channels", ["C3"] * 129, "channels: expected 1 to 128 names"),
        ("channels", ["C3", ""], "channels: expected 1 to 128 names of 1 to 80"),
        ("sfreq", 10**400, "sfreq: expected a number from 1 to 1024"),
        ("sfreq", float("nan"), "sfreq: expected a number from 1 to 1024"),
        ("copies_eval", True, "copies_eval: expected a whole number from 1 to 1000"),
        ("trunk_options", {"n": [[10**400]]}, "trunk_options: expected numbers up to 4096"),
        ("trunk_options", {"n": {}}, "trunk_options: expected numbers up to 4096"),
        ("prior", [0.25] * 4, "prior: expected 5 shares"),
        ("prior", [0.0, 0.25, 0.25, 0.25, 0.25], "prior"),
        ("temperature", {"none": 0.001}, "temperature.none: expected a number from 0.01 to 100"),
        ("augmentation", {"name": "augnet"}, "ranges: is missing"),
        ("trained_on", {"n_windows": "many"}, "trained_on.n_windows: expected a whole number"),
        ("preprocessing", {"channels": ["C3"]}, "preprocessing: has other channels"),
        ("trunk", ["x" * 10_000], "trunk: expected text, got .{200,300}$"),
    ],
)
def test_a_value_out_of_bounds_is_named(key, value, message):
    with pytest.raises(ModelError, match=message):
        Description.from_json({**PLAIN.to_json(), key: value})


def test_a_recording_model_has_a_description_of_its_own(tmp_path):
    path = tmp_path / "m.safetensors"
    n = len(NAMES)
    network = RecordingNetwork(n_features=n, n_place=N_PLACE, n_hidden=8)
    description = RecordingDescription(
        n_hidden=8, n_networks=1, trained_on=TrainedOn("simulated", n_windows=70, n_recordings=2)
    )
    familiarity = Familiarity(np.zeros(n), np.ones(n), np.eye(n))
    save_recording_model(path, RecordingModel((network,), familiarity, description))
    assert sleepaug.load_model(path).description == description
    assert read_card(path).lines()[-1] == "trained on: 70 windows of 2 recordings (simulated data)"
    with pytest.raises(ModelError, match="stages whole recordings"):
        read_model(path)
    with pytest.raises(ModelError, match="a model of windows"):
        read_recording_model(find_model("spectral"))


@pytest.mark.parametrize("key", ["n_hidden", "n_networks"])
def test_a_recording_model_of_impossible_size_is_refused(key):
    for value in (0, 10**9, "3", None):
        values = {"kind": "recording", "n_hidden": 8, "n_networks": 1, key: value}
        with pytest.raises(ModelError, match=f"{key}: expected a whole number from 1"):
            RecordingDescription.from_json(values)
    del values[key]
    with pytest.raises(ModelError, match=f"{key}: is missing"):
        RecordingDescription.from_json(values)
