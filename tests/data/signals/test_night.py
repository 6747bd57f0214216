"""What is wrong with a window is found, and what is right is left alone."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import mne
import numpy as np
import pytest

from sleepaug.data.files.open import open_recording
from sleepaug.data.signals.night import night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.quality_monitor import QualityMonitor
from sleepaug.support.errors import RecordingError

Write = Callable[..., Path]
SFREQ = 200
C3 = Preprocessing(("C3",))
WINDOW = 30 * SFREQ


def spoiled(noise: Callable[..., np.ndarray], what: str) -> np.ndarray:
    """Four windows of EEG, the second of which is spoiled."""
    x = noise(4 * WINDOW)
    part = slice(WINDOW, 2 * WINDOW)
    time = np.arange(WINDOW) / SFREQ
    if what == "flat":
        x[WINDOW - 100 : 2 * WINDOW + 100] = 12.0
    elif what == "clipped":
        x[part] = np.clip(x[part] * 12, -300, 300)
    elif what == "saturated":
        x[part] = np.where(np.sin(2 * np.pi * time / 3) > 0, 580.0, -580.0) + np.clip(x[part], 0, 0)
    elif what == "hum":
        x[part] = 0.1 * x[part] + 400 * np.sin(2 * np.pi * 50 * time)
    elif what == "hardly any signal":
        x[part] *= 0.003
    elif what == "implausible":
        x[part] *= 100
    return x


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("flat", "C3: flat"),
        ("clipped", "C3: clipped"),
        ("saturated", "C3: saturated"),
        ("hum", "C3: disconnected (mains hum)"),
        ("hardly any signal", "C3: disconnected (hardly any signal)"),
        ("implausible", "C3: implausible amplitude"),
        ("nothing", ""),
    ],
)
@pytest.mark.parametrize("by_mne", [False, True])
def test_a_spoiled_window_is_refused_with_its_reason(
    tmp_path: Path, write_edf: Write, noise: Callable, what: str, reason: str, by_mne: bool
) -> None:
    x = spoiled(noise, what)
    if by_mne:
        source = mne.io.RawArray(x[None] * 1e-6, mne.create_info(["C3"], SFREQ, "eeg"), verbose=0)
    elif what == "implausible":
        pytest.skip("beyond the limits of the file")
    else:
        source = write_edf(tmp_path / "n.edf", {"C3": x}, sfreq=SFREQ)
    night = night_windows(source, C3)
    assert night.reason == ["", reason, "", ""]
    assert np.isfinite(night.x).all()
    assert (night.x[1] == 0).all() == bool(reason)
    assert np.isnan(night.spectrum[1]).all() == bool(reason)


def test_coarse_steps_and_one_spike_are_no_clipping(tmp_path: Path, write_edf: Write) -> None:
    x = np.round(np.random.default_rng(0).normal(0, 15, 4 * WINDOW) / 4) * 4
    x[WINDOW + 50 : WINDOW + 53] = 590
    assert (
        night_windows(write_edf(tmp_path / "n.edf", {"C3": x}, sfreq=SFREQ), C3).reason == [""] * 4
    )


def test_hum_that_both_channels_share_is_subtracted(
    tmp_path: Path, write_edf: Write, noise: Callable
) -> None:
    hum = 400 * np.sin(2 * np.pi * 50 * np.arange(4 * WINDOW) / SFREQ)
    x = {"C3": noise(4 * WINDOW) * 0.4 + hum, "A2": noise(4 * WINDOW, 1) * 0.2 + hum}
    path = write_edf(tmp_path / "n.edf", x, sfreq=SFREQ)
    assert all("mains hum" in reason for reason in night_windows(path, C3).reason)
    assert night_windows(path, Preprocessing(("C3",), reference="A2")).reason == [""] * 4


def test_a_wrong_unit_is_said_and_nothing_is_scored(
    tmp_path: Path, write_edf: Write, noise: Callable
) -> None:
    path = write_edf(tmp_path / "n.edf", {"C3": noise(4 * WINDOW)}, sfreq=SFREQ, unit="mV")
    night = night_windows(path, C3)
    assert set(night.reason) == {"C3: implausible amplitude"}
    assert any("say mV where uV is meant" in note for note in night.notes)


def test_a_missing_and_a_spoiled_channel_are_gone_without(
    tmp_path: Path, write_edf: Write, noise: Callable
) -> None:
    x = {"C3": spoiled(noise, "flat"), "O1": noise(4 * WINDOW, 1)}
    path = write_edf(tmp_path / "n.edf", x, sfreq=SFREQ)
    wanted = Preprocessing(("C3", "F3", "O1"))
    with pytest.raises(RecordingError, match="channel 'F3' not found"):
        night_windows(path, wanted)
    night = night_windows(path, wanted, allow_missing=True)
    assert night.reason == [""] * 4
    assert night.channels == ("C3", "O1")
    assert (night.x[:, 1] == 0).all()
    assert (night.x[1, 0] == 0).all()
    np.testing.assert_allclose(night.x[:, 2].std(axis=1), 1, atol=1e-4)
    assert night.notes[-2:] == [
        "C3: left out of 1 of 4 epochs (flat 1).",
        "F3: not in the recording, the model goes without it.",
    ]
    with pytest.raises(RecordingError, match=r"none of the channels .*Fz was found"):
        night_windows(path, Preprocessing(("Cz", "Fz")), allow_missing=True)
    with pytest.raises(RecordingError, match="mapped to X9"):
        night_windows(path, Preprocessing(("C3", "F3"), map={"F3": "X9"}), allow_missing=True)


def test_all_dead_is_a_night_without_a_score(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "n.edf", {"C3": np.full(4 * WINDOW, 3.0)}, sfreq=SFREQ)
    assert night_windows(path, C3).reason == ["C3: flat"] * 4
    assert night_windows(path, C3, allow_missing=True).reason == ["C3: flat"] * 4


def test_the_spectrum_is_power_in_its_units(tmp_path: Path, write_edf: Write) -> None:
    time = np.arange(4 * WINDOW) / SFREQ
    x = 30 * np.sin(2 * np.pi * 10 * time) + np.random.default_rng(0).normal(0, 2, len(time))
    night = night_windows(write_edf(tmp_path / "n.edf", {"C3": x}, sfreq=SFREQ), C3)
    assert night.spectrum.shape == (4, 151)
    assert (night.spectrum.argmax(axis=1) == 50).all()  # 10 Hz in steps of 0.2 Hz
    power = night.spectrum[1].sum() * 0.2
    assert power == pytest.approx(30**2 / 2 + 4 * 0.3, rel=0.03)  # the noise up to 30 of 100 Hz


def test_the_monitor_sees_every_sample_whatever_the_blocks(
    tmp_path: Path, write_edf: Write, noise: Callable
) -> None:
    x = np.clip(noise(4 * WINDOW) * 5, -300, 300)
    x[2 * WINDOW : 3 * WINDOW] = 7
    recorded = open_recording(write_edf(tmp_path / "n.edf", {"C3": x}, sfreq=SFREQ))
    whole, parts = QualityMonitor(recorded), QualityMonitor(recorded)
    whole.read(["C3"], 0, 4 * WINDOW)
    for start, stop in [(0, WINDOW - 3), (WINDOW - 3, 3 * WINDOW - 1), (3 * WINDOW - 1, len(x))]:
        parts.read(["C3"], start, stop)
    assert whole.is_flat("C3").tolist() == [False, False, True, False]
    np.testing.assert_array_equal(parts.is_flat("C3"), whole.is_flat("C3"))
    np.testing.assert_array_equal(parts.at_limits(["C3"]), whole.at_limits(["C3"]))
    assert whole.at_limits(["C3"])[0, 0] > 0.01
    expected = recorded.read(["C3"], 0, len(x)).reshape(4, WINDOW).std(axis=1)
    for monitor in (whole, parts):
        np.testing.assert_allclose(monitor.standard_deviation("C3"), expected, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("at", [0, WINDOW - 1, 1234])
def test_one_sample_that_differs_is_seen(tmp_path: Path, write_edf: Write, at: int) -> None:
    x = np.full(2 * WINDOW, 7.0)
    x[WINDOW + at] = 9
    monitor = QualityMonitor(open_recording(write_edf(tmp_path / "n.edf", {"C3": x}, sfreq=SFREQ)))
    monitor.read(["C3"], 0, 2 * WINDOW)
    assert monitor.is_flat("C3").tolist() == [True, False]


def test_a_night_takes_little_memory(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "n.edf", ["C3", "C4"], sfreq=256, seconds=3600)
    night_windows(path, Preprocessing(("C3", "C4")))
    tracemalloc.start()
    night = night_windows(path, Preprocessing(("C3", "C4")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < night.x.nbytes + 25e6
