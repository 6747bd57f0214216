"""Arrays and epochs of MNE as recordings: the same samples, or a message on what is wrong."""

import datetime

import mne
import numpy as np
import pytest

from sleepaug.data.files.open import open_recording
from sleepaug.data.recording import Recording, Scoring
from sleepaug.support.errors import ConfigError, RecordingError

RATE = 64.0
BEGINS = datetime.datetime(2021, 3, 2, 22, 30, tzinfo=datetime.UTC)
NAMES = {"sampling_rate": RATE, "channel_names": ["C3", "C4"]}
X = np.random.default_rng(0).normal(0, 2e-5, (2, round(RATE * 120)))


@pytest.fixture
def raw():
    """Two minutes; it begins in the middle of a recording, 5 s of it are bad, and C4 is."""
    whole = np.hstack([np.zeros((2, round(RATE * 10))), X])
    raw = mne.io.RawArray(whole, mne.create_info(["C3", "C4"], RATE, "eeg"), verbose="error")
    raw.set_meas_date(BEGINS).crop(10.0)
    raw.set_annotations(mne.Annotations([45.0], [5.0], ["BAD_moved"], orig_time=None))
    raw.info["bads"] = ["C4"]
    return raw


def cut(raw, **options):
    options = {"duration": 30.0, "reject_by_annotation": False, "verbose": "error", **options}
    return mne.make_fixed_length_epochs(raw, **options)


@pytest.mark.parametrize("unit", ["V", "mV", "uV", None])
def test_an_array_has_the_unit_that_was_stated(unit):
    factor = {"V": 1, "mV": 1e3, "uV": 1e6, None: 1}[unit]
    opened = open_recording(X * factor, unit=unit, **NAMES)
    np.testing.assert_allclose(opened.read(["C4", "C3"], 5, 90), X[::-1, 5:90] * 1e6, rtol=1e-6)
    assert (opened.rate("C3"), opened.seconds, opened.names) == (RATE, 120.0, ["C3", "C4"])


def test_windows_are_joined_in_their_order():
    windows = X.reshape(2, 4, -1).transpose(1, 0, 2)
    opened = open_recording(windows, **NAMES)
    np.testing.assert_array_equal(opened.raw.get_data(), X)


def test_missing_samples_stay_missing():
    masked = np.ma.masked_where(abs(X) > 3e-5, X)
    x = open_recording(masked, **NAMES).read(["C3", "C4"], 0, X.shape[1])
    np.testing.assert_array_equal(np.isnan(x), masked.mask)


def cut_around_events(raw):
    events = cut(raw).events.copy()
    events[:, 0] += round(2 * RATE)
    times = {"tmin": -2.0, "tmax": 28 - 1 / RATE}
    options = {"baseline": None, "reject_by_annotation": False, "verbose": "error"}
    return mne.Epochs(raw, events, **times, **options)


@pytest.mark.parametrize("make", [cut, lambda raw: cut(raw).load_data(), cut_around_events])
def test_epochs_are_the_recording_they_were_cut_from(raw, make):
    """With what was bad, and the time of day."""
    whole, parts = open_recording(raw), open_recording(make(raw))
    for name in ("C3", "C4"):
        x = parts.read([name], 0, X.shape[1])
        assert np.isnan(x).sum() == 5 * RATE
        np.testing.assert_array_equal(x, whole.read([name], 0, X.shape[1]))
    assert parts.problem("C4") == whole.problem("C4") == "marked as bad"
    expected = BEGINS.replace(tzinfo=None) + datetime.timedelta(seconds=10)
    assert whole.begins == parts.begins == expected


def test_a_part_of_the_epochs_begins_later(raw):
    later = open_recording(cut(raw)[1:3]).begins - open_recording(raw).begins
    assert later == datetime.timedelta(seconds=30)


def test_epochs_may_be_resampled_and_need_no_events(raw):
    resampled = cut(raw).load_data().resample(32.0, verbose="error")
    assert open_recording(resampled).seconds == 120.0
    plain = mne.EpochsArray(cut(raw).get_data(), raw.info, verbose="error")
    np.testing.assert_array_equal(open_recording(plain).raw.get_data(), X)


def test_a_baseline_is_noted(raw):
    events = cut(raw).events
    options = {"tmin": 0, "tmax": 30 - 1 / RATE, "verbose": "error"}
    epochs = mne.Epochs(raw, events, baseline=(None, None), reject_by_annotation=False, **options)
    assert "A baseline was subtracted" in open_recording(epochs).notes[0]
    assert open_recording(cut(raw)).notes == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e[::2], r"Epoch 1 begins 60 s after epoch 0.*Dropped epochs: 2"),
        (lambda e: e[[1, 0]], r"Epoch 1 begins -30 s after epoch 0"),
        (lambda e: e[[]], r"all were dropped"),
    ],
)
def test_epochs_that_do_not_follow_each_other_are_refused(raw, change, message):
    with pytest.raises(RecordingError, match=message):
        open_recording(change(cut(raw)))


def test_epochs_of_another_length_are_refused(raw):
    with pytest.raises(RecordingError, match=r"6 windows of 1280 samples at 64 Hz last 20 s each"):
        open_recording(cut(raw, duration=20.0))
    with pytest.raises(RecordingError, match=r"Epoch 1 begins 15 s after"):
        open_recording(cut(raw, overlap=15.0))
    with pytest.raises(RecordingError, match=r"60 s after epoch 0.*reject_by_annotation=False"):
        open_recording(cut(raw, reject_by_annotation=True))
    events = cut(raw).events[:-1]
    with pytest.raises(RecordingError, match=r"one too many: make them with tmax=30 - 1/rate"):
        open_recording(mne.Epochs(raw, events, tmin=0, tmax=30, baseline=None, verbose="error"))


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (X, {"sampling_rate": None}, TypeError, r"\(2, 7680\) does not say.*sampling_rate=HZ"),
        (X, {"channel_names": None}, TypeError, r"channel_names=\[...\]"),
        (X * 1j, {}, TypeError, "holds complex128"),
        (np.array(["a.edf"]), {}, TypeError, "Several paths are a list"),
        (X[0], {}, RecordingError, r"Allowed: \(channels, samples\)"),
        (X[:, :0], {}, RecordingError, r"\(2, 0\) is no recording"),
        (X[None, :, :500], {}, RecordingError, r"1 windows of 500 samples .* 30 s \(1920 samples"),
        (X.T, {}, ConfigError, r"2 for 7680 channels.*Then pass x\.T"),
        (X[:1], {}, ConfigError, r"2 for 1 channels"),
        (X, {"channel_names": ["C3", "C3"]}, ConfigError, "expected different names"),
        (X, {"sampling_rate": "64"}, ConfigError, "sampling_rate: expected a number of Hz"),
        (X, {"sampling_rate": np.nan}, ConfigError, "sampling_rate: expected a number of Hz"),
        (X, {"unit": "uv"}, ConfigError, "unit: expected V, mV, uV, µV, got 'uv'"),
    ],
)
def test_what_an_array_lacks_is_said(x, options, error, message):
    with pytest.raises(error, match=message):
        open_recording(x, **{**NAMES, **options})


def test_what_has_a_rate_takes_no_other(raw):
    with pytest.raises(ConfigError, match=r"sampling_rate: for arrays only; a RawArray has its"):
        open_recording(raw, sampling_rate=RATE)
    assert open_recording(open_recording(raw)).raw is raw


@pytest.mark.parametrize("source", [None, {}, 3.0, iter(())])
def test_what_is_no_recording_says_what_to_pass(source):
    with pytest.raises(TypeError, match=rf"an mne\.io\.Raw.*numpy.*{type(source).__name__}"):
        open_recording(source)


def test_a_night_of_a_dataset_is_its_file(raw, tmp_path):
    path = tmp_path / "night_raw.fif"
    raw.save(path, verbose="error")
    night = Recording("night", "anna", (path,), lambda files: Scoring((), (), ()))
    assert open_recording(night).path == path
