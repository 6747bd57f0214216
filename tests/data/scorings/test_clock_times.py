"""Times of day in scorings: recordings longer than half a day, and nights when clocks change."""

import re
from datetime import datetime, timedelta

import pytest

from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent

HOUR = 3600.0


def night_of(tmp_path, begins, n, clock, *, columns="time", hours=None):
    """Read a table of n epochs whose times of day `clock` makes of the true ones."""
    times = [clock(begins + timedelta(seconds=30 * k)) for k in range(n + 1)]
    more = {
        "time": lambda k: "",
        "time,duration": lambda k: ",30",
        "time,end": lambda k: f",{times[k + 1]:%H:%M:%S}",
    }[columns]
    rows = [f"{times[k]:%H:%M:%S}{more(k)},{'N1' if k % 2 else 'N2'}" for k in range(n)]
    (tmp_path / "s.csv").write_text("\n".join([f"{columns},stage", *rows]) + "\n")
    length = n * 30.0 if hours is None else hours * HOUR
    return read_scoring((tmp_path / "s.csv",), extent=Extent(length, begins))


def summer_time(hours):
    """Return a clock that is set by that many hours at 2 (ahead) or 3 o'clock (back)."""
    change = datetime(2021, 3, 28, 2) if hours > 0 else datetime(2021, 10, 31, 3)
    return lambda t: t + timedelta(hours=hours) if t >= change else t


@pytest.mark.parametrize("columns", ["time", "time,duration", "time,end"])
@pytest.mark.parametrize(
    ("begins", "hours", "words"),
    [
        (datetime(2021, 3, 27, 22, 30), 1, "ahead by an hour before 03:00:00.*-3600 s"),
        (datetime(2021, 10, 30, 23), -1, "back by an hour before 02:00:00.*[+]3600 s"),
    ],
)
def test_a_change_of_the_clock_is_undone_and_said(tmp_path, begins, hours, words, columns):
    scoring = night_of(tmp_path, begins, 960, summer_time(hours), columns=columns)
    assert scoring.onset == tuple(30.0 * k for k in range(960))
    assert set(scoring.duration) == {30.0}
    assert re.search(words, " ".join(scoring.notes))


@pytest.mark.parametrize("columns", ["time", "time,duration"])
@pytest.mark.parametrize(
    ("begins", "late", "hours"),
    [
        (datetime(2021, 5, 1, 23), 0, 8),  # all of it fits
        (datetime(2021, 5, 1, 23), -300, 7),  # begins before the recording
        (datetime(2021, 5, 1, 23), 120, 7),  # ends after it
        (datetime(2021, 5, 1, 0), -5400, 7),  # counted from 0:00:00, not by a clock
    ],
)
def test_an_hour_that_nobody_scored_stays(tmp_path, begins, late, hours, columns):
    def later(t):
        return t + timedelta(hours=1) if t >= begins + timedelta(hours=2) else t

    recorded = begins - timedelta(seconds=late)
    times = [later(begins + timedelta(seconds=30 * k)) for k in range(720)]
    more = ",30" if "duration" in columns else ""
    rows = [f"{t:%H:%M:%S}{more},{'N1' if k % 2 else 'N2'}" for k, t in enumerate(times)]
    (tmp_path / "s.csv").write_text("\n".join([f"{columns},stage", *rows]) + "\n")
    scoring = read_scoring((tmp_path / "s.csv",), extent=Extent(hours * HOUR, recorded))
    whole = scoring.onset[-1] - scoring.onset[0]
    assert whole == 719 * 30 + HOUR
    assert not any("clock was set" in note for note in scoring.notes)


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
