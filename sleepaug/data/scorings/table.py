"""Tables in text files: their rows and cells, and the times in them."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

DELIMITERS = ("\t", ";", "|", ",", " ")
HEADER_LINES = 60
"""A table is looked for in so many first lines; some programs write other things above it."""

_CLOCK = re.compile(
    r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[ T])?"  # a date
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_CLOCK_WITH_POINTS = re.compile(r"([01]?\d|2[0-3])\.([0-5]\d)\.([0-5]\d)")


@dataclass(frozen=True)
class Table:
    """A table whose columns are known; `table_header.find_table` makes it.

    Attributes
    ----------
    rows : list of list of str
        Without the header.
    first_line : int
        Where the first row stands in the file.
    stage : int
        Number of the column of stages.
    onset, end, duration : int or None
        Numbers of the columns of times.
    decimal_comma : bool
        Whether numbers may be written with a comma.
    units : tuple of 3 floats
        What the units of onset, end and duration are in seconds.
    epoch : int or None
        Number of the column that counts epochs.
    codes : str or None
        What numbers mean, where the name of the column says it.
    note : str
        What had to be decided; "" if nothing.
    """

    rows: list[list[str]]
    first_line: int
    stage: int
    onset: int | None = None
    end: int | None = None
    duration: int | None = None
    decimal_comma: bool = False
    units: tuple[float, float, float] = (1.0, 1.0, 1.0)
    epoch: int | None = None
    codes: str | None = None
    note: str = ""


def split_line(line: str, delimiter: str, n: int = 0) -> list[str]:
    """Split a line into cells, at spaces into `n` of which the last may have spaces."""
    if delimiter == " ":
        return line.split(None, n - 1) if n else line.split()
    return next(csv.reader([line], delimiter=delimiter), [])


def clock_of(text: str) -> float | None:
    """Read a time of day, with or without a date before it, as seconds from midnight.

    Examples
    --------
    >>> clock_of("02.03.2021 22:30:15"), clock_of("10:30:15 PM"), clock_of("22.30.15")
    (81015.0, 81015.0, 81015.0)
    """
    text = text.strip()
    if points := _CLOCK_WITH_POINTS.fullmatch(text):
        hour, minute, second = map(int, points.groups())
        return 3600.0 * hour + 60 * minute + second
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return None
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    if clock[5]:
        hour = hour % 12 + (12 if clock[5][0].lower() == "p" else 0)
    return 3600.0 * hour + 60 * minute + second + float(f"0.{clock[4] or 0}")


def is_time(text: str) -> bool:
    """Tell whether a cell holds a time of day or a number."""
    return clock_of(text) is not None or not math.isnan(number(text, comma=True))


def number(text: str, *, comma: bool) -> float:
    """Read a number, where `comma` also with a decimal comma; NaN if the text is none."""
    try:
        return float(text.strip().replace(",", ".") if comma else text)
    except ValueError:
        return math.nan


def cell(row: Sequence[str], column: int | None) -> str:
    """Return a cell without quotes; "" where the row is too short or there is no such column."""
    return row[column].strip().strip("\"'") if column is not None and column < len(row) else ""
