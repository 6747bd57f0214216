"""Scorings to learn from: of a reviewed hypnogram, only what a person has given counts."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from sleepaug.data.files.text import read_text
from sleepaug.data.recording import Scoring
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.support.errors import RecordingError

TABLES = {".csv": ",", ".tsv": "\t"}


def scoring_by_person(files: tuple[Path, ...], *, codes: str | None = None) -> Scoring:
    """Read a scoring as `read_scoring` does, without the stages that a model gave.

    The tables that `review` writes say in a column who gave each stage. Epochs that nobody has
    looked at keep the model's; a model that learned from them would learn from a model, and be
    scored against it.

    Parameters
    ----------
    files : tuple of Path
        The signals first, the scoring last.
    codes : str, optional
        See `read_scoring`.

    Returns
    -------
    Scoring
        Without the epochs whose stage is a model's, and a note of how many they are. In a table of
        `predict`, which has no such column, they are kept, and a note says whose they are.

    Raises
    ------
    RecordingError
        No epoch was given a stage by a person; or see `read_scoring`.
    """
    path = files[-1]
    scoring = read_scoring(files, codes=codes)
    rows = _rows(path)
    if not rows or "p_W" not in rows[0]:
        return scoring
    if "scorer" not in rows[0]:
        note = f"{path.name} was written by a model; what no person has changed is its staging."
        return replace(scoring, notes=(*scoring.notes, note))
    by_person = {float(row["onset"]) for row in rows if row["scorer"] == "person"}
    kept = [k for k, onset in enumerate(scoring.onset) if onset in by_person]
    if not kept:
        raise RecordingError(
            f"{path}: no person has given a stage to any of its {len(rows)} epochs; review them "
            "first, those that are right, too (sleepaug review)."
        )
    if len(kept) == len(scoring):
        return scoring
    note = f"{len(scoring) - len(kept)} epochs that no person has looked at were left out."
    return Scoring(
        onset=tuple(scoring.onset[k] for k in kept),
        duration=tuple(scoring.duration[k] for k in kept),
        stage=tuple(scoring.stage[k] for k in kept),
        notes=(*scoring.notes, note),
        timed=scoring.timed,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns; nothing of other files."""
    delimiter = TABLES.get(path.suffix.lower())
    if delimiter is None:
        return []
    return list(csv.DictReader(io.StringIO(read_text(path)), delimiter=delimiter, restval=""))
