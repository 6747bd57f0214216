"""Tables in text files: which columns hold stages and times, by the names above them."""

from __future__ import annotations

from collections.abc import Sequence

from sleepaug.data.scorings.codes import as_code
from sleepaug.data.scorings.table import DELIMITERS, HEADER_LINES, Table, cell, split_line
from sleepaug.data.scorings.table_names import (
    DURATION,
    END,
    EPOCH,
    KNOWN_SCORERS,
    ONSET,
    STAGE,
    column_of,
    plain,
)
from sleepaug.data.scorings.table_without_header import without_header
from sleepaug.data.stages import is_stage

LOOK_ROWS = 200
"""So many first rows tell what a column holds; among events stages may be rare."""


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
            table = _with_header(line, lines[at + 1 :], at + 2, delimiter)
            if table is not None:
                return table
    return without_header(lines)


def _with_header(line: str, below: Sequence[str], first_line: int, delimiter: str) -> Table | None:
    """Read a table whose columns this line names; None if it does not."""
    names = split_line(line.lstrip("#% "), delimiter)
    if len(names) < 2 or not any(plain(name) in STAGE for name in names):
        return None
    rows = [split_line(row, delimiter, len(names)) for row in below]
    stage, note = _stage_column(names, rows)
    (onset, a), (end, b), (duration, c) = (column_of(names, w) for w in (ONSET, END, DURATION))
    if delimiter == " " and (onset is None or not any(len(row) > stage for row in rows)):
        return None  # a sentence
    return Table(
        rows,
        first_line,
        stage,
        onset,
        end,
        duration,
        decimal_comma=delimiter != ",",
        units=(a, b, c),
        epoch=_epoch_column(names, rows),
        codes=KNOWN_SCORERS.get(plain(names[stage])),
        note=note,
    )


def _epoch_column(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Find the column that numbers the epochs: of several names, one whose values differ."""
    letters = [plain(name) for name in names]
    columns = sorted(
        (k for k, name in enumerate(letters) if name in EPOCH),
        key=lambda k: EPOCH.index(letters[k]),
    )
    for k in columns:
        if len({cell(row, k) for row in rows[:LOOK_ROWS]} - {""}) > 1:
            return k
    return None


def _stage_column(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, str]:
    """Find the column that holds the stages; a note names others that do.

    Of several (REMlogic writes the stage beside each event as well) it is one whose values name
    their events in full, such as "SLEEP-S2", or else the first.
    """
    letters = [plain(name) for name in names]
    columns = [k for k, name in enumerate(letters) if name in STAGE]
    if len(columns) < 2:
        return columns[0], ""
    values = {k: [cell(row, k) for row in rows[:LOOK_ROWS]] for k in columns}
    for k in columns:
        if any(value.lower().startswith("sleep-") for value in values[k]):
            return k, ""
    filled = [k for k in columns if any(is_stage(v) or as_code(v) for v in values[k])] or columns
    filled.sort(key=lambda k: STAGE.index(letters[k]))
    first, *others = filled
    differing = [names[k].strip() for k in others if values[k] != values[first]]
    note = (
        f"Stages were read from column '{names[first].strip()}', not from {', '.join(differing)}."
    )
    return first, note if differing else ""
