"""Scorings in tables: a row is a stage, another event, or a mistake."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from sleepaug.data.scorings.codes import CONVENTIONS, as_code, codes_note, meaning_of
from sleepaug.data.scorings.scoring_rows import Extent
from sleepaug.data.scorings.scoring_times import ScoredStage
from sleepaug.data.scorings.table import Table, cell, number
from sleepaug.data.scorings.table_times import times_of
from sleepaug.data.stages import WINDOW_SECONDS, is_stage, stage_of
from sleepaug.support.errors import RecordingError

LOOKS_LIKE_A_STAGE = re.compile(r"(sleep[ _]?)?stage\b.*|[nsr]\d.*|w|r|wake\b.*|rem\b.*", re.I)
SAME_LENGTH = 0.5
"""Seconds: an unknown label whose length is that of a stage by so much is taken for a stage."""


def read_table(
    path: Path, table: Table, extent: Extent, meaning: Mapping[str, str] | None
) -> tuple[list[ScoredStage], list[str]]:
    """Read stages with their times; other events are skipped, and a note says so.

    Parameters
    ----------
    path : Path
        For messages.
    table : Table
    extent : Extent
        What is known of the recording; its start is that of times of day.
    meaning : mapping or None
        What the user says that numbers mean.

    Returns
    -------
    stages : list of ScoredStage
        Their onsets from the start of the recording.
    notes : list of str

    Raises
    ------
    RecordingError
        A time cannot be read, a stage is unknown, or there are none.
    """
    rows = [
        (line, row)
        for line, row in enumerate(table.rows, table.first_line)
        if any(value.strip() for value in row)
    ]
    labels = [cell(row, table.stage) for _, row in rows]
    if meaning is None and table.codes is not None:
        meaning = CONVENTIONS[table.codes]
    codes = _codes(path, labels, meaning)
    stages = [
        _stage(path, line, label, codes) for (line, _), label in zip(rows, labels, strict=True)
    ]
    is_event = [stage is None for stage in stages]
    if all(is_event):
        listed = ", ".join(repr(label[:30]) for label in labels[:5])
        raise RecordingError(
            f"{path}: a header but no stages; the column of stages holds {listed or 'nothing'}."
        )
    scored = [row for row, event in zip(rows, is_event, strict=True) if not event]
    times, notes = times_of(path, table, scored, extent)
    notes += [table.note] if table.note else []
    notes += [codes_note(codes)] if codes else []
    scored_stages = [
        ScoredStage(onset, duration, stage)
        for (onset, duration), stage in zip(
            times, (stage for stage in stages if stage is not None), strict=True
        )
    ]
    if any(is_event):
        events = [row for row, event in zip(rows, is_event, strict=True) if event]
        _refuse_unknown_stages(path, table, events, scored_stages)
        counts = Counter(cell(row, table.stage) or "(empty)" for _, row in events)
        names = ", ".join(f"{name[:30]} ({n})" for name, n in counts.most_common(5))
        more = ", ..." if len(counts) > 5 else ""
        notes.append(f"{len(events)} rows that are not stages were skipped: {names}{more}.")
    return scored_stages, notes


def _refuse_unknown_stages(
    path: Path,
    table: Table,
    events: Sequence[tuple[int, list[str]]],
    stages: Sequence[ScoredStage],
) -> None:
    """Raise for a row that is no known stage, but lasts as long as one where there is no other."""
    if table.onset is None or table.duration is None:
        return
    usual = sorted(stage.duration for stage in stages)[len(stages) // 2]
    for line, row in events:
        onset, duration = (
            number(cell(row, column), comma=True) for column in (table.onset, table.duration)
        )
        middle = onset + duration / 2
        is_covered = any(s.onset <= middle < s.onset + s.duration for s in stages)
        if abs(duration - usual) < SAME_LENGTH and not is_covered:
            _stage_or_raise(path, line, cell(row, table.stage))


def _codes(path: Path, labels: Sequence[str], meaning: Mapping[str, str] | None) -> dict[str, str]:
    """Find what the numbers among the labels mean; nothing where stages have names."""
    codes = [code for label in labels if (code := as_code(label)) is not None]
    named = any(is_stage(label) and as_code(label) is None for label in labels)
    if not codes or (named and meaning is None):
        return {}
    try:
        return meaning_of(codes, WINDOW_SECONDS, meaning)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}", parameters=error.parameters) from error


def _stage(path: Path, line: int, label: str, codes: Mapping[str, str]) -> str | None:
    """Read a label, None if it is another event; raise if it looks like a stage and is none."""
    code = as_code(label)
    if code is not None and code in codes:
        return codes[code]
    if not is_stage(label) and not (LOOKS_LIKE_A_STAGE.fullmatch(label) or code):
        return None
    return _stage_or_raise(path, line, label)


def _stage_or_raise(path: Path, line: int, label: str) -> str:
    try:
        return stage_of(label)
    except RecordingError as error:
        raise RecordingError(f"{path}: line {line}: {error}") from error
