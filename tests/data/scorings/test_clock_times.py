"""Times of day in scorings: recordings longer than half a day, and nights when clocks change."""

import re
from datetime import datetime, timedelta

import pytest

from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent

HOUR = 3600.0


def night_of(tmp_path, begins, n, clock, *, lasts="", hours=None):
    """Read a table of n epochs whose times of day `clock` makes of the true ones."""
    head, end = ("time,duration,stage", f",{lasts}") if lasts else ("time,stage", "")
    times = [clock(begins + timedelta(seconds=30 * k)) for k in range(n)]
    rows = [f"{t:%H:%M:%S}{end},{'N1' if k % 2 else 'N2'}" for k, t in enumerate(times)]
    (tmp_path / "s.csv").write_text("\n".join([head, *rows]) + "\n")
    length = n * 30.0 if hours is None else hours * HOUR
    return read_scoring((tmp_path / "s.csv",), extent=Extent(length, begins))


def summer_time(hours):
    """Return a clock that is set by that many hours at 2 (ahead) or 3 o'clock (back)."""
    change = datetime(2021, 3, 28, 2) if hours > 0 else datetime(2021, 10, 31, 3)
    return lambda t: t + timedelta(hours=hours) if t >= change else t


@pytest.mark.parametrize("lasts", ["", "30"])
@pytest.mark.parametrize(
    ("begins", "hours", "words"),
    [
        (datetime(2021, 3, 27, 22, 30), 1, "ahead by an hour before 03:00:00.*-3600 s"),
        (datetime(2021, 10, 30, 23), -1, "back by an hour before 02:00:00.*[+]3600 s"),
    ],
)
def test_a_change_of_the_clock_is_undone_and_said(tmp_path, begins, hours, words, lasts):
    scoring = night_of(tmp_path, begins, 960, summer_time(hours), lasts=lasts)
    assert scoring.onset == tuple(30.0 * k for k in range(960))
    assert set(scoring.duration) == {30.0}
    assert re.search(words, " ".join(scoring.notes))


def test_an_hour_that_nobody_scored_stays(tmp_path):
    begins = datetime(2021, 5, 1, 23)

    def later(t):
        return t + timedelta(hours=1) if t >= begins + timedelta(hours=2) else t

    scoring = night_of(tmp_path, begins, 720, later, lasts="30", hours=8)
    assert scoring.onset[239:241] == (239 * 30.0, 240 * 30 + HOUR)
    assert not any("clock" in note for note in scoring.notes)


@pytest.mark.parametrize("n", [960, 1200])
def test_a_night_at_the_end_of_a_day_long_recording(tmp_path, n):
    """Of 1200 epochs the last hour lies behind the recording; it does not begin before it."""
    (tmp_path / "s.csv").write_text(
        "time,stage\n"
        + "".join(
            f"{datetime(2021, 5, 1, 22, 30) + timedelta(seconds=30 * k):%H:%M:%S},N{1 + k % 2}\n"
            for k in range(n)
        )
    )
    extent = Extent(24 * HOUR, datetime(2021, 5, 1, 8))
    assert read_scoring((tmp_path / "s.csv",), extent=extent).onset[0] == 14.5 * HOUR


def test_a_scoring_file_that_starts_late_in_a_long_recording(tmp_path, write_edf):
    morning, evening = datetime(2021, 3, 2, 7), datetime(2021, 3, 2, 21)
    recording = write_edf(tmp_path / "n.edf", seconds=15 * 3600, start=morning)
    stages = [(0, 30, "Sleep stage W"), (30, 30, "Sleep stage 1")]
    scoring = write_edf(tmp_path / "n_hypnogram.edf", [], stages=stages, start=evening)
    assert read_scoring((recording, scoring)).onset == (14 * HOUR, 14 * HOUR + 30)
