"""Times in tables: seconds or times of day, with durations or ends, from the recording's start."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sleepaug.data.recording import DAY_SECONDS
from sleepaug.data.scorings.clock_times import origin_of, without_clock_change
from sleepaug.data.scorings.scoring_rows import Extent
from sleepaug.data.scorings.table import Table, cell, clock_of, number
from sleepaug.support.errors import RecordingError

LATEST = 1e7
"""Seconds: what is later, such as a time since 1970, is no time from the start of a recording."""
ELAPSED = re.compile(r"0\+(\d+):(\d{2}):(\d{2}(?:\.\d+)?)")
"""How Luna writes a time that counts from the start of the recording."""
MINUTES = re.compile(r".*\b\d{1,2}:\d{2}(?:\s*[AaPp][Mm])?")
"""A time of day without seconds; `fullmatch` with seconds needs a second colon."""
NOT_GIVEN = ("", "n/a", "nan", ".")
"""What stands for a duration that is not given."""


def times_of(
    path: Path, table: Table, rows: Sequence[tuple[int, Sequence[str]]], extent: Extent
) -> tuple[list[tuple[float, float]], list[str]]:
    """Read the onset and duration of each row.

    Parameters
    ----------
    path : Path
        For messages.
    table : Table
    rows : sequence of (int, sequence of str)
        The line of each row in the file, and its cells.
    extent : Extent
        Its start is that of times of day.

    Returns
    -------
    seconds : list of (float, float)
        Onset and duration of each row, in seconds from the start of the recording; the duration is
        0 where it is not given.
    notes : list of str

    Raises
    ------
    RecordingError
        A time cannot be read, or is negative, or times of day are not those of the recording.
    """
    notes: list[str] = []
    starts, ends, durations = (
        [_seconds(path, line, cell(row, column), name, unit, table) for line, row in rows]
        if column is not None
        else []
        for column, name, unit in zip(
            (table.onset, table.end, table.duration),
            ("onset", "end", "duration"),
            table.units,
            strict=True,
        )
    )
    by_clock = bool(starts) and clock_of(cell(rows[0][1], table.onset)) is not None
    if not starts:
        starts = [0.0, *ends[:-1]] if ends else [0.0, *np.cumsum(durations)[:-1].tolist()]
        notes.append("The scoring does not say when the first stage began: with the recording.")
    lasts = durations or [0.0] * len(starts)
    if ends:
        lasts = [
            _lasts(start, end, cell(row, table.end), by_clock=by_clock)
            for (_, row), start, end in zip(rows, starts, ends, strict=True)
        ]
    if by_clock:
        starts, lasts, changed = without_clock_change(starts, lasts, extent, lasts_known=not ends)
        origin, note = origin_of(path, starts, extent)
        starts = [start - origin for start in starts]
        notes += [note, *changed]
    _refuse_minutes(path, table, rows, lasts)
    for (line, _), start, duration in zip(rows, starts, lasts, strict=True):
        if not (-DAY_SECONDS * by_clock <= start < LATEST and 0 <= duration < LATEST):
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, not negative; got "
                f"{start:g} and {duration:g}."
            )
    return list(zip(starts, lasts, strict=True)), notes


def _lasts(start: float, end: float, text: str, *, by_clock: bool) -> float:
    """Return a duration from an end, which Luna may write as ``+30`` or ``...`` (to the next)."""
    if math.isnan(end):
        return 0.0
    if text.startswith("+"):
        return end
    return (end - start) % DAY_SECONDS if by_clock else end - start


def _seconds(path: Path, line: int, text: str, name: str, unit: float, table: Table) -> float:
    """Read a cell in seconds, a time of day from midnight."""
    if elapsed := ELAPSED.fullmatch(text):
        hours, minutes, seconds = map(float, elapsed.groups())
        return 3600 * hours + 60 * minutes + seconds
    clock = clock_of(text)
    if clock is not None:
        return clock
    if name == "duration" and text.lower() in NOT_GIVEN:
        return 0.0
    if name == "end" and text == "...":
        return math.nan
    value = number(text, comma=table.decimal_comma)
    if math.isnan(value):
        raise RecordingError(
            f"{path}: line {line}: onset and duration must be seconds, or the onset a time of "
            f"day such as 23:10:30; got {text[:30]!r} as {name}."
        )
    return value * unit


def _refuse_minutes(
    path: Path, table: Table, rows: Sequence[tuple[int, Sequence[str]]], lasts: Sequence[float]
) -> None:
    """Raise where times of day without seconds are the same for two stages."""
    texts = [cell(row, table.onset) for _, row in rows]
    for (line, _), text, after, last in zip(rows, texts, texts[1:], lasts, strict=False):
        if last == 0 and text == after and MINUTES.fullmatch(text):
            raise RecordingError(
                f"{path}: line {line}: two stages begin at {text}. Times of day need seconds "
                "(22:30:30), unless each minute has one stage."
            )
