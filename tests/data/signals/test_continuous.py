"""Continuous signals: the MNE path, units, amplitude, rates, references, every format."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest
import scipy.io

from sleepaug.data.signals.continuous import signals
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import RecordingError

Write = Callable[..., Path]
C3 = Preprocessing(("C3",))


def refusal(source: object, settings: Preprocessing = C3) -> RecordingError:
    with pytest.raises(RecordingError) as error:
        signals(source, settings)
    return error.value


def refused(source: object, settings: Preprocessing = C3) -> str:
    return str(refusal(source, settings))


def test_edf_path_equals_mne_path(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["F3-A2", "C3-A2", "EMG"], sfreq=256, seconds=300)
    settings = Preprocessing(("C3", "F3"))
    x, notes = signals(path, settings)
    raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, signals(raw, settings)[0], atol=30 * 1e-5)
    raw.filter(None, 30, verbose="error").resample(100, verbose="error")
    np.testing.assert_allclose(x, raw.get_data(["C3-A2", "F3-A2"]) * 1e6, atol=30 * 1e-4)
    assert notes == [
        "C3: C3-A2, as recorded (reference A2).",
        "F3: F3-A2, as recorded (reference A2).",
    ]


def test_channels_of_several_rates(tmp_path: Path, noise: Callable) -> None:
    parts = {"C3": 200, "C4": 100, "F3": 200, "Pulse": 1}
    written = [
        edfio.EdfSignal(
            noise(120 * rate, seed), rate, label=name, physical_dimension="uV",
            physical_range=(-600, 600),
        )
        for seed, (name, rate) in enumerate(parts.items())
    ]  # fmt: skip
    edfio.Edf(written).write(tmp_path / "night.edf")
    x, _ = signals(tmp_path / "night.edf", Preprocessing(("C4", "C3", "F3")))
    for name, row in zip(("C4", "C3", "F3"), x, strict=True):
        alone, _ = signals(tmp_path / "night.edf", Preprocessing((name,)))
        np.testing.assert_allclose(row, alone[0], atol=1e-3)
    message = refused(tmp_path / "night.edf", Preprocessing(("C3",), {"C3": "Pulse"}))
    assert "channel 'Pulse' is sampled at 1 Hz; 50 to 50000 Hz" in message


def test_reference_is_subtracted(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["EEG C3-CLE", "EEG C4-CLE", "EEG A2-CLE"])
    as_recorded, _ = signals(path, Preprocessing(("C3", "C4", "A2")))
    x, notes = signals(path, Preprocessing(("C3", "C4"), reference="A2"))
    np.testing.assert_allclose(x, as_recorded[:2] - as_recorded[2], atol=1e-3)
    assert notes[0] == "C3: EEG C3-CLE minus EEG A2-CLE (reference A2)."


def test_average_reference(tmp_path: Path, write_edf: Write) -> None:
    names = ["C3", "C4", "F3", "F4", "O1", "O2", "P3", "P4"]
    path = write_edf(tmp_path / "night.edf", [*names, "A1"])
    as_recorded, _ = signals(path, Preprocessing(tuple(names)))
    x, notes = signals(path, Preprocessing(tuple(names), reference="average"))
    np.testing.assert_allclose(x, as_recorded - as_recorded.mean(axis=0), atol=1e-3)
    assert notes[0] == "C3: C3 minus the average of 8 EEG channels."


@pytest.mark.parametrize(
    ("sfreq", "note"),
    [
        (50, "No 30-Hz low-pass: the recording's rate is 50 Hz."),
        (61, "No 30-Hz low-pass: the recording's rate is 61 Hz."),
        (62, ""),
    ],
)
def test_low_rates(tmp_path: Path, write_edf: Write, sfreq: float, note: str) -> None:
    x, notes = signals(write_edf(tmp_path / "night.edf", ["C3"], sfreq=sfreq), C3)
    assert x.shape == (1, 12000)
    assert note in notes[-1] if note else len(notes) == 1


def test_a_rate_below_50_hz_is_refused(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["C3"], sfreq=49)
    assert f"{path}: channel 'C3' is sampled at 49 Hz; 50 to 50000 Hz" in refused(path)


@pytest.mark.parametrize(
    ("unit", "factor", "message"),
    [
        ("", 1, "has no unit in the file's header, and by its amplitude it could be uV ("),
        ("", 1e-3, "has no unit in the file's header, and by its amplitude it could be mV ("),
        ("%", 1, "channel 'C3' has the unit '%'"),
        ("mV", 1, "EEG has 1 to 2000 uV. Does the file's header say mV where uV is meant?"),
        ("uV", 1e-3, "say uV where mV is meant?"),
        ("uV", 1e-6, "say uV where V is meant?"),
        ("uV", 0.02, "Is it an EEG channel?"),
    ],
)
def test_blank_and_wrong_units(
    tmp_path: Path, noise: Callable, unit: str, factor: float, message: str
) -> None:
    x = noise(12000) * factor
    limits = (-600 * factor, 600 * factor)
    written = edfio.EdfSignal(x, 100, label="C3", physical_dimension=unit, physical_range=limits)
    edfio.Edf([written]).write(tmp_path / "night.edf")
    text = refused(tmp_path / "night.edf")
    assert text.startswith(str(tmp_path / "night.edf"))
    assert message in text


def test_wrong_units_in_a_raw_object(noise: Callable) -> None:
    raw = mne.io.RawArray(noise(12000)[None], mne.create_info(["C3"], 100, "eeg"), verbose="error")
    assert refused(raw).endswith("Times 1e-06 it would be EEG: MNE means volts.")


def test_flat_channel(tmp_path: Path, write_edf: Write, noise: Callable) -> None:
    flat = {"C3": np.full(12000, 50.0), "C4": noise(12000)}
    error = refusal(write_edf(tmp_path / "night.edf", flat))
    assert "channel 'C3' is flat (constant), from start to end" in str(error)
    assert error.parameters == ("map", "channels")
    signals(tmp_path / "night.edf", Preprocessing(("C4",)))  # and is nothing to others


def test_all_missing(noise: Callable) -> None:
    x = np.full((1, 12000), np.nan)
    raw = mne.io.RawArray(x, mne.create_info(["C3"], 100, "eeg"), verbose="error")
    assert "channel 'C3' has missing samples in every window" in refused(raw)


def test_shorter_than_a_window(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["C3"], seconds=29)
    assert f"{path}: lasts 29 s; at least one window of 30 s is needed" in refused(path)
    assert signals(write_edf(path, ["C3"], seconds=30), C3)[0].shape == (1, 3000)


def test_missing_channel_names_the_file(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["Fpz-Cz"])
    assert refused(path).startswith(f"{path}: channel 'C3' not found. The file has: Fpz-Cz.")


@pytest.mark.parametrize("name", ["none.edf", "none.fif"])
def test_no_such_file(tmp_path: Path, name: str) -> None:
    assert "no such file" in refused(tmp_path / name)
    assert "is a folder" in refused(tmp_path)


def test_annotations_only(real_data: Path) -> None:
    message = refused(real_data / "sleep-edf" / "SC4001EC-Hypnogram.edf")
    assert "holds annotations only, no signals" in message


def _save(raw: mne.io.BaseRaw, path: Path) -> None:
    """Write a recording in the format that the suffix says."""
    x = raw.get_data() * 1e6
    if path.suffix == ".fif":
        raw.save(path, verbose="error")
    elif path.suffix == ".bdf":
        mne.export.export_raw(path, raw, verbose="error")
    elif path.suffix == ".set":
        labels = np.array([(name,) for name in raw.ch_names], dtype=[("labels", object)])
        eeg = {"data": x, "srate": raw.info["sfreq"], "chanlocs": labels, "nbchan": len(x)}
        eeg |= {"pnts": x.shape[1], "trials": 1, "xmin": 0.0, "event": [], "ref": "common"}
        scipy.io.savemat(path, {"EEG": eeg})
    else:
        x.T.astype("<f4").tofile(path.with_suffix(".eeg"))
        path.write_text(
            "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n"
            "DataFile=night.eeg\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
            f"NumberOfChannels={len(x)}\nSamplingInterval=10000\n"
            "[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n[Channel Infos]\n"
            + "".join(f"Ch{k}={name},,1,uV\n" for k, name in enumerate(raw.ch_names, start=1))
        )


@pytest.mark.parametrize("suffix", ["_raw.fif", ".vhdr", ".set", ".bdf"])
def test_other_formats(tmp_path: Path, noise: Callable, suffix: str) -> None:
    x = np.stack([noise(12000, 0), noise(12000, 1)])
    raw = mne.io.RawArray(x * 1e-6, mne.create_info(["C3", "C4"], 100, "eeg"), verbose="error")
    _save(raw, tmp_path / f"night{suffix}")
    x, _ = signals(tmp_path / f"night{suffix}", Preprocessing(("C4",)))
    np.testing.assert_allclose(x, signals(raw, Preprocessing(("C4",)))[0], atol=0.1)


def test_not_a_recording(tmp_path: Path) -> None:
    for name, content in [
        ("a.fif", b"no"),
        ("a.txt", b"hi"),
        ("a.xyz", b"1"),
        ("a.edf", b"PNG"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name).startswith(str(tmp_path / name))


def test_gaps_of_fif_files_are_missing_samples(noise: Callable) -> None:
    raw = mne.io.RawArray(
        noise(12000)[None] * 1e-6, mne.create_info(["C3"], 100, "eeg"), verbose="error"
    )
    raw.set_annotations(mne.Annotations(40, 10, "BAD_ACQ_SKIP"))
    missing = np.isnan(signals(raw, C3)[0][0])
    assert missing[4000:5000].all()
    assert missing.sum() < 1100


def test_reading_an_edf_needs_no_mne(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", ["C3"])
    code = (
        "import sys; from sleepaug.data.signals import night; "
        f"night.night_windows({str(path)!r}, night.Preprocessing(('C3',))); "
        "sys.exit('mne' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_excluded_and_bad_channels_are_left_out_by_name(tmp_path: Path, write_edf: Write) -> None:
    import mne

    path = write_edf(tmp_path / "night.edf", ["EEG C3-A2", "EEG C4-A1"])
    wanted = Preprocessing(("C3", "C4"), exclude=("EEG C3-A2",))
    x, notes = signals(path, wanted, allow_missing=True)
    assert not x[0].any()
    assert x[1].any()
    assert "Left out: 'EEG C3-A2' (excluded)." in notes
    with pytest.raises(RecordingError, match="no channel named 'C9' to leave out"):
        signals(path, Preprocessing(("C3",), exclude=("C9",)))
    raw = mne.io.read_raw(path, verbose="error")
    raw.info["bads"] = ["EEG C4-A1"]
    _, notes = signals(raw, Preprocessing(("C3", "C4")), allow_missing=True)
    assert "Left out: 'EEG C4-A1' (marked as bad)." in notes


def test_stretches_that_mne_marks_as_bad_are_missing(tmp_path: Path, write_edf: Write) -> None:
    import mne

    raw = mne.io.read_raw(write_edf(tmp_path / "night.edf", ["EEG C3-A2"]), verbose="error")
    raw.set_annotations(mne.Annotations([60.0], [30.0], ["BAD_movement"]))
    x, _ = signals(raw, Preprocessing(("C3",), lowpass=None))
    missing = np.isnan(x[0]).reshape(-1, 3000).mean(axis=1)
    assert missing[2] == 1
    assert missing[[0, 3]].max() < 0.1
