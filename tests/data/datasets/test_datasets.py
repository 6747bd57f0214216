"""Each dataset: folders written here, and the real recordings."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import mne
import numpy as np
import pytest

from sleepaug.data.datasets import DATASETS
from sleepaug.data.files.raw import load_raw
from sleepaug.data.prepare import prepare
from sleepaug.data.signals.night import night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import ConfigError, RecordingError

STAGES = [(1.5 + 30 * k, 30, f"Sleep stage {name}") for k, name in enumerate("W123R?")]
Write = Callable[..., Path]


def _mass(folder: Path, write_edf: Write, night: str, scored: str, signals: str = "") -> None:
    names = ["EEG C3-CLE", "EEG A2-CLE", "EMG Chin1"]
    write_edf(folder / signals / f"{night} PSG.edf", names, sfreq=64, seconds=240)
    if scored:
        old = [(3, 2, '<Event channel="EEG C3-CLE" groupName="MicroArousal"/>'), (9, 0, "N2")]
        write_edf(folder / scored, {}, stages=[*STAGES, *old])


def test_mass_in_every_layout(tmp_path: Path, write_edf: Write) -> None:
    _mass(tmp_path, write_edf, "01-03-0001", "01-03-0001 Base.edf")
    _mass(tmp_path, write_edf, "01-03-0002", "SS3/01-03-0002 Annotations.edf", "SS3")
    _mass(tmp_path, write_edf, "01-03-0064", "SS3/annotations/01-03-0064 Base.edf", "SS3/edfs")
    recordings = DATASETS["mass"](tmp_path)
    assert [r.id for r in recordings] == ["01-03-0001", "01-03-0002", "01-03-0064"]
    assert len({r.subject for r in recordings}) == 3
    for recording in recordings:
        raw = load_raw(recording)
        assert raw.ch_names == ["EEG C3-CLE", "EEG A2-CLE", "EMG Chin1"]
        assert list(raw.annotations.description) == ["W", "N1", "N2", "N3", "R", "?"]
        np.testing.assert_allclose(raw.annotations.onset, 1.5 + 30 * np.arange(6))
        assert load_raw(recording, ["EEG A2-CLE"]).ch_names == ["EEG A2-CLE"]
    assert DATASETS["simulated"](tmp_path) == recordings
    assert pickle.loads(pickle.dumps(recordings)) == recordings


def test_mass_windows_begin_at_the_onsets(tmp_path: Path, write_edf: Write) -> None:
    _mass(tmp_path, write_edf, "01-03-0001", "01-03-0001 Base.edf")
    settings = Preprocessing(("C3",), lowpass=None, sfreq=64, normalize="none", reference="A2")
    windows = prepare(DATASETS["mass"](tmp_path), settings, cache_dir=tmp_path / "cache")
    np.testing.assert_allclose(windows.onset, 1.5 + 30 * np.arange(5))
    assert windows.y.tolist() == [0, 1, 2, 3, 4]
    raw = mne.io.read_raw_edf(tmp_path / "01-03-0001 PSG.edf", verbose="error")
    expected = (raw["EEG C3-CLE"][0] - raw["EEG A2-CLE"][0])[0] * 1e6
    start = round(31.5 * 64)
    np.testing.assert_allclose(windows.x[1, 0], expected[start : start + 1920], atol=1e-2)
    notes = windows.notes["01-03-0001"]
    assert "C3: EEG C3-CLE minus EEG A2-CLE (reference A2)." in notes
    assert "Dropped: 1 epochs scored unknown." in notes


def test_mass_refuses_what_is_not_ss3(tmp_path: Path, write_edf: Write) -> None:
    with pytest.raises(ConfigError, match=r"no files named '01-03-NNNN PSG\.edf'"):
        DATASETS["mass"](tmp_path)
    for subset in (2, 5):
        _mass(tmp_path, write_edf, f"01-0{subset}-0001", f"01-0{subset}-0001 Base.edf")
    with pytest.raises(ConfigError, match=r"SS2, SS5\. Only SS3 can be used: .* 20-s epochs"):
        DATASETS["mass"](tmp_path)
    _mass(tmp_path, write_edf, "01-03-0001", "01-03-0001 Base.edf")
    with pytest.warns(UserWarning, match="They are ignored"):
        assert len(DATASETS["mass"](tmp_path)) == 1


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([(20 * k, 20, "Sleep stage 2") for k in range(6)], "scored in 20-s epochs, as SS2"),
        ([(0, 30, "Sleep stage 4")], "belongs to Rechtschaffen and Kales' rules"),
        ([(0, 30, "Sleep stage N2")], "unknown stage 'Sleep stage N2'. SS3 has Sleep stage W,"),
        ([(0, 30, "N2"), (30, 30, "W")], "no sleep stages; found only 'N2', 'W'"),
    ],
)
def test_mass_labels_are_exact(
    tmp_path: Path, write_edf: Write, stages: list, message: str
) -> None:
    _mass(tmp_path, write_edf, "01-03-0001", "")
    write_edf(tmp_path / "01-03-0001 Base.edf", {}, stages=stages)
    with pytest.raises(RecordingError) as error:
        load_raw(DATASETS["mass"](tmp_path)[0])
    assert message in str(error.value)
    assert "01-03-0001 Base.edf" in str(error.value)


def test_a_night_without_scoring_spoils_only_itself(tmp_path: Path, write_edf: Write) -> None:
    _mass(tmp_path, write_edf, "01-03-0001", "")
    _mass(tmp_path, write_edf, "01-03-0002", "01-03-0002 Base.edf")
    recordings = DATASETS["mass"](tmp_path)
    with pytest.raises(
        RecordingError,
        match=r"01-03-0001 PSG\.edf: no scoring beside it; expected '01-03-0001 Base\.edf'",
    ):
        load_raw(recordings[0])
    assert len(recordings[1].scoring()) == 6


def test_sleep_edf_nights_of_one_person_share_a_subject(tmp_path: Path, write_edf: Write) -> None:
    for folder, night, letter in [
        ("a", "SC4001E", "C"),
        ("b", "SC4002E", "C"),
        ("c", "ST7011J", "P"),
    ]:
        write_edf(tmp_path / folder / f"{night}0-PSG.edf", ["EEG Fpz-Cz"])
        write_edf(tmp_path / folder / f"{night}{letter}-Hypnogram.edf", {}, stages=STAGES)
    recordings = DATASETS["sleep-edf"](tmp_path)
    assert [(r.id, r.subject) for r in recordings] == [
        ("SC4001", "SC400"),
        ("SC4002", "SC400"),
        ("ST7011", "ST701"),
    ]
    assert len(recordings[2].scoring()) == 6
    shutil.copy(recordings[0].files[0], tmp_path)
    with pytest.raises(ConfigError, match="the same night twice"):
        DATASETS["sleep-edf"](tmp_path)


def test_sleep_edf_real(tmp_path: Path, real_data: Path) -> None:
    for name, target in [("short_psg.edf", "SC4001E0-PSG.edf"), ("SC4001EC-Hypnogram.edf",) * 2]:
        shutil.copy(real_data / "sleep-edf" / name, tmp_path / target)
    (recording,) = DATASETS["sleep-edf"](tmp_path)
    raw = load_raw(recording, ["EEG Fpz-Cz"])
    assert raw.ch_names == ["EEG Fpz-Cz"]
    assert set(raw.annotations.description) == {"W"}
    windows = prepare([recording], Preprocessing(("Fpz-Cz", "Pz-Oz")), cache_dir=tmp_path)
    assert windows.x.shape == (10, 2, 3000)
    assert (windows.y == 0).all()


def test_dreams_real_counts_of_stages(tmp_path: Path, real_data: Path) -> None:
    expected = {
        "excerpt1": [10, 1, 36, 13, 0],
        "excerpt2": [0, 4, 32, 24, 0],
        "excerpt3": [6, 12, 39, 3, 0],
        "excerpt4": [18, 14, 24, 4, 0],
        "excerpt5": [6, 2, 35, 17, 0],
        "excerpt6": [2, 2, 40, 16, 0],
    }
    recordings = DATASETS["dreams"](real_data / "dreams")
    settings = Preprocessing(("C3",), {"C3": "C3-A1|CZ-A1"}, crop_wake=None)
    windows = prepare(recordings, settings, cache_dir=tmp_path)
    for recording in recordings:
        mine = windows.recording == recording.id
        assert np.bincount(windows.y[mine], minlength=5).tolist() == expected[recording.id]
    assert windows.x.shape == (360, 1, 3000)
    assert "C3: CZ-A1, as recorded (reference A1)." in windows.notes["excerpt2"]
    notes = windows.notes["excerpt3"]
    assert "No 30-Hz low-pass: the recording's rate is 50 Hz." in notes
    assert "excerpt3.txt was read, not excerpt3.edf beside it." in notes


def test_dreams_real_text_and_edf_of_excerpt_3_are_one_signal(real_data: Path) -> None:
    settings, edf = Preprocessing(("C3",)), real_data / "dreams" / "excerpt3.edf"
    a = night_windows(edf.with_suffix(".txt"), settings).x.ravel()
    b = night_windows(edf, settings).x.ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) > 0.99


def test_dreams_written_here(tmp_path: Path, write_edf: Write, noise: Callable) -> None:
    samples = "\n".join(f"{v:.3f}" for v in noise(90000))
    (tmp_path / "excerpt2.txt").write_text(f"[CZ-A1]\n{samples}\n")
    # 2 codes of S2 and 4 of S4; movement; R&K stages 3 and 4 together are the majority
    codes = ["2"] * 2 + ["0"] * 4 + ["-1"] * 6 + ["1", "0", "1", "2", "2", "5"] + ["5"] * 342
    (tmp_path / "Hypnogram_excerpt2.txt").write_text("[Hypnogram]\n" + "\n".join(codes))
    write_edf(tmp_path / "subject1.edf", ["C3-A1"], seconds=90)
    (tmp_path / "HypnogramAASM_subject1.txt").write_text("[HypnogramAASM]\n" + "1\n" * 18)
    (tmp_path / "HypnogramR&K_subject1.txt").write_text("[HypnogramRK]\n" + "0\n" * 18)
    excerpt, subject = DATASETS["dreams"](tmp_path)
    raw = load_raw(excerpt)
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (["CZ-A1"], 50, 90000)
    assert excerpt.scoring().stage[:4] == ("N3", "?", "N3", "W")
    assert subject.scoring().stage == ("N3", "N3", "N3")
    (tmp_path / "HypnogramAASM_subject1.txt").write_text("[HypnogramAASM]\n" + "1\n" * 60)
    assert subject.scoring().stage == ("N3",) * 10  # longer than the recording, by much
    (tmp_path / "HypnogramAASM_subject1.txt").write_text("[HypnogramAASM]\n" + "0\n" * 18)
    with pytest.raises(
        RecordingError, match=r"HypnogramAASM_subject1\.txt: code 0 is not among 5=W"
    ):
        subject.scoring()
    (tmp_path / "excerpt2.txt").write_text(f"[CZ-A1]\n{samples[:80000]}\n")
    with pytest.raises(RecordingError, match="An excerpt lasts 30 minutes"):
        load_raw(excerpt)


def test_edf_folder_with_every_form_of_scoring(tmp_path: Path, write_edf: Write) -> None:
    table = "onset,duration,stage\n0,30,W\n30,30,N2\n60,30,R\n"
    write_edf(tmp_path / "inside.edf", stages=[(0, 30, "W"), (30, 30, "N2"), (60, 30, "R")])
    beside = [
        ("csv.edf", "csv.csv", table),
        ("tsv.EDF", "tsv_hypnogram.tsv", table.replace(",", "\t")),
    ]
    beside += [("lines.edf", "lines.txt", "W\nN2\nR\n")]
    beside += [("deep/sub-01/eeg/sub-01_eeg.edf", "deep/sub-01/eeg/sub-01_eeg_events.csv", table)]
    for signals, scored, text in beside:
        write_edf(tmp_path / signals, seconds=90)
        (tmp_path / scored).write_text(text)
    write_edf(tmp_path / "edf.edf", seconds=90)
    write_edf(tmp_path / "edf-Hypnogram.edf", {}, stages=[(0, 60, "Stage 2 sleep")])
    recordings = {r.id: r for r in DATASETS["edf"](tmp_path)}
    assert set(recordings) == {"inside", "csv", "tsv", "lines", "deep/sub-01/eeg/sub-01_eeg", "edf"}
    assert recordings["deep/sub-01/eeg/sub-01_eeg"].subject == "sub-01"
    for name, recording in recordings.items():
        expected = ("N2",) if name == "edf" else ("W", "N2", "R")
        assert recording.scoring().stage == expected, name
    assert [r.id for r in DATASETS["edf"](tmp_path, pattern="**/*_eeg.edf")] == [
        "deep/sub-01/eeg/sub-01_eeg"
    ]


def test_edf_folder_with_two_scorings_of_one_night(tmp_path: Path, write_edf: Write) -> None:
    write_edf(tmp_path / "a.edf")
    for name in ("a.csv", "a.txt"):
        (tmp_path / name).write_text("W\n")
    with pytest.raises(RecordingError, match=r"several scorings beside it: a\.csv, a\.txt"):
        DATASETS["edf"](tmp_path)[0].scoring()


@pytest.mark.parametrize("name", DATASETS)
def test_folders_that_do_not_help(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=str(tmp_path)):
        DATASETS[name](tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        DATASETS[name](tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file, not a folder"):
        DATASETS[name](tmp_path / "file")
