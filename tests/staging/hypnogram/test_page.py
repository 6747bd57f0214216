"""The report of a night: one page that runs nothing, whatever the names in the files are."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import mne
import numpy as np
import pytest
from hypnograms import NASTY, START, make

from sleepaug.data.stages import STAGES
from sleepaug.staging.excerpts import with_excerpts
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.page import html_report


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
    night = replace(make(name=NASTY, defer=0.2), notes=[f"Warning: {NASTY}"])
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
    for words in ("For research, not for diagnosis", "C3: flat", "11-13", "Time in bed"):
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


def seen(night):
    page = Tags()
    page.feed(html_report(night))
    return page


@pytest.fixture
def no_picture(monkeypatch):
    """Leave out the picture of the night, which takes most of the time."""
    monkeypatch.setattr(Hypnogram, "png", b"")


def table_of(night):
    """Return the cells of the table of stages."""
    text = html_report(night).partition("<h2>Stages</h2>")[2].partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*><td>(.*?)</tr>", text)
    return {row[0]: row[1:] for row in (re.split(r"<td[^>]*>", one) for one in rows)}


@pytest.mark.parametrize("seed", range(8))
def test_shares_add_up_to_100_and_minutes_to_the_sleep_time(seed, no_picture):
    random = np.random.default_rng(seed)
    n = int(random.integers(3, 40))
    night = Hypnogram(30.0 * np.arange(n), random.dirichlet(np.full(5, 0.3), n), [""] * n)
    cells = table_of(night)
    stages = [f"Stage {stage}" for stage in STAGES[1:]]
    assert sum(Decimal(cells[stage][1]) for stage in stages) == Decimal("100.0")
    assert sum(Decimal(cells[stage][0]) for stage in stages) == Decimal(cells["All sleep"][0])
    for stage in STAGES[1:]:
        share = night.statistics()[f"{stage}_percent_TST"]
        assert abs(float(cells[f"Stage {stage}"][1]) - share) < 0.1


def test_statistics_have_names_in_words(no_picture):
    text = seen(make(lights_off=300.0, lights_on=1500.0)).text
    for words in (
        *("REM latency from lights off", "N3 latency from lights off", "lights on 23:24:30"),
        *("Sleep maintenance efficiency", "Wake after sleep onset, until lights on"),
    ):
        assert words in text
    assert "_" not in text.replace("$a_$", "")
    unknown = seen(make()).text
    assert "REM latency from the start" in unknown
    assert "lights o" not in unknown


def test_warnings_stand_before_everything_else(no_picture):
    text = seen(replace(make(), notes=["C3: as recorded.", "Warning: mostly REM."])).text
    assert (
        text.index("mostly REM.") < text.index("Recording starts") < text.index("C3: as recorded")
    )
    assert "Warning:" not in text


def test_norms_stand_beside_the_values_where_the_age_is_known(no_picture):
    assert "Healthy sleepers" not in seen(make()).text
    assert "Healthy sleepers" not in seen(make(age=12.0)).text
    young = html_report(make(age=25.0))
    assert "20.7 (15.2 to 37.5)" in young
    assert "14.9 (2.4 to 35.6)" not in young
    assert "14.9 (2.4 to 35.6)" in html_report(make(age=45.0))
    assert "Mitterling et al. 2015" in young


def test_cycles_are_listed_by_the_clock(no_picture):
    stages = ["W"] * 10 + ["N2"] * 60 + ["R"] * 20 + ["N2"] * 30
    probabilities = np.eye(5)[[STAGES.index(s) for s in stages]]
    night = Hypnogram(30.0 * np.arange(120), probabilities, [""] * 120, START, lights_off=120.0)
    row = html_report(night).partition("<h2>Cycles</h2>")[2].partition("</table>")[0]
    assert "<td>1<td>23:04:30<td>23:44:30<td" in row  # 5 min and 45 min after 22:59:30
    assert "40.0" in row


def test_the_signals_of_the_least_certain_epochs_are_drawn(no_picture):
    x = np.random.default_rng(0).normal(0, 20e-6, (2, 60 * 30 * 100))
    info = mne.create_info(["C3", "EMG chin $x_"], 100.0, "eeg")
    raw = mne.io.RawArray(x, info, verbose="error")
    night = with_excerpts(make(), raw)
    assert [one.window for one in night.excerpts] == night.least_certain(6).tolist()
    page = seen(night)
    assert page.tags.count("text") == 6 * (2 + 7)  # names, and seconds
    assert "EMG chin $x_ ±50 µV" in page.text
    assert f"Epoch {night.excerpts[0].window + 1}" in page.text
    deferred = with_excerpts(make(defer=0.05), raw)
    assert [one.window for one in deferred.excerpts] == deferred.look_first.tolist()
    by_person = np.full(60, "", dtype="<U2")
    by_person[night.excerpts[0].window] = "W"
    reviewed = with_excerpts(make(by_person=by_person), raw)
    assert reviewed.excerpts[0].window == night.excerpts[1].window
    assert "looked at by a person in 1 epochs" in seen(reviewed).text


def test_a_recording_without_known_channels_has_a_note_in_place_of_signals(no_picture):
    info = mne.create_info(["thermistor"], 100.0, "eeg")
    raw = mne.io.RawArray(np.zeros((1, 6000)), info, verbose="error")
    night = with_excerpts(make(), raw)
    assert night.excerpts == ()
    assert "The report has no signals" in seen(night).text
