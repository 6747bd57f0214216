"""Tables whose rows are numbered, and times and numbers that would be misread."""

import random

import pytest

from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent
from sleepaug.support.errors import RecordingError

STAGES = ["W", "N1", "N2", "N3", "R"] * 6


def read(tmp_path, text, name="s.csv", seconds=900.0):
    (tmp_path / name).write_text(text)
    return read_scoring((tmp_path / name,), extent=Extent(seconds))


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


def test_a_night_of_more_than_a_thousand_epochs_is_placed_too(tmp_path):
    rows = [f"{k + 1},{STAGES[k % 30]}" for k in range(1200) if k != 700]
    scoring = read(tmp_path, "\n".join(["Epoch,Stage", *rows[::-1]]), seconds=36000)
    assert scoring.stage[699:702] == (STAGES[9], "?", STAGES[11])
    assert len(scoring) == 1200


@pytest.mark.parametrize(
    "number",
    [
        lambda k: k // 10 + 1,  # cycle
        lambda k: k // 2 + 1,  # page
        lambda k: k % 15 + 1,  # begins again
        lambda k: 30 * k,  # seconds
        lambda k: 2 * k + 1,
        lambda k: k + 0.5,
        lambda k: "" if k == 3 else k + 1,
        lambda k: 7,  # person
        lambda k: k + 21,  # of a recording that was cut to these
    ],
)
def test_numbers_that_count_no_epochs_of_this_recording_change_nothing(tmp_path, number):
    rows = [f"{number(k)},{stage}" for k, stage in enumerate(STAGES)]
    scoring = read(tmp_path, "\n".join(["Epoch,Stage", *rows]))
    assert (scoring.stage, scoring.onset[-1]) == (tuple(STAGES), 870.0)


def test_of_two_columns_of_numbers_the_one_that_counts_is_taken(tmp_path):
    rows = [f"7,{k + 1},{stage}" for k, stage in enumerate(STAGES)]
    assert read(tmp_path, "\n".join(["Nr,Epoch,Stage", *rows[::-1]])).stage == tuple(STAGES)


@pytest.mark.parametrize("more", [[",,Arousal", ",,Arousal"], ["TST,,300"], ["5,,Arousal"]])
def test_rows_without_a_stage_are_no_epochs(tmp_path, more):
    rows = [f"{k + 1},{stage}," for k, stage in enumerate(STAGES)]
    text = "\n".join(["Epoch,Stage,Event", *rows[:8], *more[1:], *rows[8:], more[0]])
    assert read(tmp_path, text).stage == tuple(STAGES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({29: "29"}, "line 31: epoch 29 is given twice, first in line 30"),
        ({0: "-1"}, "line 2: -1 is no number of an epoch"),
        ({29: "999"}, "999 stages of 30 s make 8.32 h"),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, change, message):
    rows = [f"{change.get(k, k + 1)},{stage}" for k, stage in enumerate(STAGES)]
    with pytest.raises(RecordingError, match=message):
        read(tmp_path, "\n".join(["epoch,stage", *rows]))


def test_times_of_day_without_seconds_are_refused_where_a_stage_would_vanish(tmp_path):
    rows = [f"22:{30 + k // 2},{stage}" for k, stage in enumerate(STAGES)]
    with pytest.raises(RecordingError, match=r"line 2: two stages begin at 22:30\..*need seconds"):
        read(tmp_path, "\n".join(["Time,Stage", *rows]))
    minutes = [f"22:{30 + k},{stage}" for k, stage in enumerate(STAGES[:15])]
    assert set(read(tmp_path, "\n".join(["Time,Stage", *minutes])).duration[:-1]) == {60}
    zero = "onset,duration,stage\n0,0,W\n0,30,N1\n30,30,N2\n"
    assert read(tmp_path, zero).stage[-2:] == ("N1", "N2")


@pytest.mark.parametrize("codes", ["12345", "01234"])
@pytest.mark.parametrize("unscored", ["-1", "9", "6"])
def test_an_unscored_code_does_not_decide_what_the_others_mean(tmp_path, codes, unscored):
    with pytest.raises(RecordingError, match="several ways"):
        read(tmp_path, "\n".join([*(list(codes) * 5), unscored, *codes[:4]]), "s.txt")
