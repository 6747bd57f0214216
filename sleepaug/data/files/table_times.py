"""Times in tables: seconds or times of day, with durations or ends, from the recording's start."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sleepaug.data.files.scoring_rows import Extent
from sleepaug.data.files.table import CLOCK, Table, cell, number
from sleepaug.data.recording import DAY_SECONDS
from sleepaug.support.errors import RecordingError

LATEST = 1e7
"""Seconds: what is later, such as a time since 1970, is no time from the start of a recording."""
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
        Onset and duration of each row, in seconds from the start of the recording.
    notes : list of str

    Raises
    ------
    RecordingError
        A time cannot be read, or is negative.
    """
    notes: list[str] = []
    starts = _column(path, table, rows, table.onset, "onset")
    ends = _column(path, table, rows, table.end, "end")
    if starts and _is_clock(rows[0][1], table.onset):
        starts, ends, notes = _from_clock(starts, ends, extent)
    durations = _column(path, table, rows, table.duration, "duration") if not ends else []
    if not starts:
        starts = [0.0, *ends[:-1]] if ends else [0.0, *np.cumsum(durations)[:-1].tolist()]
        notes.append("The scoring does not say when the first stage began: with the recording.")
    if ends:
        durations = [end - start for start, end in zip(starts, ends, strict=True)]
    for (line, _), start, duration in zip(rows, starts, durations or starts, strict=True):
        if not (0 <= start < LATEST and 0 <= duration < LATEST):
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, not negative; got "
                f"{start:g} and {duration:g}."
            )
    return list(zip(starts, durations or [0.0] * len(starts), strict=True)), notes


def _is_clock(row: Sequence[str], column: int | None) -> bool:
    return ":" in cell(row, column)


def _column(
    path: Path,
    table: Table,
    rows: Sequence[tuple[int, Sequence[str]]],
    column: int | None,
    name: str,
) -> list[float]:
    """Read a column in seconds, times of day from midnight; nothing without a column."""
    if column is None:
        return []
    seconds = []
    for line, row in rows:
        text = cell(row, column)
        if clock := CLOCK.fullmatch(text):
            seconds.append(_from_midnight(clock))
        elif name == "duration" and text.lower() in NOT_GIVEN:
            seconds.append(0.0)
        elif math.isnan(value := number(text, comma=table.decimal_comma)):
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, or the onset a time of "
                f"day such as 23:10:30; got {text[:30]!r} as {name}."
            )
        else:
            seconds.append(value)
    return seconds


def _from_midnight(clock: re.Match[str]) -> float:
    """Convert a time of day to seconds."""
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    if clock[5]:
        hour = hour % 12 + (12 if clock[5].lower() == "pm" else 0)
    return 3600 * hour + 60 * minute + second + float(f"0.{clock[4] or 0}")


def _from_clock(
    starts: list[float], ends: list[float], extent: Extent
) -> tuple[list[float], list[float], list[str]]:
    """Convert times of day, also over midnight, to seconds from the start of the recording."""
    days, unwrapped = 0.0, list[float]()
    for k, start in enumerate(starts):
        if k and start + days < unwrapped[-1] - DAY_SECONDS / 2:
            days += DAY_SECONDS
        unwrapped.append(start + days)
    if extent.begins is None:
        origin = unwrapped[0]
        note = "Times of day, counted from the first: the start of the recording is not known."
    else:
        begins = extent.begins
        origin = 3600.0 * begins.hour + 60 * begins.minute + begins.second
        origin += begins.microsecond * 1e-6
        apart = (unwrapped[0] - origin + DAY_SECONDS / 2) % DAY_SECONDS - DAY_SECONDS / 2
        origin = unwrapped[0] - apart
        note = f"Times of day, counted from the recording's start at {begins:%H:%M:%S}."
    onsets = [start - origin for start in unwrapped]
    stops = [
        onset + (end - start) % DAY_SECONDS
        for onset, start, end in zip(onsets, starts, ends, strict=False)
    ]
    return onsets, stops, [note]
