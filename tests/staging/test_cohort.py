"""Cohorts: resumed where they were, mirrored, listed; nothing a person made is replaced."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import run
from edf_files import write_edf
from model_file import CHANNELS

from sleepaug.staging.cohort import stage_nights
from sleepaug.staging.nights import NightFile, find_nights
from sleepaug.staging.prediction import PredictionSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(nights, tmp_path):
    """Two nights of one name in two folders."""
    night = next(nights.glob("*PSG.edf"))
    for person in ("a", "b"):
        (tmp_path / "study" / person).mkdir(parents=True)
        shutil.copy(night, tmp_path / "study" / person / "psg.edf")
    return tmp_path / "study"


def predict(study, *more, code=0):
    where = ("-o", study.parent / "o", "--to=csv")
    return run("predict", study, *where, *more, code=code)


def written(study):
    """When each result was written, by its name."""
    files = (study.parent / "o").rglob("*.hypnogram.csv")
    return {f"{file.parent.name}/{file.name}": file.stat().st_mtime_ns for file in files}


def test_a_done_night_is_passed_over_an_added_and_a_changed_one_are_staged(installed, study):
    predict(study)
    first = written(study)
    assert set(first) == {"a/psg.hypnogram.csv", "b/psg.hypnogram.csv"}
    (study / "c").mkdir()
    shutil.copy(study / "a" / "psg.edf", study / "c")
    assert "2 of 3 nights were staged before" in predict(study).stderr
    second = written(study)
    assert first.items() <= second.items()
    assert len(second) == 3
    with (study / "b" / "psg.edf").open("r+b") as file:
        file.seek(8)
        file.write(b"another person")
    predict(study)
    third = written(study)
    assert {name for name in third if third[name] != second[name]} == {"b/psg.hypnogram.csv"}
    table = pd.read_csv(study.parent / "o" / "summary.csv")
    assert table["file"].tolist() == [str(study / name / "psg.edf") for name in "abc"]
    assert (table["epochs"] == 40).all()


def test_results_of_another_recording_of_that_name_stay(installed, study):
    output = study.parent / "o"
    run("predict", study / "a" / "psg.edf", "-o", output, "--to=csv")
    before = {file: file.read_bytes() for file in output.iterdir()}
    other = study / "b" / "psg.edf"
    with other.open("r+b") as file:
        file.seek(8)
        file.write(b"another person")
    refused = run("predict", other, "-o", output, "--to=csv", code=2)
    assert f"holds the results of another recording, {study / 'a' / 'psg.edf'}" in refused.stderr
    assert {file: file.read_bytes() for file in output.iterdir()} == before
    (study / "a").rename(study / "moved")  # the same recording in another place
    moved = study / "moved" / "psg.edf"
    run("predict", moved, "-o", output, "--to=csv", "--context=none")
    run("predict", other, "-o", output, "--to=csv", "--overwrite")
    assert str(other) in (output / "psg.summary.json").read_text()


def test_a_recording_is_known_wherever_it_is_named_from(installed, study, monkeypatch):
    monkeypatch.chdir(study / "a")
    run("predict", "psg.edf", "-o", "../../o", "--to=csv")
    shutil.copyfile("psg.edf", study / "copy.edf")  # without the time of change
    other = study / "b" / "psg.edf"
    with other.open("r+b") as file:
        file.seek(8)
        file.write(b"another person")
    monkeypatch.chdir(study / "b")
    assert (
        "of another recording"
        in run("predict", "psg.edf", "-o", "../../o", "--to=csv", code=2).stderr
    )
    monkeypatch.chdir(study)
    (study / "c").mkdir()
    (study / "copy.edf").rename(study / "c" / "psg.edf")
    run("predict", "c/psg.edf", "-o", "../o", "--to=csv")


def test_nights_without_a_staged_epoch_are_not_counted_as_staged(installed, tmp_path):
    for name in ("a", "b"):
        flat = dict.fromkeys(CHANNELS, np.zeros(60000))
        write_edf(tmp_path / "flat" / f"{name}.edf", flat, seconds=600)
    result = run("predict", tmp_path / "flat", "-o", tmp_path / "o", "--to=csv", code=3)
    assert "0 of 2 nights staged" in result.stderr


@pytest.mark.parametrize("more", [["--context=none"], ["--exclude=EEG O2-CLE"], ["--defer=10%"]])
def test_other_settings_stage_anew_and_the_same_do_not(installed, study, more):
    predict(study)
    before = written(study)
    assert all(time > before[name] for name, time in predict_and_look(study, *more).items())
    before = written(study)
    assert predict_and_look(study, *more) == before


def predict_and_look(study, *more):
    predict(study, *more)
    return written(study)


def test_another_model_stages_anew(installed, study, tmp_path):
    from model_file import write_model

    predict(study)
    before = written(study)
    other = write_model(tmp_path / "other.safetensors", temperature={"none": 1.0})
    after = predict_and_look(study, "--model", other)
    assert all(time > before[name] for name, time in after.items())


def test_files_of_earlier_settings_do_not_stay_beside_the_new_ones(installed, study):
    predict(study, "--to=csv,edf")
    predict(study, "--to=csv,bids", "--context=none")
    names = {file.name for file in (study.parent / "o" / "a").iterdir()}
    assert names == {
        *("psg.hypnogram.csv", "psg_events.tsv", "psg_events.json", "psg.summary.json"),
    }


def test_what_a_person_changed_is_not_replaced(installed, study):
    predict(study)
    table = study.parent / "o" / "a" / "psg.hypnogram.csv"
    mine = pd.read_csv(table).assign(stage="R").to_csv(index=False)
    table.write_text(mine)
    predict(study)  # nothing is to be done
    refused = predict(study, "--context=none", code=2)
    assert "already exists" in refused.output
    assert table.read_text() == mine
    predict(study, "--context=none", "--overwrite")
    assert table.read_text() != mine


def test_a_list_names_nights_relative_to_itself(installed, study, tmp_path):
    listed = study / "nights.txt"
    listed.write_text("# first visit\n\nb/psg.edf\n")
    run("predict", "--from-list", listed, "-o", tmp_path / "o", "--to=csv")
    assert set(written(study)) == {"b/psg.hypnogram.csv"}
    before = written(study)
    listed.write_text("a/psg.edf\nb/psg.edf\nabsent.edf\n")
    result = run("predict", "--from-list", listed, "-o", tmp_path / "o", "--to=csv", code=1)
    assert "absent.edf: no such file" in result.stderr
    assert "2 of 3 nights staged" in result.stderr
    assert before.items() <= written(study).items()
    listed.write_text("# nothing\n")
    refused = run("predict", "--from-list", listed, code=2)
    assert "names no recording" in refused.output
    assert "--from-list" in run("predict", "--from-list", tmp_path / "none", code=2).output
    assert "--from-list FILE" in run("predict", code=2).output


def test_notes_that_nights_share_are_said_once(installed, study):
    out = predict(study).stdout
    assert out.count("EEG C3-CLE, as recorded") == 1
    assert "2 nights: C3: EEG C3-CLE, as recorded" in out


def test_equal_folders_keep_their_names(study):
    nights = find_nights([study / "a", study / "b"])
    assert [night.folder for night in nights] == [Path("a"), Path("b")]
    assert [night.folder for night in find_nights([study / "a"])] == [Path()]


def test_a_killed_run_is_known_and_its_leftovers_go(shipped, study, monkeypatch):
    """Where writing stops in the middle, the next call writes the night again, and cleans up."""
    from sleepaug.staging import prediction

    night = [NightFile(study / "a" / "psg.edf")]
    settings = PredictionSettings(study.parent / "o", forms=["csv", "edf"])

    class Killed(BaseException):
        pass

    def kill(*_):
        part = settings.output / ".psg.hypnogram.0123456789ab.part.csv"
        part.write_text("half")
        raise Killed

    model = shipped / "default.safetensors"
    monkeypatch.setattr(prediction, "write_json", kill)
    with pytest.raises(Killed):
        list(stage_nights(model, night, settings))
    assert (settings.output / "psg.hypnogram.csv").exists()
    assert not (settings.output / "psg.summary.json").exists()
    monkeypatch.undo()
    (result,) = stage_nights(model, night, settings)
    assert not result.before
    names = {file.name for file in settings.output.iterdir()}
    assert names == {"psg.hypnogram.csv", "psg.hypnogram.edf", "psg.summary.json"}
    (again,) = stage_nights(model, night, settings)
    assert again.before
    assert again.summary["stages"] == result.summary["stages"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_random_ten_times_nothing_is_lost_or_doubled(nights, tmp_path):
    study, output = tmp_path / "study", tmp_path / "o"
    night = next(nights.glob("*PSG.edf"))
    for number in range(60):
        folder = study / f"group{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(night, folder / f"night{number}.edf")
    model = ("--model", "spectral")
    command = [sys.executable, "-m", "sleepaug", "predict", study, *model, "-o", output]
    where = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    rng = random.Random(0)
    n_done = []
    for _ in range(10):
        process = subprocess.Popen(
            [*command, "--jobs", "2"],
            **where,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(rng.uniform(4, 9))
        os.killpg(process.pid, 9)
        process.wait()
        n_done.append(len(list(output.rglob("*.summary.json"))))
    assert n_done[2] < 60, "the nights were too few to be killed in"
    finished = subprocess.run([*command, "--jobs", "2"], **where, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert "60 of 60 nights staged" in finished.stderr
    clean = tmp_path / "clean"
    subprocess.run([*command[:-1], clean], **where, check=True, capture_output=True)

    def files(folder):
        return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}

    assert files(output) == files(clean)
    for name in files(clean):
        if name.endswith(".csv"):
            assert (output / name).read_text() == (clean / name).read_text()
    table = pd.read_csv(output / "summary.csv")
    assert table["file"].is_unique
    assert len(table) == 60
    for path in output.rglob("*.summary.json"):
        assert json.loads(path.read_text())["epochs"] == 40
