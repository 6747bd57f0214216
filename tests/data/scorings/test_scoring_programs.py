"""Scorings as programs and laboratories write them, each with one hypnogram in it."""

import pytest
from scoring_texts import AASM, BEGINS, FORMS, STAGES, language, rows

from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent
from sleepaug.support.errors import RecordingError


def read(tmp_path, text, seconds=600.0, **options):
    path = tmp_path / "n.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_scoring((path,), extent=Extent(seconds, BEGINS), **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_hypnogram_comes_out(form, encoding, tmp_path):
    scoring = read(tmp_path, FORMS[form].encode(encoding))
    assert list(scoring.stage) == STAGES
    assert scoring.onset == pytest.approx([30 * k for k in range(20)])
    assert scoring.duration == (30,) * 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"PK\3\4" + bytes(50), "spreadsheet"),
        (rows("{o},{s}", head="onset,stage\n", step=3840), "last 3840 s.*samples"),
        (rows("{m},{s}", head="onset,stage\n"), "last 0.5 s.*not in minutes"),
        (rows("{t:%I:%M:%S},{s}", head="time,stage\n").replace("12:", "00:"), "begin at 11:55:00.*23:55:00"),  # noqa: E501
        (rows("{s}", dict(zip(AASM, "12345", strict=True))), "several ways.*1 is W"),
        (rows("{o},{s},W", head="onset,scorer1,scorer2\n"), "needs a header"),
        (language("wake", "light", "light", "deep", "rem"), "line 3: unknown stage 'light'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(text, words, tmp_path):
    with pytest.raises(RecordingError, match=words):
        read(tmp_path, text)


def test_epochs_of_20_s_with_times_become_windows(tmp_path):
    text = "onset,duration,stage\n" + "".join(
        f"{20 * k},20,{s}\n" for k, s in enumerate(["W", "W", "W", "N1", "N1", "N2"])
    )
    scoring = read(tmp_path, text, seconds=120)
    assert scoring.stage == ("W", "W", "N1", "N2")  # N1 and N2 have 10 and 20 s of the last
    assert scoring.onset == (0, 30, 60, 90)
    assert "Stages from epochs of 20 s, by majority in 30 s." in scoring.notes


def test_a_second_scorer_in_the_table_is_named(tmp_path):
    text = "onset\tstage_hum\tstage_ai\n0\t0\t0\n30\t4\t3\n"
    scoring = read(tmp_path, text, seconds=60)
    assert scoring.stage == ("W", "R")
    assert "column 'stage_hum', not from stage_ai" in "".join(scoring.notes)


def test_a_late_first_onset_is_an_onset(tmp_path):
    assert read(tmp_path, "210,N2\n240,N3\n").onset == (210, 240)
    ends = read(tmp_path, "W\t210\nN3\t240\n")
    assert (ends.onset, ends.duration) == ((0, 210), (210, 30))


def test_short_names_beside_full_ones_count_where_their_stage_has_no_full_name(tmp_path, write_edf):
    texts = ["Wake", "Stage 1", "Stage 2", "REM", "R"]
    stages = [(30 * k, 30, text) for k, text in enumerate(texts)]
    path = write_edf(tmp_path / "n.edf", [], stages=stages)
    assert read_scoring((path,)).stage == ("W", "N1", "N2", "R", "R")
    stages[3] = (90, 30, "Sleep stage R")  # then "R" may be any event
    path = write_edf(tmp_path / "n.edf", [], stages=stages)
    assert read_scoring((path,)).stage == ("W", "N1", "N2", "R")
