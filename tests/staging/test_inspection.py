"""Inspection of a recording: its faults are reported, and no others."""

import datetime
import json

import edfio
import numpy as np
import pytest
from click.testing import CliRunner

import sleepaug
from sleepaug.cli import main
from sleepaug.staging.channel_inspection import role_of
from sleepaug.staging.inspected_channels import EpochList
from sleepaug.staging.inspection import AnnotationCount, inspect_recording

SFREQ = 200


def eeg(seed, n=10 * 30 * SFREQ, sd=30.0):
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    x = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), n)
    return sd * x / x.std()


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Ten epochs; C3 is fine, C4 flat in two, O1 clipped in one, O2 in the wrong unit, F3 hums."""
    c4, o1 = eeg(1), eeg(2)
    c4[3 * 30 * SFREQ : 5 * 30 * SFREQ] = 7
    o1[30 * SFREQ : 60 * SFREQ] = np.clip(30 * o1[30 * SFREQ : 60 * SFREQ], -590, 590)
    hum = 40 * np.sqrt(2) * np.sin(2 * np.pi * 60 * np.arange(10 * 30 * SFREQ) / SFREQ)
    made = {
        "EEG C3-A2": (eeg(0), "uV"), "EEG C4-A1": (c4, "uV"), "EEG O1-A2": (o1, "uV"),
        "EEG O2-A1": (eeg(3), "mV"), "EEG F3-A2": (eeg(4) + hum, "uV"), "EEG F4-A1": (eeg(5), ""),
        "EMG chin": (eeg(6), "uV"), "Temp": (eeg(7), "degC"),
    }  # fmt: skip
    signals = [
        edfio.EdfSignal(x, SFREQ, label=name, physical_dimension=unit, physical_range=(-600, 600))
        for name, (x, unit) in made.items()
    ]
    notes = [edfio.EdfAnnotation(30 * k, 30, "Sleep stage 2") for k in range(3)]
    notes.append(edfio.EdfAnnotation(12, None, "<b>lights\x1b[31m"))
    path = tmp_path_factory.mktemp("inspect") / "n.edf"
    edfio.Edf(
        signals,
        annotations=notes,
        recording=edfio.Recording(startdate=datetime.date(2021, 3, 4)),
        starttime=datetime.time(23, 15),
    ).write(path)
    return path


@pytest.fixture(scope="module")
def inspection(night):
    return inspect_recording(night)


def channel(inspection, name):
    return next(one for one in inspection.channels if one.name == name)


def test_header_and_annotations(inspection):
    assert inspection.start == "2021-03-04T23:15:00"
    assert inspection.hours == pytest.approx(300 / 3600, abs=1e-4)
    stage, other = inspection.annotations
    assert stage == AnnotationCount("Sleep stage 2", 3, True)
    assert other.stage is False
    assert "\x1b" not in other.text


def test_a_good_channel(inspection):
    c3 = channel(inspection, "EEG C3-A2")
    assert (c3.role, c3.sure, c3.electrode, c3.reference) == ("eeg", "sure", "C3", "A2")
    assert c3.rate == SFREQ
    assert c3.problem == ""
    good = c3.quality
    assert good.amplitude == pytest.approx(30, rel=0.2)
    assert [one.n for one in (good.flat, good.clipped, good.disconnected, good.missing)] == [0] * 4
    assert good.line_noise["60 Hz"] < 1


def test_channels_of_another_kind(inspection):
    assert channel(inspection, "EMG chin").role == "emg"
    assert channel(inspection, "Temp").quality is None


def test_bad_epochs_are_listed(inspection):
    assert channel(inspection, "EEG C4-A1").quality.flat == EpochList(2, "4-5")
    assert channel(inspection, "EEG O1-A2").quality.clipped == EpochList(1, "2")


def test_hum_is_measured_at_its_frequency(inspection):
    hum = channel(inspection, "EEG F3-A2").quality.line_noise
    assert hum["60 Hz"] == pytest.approx(40, rel=0.02)
    assert hum["50 Hz"] < 2


def test_a_wrong_unit_is_suspected(inspection):
    assert "say mV where uV is meant" in channel(inspection, "EEG O2-A1").problem
    no_unit = channel(inspection, "EEG F4-A1").problem
    assert "no unit" in no_unit
    assert "could be uV (30 uV)" in no_unit


def test_the_text_holds_it_all(inspection):
    text = inspection.text()
    for words in ("2021-03-04T23:15:00", "flat: 2 epochs (4-5)", "60 Hz hum: 40 uV", "(a stage)"):
        assert words in text
    assert "\x1b" not in text


def test_it_says_what_the_model_makes_of_it_and_how_surely(inspection, night):
    """As `predict` does."""
    hypnogram = sleepaug.load_model("default").predict(night)
    use = inspection.model
    assert sum(use.stages.values()) == len(hypnogram) == 10
    assert use.stages["?"] == int((~hypnogram.scored).sum())
    if hypnogram.scored.any():
        assert use.certainty == pytest.approx(
            hypnogram.confidence[hypnogram.scored].mean(), abs=1e-3
        )
    assert f"It stages {10 - use.stages['?']} of 10 epochs" in inspection.text()
    assert "Left out: 'EEG F4-A1' (there is no unit" in inspection.text()
    assert inspection.to_json()["model"]["stages"] == use.stages


def test_stages_among_its_own_annotations_are_its_scoring(inspection):
    assert inspection.scoring.file == "in its own annotations"
    assert inspection.scoring.epochs["N2"] == 3
    assert "Warning: the recording lasts 300 s" in inspection.text()


def test_numbers_in_the_scoring_are_explained_or_asked_for(night, tmp_path):
    copy = tmp_path / "m.edf"
    copy.write_bytes(night.read_bytes())
    (tmp_path / "m.txt").write_text("0 1 2 3 4 2 2 2 0 0")
    asked = CliRunner().invoke(main, ["inspect", str(copy)], catch_exceptions=False)
    assert "can be read in several ways" in asked.stdout
    result = CliRunner().invoke(
        main, ["inspect", str(copy), "--codes=yasa"], catch_exceptions=False
    )
    assert "W 3, N1 1, N2 4, N3 1, R 1 epochs, from 0 to 300 s" in result.stdout
    assert "Numbers were read as 0=W, 1=N1, 2=N2, 3=N3, 4=R." in result.stdout


def test_json_has_what_was_looked_at_and_no_more(inspection):
    values = {one["name"]: one for one in inspection.to_json()["channels"]}
    assert values["EEG C4-A1"]["flat"] == {"n": 2, "epochs": "4-5"}
    assert "problem" not in values["EEG C4-A1"]
    assert "amplitude" not in values["Temp"]
    assert "problem" in values["EEG O2-A1"]


def test_the_command_speaks_json(night):
    result = CliRunner().invoke(main, ["inspect", str(night), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["file"] == str(night)
    missing = CliRunner().invoke(main, ["inspect", str(night) + "x"])
    assert missing.exit_code == 1


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("EEG C3-A2", ("eeg", "sure")),
        ("c3", ("eeg", "likely")),
        ("EEG 4", ("eeg", "unsure")),
        ("EOG left", ("eog", "likely")),
        ("ECG", ("ecg", "likely")),
        ("Thor", ("respiration", "likely")),
        ("Snore1", ("respiration", "likely")),
        ("E1_M2", ("eog", "likely")),
        ("RLEG", ("emg", "likely")),
        ("Light", ("unknown", "")),
        ("Pulse1", ("unknown", "")),
        ("Block", ("unknown", "")),
    ],
)
def test_roles(name, role):
    assert role_of(name) == role
