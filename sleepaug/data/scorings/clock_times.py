"""Times of day in scorings: continued after midnight and over summer time, and their origin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sleepaug.data.recording import DAY_SECONDS
from sleepaug.data.scorings.scoring_rows import SLACK, Extent
from sleepaug.support.errors import RecordingError

REGULAR = 0.9
"""Share of the rows that follow each other at the usual distance where each is an epoch."""
HALF_AN_HOUR = 1800.0
NO_START = "Times of day, counted from the first: the start of the recording is not known."


def without_clock_change(
    starts: Sequence[float], lasts: Sequence[float], extent: Extent, *, lasts_known: bool
) -> tuple[list[float], list[float], list[str]]:
    """Continue times of day after midnight, and over a change to or from summer time.

    A jump ahead may be an hour that nobody scored: it counts as a change only if the stages would
    otherwise end half an hour or more after the recording, and do not without it.

    Parameters
    ----------
    starts, lasts : sequence of float
        Seconds from midnight, and how long each stage lasts (0 where it is not given).
    extent : Extent
    lasts_known : bool
        Whether `lasts` were given, and not found from times that the change has moved as well.

    Returns
    -------
    starts, lasts : list of float
        On one scale from the midnight before the first.
    notes : list of str

    Examples
    --------
    >>> without_clock_change([86370.0, 0.0], [30.0, 30.0], Extent(), lasts_known=True)[0]
    [86370.0, 86400.0]
    """
    clocks, lasts = _unwrapped(starts), list(lasts)
    steps = np.diff(clocks)
    usual = float(np.median(steps)) if len(steps) else 0.0
    expected = np.full(len(steps), usual)
    if lasts_known and any(lasts):
        expected = np.array(lasts[:-1])
    elif not len(steps) or np.mean(np.abs(steps - usual) < 1) < REGULAR:
        return clocks, lasts, []
    jumps = np.flatnonzero(np.abs(np.abs(steps - expected) - 3600) < 1)
    if len(jumps) != 1:
        return clocks, lasts, []
    row = int(jumps[0]) + 1
    ahead = clocks[row] > clocks[row - 1]
    if ahead and not _ends_an_hour_late(clocks, extent):
        return clocks, lasts, []
    by = -3600.0 if ahead else 3600.0
    note = (
        f"The clock was set {'ahead' if ahead else 'back'} by an hour before "
        f"{_clock_text(clocks[row] % DAY_SECONDS)}: later times were moved by {by:+g} s."
    )
    if lasts[row - 1]:
        lasts[row - 1] = float(expected[row - 1])
    return [*clocks[:row], *(clock + by for clock in clocks[row:])], lasts, [note]


def _ends_an_hour_late(clocks: Sequence[float], extent: Extent) -> bool:
    """Tell whether times of day end after the recording by what a change of the clock explains."""
    if extent.seconds is None or extent.begins is None or clocks[0] == 0:
        return False
    over = _offset(clocks, extent) + clocks[-1] - clocks[0] - extent.seconds
    return HALF_AN_HOUR < over < 3600 + SLACK


def _unwrapped(clocks: Sequence[float]) -> list[float]:
    """Continue times of day after midnight."""
    days, unwrapped = 0.0, list[float]()
    for clock in clocks:
        if unwrapped and clock + days < unwrapped[-1] - DAY_SECONDS / 2:
            days += DAY_SECONDS
        unwrapped.append(clock + days)
    return unwrapped


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


def origin_of(path: Path, clocks: Sequence[float], extent: Extent) -> tuple[float, str]:
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
