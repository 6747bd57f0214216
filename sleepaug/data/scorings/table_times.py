"""Times in tables: seconds or times of day, with durations or ends, from the recording's start."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sleepaug.data.recording import DAY_SECONDS
from sleepaug.data.scorings.scoring_rows import SLACK, Extent
from sleepaug.data.scorings.table import Table, cell, clock_of, number
from sleepaug.support.errors import RecordingError

LATEST = 1e7
"""Seconds: what is later, such as a time since 1970, is no time from the start of a recording."""
ELAPSED = re.compile(r"0\+(\d+):(\d{2}):(\d{2}(?:\.\d+)?)")
"""How Luna writes a time that counts from the start of the recording."""
MINUTES = re.compile(r".*\b\d{1,2}:\d{2}(?:\s*[AaPp][Mm])?")
"""A time of day without seconds; `fullmatch` with seconds needs a second colon."""
REGULAR = 0.9
"""Share of the rows that follow each other at the usual distance where each is an epoch."""
NO_START = "Times of day, counted from the first: the start of the recording is not known."
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
    lowest = 0.0
    if starts and clock_of(cell(rows[0][1], table.onset)) is not None:
        lowest = -DAY_SECONDS
        clocks = _unwrapped(starts)
        lasts = [
            end if _is_length(cell(row, table.end)) else (end - clock) % DAY_SECONDS
            for (_, row), clock, end in zip(rows, clocks, ends, strict=False)
        ]
        if change := _clock_change(clocks, [] if ends else durations, extent):
            clocks = [*clocks[: change.row], *(clock + change.by for clock in clocks[change.row :])]
            lasts[change.row - 1 : change.row] = [change.lasts] if ends else []
            notes.append(change.note)
        origin, note = _origin(path, clocks, extent)
        notes.insert(0, note)
        starts = [clock - origin for clock in clocks]
        ends = [
            last if _is_length(cell(row, table.end)) else start + last
            for (_, row), start, last in zip(rows, starts, lasts, strict=False)
        ]
    if not starts:
        starts = [0.0, *ends[:-1]] if ends else [0.0, *np.cumsum(durations)[:-1].tolist()]
        notes.append("The scoring does not say when the first stage began: with the recording.")
    if ends:
        lasts = [
            _lasts(start, end, cell(row, table.end))
            for (_, row), start, end in zip(rows, starts, ends, strict=True)
        ]
    else:
        lasts = durations or [0.0] * len(starts)
    _refuse_minutes(path, table, rows, lasts)
    for (line, _), start, duration in zip(rows, starts, lasts, strict=True):
        if not (lowest <= start < LATEST and 0 <= duration < LATEST):
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, not negative; got "
                f"{start:g} and {duration:g}."
            )
    return list(zip(starts, lasts, strict=True)), notes


def _lasts(start: float, end: float, text: str) -> float:
    """Return a duration from an end, which Luna may write as ``+30`` or ``...`` (to the next)."""
    if math.isnan(end):
        return 0.0
    return end if _is_length(text) else end - start


def _is_length(text: str) -> bool:
    """Tell whether a cell of ends holds a duration, as Luna writes it."""
    return text.startswith("+")


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


def _unwrapped(clocks: Sequence[float]) -> list[float]:
    """Continue times of day after midnight."""
    days, unwrapped = 0.0, list[float]()
    for clock in clocks:
        if unwrapped and clock + days < unwrapped[-1] - DAY_SECONDS / 2:
            days += DAY_SECONDS
        unwrapped.append(clock + days)
    return unwrapped


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


class _ClockChange(NamedTuple):
    """Where a clock was set: the first row after it, how to undo it, the row before it."""

    row: int
    by: float
    lasts: float
    note: str


def _clock_change(
    clocks: Sequence[float], durations: Sequence[float], extent: Extent
) -> _ClockChange | None:
    """Find the change to or from summer time, by which a clock jumps an hour once in a night.

    A jump ahead may be an hour that nobody scored: it counts only if the stages would otherwise
    end half an hour or more after the recording, and do not without it.
    """
    steps = np.diff(clocks)
    usual = np.median(steps) if len(steps) else 0.0
    regular = len(steps) and np.mean(np.abs(steps - usual) < 1) >= REGULAR
    if not (any(durations) or regular):
        return None
    lasts = np.array(durations[:-1]) if any(durations) else np.full(len(steps), usual)
    jumps = np.flatnonzero(np.abs(np.abs(steps - lasts) - 3600) < 1)
    if len(jumps) != 1:
        return None
    row = int(jumps[0]) + 1
    ahead = clocks[row] > clocks[row - 1]
    if ahead:
        if extent.seconds is None or extent.begins is None:
            return None
        over = _offset(clocks, extent) + clocks[-1] - clocks[0] - extent.seconds
        if not 1800 < over < 3600 + SLACK or clocks[0] == 0:
            return None
    note = (
        f"The clock was set {'ahead' if ahead else 'back'} by an hour before "
        f"{_clock_text(clocks[row] % DAY_SECONDS)}: later times were moved by "
        f"{'-' if ahead else '+'}3600 s."
    )
    return _ClockChange(row, -3600.0 if ahead else 3600.0, float(lasts[row - 1]), note)


def _fits(offset: float, clocks: Sequence[float], seconds: float) -> bool:
    """Tell whether stages that begin at an offset lie in the recording."""
    return offset >= -SLACK and offset + clocks[-1] - clocks[0] <= seconds + SLACK


def _offset(clocks: Sequence[float], extent: Extent) -> float:
    """Return the seconds from the recording's start to the first time of day.

    Of a day later and a day earlier, that at which more of the stages lie in the recording; half
    a day at most where its length is not known.
    """
    if (begins := extent.begins) is None:
        return 0.0
    start = 3600.0 * begins.hour + 60 * begins.minute + begins.second + begins.microsecond * 1e-6
    later = (clocks[0] - start) % DAY_SECONDS
    earlier = later - DAY_SECONDS
    if extent.seconds is None:
        return later if later < DAY_SECONDS / 2 else earlier
    span = max(clocks[-1] - clocks[0], 1.0)
    inside = {at: min(at + span, extent.seconds) - max(at, 0.0) for at in (earlier, later)}
    if max(inside.values()) <= 0:  # the nearer one, for the message
        return later if later < DAY_SECONDS / 2 else earlier
    return max(inside, key=lambda at: inside[at])


def _origin(path: Path, clocks: Sequence[float], extent: Extent) -> tuple[float, str]:
    """Find the time of day, in seconds from midnight, from which onsets count.

    Raises
    ------
    RecordingError
        No stage would lie in the recording.
    """
    first, span = clocks[0], clocks[-1] - clocks[0]
    if extent.begins is None:
        return first, NO_START
    begins = extent.begins
    offset = _offset(clocks, extent)
    seconds = math.inf if extent.seconds is None else extent.seconds
    near = (offset + DAY_SECONDS / 2) % DAY_SECONDS - DAY_SECONDS / 2
    if first == 0 and not _fits(near, clocks, seconds) and span <= seconds + SLACK:
        return 0.0, "The times begin at 0:00:00: they were counted from the recording's start."
    if offset >= seconds or offset + span < 0:
        raise RecordingError(
            f"{path}: its times of day begin at {_clock_text(first)}, but the recording begins at "
            f"{begins:%H:%M:%S} and lasts {seconds / 3600:.2f} h, so no stage lies in it. "
            "Are both of one night, in one time zone, and with hours from 0 to 23 (or AM and PM)?"
        )
    return first - offset, f"Times of day, counted from the recording's start at {begins:%H:%M:%S}."


def _clock_text(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
