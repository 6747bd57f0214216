"""A hypnogram in every form, read back by the tools that people use."""

import datetime
import json
import os
from pathlib import Path

import edfio
import mne
import numpy as np
import pandas as pd
import pytest
from hypnograms import START, make

from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.formats import FORMS, targets, write_forms
from sleepaug.staging.scoring_pairs import pair_up
from sleepaug.support.errors import ConfigError, OutputError


def test_csv_is_the_table(tmp_path):
    night = make(defer=0.1)
    night.save(tmp_path / "n.csv")
    table = pd.read_csv(tmp_path / "n.csv", keep_default_na=False, na_values=[""])
    ours = night.table()
    assert list(table.columns) == list(ours.columns)
    assert table.stage.tolist() == night.stages.tolist() == ours.stage.tolist()
    assert table.stage[10] == "?"
    assert table.reason[10] == "C3: flat"
    assert pd.to_datetime(table.time)[2] == START + datetime.timedelta(seconds=60)
    p = table[[f"p_{s}" for s in STAGES]].to_numpy()
    np.testing.assert_allclose(p, night.probabilities, atol=5e-5)
    first = table[table.look_first.notna()].sort_values("look_first")
    assert len(first) == 6  # a tenth of 57, rounded up
    rest = table[table.look_first.isna() & (table.stage != "?")]
    assert first.confidence.is_monotonic_increasing
    assert first.confidence.max() <= rest.confidence.min()


@pytest.mark.parametrize("start", [START, None])
def test_edf_annotations_are_read_by_mne_and_edfio(tmp_path, start):
    night = make(start=start)
    night.save(tmp_path / "n.edf")
    read = mne.read_annotations(tmp_path / "n.edf")
    assert read.onset.tolist() == night.onset.tolist()
    assert set(read.duration) == {30.0}
    assert read.description.tolist() == [f"Sleep stage {s}" for s in night.stages]
    edf = edfio.read_edf(tmp_path / "n.edf")
    assert [a.text for a in edf.annotations] == read.description.tolist()
    if start is not None:
        assert datetime.datetime.combine(edf.startdate, edf.starttime) == START


def test_bids_events_are_read_by_mne_bids(tmp_path):
    mne_bids = pytest.importorskip("mne_bids", reason="mne-bids is not installed here")
    night = make(n=20)
    x = np.random.default_rng(0).normal(0, 20, 100 * 600)
    edfio.Edf([edfio.EdfSignal(x, 100, label="C3", physical_dimension="uV")]).write(
        tmp_path / "n.edf"
    )
    raw = mne.io.read_raw_edf(tmp_path / "n.edf", verbose="error")
    raw.info["line_freq"] = 50
    path = mne_bids.BIDSPath(subject="01", task="sleep", root=tmp_path, datatype="eeg")
    mne_bids.write_raw_bids(raw, path, verbose="error")
    folder = tmp_path / "sub-01" / "eeg"
    assert not list(folder.glob("*_events.*"))
    written = write_forms(night, folder, "sub-01_task-sleep_eeg", ["bids"])
    assert [p.name for p in written] == [
        "sub-01_task-sleep_events.tsv",
        "sub-01_task-sleep_events.json",
    ]
    read = mne_bids.read_raw_bids(path, verbose="error").annotations
    assert read.description.tolist() == [f"Sleep stage {s}" for s in night.stages]
    np.testing.assert_allclose(read.onset, night.onset)
    levels = json.loads(written[1].read_text())["trial_type"]["Levels"]
    assert set(read.description) <= set(levels)


def test_yasa_reads_the_stages(tmp_path):
    yasa = pytest.importorskip("yasa", reason="YASA is not installed here")
    night = make()
    night.save(tmp_path / "n.csv")
    names = {"W": "WAKE", "R": "REM", "?": "UNS"}
    table = pd.read_csv(tmp_path / "n.csv")
    theirs = yasa.Hypnogram([names.get(s, s) for s in table.stage], start=str(START))
    assert theirs.sleep_statistics()["TST"] == pytest.approx(night.statistics()["TST"])


@pytest.mark.parametrize("name", ["n.csv", "n_events.tsv", "n.edf"])
def test_a_scoring_agrees_with_itself_in_every_form(tmp_path, name):
    night = make()
    night.save(tmp_path / "first.csv")
    night.save(tmp_path / name)
    (pair,) = pair_up(tmp_path / "first.csv", tmp_path / name)
    assert (pair.a == pair.b).all()
    assert pair.a.tolist() == night.stages.tolist()


def test_nothing_is_overwritten_and_no_part_is_left(tmp_path):
    night = make(n=20)
    night.save(tmp_path / "n.csv")
    with pytest.raises(ConfigError, match="already"):
        night.save(tmp_path / "n.csv")
    night.save(tmp_path / "n.csv", overwrite=True)
    with pytest.raises(ConfigError, match="no form"):
        night.save(tmp_path / "n.docx")
    with pytest.raises(OutputError, match="cannot be written"):
        night.save(tmp_path / "nowhere" / "n.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["n.csv"]
    assert (tmp_path / "n.csv").stat().st_mode & 0o077 == 0o666 & ~_umask() & 0o077


def _umask():

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_every_form_has_its_files():
    assert [p.name for p in targets(Path(), "n_eeg", list(FORMS))] == [
        *("n_eeg.hypnogram.csv", "n_eeg.hypnogram.edf", "n_events.tsv", "n_events.json"),
        *("n_eeg.png", "n_eeg.svg", "n_eeg.html", "n_eeg.summary.json"),
    ]
