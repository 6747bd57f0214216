"""Tables in text files: which columns hold stages and times, by their names or what they hold."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sleepaug.data.files.codes import as_code
from sleepaug.data.stages import is_stage

DELIMITERS = ("\t", ";", ",")
HEADER_LINES = 60
"""A header is looked for in so many first lines; some programs write other things above it."""
LOOK_ROWS, LOOK_ROWS_OF_EVENTS = 20, 200
"""So many first rows tell what a column holds; more among events, where stages are rare."""
JOIN_SECONDS = 1.0
"""By so much the end of a stage and the onset of the next may differ in a table without header."""


STAGE = (
    *("stage", "stages", "sleepstage", "sleepstages", "stagehum", "trialtype", "event", "label"),
    *("annotation", "annotations", "description", "hypnogram", "hypno", "class", "score"),
    "scoring",
)
ONSET = ("onset", "recordingonset", "start", "starttime", "begin", "clocktime", "time")
END = ("end", "stop", "endtime", "stoptime")
DURATION = ("duration", "dur", "length")
"""Names of columns, without capitals, spaces and units."""

CLOCK = re.compile(
    r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[ T])?"  # a date
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp][Mm])?"
)
"""A time of day, with or without a date before it."""


@dataclass(frozen=True)
class Table:
    """A table whose columns are known; `find_table` makes it.

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
    """

    rows: list[list[str]]
    first_line: int
    stage: int
    onset: int | None = None
    end: int | None = None
    duration: int | None = None
    decimal_comma: bool = False


def find_table(text: str) -> Table | None:
    """Find the table in a text: by its header, or by columns of times beside a column of stages.

    Returns
    -------
    Table or None
        None where the text is no table of several columns.

    Examples
    --------
    >>> table = find_table("No.;Start;Stage\\n1;0,0;W\\n2;30,0;N1\\n")
    >>> table.onset, table.stage, table.rows[1]
    (1, 2, ['2', '30,0', 'N1'])
    """
    lines = text.splitlines()
    for at, line in enumerate(lines[:HEADER_LINES]):
        for delimiter in DELIMITERS:
            names = [_plain(name) for name in _split(line, delimiter)]
            if len(names) > 1 and (stage := _stage_column(names, lines[at + 1 :], delimiter)) >= 0:
                return Table(
                    rows=[_split(row, delimiter) for row in lines[at + 1 :]],
                    first_line=at + 2,
                    stage=stage,
                    onset=_column(names, ONSET),
                    end=_column(names, END),
                    duration=_column(names, DURATION),
                    decimal_comma=delimiter != ",",
                )
    return _without_header(lines)


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _plain(name: str) -> str:
    """Reduce the name of a column to its letters, without units in brackets."""
    return re.sub(r"[\[(].*?[\])]|[^a-z]", "", name.lower())


def _column(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _stage_column(names: Sequence[str], below: Sequence[str], delimiter: str) -> int:
    """Find the number of the column that holds the stages, -1 if there is none.

    Of several (REMlogic writes the stage beside each event as well) it is one whose values name
    their events in full, such as "SLEEP-S2", or else the first.
    """
    columns = [k for k, name in enumerate(names) if name in STAGE]
    if len(columns) > 1:
        rows = [_split(line, delimiter) for line in below[:LOOK_ROWS_OF_EVENTS]]
        for k in columns:
            values = [row[k].strip() for row in rows if len(row) > k]
            if any(value.lower().startswith("sleep-") for value in values):
                return k
        filled = [k for k in columns if any(len(row) > k and is_stage(row[k]) for row in rows)]
        columns = filled or columns
        columns.sort(key=lambda k: STAGE.index(names[k]))
    return columns[0] if columns else -1


def _without_header(lines: Sequence[str]) -> Table | None:
    """Find a table without a header: ``onset,duration,stage`` as Luna's, or a stage and its end."""
    filled = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not filled:
        return None
    for delimiter in DELIMITERS:
        rows = [_split(line, delimiter) for _, line in filled]
        width = len(rows[0])
        if width < 2 or any(len(row) != width for row in rows[:LOOK_ROWS]):
            continue
        numeric = [k for k in range(width) if all(_is_time(row[k]) for row in rows[:LOOK_ROWS])]
        words = [
            k
            for k in range(width)
            if any(is_stage(row[k]) and as_code(row[k]) is None for row in rows)
        ]
        if len(words) != 1 or not numeric or len(numeric) > 2:
            continue
        onset, end, duration = None, None, None
        if len(numeric) == 2:  # start and stop, or start and duration, by what they hold
            first, second = ([number(row[k], comma=True) for row in rows] for k in numeric)
            later = all(b > a for a, b in zip(first, second, strict=True))
            follows = all(
                abs(e - s) < JOIN_SECONDS for e, s in zip(second, first[1:], strict=False)
            )
            onset = numeric[0]
            if later and follows and len(rows) > 1:
                end = numeric[1]
            else:
                duration = numeric[1]
        elif number(rows[0][numeric[0]], comma=True) == 0:
            onset = numeric[0]
        else:
            end = numeric[0]
        return Table(rows, filled[0][0], words[0], onset, end, duration, delimiter != ",")
    return None


def _is_time(text: str) -> bool:
    return CLOCK.fullmatch(text.strip()) is not None or not math.isnan(number(text, comma=True))


def number(text: str, *, comma: bool) -> float:
    """Read a number, where `comma` also with a decimal comma; NaN if the text is none."""
    try:
        return float(text.strip().replace(",", ".") if comma else text)
    except ValueError:
        return math.nan


def cell(row: Sequence[str], column: int | None) -> str:
    """Return a cell without quotes; "" where the row is too short or there is no such column."""
    return row[column].strip().strip("\"'") if column is not None and column < len(row) else ""
