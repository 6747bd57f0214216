"""The model of the library YASA: the same probabilities as the library's own road gives."""

import re
import sys

import edfio
import numpy as np
import pytest
from command_line import run

import sleepaug
from sleepaug.simulation.night import simulate_night
from sleepaug.support.errors import ModelError, RecordingError


def test_without_the_library_one_line_says_how_to_get_it(night, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yasa", None)
    for model in ("yasa", "spectral,yasa"):
        refused = run("predict", night, "--model", model, "-o", tmp_path / "o", code=2)
        assert "pip install 'sleepaug[yasa]'" in refused.output
        assert len(refused.output.strip().splitlines()) == 1
    assert not (tmp_path / "o").exists()


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("yasa")


@pytest.fixture(scope="module")
def raw():
    """Half an hour at 100 Hz, two EEG channels, eyes and chin, whose names MNE knows."""
    names = ["C4-M1", "O1-M2", "EOG horizontal", "Chin1"]
    return simulate_night(3, hours=0.5, ch_names=names, sfreq=100.0)


def by_library(library, raw, eeg, eog=None, emg=None):
    staged = library.SleepStaging(raw, eeg_name=eeg, eog_name=eog, emg_name=emg).predict()
    return staged.proba[["WAKE", "N1", "N2", "N3", "REM"]].to_numpy()


def test_each_eeg_channel_votes_with_eyes_and_chin(library, raw):
    night = sleepaug.load_model("yasa").predict(raw)
    assert night.scored.all()
    expected = [by_library(library, raw, eeg, *raw.ch_names[2:]) for eeg in raw.ch_names[:2]]
    difference = np.abs(night.probabilities - np.mean(expected, axis=0))
    assert np.median(difference) < 0.02  # 40 Hz are cut off before YASA's filter
    assert (night.stages == np.array(["W", "N1", "N2", "N3", "R"])[
        np.mean(expected, axis=0).argmax(axis=1)
    ]).mean() > 0.95  # fmt: skip
    assert len(night.made.channels) == 4
    (source,) = night.made.models
    assert source.name == f"yasa {library.__version__}"


def test_a_faulty_channel_has_no_vote_and_faulty_eyes_are_left_out(library, raw):
    broken = raw.copy()
    broken._data[1, : 20 * 3000] = 0  # most of O1, and all of the eyes
    broken._data[2] = 0
    night = sleepaug.load_model("yasa").predict(broken)
    alone = by_library(library, raw, raw.ch_names[0], None, raw.ch_names[3])
    difference = np.abs(night.probabilities[:20] - alone[:20])
    assert np.median(difference) < 0.02
    names = [re.split("[:,]", text)[0] for text in night.made.channels]
    assert names == ["C4-M1", "O1-M2", "EMG Chin1"]


def test_short_and_slow_recordings(library, raw, tmp_path):
    with pytest.raises(RecordingError, match=r"has 9 epochs of 30 s; yasa needs 10"):
        sleepaug.load_model("yasa").predict(raw.copy().crop(0, 299.0))
    with pytest.raises(ModelError, match="always looks at the epochs around"):
        sleepaug.load_model("yasa").predict(raw, context="none")
    slow = edfio.EdfSignal(raw.get_data([0])[0, ::2] * 1e6, 50, label="C4-M1",
                           physical_dimension="uV", physical_range=(-800, 800))  # fmt: skip
    edfio.Edf([slow]).write(tmp_path / "slow.edf")
    night = sleepaug.load_model("yasa").predict(tmp_path / "slow.edf")
    assert "Warning: the EEG is sampled at 50 Hz; yasa was made for 80 Hz or more." in night.notes


def test_two_opinions(library, raw):
    each = [sleepaug.load_model(name).predict(raw) for name in ("spectral", "yasa")]
    both = sleepaug.load_model("spectral,yasa").predict(raw)
    mean = (each[0].probabilities + each[1].probabilities) / 2
    np.testing.assert_allclose(both.probabilities, mean)
