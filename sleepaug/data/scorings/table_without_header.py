"""Tables without a header: their columns are known by what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sleepaug.data.recording import DAY_SECONDS
from sleepaug.data.scorings.codes import as_code
from sleepaug.data.scorings.table import (
    DELIMITERS,
    HEADER_LINES,
    Table,
    cell,
    clock_of,
    is_time,
    number,
    split_line,
)
from sleepaug.data.stages import is_stage

JOIN_SECONDS = 1.0
"""By so much the end of a stage and the onset of the next may differ."""
LOOK_ROWS = 20
"""So many first rows tell what a column holds."""
HIGHEST_CODE = 9


def without_header(lines: Sequence[str]) -> Table | None:
    """Find a table without a header, such as onset, duration, stage; or a stage and its end.

    Lines above it that say something else, such as ``Rate: 30 s``, are skipped, and so are
    columns that only count.

    Returns
    -------
    Table or None

    Examples
    --------
    >>> table = without_header(["Rate: 30 s", "", "22:30:00,000; Wach", "22:30:30,000; N1"])
    >>> table.onset, table.stage, table.rows[-1]
    (0, 1, ['22:30:30,000', ' N1'])
    """
    filled = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    above = 0
    while True:
        for delimiter in DELIMITERS:
            if table := _table(filled[above:], delimiter):
                return table
        if above == min(len(filled), HEADER_LINES) or not _says_something(filled[above][1]):
            return None
        above += 1


def _says_something(line: str) -> bool:
    """Tell whether a line above a table says what something is: ``Unit: x``."""
    name, colon, _ = line.partition(":")
    return bool(colon) and name.strip().replace(" ", "").isalpha()


def _table(filled: Sequence[tuple[int, str]], delimiter: str) -> Table | None:
    """Read the lines as a table with one column of stages and one or two of times."""
    if not filled:
        return None
    width = len(split_line(filled[0][1], delimiter))
    if width < 2 or any(
        len(split_line(line, delimiter)) != width for _, line in filled[:LOOK_ROWS]
    ):
        return None
    rows = [split_line(line, delimiter) for _, line in filled]
    look = rows[:LOOK_ROWS]
    times = [k for k in range(width) if all(is_time(row[k]) for row in look)]
    numeric, times = times, [k for k in times if not _counts([cell(row, k) for row in rows])]
    stages = [k for k in range(width) if any(_is_name(cell(row, k)) for row in rows)]
    if not stages and len(numeric) == width:
        stages = [k for k in times if all(_is_code(cell(row, k)) for row in rows)]
        times = [k for k in times if k not in stages]
    if not numeric or len(stages) != 1 or len(times) > 2:
        return None
    if len(times) == 1 and not _increases([cell(row, times[0]) for row in rows]):
        return None
    columns = _columns(rows, times, stages[0])
    return Table(_filled(rows, filled), 1, stages[0], *columns, decimal_comma=delimiter != ",")


def _filled(rows: list[list[str]], filled: Sequence[tuple[int, str]]) -> list[list[str]]:
    """Put the rows where they stand in the file, so that messages name their lines."""
    placed: list[list[str]] = [[] for _ in range(filled[-1][0])]
    for (n, _), row in zip(filled, rows, strict=True):
        placed[n - 1] = row
    return placed


def _counts(values: Sequence[str]) -> bool:
    """Tell whether a column is 0, 1, 2, ... or 1, 2, 3, ..., which no time of 30-s epochs is."""
    first = as_code(values[0])
    return (
        len(values) > 1
        and first in ("0", "1")
        and all(value.strip() == str(int(first) + k) for k, value in enumerate(values))
    )


def _increases(values: Sequence[str]) -> bool:
    """Tell whether times in seconds get later; times of day may pass midnight."""
    seconds = [number(value, comma=True) for value in values if clock_of(value) is None]
    return all(later > earlier for earlier, later in pairwise(seconds))


def _is_name(text: str) -> bool:
    return is_stage(text) and not is_time(text)


def _is_code(text: str) -> bool:
    code = as_code(text)
    return code is not None and int(code) <= HIGHEST_CODE


def _columns(
    rows: Sequence[Sequence[str]], times: Sequence[int], stage: int
) -> tuple[int | None, int | None, int | None]:
    """Tell which of the times are onset, end and duration."""
    if not times:
        return None, None, None
    first = times[0]
    if len(times) == 1:  # of the end of each stage only where it stands behind it
        starts = number(rows[0][first], comma=True) == 0 or clock_of(rows[0][first]) is not None
        return (first, None, None) if starts or first < stage else (None, first, None)
    a, b = ([_seconds(cell(row, k)) for row in rows] for k in times)
    later = all((end - start) % DAY_SECONDS > 0 for start, end in zip(a, b, strict=True))
    joined = all(abs(end - start) < JOIN_SECONDS for end, start in zip(b, a[1:], strict=False))
    if clock_of(rows[0][times[1]]) is not None or (later and joined and len(rows) > 1):
        return first, times[1], None
    return first, None, times[1]


def _seconds(text: str) -> float:
    clock = clock_of(text)
    return number(text, comma=True) if clock is None else clock
