"""Recordings in, files out: folders, processes, times of lights, and what is refused."""

import json
import shutil

import edfio
import numpy as np
import pytest
from command_line import run

from sleepaug.staging.cohort import stage_nights
from sleepaug.staging.nights import NightFile, find_nights
from sleepaug.staging.prediction import PredictionSettings
from sleepaug.support.errors import ConfigError


def test_a_night_with_nothing_to_score_ends_in_3_and_is_written(installed, tmp_path):
    dead = edfio.EdfSignal(np.full(6000, 5.0), 100, label="C3", physical_dimension="uV",
                           physical_range=(-500, 500))  # fmt: skip
    edfio.Edf([dead]).write(tmp_path / "dead.edf")
    forms = "--to=csv,edf,bids,png,svg,html,json"
    result = run("predict", tmp_path / "dead.edf", "-o", tmp_path / "o", forms, code=3)
    assert "2 not scored (C3: flat: 2)" in result.stdout
    table = (tmp_path / "o" / "dead.hypnogram.csv").read_text().splitlines()
    assert table[1].split(",")[4] == "?"
    assert len(list((tmp_path / "o").iterdir())) == 8


@pytest.fixture
def folder(nights, tmp_path):
    """Two nights, their scorings, and a damaged recording."""
    folder = tmp_path / "in"
    folder.mkdir()
    for file in sorted(nights.glob("*.edf"))[:4]:
        shutil.copy(file, folder)
    (folder / "bad.edf").write_bytes(b"0       ")
    return folder


def test_a_folder_gives_a_summary_of_each_night_and_the_error_of_the_bad_one(
    shipped, folder, tmp_path
):
    model = shipped / "default.safetensors"
    args = ("predict", folder, "--model", model, "-o", tmp_path / "o", "--to=csv", "--defer=10%")
    result = run(*args, "--json", code=1)
    first, second, bad = json.loads(result.stdout)
    assert "error" not in first
    assert "error" not in second
    assert "truncated" in bad["error"]
    assert len(first["look_first"]) == 4
    assert len((tmp_path / "o" / "summary.csv").read_text().splitlines()) == 4
    assert "2 of 3 nights staged" in result.stderr
    again = run(*args, "--json", code=1)
    assert json.loads(again.stdout) == [first, second, bad]
    assert "2 of 3 nights were staged before" in again.stderr


def test_several_processes_give_what_one_gives(shipped, folder, tmp_path):
    tables = []
    for jobs in (1, 2):
        settings = PredictionSettings(tmp_path / str(jobs), forms=["csv"])
        nights = find_nights([folder])
        results = list(stage_nights(shipped / "default.safetensors", nights, settings, jobs=jobs))
        assert [result.path for result in results] == [night.path for night in nights]
        assert [bool(result.error) for result in results] == [False, False, True]
        files = [f for result in results for f in result.files if f.suffix == ".csv"]
        tables.append(
            [np.loadtxt(f, delimiter=",", skiprows=1, usecols=range(6, 11)) for f in files]
        )
    np.testing.assert_allclose(*tables, atol=1e-3)  # one thread or several


@pytest.mark.parametrize(
    ("more", "message", "parameters"),
    [
        ({"forms": ["doc"]}, "called 'doc'. Allowed: csv", ("forms",)),
        ({"lights_on": "soon"}, "'soon' is not a time", ("lights_on",)),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_written(
    shipped, night, tmp_path, more, message, parameters
):
    settings = PredictionSettings(tmp_path / "o", **more)
    with pytest.raises(ConfigError, match=message) as refused:
        stage_nights(shipped / "default.safetensors", [NightFile(night)], settings)
    assert refused.value.parameters == parameters
    assert not (tmp_path / "o").exists()


def test_lights_and_context_are_options(installed, night, tmp_path):
    lights = ("--lights-off=22:35", "--lights-on=900")
    result = run("predict", night, "-o", tmp_path / "o", *lights, "--to=json", "--context=none")
    summary = json.loads((tmp_path / "o" / f"{night.stem}.summary.json").read_text())
    assert summary["statistics"]["TIB"] == 10
    assert summary["statistics_are"] == "from lights off to lights on"
    assert "Neighbouring" not in result.stdout


@pytest.mark.parametrize(
    "options",
    [
        ["--lights-off=x"],
        ["--defer=200%"],
        ["--to=doc"],
        ["--lights-off=9", "--lights-on=3"],
        ["--to="],
        ["--to=csv,,png"],
    ],
)
def test_options_that_cannot_be_are_refused(installed, night, tmp_path, options):
    refused = run("predict", night, "-o", tmp_path / "o", *options, code=2)
    assert options[0].partition("=")[0] in refused.output


@pytest.mark.parametrize(
    ("lights", "message"),
    [
        (["--lights-off=23:00", "--lights-on=22:35"], "is not after"),
        (["--lights-off=99999"], "the recording has ended by then"),
    ],
)
def test_lights_that_do_not_fit_a_night_are_its_error(installed, night, tmp_path, lights, message):
    refused = run("predict", night, "-o", tmp_path / "o", *lights, code=1)
    assert message in refused.output
    assert "--lights-off" in refused.output
    assert not (tmp_path / "o").exists()


def test_a_time_of_day_is_an_error_of_the_undated_night_alone(installed, night, tmp_path):
    undated = bytearray(night.read_bytes())
    undated[168:176] = b"no date "
    nights = tmp_path / "nights"
    nights.mkdir()
    (nights / "a.edf").write_bytes(undated)
    shutil.copy(night, nights / "b.edf")
    result = run("predict", nights, "-o", tmp_path / "o", "--lights-off=22:35", "--to=csv", code=1)
    assert "does not say at what time it starts" in result.output
    assert "1 of 2 nights staged" in result.output
    assert [file.name for file in (tmp_path / "o").glob("*.hypnogram.csv")] == ["b.hypnogram.csv"]


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect"])
def test_a_map_of_a_channel_the_model_lacks_is_refused_by_all(installed, night, tmp_path, command):
    about = {
        "predict": ("predict", night, "-o", tmp_path / "o"),
        "evaluate": ("evaluate", "default", "--data=mass", f"--data-dir={night.parent}"),
        "inspect": ("inspect", night),
    }[command]
    refused = run(*about, "--map=Q9=foo", code=2)
    assert "map.Q9: no such channel is asked for" in refused.output
