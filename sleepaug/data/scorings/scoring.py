"""Reading how a night was scored: the form of the file is known by what it holds."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sleepaug.data.files.check import check_file
from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.text import read_text
from sleepaug.data.recording import Scoring
from sleepaug.data.scorings.codes import parse_codes
from sleepaug.data.scorings.epoch_numbers import by_number
from sleepaug.data.scorings.scoring_edf import read_edf_scoring
from sleepaug.data.scorings.scoring_json import text_of_json
from sleepaug.data.scorings.scoring_rows import Extent, read_rows, scoring_of_labels
from sleepaug.data.scorings.scoring_table import read_table
from sleepaug.data.scorings.scoring_times import scoring_of
from sleepaug.data.scorings.scoring_windows import in_windows
from sleepaug.data.scorings.scoring_xml import read_xml
from sleepaug.data.scorings.table import Table, cell
from sleepaug.data.scorings.table_header import find_table
from sleepaug.support.errors import RecordingError, printable


def read_scoring(
    files: tuple[Path, ...], *, codes: str | None = None, extent: Extent | None = None
) -> Scoring:
    """Read the scoring of a night from the last of its files.

    Parameters
    ----------
    files : tuple of Path
        The signals first, the scoring last: EDF+ annotations (of the signals themselves if they
        are alone), a table, XML, or one stage for each epoch.
    codes : str, optional
        What whole numbers mean, where the file leaves it open; see `codes.parse_codes`.
    extent : Extent, optional
        What is known of the recording where `files` has no signals.

    Returns
    -------
    Scoring

    Raises
    ------
    RecordingError
        If the file cannot be read, holds no stages, or an unknown one, or if it can be read in
        several ways.
    """
    path = files[-1]
    check_file(path)
    scoring = _read(files, codes, extent)
    if len(files) > 1 and is_edf(path) and (text := path.with_suffix(".txt")).is_file():
        note = f"{path.name} was read, not {text.name} beside it."
        scoring = replace(scoring, notes=(*scoring.notes, printable(note)))
    return scoring


def _read(files: tuple[Path, ...], codes: str | None, extent: Extent | None) -> Scoring:
    """Read a scoring by what its file holds."""
    path = files[-1]
    if is_edf(path):
        return in_windows(path, read_edf_scoring(files))
    text = text_of_json(read_text(path))
    meaning = None if codes is None else parse_codes(codes)
    if extent is None:
        extent = _extent(files)
    if text.lstrip().startswith("<"):
        return in_windows(path, scoring_of(path, read_xml(path, text)))
    try:
        table = find_table(text)
    except csv.Error as error:
        raise RecordingError(f"{path}: not a table of onset, duration, stage: {error}.") from error
    if table is None:
        return read_rows(path, text, extent, meaning)
    if table.onset is None and table.end is None and table.duration is None:
        if meaning is None and table.codes is not None:
            meaning = parse_codes(table.codes)
        return _rows_of_table(path, table, extent, meaning)
    stages, notes = read_table(path, table, extent, meaning)
    return in_windows(path, scoring_of(path, stages, notes))


def _extent(files: tuple[Path, ...]) -> Extent:
    """Read the start and the length of the signals in their header."""
    if len(files) < 2 or not files[0].is_file() or not is_edf(files[0]):
        return Extent()
    edf = read_edf_header(files[0])
    return Extent(edf.seconds, edf.begins)


def _rows_of_table(
    path: Path, table: Table, extent: Extent, meaning: Mapping[str, str] | None
) -> Scoring:
    """Read a table with a column of stages and none of times: one stage a row."""
    rows = [
        (line, cell(row, table.epoch), cell(row, table.stage))
        for line, row in enumerate(table.rows, table.first_line)
        if cell(row, table.stage)
    ]
    if not rows:
        raise RecordingError(f"{path}: a header but no stages.")
    stages, notes = by_number(path, rows, extent.seconds)
    lines, labels = zip(*stages, strict=True)
    scoring = scoring_of_labels(path, labels, lines, extent, meaning)
    return replace(scoring, notes=(*scoring.notes, *notes))


def no_scoring(files: tuple[Path, ...], expected: str) -> Scoring:
    """Raise for a recording whose scoring was not found, so that others of a folder can be used."""
    raise RecordingError(f"{files[0]}: no scoring beside it; expected '{expected}'.")
