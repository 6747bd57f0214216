"""BIDS datasets, as mne-bids writes them and as we do."""

import json
import sys

import mne
import numpy as np
import pytest
from command_line import run

from sleepaug.data.datasets.bids import bids, write_bids
from sleepaug.data.files.open import open_recording
from sleepaug.data.recording import Recording, Scoring
from sleepaug.support.errors import ConfigError

mne_bids = pytest.importorskip("mne_bids")
STAGES = ["W", "N1", "N2", "N3", "R", "N2", "W", "W"]


@pytest.fixture
def dataset(tmp_path, write_edf):
    """Two people with a night each; the second has a channel that is bad."""
    for person, bad in (("01", []), ("02", ["EEG C4-A1"])):
        path = write_edf(tmp_path / f"{person}.edf", ["EEG C3-A2", "EEG C4-A1"], seconds=240)
        raw = mne.io.read_raw(path, verbose="error")
        notes = mne.Annotations([*range(0, 240, 30), 45], [30] * 8 + [0], [*STAGES, "lights off"])
        raw.set_annotations(notes)
        raw.info["bads"] = bad
        target = mne_bids.BIDSPath(subject=person, session="1", task="sleep", root=tmp_path / "b")
        mne_bids.write_raw_bids(raw, target, verbose="error")
    return tmp_path / "b"


def test_what_mne_bids_writes_is_read(dataset):
    nights = bids(dataset)
    assert [night.id for night in nights] == [f"sub-0{k}_ses-1_task-sleep" for k in (1, 2)]
    assert [night.subject for night in nights] == ["sub-01", "sub-02"]
    for night in nights:
        scoring = night.scoring()
        assert list(scoring.stage) == STAGES
        assert scoring.onset == tuple(range(0, 240, 30))
        assert "lights off (1)" in scoring.notes[0]
    first, second = (open_recording(night.files[0]) for night in nights)
    assert first.problem("EEG C4-A1") == ""
    assert second.problem("EEG C4-A1") == "marked as bad"


def test_what_we_write_is_read_by_mne_bids_and_comes_back(tmp_path, write_edf):
    scoring = Scoring(tuple(range(0, 240, 30)), (30.0,) * 8, tuple(STAGES))
    files = [write_edf(tmp_path / f"{name}.edf", ["C3"], seconds=240) for name in "ab"]
    nights = [Recording(f.stem, "sub-anna_1", (f,), lambda files: scoring) for f in files]
    written = write_bids(nights, tmp_path / "b")
    assert [path.parts[-4:-1] for path in written] == [
        ("sub-anna1", "ses-1", "eeg"),
        ("sub-anna1", "ses-2", "eeg"),
    ]
    raw = mne_bids.read_raw_bids(mne_bids.get_bids_path_from_fname(written[0]), verbose="error")
    assert raw.annotations.description.tolist() == STAGES
    again = bids(tmp_path / "b")
    assert [night.subject for night in again] == ["sub-anna1"] * 2
    assert again[1].scoring() == scoring


def test_a_model_is_trained_and_scored_on_a_bids_dataset(dataset, tmp_path, cache):
    options = ("--data=bids", "--data-dir", dataset)
    settings = ("--set", "task.n_folds=1", "--set", "training.epochs=1")
    out = tmp_path / "run"
    run("train", "--method=none", *options, "--channels=C3", *settings, "--fold=0", "-o", out)
    scores = json.loads(run("evaluate", out, *options, "--json").stdout)
    assert scores["n_windows"] == 16
    assert set(scores["nights"]) == {"sub-01_ses-1_task-sleep", "sub-02_ses-1_task-sleep"}


def test_a_folder_that_is_none_and_a_package_that_is_missing(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no EEG recording of a BIDS dataset"):
        bids(tmp_path)
    monkeypatch.setitem(sys.modules, "mne_bids", None)
    with pytest.raises(ConfigError, match=r"pip install 'sleepaug\[bids\]'"):
        bids(tmp_path)


def test_events_in_numbers_need_their_meaning(dataset):
    events = next(dataset.rglob("sub-01*events.tsv"))
    rows = "".join(f"{30 * k}\t30\t{code}\n" for k, code in enumerate([0, 1, 2, 3, 4, 2, 0, 0]))
    events.write_text("onset\tduration\ttrial_type\n" + rows)
    with pytest.raises(ValueError, match="several ways"):
        bids(dataset)[0].scoring()
    stages = np.array(bids(dataset, codes="yasa")[0].scoring().stage)
    assert stages.tolist() == STAGES
