"""Tables whose rows are numbered, and times and numbers that would be misread."""

import random

import pytest

from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent
from sleepaug.support.errors import RecordingError

STAGES = ["W", "N1", "N2", "N3", "R"] * 6


def read(tmp_path, text, name="s.csv"):
    (tmp_path / name).write_text(text)
    return read_scoring((tmp_path / name,), extent=Extent(900.0))


@pytest.mark.parametrize("head", ["Epoch,Stage", "No.,Stage", "Epoche,Schlafstadium"])
@pytest.mark.parametrize("first", [0, 1])
def test_rows_in_any_order_and_with_gaps_are_placed_by_their_numbers(tmp_path, head, first):
    rows = [f"{first + k},{stage}" for k, stage in enumerate(STAGES)]
    whole = read(tmp_path, "\n".join([head, *rows]))
    assert whole.stage == tuple(STAGES)
    assert not any("numbers" in note for note in whole.notes)
    mixed = read(tmp_path, "\n".join([head, *random.Random(0).sample(rows, len(rows))]))
    assert (mixed.stage, mixed.onset) == (whole.stage, whole.onset)
    gaps = read(tmp_path, "\n".join([head, rows[0], *rows[3:20], *rows[21:]]))
    assert gaps.stage == (*STAGES[:1], "?", "?", *STAGES[3:20], "?", *STAGES[21:])
    assert gaps.notes[-1].endswith(f"the recording's first being {first}; 3 have none.")


def test_codes_and_cells_without_a_stage_keep_their_places(tmp_path):
    rows = [f"{k + 1},{'' if k == 4 else k % 3}" for k in range(30) if k != 7]
    scoring = read(tmp_path, "\n".join(["epoch,stage", *rows]))
    assert scoring.stage[3:9] == ("W", "?", "N2", "W", "?", "N2")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,W", "2,N1", "2,N2"], "line 4: epoch 2 is given twice, first in line 3"),
        (["-1,W", "2,N1"], "line 2: -1 is no number of an epoch"),
        (["1,W", "999,N1"], "make 8.32 h"),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, rows, message):
    with pytest.raises(RecordingError, match=message):
        read(tmp_path, "\n".join(["epoch,stage", *rows]))


def test_times_of_day_without_seconds_are_refused_where_a_stage_would_vanish(tmp_path):
    rows = [f"22:{30 + k // 2},{stage}" for k, stage in enumerate(STAGES)]
    with pytest.raises(RecordingError, match=r"N1 and W, begin at 0 s.*need seconds"):
        read(tmp_path, "\n".join(["Time,Stage", *rows]))
    minutes = [f"22:{30 + k},{stage}" for k, stage in enumerate(STAGES[:15])]
    assert set(read(tmp_path, "\n".join(["Time,Stage", *minutes])).duration[:-1]) == {60}


@pytest.mark.parametrize("codes", ["12345", "01234"])
@pytest.mark.parametrize("unscored", ["-1", "9", "6"])
def test_an_unscored_code_does_not_decide_what_the_others_mean(tmp_path, codes, unscored):
    with pytest.raises(RecordingError, match="several ways"):
        read(tmp_path, "\n".join([*(list(codes) * 5), unscored, *codes[:4]]), "s.txt")
