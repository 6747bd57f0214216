"""Stages with their times, which all forms of a scoring become."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sleepaug.data.recording import LONGEST_SECONDS, Scoring
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import RecordingError

OVERLAP_SECONDS = 0.5
"""A stage may end so much after the next one begins, which rounding of times does."""


class ScoredStage(NamedTuple):
    """A stage, with its onset and duration in seconds; a duration of 0 lasts to the next onset."""

    onset: float
    duration: float
    stage: str


def scoring_of(path: Path, stages: Iterable[ScoredStage], notes: Iterable[str] = ()) -> Scoring:
    """Make a scoring of stages in any order, and check that they do not overlap.

    Parameters
    ----------
    path : Path
        For messages.
    stages : iterable of ScoredStage
        The last one lasts 30 s if its duration is 0.
    notes : iterable of str
        To keep in the scoring.

    Raises
    ------
    RecordingError
        Stages overlap, or one lasts more than two days.
    """
    rows, notes = sorted(stages), list(notes)
    if rows and max(row.duration for row in rows) > LONGEST_SECONDS:
        raise RecordingError(f"{path}: a stage lasts more than two days. Are these seconds?")
    if any(row.duration == 0 for row in rows):
        notes.append("Durations that the scoring does not give were taken from the next onset.")
        ends = [row.onset for row in rows[1:]] + [rows[-1].onset + WINDOW_SECONDS]
        rows = [
            row._replace(duration=row.duration or end - row.onset)
            for row, end in zip(rows, ends, strict=True)
        ]
    for row, after in pairwise(rows):
        end = row.onset + row.duration
        if after.onset < end - OVERLAP_SECONDS:
            raise RecordingError(
                f"{path}: stages overlap: {row.stage} lasts from {row.onset:g} to {end:g} s, and "
                f"{after.stage} begins at {after.onset:g} s. Are there two scorings in the file?"
            )
    return Scoring(
        onset=tuple(row.onset for row in rows),
        duration=tuple(row.duration for row in rows),
        stage=tuple(row.stage for row in rows),
        notes=tuple(notes),
    )
