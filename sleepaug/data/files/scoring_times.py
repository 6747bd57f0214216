"""Stages with their times: what all forms of a scoring become."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from sleepaug.data.recording import Scoring
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import RecordingError


def scoring_of(
    path: Path, rows: Iterable[tuple[float, float, str]], notes: Iterable[str] = ()
) -> Scoring:
    """A `Scoring` from (onset, duration, stage), checked for overlap.

    A duration of 0 (not given) lasts to the next onset, the last one 30 s.
    """
    rows, notes = sorted(rows), list(notes)
    if rows and max(duration for _, duration, _ in rows) > 2 * 86400:
        raise RecordingError(f"{path}: a stage lasts more than two days. Are these seconds?")
    if any(duration == 0 for _, duration, _ in rows):
        notes.append("Durations that the scoring does not give were taken from the next onset.")
        following = [onset for onset, _, _ in rows[1:]] + [rows[-1][0] + WINDOW_SECONDS]
        rows = [
            (o, d or end - o, stage) for (o, d, stage), end in zip(rows, following, strict=True)
        ]
    for (onset, duration, stage), (after, _, other) in pairwise(rows):
        if after < onset + duration - 0.5:
            raise RecordingError(
                f"{path}: stages overlap: {stage} lasts from {onset:g} to {onset + duration:g} s, "
                f"and {other} begins at {after:g} s. Are there two scorings in the file?"
            )
    return Scoring(
        onset=tuple(onset for onset, _, _ in rows),
        duration=tuple(duration for _, duration, _ in rows),
        stage=tuple(stage for _, _, stage in rows),
        notes=tuple(notes),
    )
