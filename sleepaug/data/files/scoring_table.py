"""Scorings in tables: columns of times and stages, told by their names or what they hold."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sleepaug.data.files.codes import as_code, meaning_of
from sleepaug.data.files.scoring_rows import Extent
from sleepaug.data.stages import WINDOW_SECONDS, is_stage, stage_of
from sleepaug.support.errors import RecordingError

DELIMITERS = ("\t", ";", ",")
HEADER_LINES = 60
"""A header is looked for in so many first lines; some programs write other things above it."""

STAGE = (
    *("stage", "stages", "sleepstage", "sleepstages", "stagehum", "trialtype", "event", "label"),
    *("annotation", "annotations", "description", "hypnogram", "hypno", "class", "score"),
    "scoring",
)
ONSET = ("onset", "recordingonset", "start", "starttime", "begin", "clocktime", "time")
END = ("end", "stop", "endtime", "stoptime")
DURATION = ("duration", "dur", "length")
LOOKS_LIKE_A_STAGE = re.compile(r"(sleep[ _]?)?stage\b.*|[nsr]\d.*|w|r|wake\b.*|rem\b.*", re.I)
CLOCK = re.compile(
    r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[ T])?"  # a date
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp][Mm])?"
)
DAY = 86400.0
LONGEST = 1e7  # seconds

Row = tuple[float, float, str]


@dataclass(frozen=True)
class Table:
    """A table whose columns are known.

    Attributes
    ----------
    rows : list of list of str
        Without the header.
    first_line : int
        Where the first row stands in the file.
    stage, onset, end, duration : int or None
        Numbers of the columns.
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
            names = [_plain(cell) for cell in _split(line, delimiter)]
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
    """Name of a column in lower case, without units in brackets, spaces and marks."""
    return re.sub(r"[\[(].*?[\])]|[^a-z]", "", name.lower())


def _column(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _stage_column(names: Sequence[str], below: Sequence[str], delimiter: str) -> int:
    """Number of the column that holds the stages, -1 if there is none.

    Of several (REMlogic writes the stage beside each event as well) it is one whose values name
    their events in full, such as "SLEEP-S2", or else the first.
    """
    columns = [k for k, name in enumerate(names) if name in STAGE]
    if len(columns) > 1:
        rows = [_split(line, delimiter) for line in below[:200]]
        for k in columns:
            values = [row[k].strip() for row in rows if len(row) > k]
            if any(value.lower().startswith("sleep-") for value in values):
                return k
        filled = [k for k in columns if any(len(row) > k and is_stage(row[k]) for row in rows)]
        columns = filled or columns
        columns.sort(key=lambda k: STAGE.index(names[k]))
    return columns[0] if columns else -1


def _without_header(lines: Sequence[str]) -> Table | None:
    """Find a table without a header: Luna's, ``onset,duration,stage``, or a stage and its end."""
    filled = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not filled:
        return None
    for delimiter in DELIMITERS:
        rows = [_split(line, delimiter) for _, line in filled]
        width = len(rows[0])
        if width < 2 or any(len(row) != width for row in rows[:20]):
            continue
        numeric = [k for k in range(width) if all(_is_time(row[k]) for row in rows[:20])]
        words = [
            k
            for k in range(width)
            if any(is_stage(row[k]) and as_code(row[k]) is None for row in rows)
        ]
        if len(words) != 1 or not numeric or len(numeric) > 2:
            continue
        place = {"stage": words[0], "decimal_comma": delimiter != ","}
        if len(numeric) == 2:  # start and stop, or start and duration, by what they hold
            first, second = ([_number(row[k], True) for row in rows] for k in numeric)
            later = all(b > a for a, b in zip(first, second, strict=True))
            follows = all(abs(e - s) < 1 for e, s in zip(second, first[1:], strict=False))
            kind = "end" if later and follows and len(rows) > 1 else "duration"
            place |= {"onset": numeric[0], kind: numeric[1]}
        else:
            starts = _number(rows[0][numeric[0]], True)
            place |= {"onset" if starts == 0 else "end": numeric[0]}
        return Table(rows=rows, first_line=filled[0][0], **place)  # type: ignore[arg-type]
    return None


def _is_time(text: str) -> bool:
    return CLOCK.fullmatch(text.strip()) is not None or _number(text, True) == _number(text, True)


def _number(text: str, comma: bool) -> float:
    """A number, NaN if the text is none."""
    try:
        return float(text.strip().replace(",", ".") if comma else text)
    except ValueError:
        return float("nan")


def read_table(
    path: Path, table: Table, extent: Extent, said: Mapping[str, str] | None
) -> tuple[list[Row], list[str]]:
    """Stages with their times; other events are passed over, which a note says.

    Returns
    -------
    rows : list of (onset, duration, stage)
        In seconds from the start of the recording; a duration of 0 lasts to the next onset.
    notes : list of str

    Raises
    ------
    RecordingError
        A time cannot be read, a stage is unknown, or there are none.
    """
    cells = [
        (line, row)
        for line, row in enumerate(table.rows, table.first_line)
        if any(cell.strip() for cell in row)
    ]
    labels = [(line, row, _cell(row, table.stage)) for line, row in cells]
    meaning = _meaning(path, [label for *_, label in labels], said)
    scored = [(line, row, _stage(path, line, label, meaning)) for line, row, label in labels]
    stages = [stage for *_, stage in scored if stage is not None]
    if not stages:
        listed = ", ".join(repr(label[:30]) for *_, label in labels[:5])
        raise RecordingError(
            f"{path}: a header but no stages; the column of stages holds {listed or 'nothing'}."
        )
    times = [(line, row) for line, row, stage in scored if stage is not None]
    seconds, notes = _seconds(path, table, times, extent)
    rows = [(onset, length, stage) for (onset, length), stage in zip(seconds, stages, strict=True)]
    events = [item for item, (*_, stage) in zip(labels, scored, strict=True) if stage is None]
    if events:
        _refuse_unknown_stages(path, table, events, rows)
        counts = Counter(label or "(empty)" for *_, label in events)
        names = ", ".join(f"{name[:30]} ({n})" for name, n in counts.most_common(5))
        more = ", ..." if len(counts) > 5 else ""
        notes.append(f"{len(events)} rows that are no stages were passed over: {names}{more}.")
    return rows, notes


def _refuse_unknown_stages(
    path: Path, table: Table, events: Sequence[tuple[int, list[str], str]], rows: Sequence[Row]
) -> None:
    """Raise for a row that is no known stage, but lasts as long as one where there is no other."""
    if table.onset is None or table.duration is None:
        return
    usual = sorted(duration for _, duration, _ in rows)[len(rows) // 2]
    for line, row, label in events:
        onset, duration = (_number(_cell(row, k), True) for k in (table.onset, table.duration))
        middle = onset + duration / 2
        if abs(duration - usual) < 0.5 and not any(o <= middle < o + d for o, d, _ in rows):
            _stage_or_raise(path, line, label)


def _cell(row: Sequence[str], k: int | None) -> str:
    return row[k].strip().strip("\"'") if k is not None and k < len(row) else ""


def _meaning(path: Path, labels: Sequence[str], said: Mapping[str, str] | None) -> dict[str, str]:
    """What the numbers among the labels mean; empty where stages have names."""
    codes = [code for label in labels if (code := as_code(label)) is not None]
    named = any(is_stage(label) and as_code(label) is None for label in labels)
    if not codes or (named and said is None):
        return {}
    try:
        return meaning_of(codes, WINDOW_SECONDS, said)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}", parameters=error.parameters) from error


def _stage(path: Path, line: int, label: str, meaning: Mapping[str, str]) -> str | None:
    """Stage of a label, None if it is another event; an error if it looks like a stage."""
    code = as_code(label)
    if code is not None and code in meaning:
        return meaning[code]
    if not is_stage(label) and not (LOOKS_LIKE_A_STAGE.fullmatch(label) or code):
        return None
    return _stage_or_raise(path, line, label)


def _stage_or_raise(path: Path, line: int, label: str) -> str:
    try:
        return stage_of(label)
    except RecordingError as error:
        raise RecordingError(f"{path}: line {line}: {error}") from error


def _seconds(
    path: Path, table: Table, rows: Sequence[tuple[int, Sequence[str]]], extent: Extent
) -> tuple[list[tuple[float, float]], list[str]]:
    """Onset and duration of each row in seconds from the start of the recording."""
    notes: list[str] = []
    starts = _times(path, table, rows, table.onset, "onset")
    ends = _times(path, table, rows, table.end, "end")
    if starts and _is_clock(rows[0][1], table.onset):
        starts, ends, notes = _from_clock(starts, ends, extent)
    durations = _times(path, table, rows, table.duration, "duration") if not ends else []
    if not starts:
        starts = [0.0, *ends[:-1]] if ends else [0.0, *np.cumsum(durations)[:-1].tolist()]
        notes.append("The scoring does not say when the first stage began: with the recording.")
    if ends:
        durations = [end - start for start, end in zip(starts, ends, strict=True)]
    for (line, _), start, duration in zip(rows, starts, durations or starts, strict=True):
        if not (0 <= start < LONGEST and 0 <= duration < LONGEST):
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, not negative; got "
                f"{start:g} and {duration:g}."
            )
    return list(zip(starts, durations or [0.0] * len(starts), strict=True)), notes


def _is_clock(row: Sequence[str], column: int | None) -> bool:
    return ":" in _cell(row, column)


def _times(
    path: Path,
    table: Table,
    rows: Sequence[tuple[int, Sequence[str]]],
    column: int | None,
    name: str,
) -> list[float]:
    """Numbers of a column in seconds, those of clock times from midnight; none without a column."""
    if column is None:
        return []
    found = []
    for line, row in rows:
        text = _cell(row, column)
        clock = CLOCK.fullmatch(text)
        if clock is not None:
            hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
            if clock[5]:
                hour = hour % 12 + (12 if clock[5].lower() == "pm" else 0)
            found.append(3600 * hour + 60 * minute + second + float(f"0.{clock[4] or 0}"))
            continue
        number = _number(text, table.decimal_comma)
        if number != number or (name == "duration" and not text):
            if name == "duration" and text.lower() in ("", "n/a", "nan", "."):
                found.append(0.0)
                continue
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, or the onset a time of "
                f"day such as 23:10:30; got {text[:30]!r} as {name}."
            )
        found.append(number)
    return found


def _from_clock(
    starts: list[float], ends: list[float], extent: Extent
) -> tuple[list[float], list[float], list[str]]:
    """Seconds from the start of the recording for times of day, over midnight too."""
    days, unwrapped = 0.0, list[float]()
    for k, start in enumerate(starts):
        if k and start + days < unwrapped[-1] - DAY / 2:
            days += DAY
        unwrapped.append(start + days)
    if extent.begins is None:
        origin = unwrapped[0]
        note = "Times of day, counted from the first: the start of the recording is not known."
    else:
        begins = extent.begins
        origin = 3600.0 * begins.hour + 60 * begins.minute + begins.second
        origin += begins.microsecond * 1e-6
        apart = (unwrapped[0] - origin + DAY / 2) % DAY - DAY / 2
        origin = unwrapped[0] - apart
        note = f"Times of day, counted from the recording's start at {begins:%H:%M:%S}."
    onsets = [start - origin for start in unwrapped]
    stops = [
        onset + (end - start) % DAY for onset, start, end in zip(onsets, starts, ends, strict=False)
    ]
    return onsets, stops, [note]
