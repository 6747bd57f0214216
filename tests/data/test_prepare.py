"""Cutting, scaling, dropping and joining of windows."""

import dataclasses
import datetime
import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mne
import numpy as np
import pytest

from sleepaug.data.braindecode import from_braindecode, to_braindecode
from sleepaug.data.files.raw import load_raw
from sleepaug.data.prepare import prepare
from sleepaug.data.recording import Recording, Scoring
from sleepaug.data.signals.night import night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import ConfigError, RecordingError

C3 = Preprocessing(("C3",))
Write = Callable[..., Path]


def scored(path: Path, *stages: tuple[float, float, str], subject: str = "anna") -> Recording:
    """A recording with this scoring."""
    return Recording(path.stem, subject, (path,), partial(_scoring, stages))


def _scoring(stages: list[tuple[float, float, str]], files: tuple[Path, ...]) -> Scoring:
    onset, duration, stage = zip(*stages, strict=True) if stages else ((), (), ())
    return Scoring(onset, duration, stage)


@pytest.fixture
def night(tmp_path: Path, write_edf: Write) -> Path:
    """Three hours of C3 at 50 Hz, whose values need no filter at 50 Hz."""
    return write_edf(tmp_path / "night.edf", ["C3"], sfreq=50, seconds=10800)


RAW = Preprocessing(("C3",), lowpass=None, sfreq=50, normalize="none", crop_wake=None)


def test_windows_are_cut_at_onsets(night: Path, tmp_path: Path) -> None:
    recording = scored(night, (2, 60, "W"), (62, 30, "N3"), (150.5, 90, "R"))
    windows = prepare([recording], RAW, cache_dir=tmp_path)
    assert windows.onset.tolist() == [2, 32, 62, 150.5, 180.5, 210.5]
    assert windows.y.tolist() == [0, 0, 3, 4, 4, 4]
    assert set(windows.recording) == {"night"}
    assert set(windows.subject) == {"anna"}
    assert (windows.sfreq, windows.ch_names) == (50, ("C3",))
    expected = mne.io.read_raw_edf(night, verbose="error").get_data()[0] * 1e6
    for x, onset in zip(windows.x, windows.onset, strict=True):
        start = round(onset * 50)
        np.testing.assert_allclose(x[0], expected[start : start + 1500], atol=1e-2)


def test_z_score_of_every_window_and_channel(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["C3", "C4"], seconds=120)
    recording = scored(path, (0, 120, "N2"))
    settings = Preprocessing(("C3", "C4"))
    x = prepare([recording], settings, cache_dir=tmp_path).x
    np.testing.assert_allclose(x.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=-1), 1, atol=1e-5)
    plain = prepare(
        [recording], dataclasses.replace(settings, normalize="none"), cache_dir=tmp_path
    ).x.astype(float)
    expected = (plain - plain.mean(-1, keepdims=True)) / plain.std(-1, keepdims=True)
    np.testing.assert_allclose(x, expected, atol=1e-4)


def test_wake_is_cropped_around_sleep(night: Path, tmp_path: Path) -> None:
    # sleep from 3600 to 7200 s; kept is 30 minutes before and after, the last window whole
    recording = scored(night, (0, 3600, "W"), (3600, 3600, "N2"), (7200, 3600, "W"))
    for minutes, first, last, n in [(30, 1800, 7170 + 1800, 240), (0, 3600, 7170, 120)]:
        settings = dataclasses.replace(RAW, crop_wake=minutes)
        windows = prepare([recording], settings, cache_dir=tmp_path)
        assert (windows.onset[0], windows.onset[-1], len(windows)) == (first, last, n)
        assert f"Dropped: {360 - n} wake windows far from sleep." in windows.notes["night"]
    assert len(prepare([recording], RAW, cache_dir=tmp_path)) == 360


def test_a_night_without_sleep_is_not_cropped(night: Path, tmp_path: Path) -> None:
    settings = dataclasses.replace(RAW, crop_wake=30)
    assert len(prepare([scored(night, (0, 10800, "W"))], settings, cache_dir=tmp_path)) == 360


def test_what_is_dropped_is_counted(night: Path, tmp_path: Path) -> None:
    recording = scored(
        *(night, (-60, 75, "W"), (30, 30, "N1"), (60, 20, "N1"), (80, 50, "N2"), (200, 90, "?")),
        *((10740, 30, "R"), (10785, 60, "R")),
    )
    windows = prepare([recording], RAW, cache_dir=tmp_path)
    assert windows.onset.tolist() == [30, 80, 10740]
    assert [note for note in windows.notes["night"] if note.startswith("Dropped")] == [
        "Dropped: 3 shorter than 30 s.",
        "Dropped: 4 scored windows outside the recording.",
        "Dropped: 3 epochs scored unknown.",
    ]


def test_unknown_may_count_as_wake(night: Path, tmp_path: Path) -> None:
    recording = scored(night, (0, 60, "?"), (60, 30, "N1"))
    settings = dataclasses.replace(RAW, unknown="wake")
    assert prepare([recording], settings, cache_dir=tmp_path).y.tolist() == [0, 0, 1]


def test_nothing_usable(night: Path, tmp_path: Path) -> None:
    for stages, why in [
        ([(20.0 * k, 20, "N2") for k in range(9)], "9 shorter than 30 s"),
        ([(0, 300, "?")], "10 epochs scored unknown"),
        ([(20000, 30, "W")], "1 scored windows outside the recording"),
        ([], "no epoch is scored"),
    ]:
        with pytest.raises(RecordingError) as error:
            prepare([scored(night, *stages)], RAW, cache_dir=tmp_path)
        assert f"{night}: no usable window ({why})" in str(error.value)


def test_windows_with_missing_samples_are_dropped(
    tmp_path: Path, noise: Callable, write_edf: Write
) -> None:
    x = noise(30000)
    x[10000:10100] = np.nan
    raw = mne.io.RawArray(x[None] * 1e-6, mne.create_info(["C3"], 100, "eeg"), verbose="error")
    raw.save(tmp_path / "night_raw.fif", verbose="error")
    recording = scored(tmp_path / "night_raw.fif", (0, 300, "N2"))
    windows = prepare([recording], C3, cache_dir=tmp_path)
    assert windows.onset.tolist() == [0, 30, 60, *range(120, 300, 30)]
    assert "Dropped: 1 windows with missing samples." in windows.notes["night_raw"]
    night = night_windows(raw, C3)
    assert [k for k, reason in enumerate(night.reason) if reason] == [3]
    assert night.reason[3] == "C3: samples missing"
    assert np.isfinite(night.x).all()
    np.testing.assert_allclose(night.x[[0, 9], 0], windows.x[[0, 8], 0], atol=1e-4)


def test_a_flat_stretch(tmp_path: Path, write_edf: Write, noise: Callable) -> None:
    c3 = noise(12000)
    c3[2900:6100] = 40
    path = write_edf(tmp_path / "night.edf", {"C3": c3, "C4": noise(12000, 1)})
    settings = Preprocessing(("C3", "C4"))
    night = night_windows(path, settings)
    assert night.reason == ["", "C3: flat", "", ""]
    assert (night.x[1, 0] == 0).all()
    windows = prepare([scored(path, (0, 120, "N2"))], settings, cache_dir=tmp_path)
    assert (windows.x[1, 0] == 0).all()
    assert windows.x[1, 1].std() == pytest.approx(1, abs=1e-4)
    assert "Kept: 1 windows in which a channel is flat." in windows.notes["night"]


def test_every_full_window_of_a_night(tmp_path: Path, write_edf: Write) -> None:
    start = datetime.datetime(2021, 3, 4, 22, 15, 30)
    for seconds, n in [(120, 4), (149, 4), (150, 5)]:
        path = write_edf(tmp_path / "night.edf", ["C3"], seconds=seconds, start=start)
        night = night_windows(path, C3)
        assert night.x.shape == (n, 1, 3000)
        assert night.onset.tolist() == [30.0 * k for k in range(n)]
        assert night.reason == [""] * n
        assert night.start == start


def test_prediction_and_training_see_the_same(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["C3"], sfreq=256)
    windows = prepare([scored(path, (0, 120, "N2"))], C3, cache_dir=tmp_path)
    np.testing.assert_array_equal(windows.x, night_windows(path, C3).x)
    raw = mne.io.read_raw_edf(path, verbose="error")
    np.testing.assert_allclose(night_windows(raw, C3).x, windows.x, atol=1e-4)


def test_many_nights_and_a_bad_one(tmp_path: Path, write_edf: Write) -> None:
    good = write_edf(tmp_path / "good.edf", ["C3"])
    bad = write_edf(tmp_path / "bad.edf", ["C4"])
    empty = tmp_path / "empty.edf"
    empty.touch()
    nights = [scored(p, (0, 120, "N2"), subject=p.stem) for p in (bad, good, empty)]
    with pytest.raises(RecordingError, match=r"bad\.edf: channel 'C3' not found"):
        prepare(nights, C3, cache_dir=tmp_path)
    with pytest.warns(UserWarning, match="kipped") as warned:
        windows = prepare(nights, C3, cache_dir=tmp_path, on_error="skip")
    assert [str(w.message).split(":")[0] for w in warned] == [
        "Skipped recording bad",
        "Skipped recording empty",
        "2 of 3 recordings were skipped.",
    ]
    assert list(windows.failures) == ["bad", "empty"]
    assert "the file is empty (0 bytes)" in windows.failures["empty"]
    assert set(windows.subject) == {"good"}
    worse = write_edf(tmp_path / "worse.edf", ["C4"])
    nights = [nights[0], nights[2], scored(worse, (0, 120, "N2"), subject="worse")]
    with pytest.raises(RecordingError, match="None of 3 recordings can be used") as error:
        prepare(nights, C3, cache_dir=tmp_path, on_error="skip")
    _, *lines = str(error.value).splitlines()  # one for each reason
    assert [line.split(":")[0].split("/")[-1] for line in lines] == ["bad.edf", "empty.edf"]
    assert lines[0].endswith("(2 recordings)")


def test_two_nights_with_one_name(tmp_path: Path, write_edf: Write) -> None:
    nights = [
        scored(write_edf(tmp_path / k / "night.edf", ["C3"]), (0, 30, "W")) for k in ("a", "b")
    ]
    with pytest.raises(ConfigError, match="are both called 'night'"):
        prepare(nights, C3, cache_dir=tmp_path)


def test_subset(recording: Recording, tmp_path: Path) -> None:
    windows = prepare([recording], C3, cache_dir=tmp_path)
    part = windows.subset(windows.y > 1)
    assert part.y.tolist() == [2, 4]
    np.testing.assert_array_equal(part.x, windows.x[[2, 3]])
    assert part.notes == windows.notes
    assert windows.subset(windows.y > 9).notes == {}


def test_to_braindecode_and_back(tmp_path: Path, write_edf: Write) -> None:
    nights = [
        scored(write_edf(tmp_path / f"{k}.edf", ["C3", "C4"]), (1, 90, "N2"), subject=k)
        for k in "ab"
    ]
    windows = prepare(nights, Preprocessing(("C3", "C4")), cache_dir=tmp_path)
    dataset = to_braindecode(windows)
    assert dataset.description["subject"].tolist() == ["a", "b"]
    x, y, _ = dataset[4]
    np.testing.assert_array_equal(x, windows.x[4])
    assert y == windows.y[4]
    back = from_braindecode(dataset)
    for name in ("x", "y", "subject", "recording", "onset", "sfreq", "ch_names"):
        np.testing.assert_array_equal(getattr(back, name), getattr(windows, name))
    assert back.y.dtype == np.int64


def test_from_braindecodes_own_windows(tmp_path: Path, write_edf: Write) -> None:
    from sleepaug.support.braindecode_import import braindecode

    cut_events = importlib.import_module("braindecode.preprocessing").create_windows_from_events
    path = write_edf(tmp_path / "night.edf", ["C3"])
    raw = load_raw(scored(path, (0, 60, "W"), (60, 60, "N2"))).load_data(verbose="error")
    sets = braindecode.datasets.BaseConcatDataset(
        [braindecode.datasets.RawDataset(raw, {"subject": 7})]
    )
    cut = cut_events(*(sets, 0, 0, 3000, 3000), mapping={"W": 0, "N2": 2})
    windows = from_braindecode(cut)
    assert windows.y.tolist() == [0, 0, 2, 2]
    assert windows.onset.tolist() == [0, 30, 60, 90]
    assert windows.subject.tolist() == ["7"] * 4
    np.testing.assert_allclose(windows.x[1, 0], raw.get_data()[0, 3000:6000], rtol=1e-5)
    with pytest.raises(ConfigError, match="which has no windows"):
        from_braindecode(sets)
    short = cut_events(*(sets, 0, 0, 1000, 1000), mapping={"W": 0, "N2": 2})
    with pytest.raises(ConfigError, match=r"last 10 s; 30 s are needed"):
        from_braindecode(short)
    strange = cut_events(*(sets, 0, 0, 3000, 3000), mapping={"W": 0, "N2": 9})
    with pytest.raises(ConfigError, match=r"has targets \[0, 9\]; expected 0 to 4"):
        from_braindecode(strange)
    sets.set_description({"subject": [None]}, overwrite=True)
    nameless = cut_events(*(sets, 0, 0, 3000, 3000), mapping={"W": 0, "N2": 2})
    with pytest.raises(ConfigError, match="no 'subject' in its description"):
        from_braindecode(nameless)
