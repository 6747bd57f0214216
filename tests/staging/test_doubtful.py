"""Warnings of what a hypnogram looks like, and of the epochs that it lacks."""

import numpy as np
import pytest

from sleepaug.data.stages import STAGES
from sleepaug.staging.doubtful import with_doubts, with_gaps
from sleepaug.staging.hypnogram.hypnogram import Hypnogram


def night(stages, **more):
    """Make a hypnogram of such stages, "?" where there is none."""
    probabilities = np.full((len(stages), 5), np.nan)
    for row, stage in zip(probabilities, stages, strict=True):
        if stage != "?":
            row[:] = 0.05 + 0.75 * np.eye(5)[STAGES.index(stage)]
    return Hypnogram(30.0 * np.arange(len(stages)), probabilities, [""] * len(stages), **more)


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (["N2"] * 110 + ["W"] * 10, "110 of 120 epochs are staged N2"),
        (["R"] * 80 + ["W", "N2"] * 20, "67% of the epochs are staged R"),
        (["N2"] * 80 + ["N3"] * 40, "none of 120 epochs is staged W, N1, R"),
        (["N2"] * 60 + ["N3"] * 40 + ["W"] * 20, ""),
        (["N2"] * 70 + ["N3"] * 40, ""),  # less than an hour
        (["N2"] * 39, ""),
        ([], ""),
    ],
)
def test_what_few_nights_look_like_is_said(stages, words):
    notes = with_doubts(night(stages)).notes
    assert bool(notes) == bool(words)
    assert all(note.startswith("Warning: ") and words in note for note in notes)


def test_missing_epochs_are_said_where_they_spoil_the_statistics():
    half = night(["W"] * 10 + ["N2"] * 40 + ["?"] * 50)
    assert "50 of 100 epochs from the start of the recording to its end" in with_gaps(half).notes[0]
    none = night(["W"] * 10 + ["?"] * 50 + ["N2"] * 40, lights_off=300.0, lights_on=1800.0)
    assert "50 of 50 epochs from lights off to lights on" in with_gaps(none).notes[0]
    before = night(["W"] * 10 + ["N2"] * 40 + ["?"] * 50, lights_on=1500.0)
    assert not with_gaps(before).notes  # all of them lie behind lights on
    assert not with_gaps(night(["N2"] * 95 + ["?"] * 5)).notes
    assert not with_gaps(night(["?"] * 20)).notes  # predict says by itself that there are none


def test_of_no_staged_epoch_only_the_time_in_bed_is_known():
    known = {name for name, v in night(["?"] * 20).statistics().items() if v is not None}
    assert known == {"TIB", "unscored"}
