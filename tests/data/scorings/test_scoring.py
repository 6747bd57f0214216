"""Scorings in every form: EDF+ annotations, tables, one stage a line."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sleepaug.data.recording import Scoring
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.support.errors import RecordingError

STAGES = [(0, 30, "Sleep stage W"), (30, 30, "Sleep stage 1"), (60, 60, "Sleep stage R")]
EXPECTED = Scoring((0, 30, 60), (30, 30, 60), ("W", "N1", "R"))
Write = Callable[..., Path]


def test_annotations_in_the_file_itself(tmp_path: Path, write_edf: Write) -> None:
    others = [(5, 3, "MicroArousal_C3"), (10, 0, "Lights off"), (50, 1, "R"), (60, 9, "movement")]
    path = write_edf(tmp_path / "night.edf", stages=[*STAGES, *others])
    assert read_scoring((path,)) == EXPECTED


def test_short_names_where_there_are_no_long_ones(tmp_path: Path, write_edf: Write) -> None:
    stages = [(0, 30, "W"), (3, 1, "Apnea"), (30, 30, "S1"), (60, 60, "rem")]
    assert read_scoring((write_edf(tmp_path / "night.edf", stages=stages),)) == EXPECTED


def test_annotations_beside_it(tmp_path: Path, write_edf: Write) -> None:
    signals = write_edf(tmp_path / "night.edf")
    scored = write_edf(tmp_path / "scored.edf", {}, stages=STAGES)
    assert read_scoring((signals, scored)) == EXPECTED


def test_a_scoring_that_starts_later_is_moved(tmp_path: Path, write_edf: Write) -> None:
    start = datetime.datetime(2021, 3, 4, 23, 59, 50)
    signals = write_edf(tmp_path / "night.edf", start=start)
    later = start + datetime.timedelta(seconds=15)
    scored = write_edf(tmp_path / "scored.edf", {}, stages=STAGES, start=later)
    scoring = read_scoring((signals, scored))
    assert scoring.onset == (15, 45, 75)
    assert "moved by +15 s" in scoring.notes[0]
    years = datetime.datetime(1999, 1, 1, 22, 0, 0)
    scoring = read_scoring(
        (signals, write_edf(tmp_path / "s2.edf", {}, stages=STAGES, start=years))
    )
    assert scoring.onset == (0, 30, 60)
    assert "taken to begin with the signals" in scoring.notes[0]


def test_unknown_sleep_stage(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", stages=[*STAGES, (120, 30, "Sleep stage X")])
    with pytest.raises(
        RecordingError, match=r"night\.edf: unknown stage 'Sleep stage X'\. Allowed"
    ):
        read_scoring((path,))


def test_no_stages(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", stages=[])
    with pytest.raises(RecordingError, match=r"night\.edf: no sleep stages; found no annotations"):
        read_scoring((path,))
    write_edf(path, stages=[(1, 1, "Lights off"), (2, 1, "Apnea")])
    with pytest.raises(RecordingError, match="found only 'Lights off', 'Apnea'"):
        read_scoring((path,))


def test_durations_that_are_not_given(tmp_path: Path, write_edf: Write) -> None:
    stages = [(onset, 0, text) for onset, _, text in STAGES]
    scoring = read_scoring((write_edf(tmp_path / "night.edf", stages=stages),))
    assert scoring.duration == (30, 30, 30)
    assert "taken from the next onset" in scoring.notes[0]


def test_two_scorings_in_one_file(tmp_path: Path, write_edf: Write) -> None:
    path = write_edf(tmp_path / "night.edf", stages=[*STAGES, (30, 30, "Sleep stage 2")])
    with pytest.raises(RecordingError, match="stages overlap: N1 lasts from 30 to 60 s, and N2"):
        read_scoring((path,))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.csv", "onset,duration,stage\n0,30,W\n30,30,S1\n60,60,REM\n"),
        ("s.csv", "epoch;Onset;Duration;Stage\n0;0;30;W\n1;30;30;N1\n2;60;60;R\n"),
        ("s.tsv", "onset\tduration\ttrial_type\n60\t60\tR\n0\t30\tSleep stage W\n30\t30\tN1\n"),
        ("s.csv", "\ufeffonset,duration,description\r\n0.0,30.0,w\r\n30,30,n1\r\n60,60,r\r\n"),
    ],
)
def test_tables(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert read_scoring((tmp_path / "night.edf", tmp_path / name)) == EXPECTED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("onset,duration,stage\n0,30,W\n30,thirty,W\n", "line 3: onset and duration must be"),
        ("onset,duration,stage\n-30,30,W\n", "line 2: onset and duration must be"),
        ("onset,duration,stage\nnan,30,W\n", "line 2: onset and duration must be"),
        ("onset,duration,stage\n0\n", "a header but no stages"),
        ("onset,duration,stage\n0,30,W\n30,30,Q\n", "line 3: unknown stage 'Q'"),
        ("onset,duration,stage\n", "a header but no stages"),
        ("onset,duration,stage\n0,1e6,W\n", "lasts more than two days"),
        ("", "empty"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(RecordingError) as error:
        read_scoring((tmp_path / "night.edf", path))
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


@pytest.mark.parametrize("header", ["", "stage\n"])
def test_one_stage_a_line(tmp_path: Path, write_edf: Write, header: str) -> None:
    signals = write_edf(tmp_path / "night.edf")
    path = tmp_path / "night.txt"
    path.write_text(header + "W\nN1\nR\nR\n\n")
    scoring = read_scoring((signals, path))
    assert scoring == Scoring((0, 30, 60, 90), (30,) * 4, ("W", "N1", "R", "R"))
    path.write_text("W\nN1\nwhat\n")
    with pytest.raises(RecordingError, match="line 3: unknown stage 'what'"):
        read_scoring((signals, path))


def test_lines_that_cannot_be_30_s_each(tmp_path: Path, write_edf: Write) -> None:
    signals = write_edf(tmp_path / "night.edf", seconds=300)
    path = tmp_path / "night.txt"
    path.write_text("W\n" * 13)
    with pytest.raises(
        RecordingError, match=r"13 stages of 30 s make 0\.11 h, the recording lasts"
    ):
        read_scoring((signals, path))


_CELLS = st.sampled_from(["0", "30", "W", "REM", "4", "nan", "1e99", '"', "\0", "\x1b[2J", "é", ""])


@given(
    st.sampled_from(["s.csv", "s.tsv", "s.txt"]),
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.lists(_CELLS, max_size=5).map(",".join), max_size=8).map(
            lambda lines: "\n".join(["onset,duration,stage", *lines]).encode()
        ),
    ),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_a_scoring_or_our_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        scoring = read_scoring((tmp_path / "night.fif", tmp_path / name))
    except RecordingError:
        return
    assert set(scoring.stage) <= {"W", "N1", "N2", "N3", "R", "?"}


def test_a_cell_beyond_all_bounds(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("onset,duration,stage\n0,30," + "W" * 200_000)
    with pytest.raises(RecordingError, match=r"s\.csv"):
        read_scoring((tmp_path / "night.fif", tmp_path / "s.csv"))


def test_a_scoring_beside_its_recording_in_time_is_refused_with_both_starts(tmp_path, write_edf):
    """Half a day apart, as where one program writes hours from 0 to 12."""
    evening, morning = (datetime.datetime(2021, 3, 2, hour, 30) for hour in (22, 10))
    recording = write_edf(tmp_path / "n.edf", start=evening)
    stages = [(0, 30, "Sleep stage W"), (30, 30, "Sleep stage 1")]
    scoring = write_edf(tmp_path / "n_hypnogram.edf", [], stages=stages, start=morning)
    with pytest.raises(RecordingError, match=r"no stage lies in.*10:30:00.*22:30:00") as error:
        read_scoring((recording, scoring))
    assert "Correct the start" in str(error.value)
