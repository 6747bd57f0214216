"""Reading a hypnogram again from the files that were written of it."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.files.text import read_text
from sleepaug.data.stages import STAGES, UNKNOWN, stage_of
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import Provenance
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import read_json

TABLES = (".hypnogram.csv", "_events.tsv")
"""Endings of the files from which a whole hypnogram can be read."""
FACTS = ".summary.json"
PROBABILITIES = tuple(f"p_{stage}" for stage in STAGES)
LEAST = 1e-9
"""What makes one of two equal probabilities the greater; tables have four decimals."""


@dataclass(frozen=True)
class StoredNight:
    """A hypnogram as it was read from files, and what they say beside it.

    Attributes
    ----------
    path : Path
        The table.
    hypnogram : Hypnogram
    recording : str
        Path of the recording as `predict` was given it, "" where the files do not say.
    """

    path: Path
    hypnogram: Hypnogram
    recording: str = ""


def base_name(path: Path) -> str:
    """Return the name of the night that a table was written for.

    Examples
    --------
    >>> base_name(Path("out/night 1.hypnogram.csv")), base_name(Path("sub-01_events.tsv"))
    ('night 1', 'sub-01')
    """
    return next(
        (path.name.removesuffix(end) for end in TABLES if path.name.endswith(end)), path.stem
    )


def find_tables(folder: Path) -> list[Path]:
    """Find the tables of hypnograms in a folder and all below it, one of each night.

    Returns
    -------
    list of Path
        In the order of their names; of two forms of one night the first of `TABLES`.
    """
    chosen: dict[Path, Path] = {}
    for ending in TABLES:
        for path in folder.rglob(f"*{ending}"):
            if path.is_file() and not path.name.startswith("."):
                name = base_name(path).removesuffix("_eeg")
                chosen.setdefault(path.parent / name, path)
    return sorted(chosen.values())


def read_hypnogram(path: Path) -> StoredNight:
    """Read the table of a night, and the summary beside it where there is one.

    Parameters
    ----------
    path : Path
        A table that `predict` or `review` wrote: NAME.hypnogram.csv or NAME_events.tsv.

    Returns
    -------
    StoredNight
        Without spectrum. A stage that is not the likeliest is a person's.

    Raises
    ------
    RecordingError
        It is no such table, or damaged.

    Examples
    --------
    >>> import tempfile
    >>> night = Hypnogram(np.zeros(1), np.array([[0.1, 0.2, 0.6, 0.1, 0.0]]), [""])
    >>> folder = Path(tempfile.mkdtemp())
    >>> night.save(folder / "night.hypnogram.csv")
    >>> read_hypnogram(folder / "night.hypnogram.csv").hypnogram
    <Hypnogram 'night', 1 epochs: W 0%, N1 0%, N2 100%, N3 0%, R 0%>
    """
    rows, facts = _rows(path), _facts(path)
    column = "stage" if "stage" in rows[0] else "trial_type"
    p = np.array([[_number(path, row, name) for name in PROBABILITIES] for row in rows])
    stages = np.array([stage_of(row[column]) for row in rows])
    _break_ties(p, stages)
    night = Hypnogram(
        onset=np.array([_number(path, row, "onset") for row in rows]),
        probabilities=p,
        reason=[row.get("reason") or "" for row in rows],
        start=_start(path, rows[0], facts),
        notes=tuple(str(note) for note in _fact(path, facts, "notes", list, ())),
        lights_off=_fact(path, facts, "lights_off", (int, float), None),
        lights_on=_fact(path, facts, "lights_on", (int, float), None),
        name=_fact(path, facts, "night", str, None) or base_name(path),
        disagree=[row["disagree"] for row in rows] if "disagree" in rows[0] else None,
        made=Provenance.from_json(facts),
    )
    given = np.array([row.get("scorer") == "person" for row in rows])
    given |= stages != night.automatic
    if given.any() or "scorer" in rows[0]:
        night = replace(night, by_person=np.where(given, stages, ""))
    return StoredNight(path, night, _fact(path, facts, "file", str, ""))


def start_in_table(path: Path) -> datetime | None:
    """Return when a recording starts by the first row of a table, None where it does not say."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        row = next(csv.DictReader(itertools.islice(file, 2)), {})
    try:
        begin = datetime.fromisoformat(row["time"]) - timedelta(seconds=float(row["onset"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None  # a table of another program
    return begin.replace(tzinfo=None)


def _rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a table; raise where columns are missing."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.DictReader(io.StringIO(read_text(path)), delimiter=delimiter, restval="")
    try:
        rows = list(reader)
    except csv.Error as error:
        raise RecordingError(f"{path}: not a table: {error}.") from error
    columns = reader.fieldnames or ()
    missing = [name for name in ("onset", *PROBABILITIES) if name not in columns]
    if not {"stage", "trial_type"} & set(columns):
        missing.insert(1, "stage")
    if missing:
        raise RecordingError(
            f"{path}: not a hypnogram of sleepaug: the columns {', '.join(missing)} are missing."
        )
    if not rows:
        raise RecordingError(f"{path}: a header but no epochs.")
    return rows


def _number(path: Path, row: Mapping[str, str], name: str) -> float:
    """Read a cell; NaN where it is empty."""
    text = row[name]
    if text in ("", "n/a"):
        return math.nan
    try:
        return float(text)
    except ValueError as error:
        raise RecordingError(f"{path}: '{text[:30]}' in column {name} is not a number.") from error


def _break_ties(p: np.ndarray, stages: np.ndarray) -> None:
    """Raise the probability of the table's stage by next to nothing where rounding made it equal.

    Otherwise the first of two equal stages would be taken for the likeliest.
    """
    for k in np.flatnonzero(stages != UNKNOWN):
        stage = STAGES.index(stages[k])
        if p[k, stage] == p[k].max():
            p[k, stage] += LEAST


def _facts(path: Path) -> dict[str, Any]:
    """Read the summary beside a table; nothing where there is none."""
    file = path.with_name(base_name(path) + FACTS)
    if not file.exists():
        return {}
    try:
        facts = read_json(file)
    except ConfigError as error:
        raise RecordingError(str(error)) from error
    if not isinstance(facts, dict):
        raise RecordingError(f"{file}: damaged, it is not the summary of a night.")
    return facts


def _fact(path: Path, facts: Mapping[str, Any], name: str, kind: Any, default: Any) -> Any:
    """Return a fact if it has the right type."""
    value = facts.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise RecordingError(f"{base_name(path)}{FACTS}: {name} cannot be {value!r:.60}.")
    return value


def _start(path: Path, row: Mapping[str, str], facts: Mapping[str, Any]) -> datetime | None:
    """Return when the recording starts, by the summary or else by the time of the first epoch."""
    text, offset = _fact(path, facts, "start", str, None), 0.0
    if text is None and row.get("time"):
        text, offset = row["time"], _number(path, row, "onset")
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text) - timedelta(seconds=offset)
    except ValueError as error:
        raise RecordingError(f"{path}: '{text[:30]}' is not a time.") from error
