"""Adaptation: a model learns a laboratory's scoring, is checked on people left out, and is kept."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from command_line import run
from conftest import write_mass_night

from sleepaug.data.datasets.mass import mass
from sleepaug.experiments import adaptation
from sleepaug.experiments.adaptation import cross_validate, load_adaptable, part_way
from sleepaug.experiments.adaptation_check import Check
from sleepaug.experiments.laboratory import read_laboratory
from sleepaug.models.cards import read_card
from sleepaug.models.description import TrainedOn
from sleepaug.models.recording_model import save_recording_model
from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model
from sleepaug.training.recordings.fit import RecordingTraining, fit_recording_model
from sleepaug.training.recordings.nights import UNSCORED, read_nights
from sleepaug.training.recordings.variation import NOTHING


def made_model(nights, path, steps):
    """A small model that has met these nights for so many steps."""
    training = RecordingTraining(steps=steps, n_hidden=8, shares=(NOTHING,), learning_rate=0.01)
    model = fit_recording_model(read_nights(mass(nights)), training, TrainedOn("made-up"))
    save_recording_model(path, model)
    return path


@pytest.fixture(scope="module")
def beginner(nights, tmp_path_factory):
    return made_model(nights, tmp_path_factory.mktemp("models") / "beginner.safetensors", 3)


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    few = dataclasses.replace(adaptation.LEARNING_ON, steps=8, learning_rate=0.03)
    monkeypatch.setattr(adaptation, "LEARNING_ON", few)


@pytest.fixture
def lab(nights, beginner):
    settings = EvaluationSettings(data="mass", data_dir=nights)
    return read_laboratory(load_adaptable(beginner), settings)


def test_a_laboratory_is_its_scored_windows_in_their_places(lab, nights):
    assert lab.people == sorted(lab.nights) == [f"01-03-{k:04d}" for k in range(1, 6)]
    for k, name in enumerate(lab.people, 1):
        stages = [(i // 4 + k) % 5 for i in range(40)]
        np.testing.assert_array_equal(lab.nights[name].y, stages)
        rows, places = lab.of(name)
        np.testing.assert_array_equal(lab.nights[name].y[places], lab.windows.y[rows])


def test_what_cannot_be_staged_is_not_learned_from(tmp_path, beginner):
    """Flat windows have no stage in training, whatever the scoring says; flat channels go."""
    import edfio

    for number in (1, 2):
        path = write_mass_night(tmp_path, number)
        edf = edfio.read_edf(path)
        for k, signal in enumerate(edf.signals):
            data = signal.data.copy()
            data[: None if k == 3 else 6 * 30 * 64] = 0
            signal.update_data(data)
        edf.write(path)
    settings = EvaluationSettings(data="mass", data_dir=tmp_path)
    small = read_laboratory(load_adaptable(beginner), settings)
    for night in small.nights.values():
        assert (night.y[:5] == UNSCORED).all()
        assert (night.y[7:] != UNSCORED).all()
        assert night.x.shape[1] == len(night.places) == 5


def test_adapt_checks_writes_and_says_what_the_model_has_met(beginner, nights, tmp_path):
    out = tmp_path / "new" / "lab.safetensors"
    options = ("adapt", "--from", beginner, "--data", "mass", "--data-dir", nights, "-o", out)
    result = run(*options)
    assert "as it is" in result.stdout
    assert f"Next: sleepaug predict night.edf --model {out}" in result.stdout
    description = read_card(out).description
    assert description.started_from == "beginner"
    assert (description.trained_on.data, description.trained_on.n_windows) == ("mass", 200)
    evaluation = evaluate_model(out, EvaluationSettings(data="mass", data_dir=nights))
    before = evaluate_model(beginner, EvaluationSettings(data="mass", data_dir=nights))
    assert evaluation.scores["cohen_kappa"] > before.scores["cohen_kappa"] + 0.3
    assert any("trained on 5 of the 5 subjects" in text for text in evaluation.warnings)
    assert not before.warnings
    assert "already exists" in run(*options, code=2).output
    again = json.loads(run(*options, "--overwrite", "--json").stdout)
    assert again["helps"]
    assert again["before"]["cohen_kappa"] == pytest.approx(before.scores["cohen_kappa"])


def test_the_strength_is_that_of_the_highest_kappa(lab):
    right = np.eye(5)[lab.windows.y] * 0.9 + 0.02
    half = np.where((np.arange(len(right)) % 2 == 0)[:, None], right, 0.2)
    check = Check.of(lab, {0.25: half, 0.5: right, 1.0: np.full_like(right, 0.2)})
    assert (check.strength, check.after["cohen_kappa"]) == (0.5, 1.0)


def test_nobody_is_staged_by_what_was_learned_from_them(lab, beginner):
    """Another scoring of a person does not change their staging; one of the others does."""
    stager = load_adaptable(beginner)
    person, *others = lab.people

    def staged(changed):
        nights = {
            name: dataclasses.replace(night, y=(night.y + (name in changed)) % 5)
            for name, night in lab.nights.items()
        }
        check = cross_validate(stager, dataclasses.replace(lab, nights=nights))
        return check.after["nights"][person]

    as_scored = staged([])
    assert as_scored["accuracy"] > 0.5
    assert staged([person]) == as_scored
    assert staged(others)["accuracy"] < 0.5


def test_part_of_the_way_lies_on_the_line(nights, beginner, tmp_path):
    files = (beginner, made_model(nights, tmp_path / "other.safetensors", 5))
    old, new = (load_adaptable(file).model.networks for file in files)
    ways = [part_way(old, new, strength)[0] for strength in (0, 0.25, 1)]
    for name, first in dict(old[0].named_parameters()).items():
        start, quarter, end = (dict(way.named_parameters())[name] for way in ways)
        last = dict(new[0].named_parameters())[name]
        torch.testing.assert_close(start, first)
        torch.testing.assert_close(end, last)
        torch.testing.assert_close(quarter, 0.75 * first + 0.25 * last)
    assert not torch.equal(new[0].alone.weight, old[0].alone.weight)


def test_what_does_not_help_is_not_written(nights, tmp_path, monkeypatch):
    path = made_model(nights, tmp_path / "good.safetensors", 60)
    wild = dataclasses.replace(adaptation.LEARNING_ON, learning_rate=10.0)
    monkeypatch.setattr(adaptation, "LEARNING_ON", wild)
    out = tmp_path / "lab.safetensors"
    result = run("adapt", "--from", path, "--data", "mass", "--data-dir", nights, "-o", out, code=1)
    assert "Nothing was written" in result.output
    assert not out.exists()


def test_what_cannot_be_adapted_is_refused(tmp_path, beginner):
    out = tmp_path / "lab.safetensors"
    one = tmp_path / "one"
    write_mass_night(one, 1)
    mine = ("--data", "mass", "--data-dir", one, "-o", out)
    refused = run("adapt", "--from", beginner, *mine, code=1).output
    assert "W in 1, N1 in 1" in refused
    assert "fine-tuned by" in run("adapt", "--from", "spectral", *mine, code=2).output
    assert "name the dataset" in run("adapt", "--data-dir", one, "-o", out, code=2).output
    assert "sleepaug adapt" in run("train", "--from", "default", *mine[:-1], out, code=2).output
    folder = run("adapt", *mine[:-1], tmp_path, "--overwrite", code=2).output
    assert "is a directory" in folder
    short = tmp_path / "short"
    for number in (1, 2):
        write_mass_night(short, number, windows=39)
    mine = ("--data", "mass", "--data-dir", short, "-o", out)
    assert "has 40 epochs or more" in run("adapt", "--from", beginner, *mine, code=1).output
    assert not out.exists()
