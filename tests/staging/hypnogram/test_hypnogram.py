"""A hypnogram in every form, read back by the tools that people use."""

import datetime
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import edfio
import mne
import numpy as np
import pandas as pd
import pytest

from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.formats import FORMS, summary, targets, write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.page import html_report
from sleepaug.staging.scoring_pairs import pair_up
from sleepaug.support.errors import ConfigError, OutputError
from sleepaug.support.text import ranges

START = datetime.datetime(2021, 3, 4, 22, 59, 30)
NASTY = 'x<script>alert(1)</script>"\x1b[31m$a_$'


def make(n=60, start=START, **more):
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.full(5, 0.3), n)
    probabilities[10:13] = np.nan
    reason = ["C3: flat" if 10 <= k < 13 else "" for k in range(n)]
    spectrum = random.gamma(2, 1, (n, 151)).astype(np.float32)
    spectrum[10:13] = np.nan
    notes = [f"C3: {NASTY}, as recorded"]
    return Hypnogram(*(30.0 * np.arange(n), probabilities, reason, start, notes, spectrum), **more)


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


class Tags(HTMLParser):
    """Collects tags, addresses and text, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href")]
        assert not [k for k, _ in attrs if k.startswith("on")]

    def handle_data(self, data):
        self.text += data


def test_the_report_is_one_page_that_runs_nothing(tmp_path):
    night = make(name=NASTY, defer=0.2)
    night.save(tmp_path / "n.html")
    text = (tmp_path / "n.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    assert not {"script", "iframe", "link", "object"} & set(page.tags)
    assert all(a.startswith("data:image/png;base64,") for a in page.addresses)
    assert len(page.addresses) == 1
    assert "default-src 'none'" in text
    assert "\x1b" not in text
    assert "<script>alert(1)</script>" in page.text  # as words
    for words in ("For research, not for diagnosis", "C3: flat", "11-13", "time in bed"):
        assert words in page.text


def test_hostile_text_of_a_reason_is_words_in_the_report():
    night = make(n=20)
    reason = [f"{text}: {NASTY}" if text else "" for text in night.reason]
    page = Tags()
    text = html_report(replace(night, reason=np.array(reason)))
    page.feed(text)
    assert "script" not in page.tags
    assert "\x1b" not in text
    assert "C3: flat: x<script>alert(1)</script>" in page.text


def test_pictures(tmp_path):
    night = make(name=NASTY)
    for name in ("n.png", "n.svg"):
        night.save(tmp_path / name)
    assert (tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "n.svg").read_text()
    assert "<script" not in svg
    panels = night.plot().axes
    assert len(panels) == 3
    line = panels[0].lines[0].get_ydata()
    assert np.isnan(line[10:13]).all()
    depth = ["W", "R", "N1", "N2", "N3"]
    scored = np.flatnonzero(night.scored)
    assert [depth[int(-line[k])] for k in scored] == night.stages[scored].tolist()
    assert [text.get_text() for text in panels[1].get_legend().texts] == [*depth, "not scored"]
    minute = make(2).plot()
    minute.canvas.draw()
    times = [label.get_text() for label in minute.axes[-1].get_xticklabels()]
    assert len(set(times)) == len(times)
    Hypnogram(np.array([0.0]), np.full((1, 5), np.nan), ["C3: flat"]).plot()


def test_lights_decide_what_statistics_are_of():
    night = make()
    assert night.statistics()["TIB"] == 30
    assert "start of the recording" in night.span()
    cut = replace(night, lights_off=600.0, lights_on=1200.0)
    assert cut.statistics()["TIB"] == 10
    assert cut.span() == "from lights off to lights on"
    told = summary(cut)
    assert told["statistics_are"] == cut.span()
    assert json.loads(json.dumps(told))["stages"]["?"] == 3


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
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_every_form_has_its_files():
    assert [p.name for p in targets(Path(), "n_eeg", list(FORMS))] == [
        *("n_eeg.hypnogram.csv", "n_eeg.hypnogram.edf", "n_events.tsv", "n_events.json"),
        *("n_eeg.png", "n_eeg.svg", "n_eeg.html", "n_eeg.summary.json"),
    ]


def test_ranges_of_numbers():
    assert ranges([]) == ""
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
    assert re.fullmatch(r"\d+", ranges(np.array([4])))
