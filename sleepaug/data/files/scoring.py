"""Reading how a night was scored: EDF+ annotations, tables, and one stage a line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from sleepaug.data.files.edf import Edf, is_edf
from sleepaug.data.files.edf_header import read_edf_annotations, read_edf_header
from sleepaug.data.files.open import check_file
from sleepaug.data.files.text import read_text
from sleepaug.data.recording import Scoring
from sleepaug.data.stages import WINDOW_SECONDS, is_stage, stage_of
from sleepaug.support.errors import RecordingError

_STAGE_COLUMNS = ("stage", "description", "trial_type")
_IN_FULL = ("sleep stage", "stage ")


def read_scoring(files: tuple[Path, ...]) -> Scoring:
    """Scoring of a night from the last of its files: the signals' own annotations if it is alone.

    Raises
    ------
    RecordingError
        If the file cannot be read, holds no stages, or an unknown one.
    """
    path = files[-1]
    check_file(path)
    if is_edf(path):
        return read_edf_scoring(files)
    text = read_text(path)
    if path.suffix.lower() in (".csv", ".tsv") and "onset" in text.partition("\n")[0].lower():
        return _from_table(path, text)
    return _from_lines(path, text, files[0])


def read_edf_scoring(
    files: tuple[Path, ...], name_stage: Callable[[str], str | None] | None = None
) -> Scoring:
    """Stages among the annotations of an EDF+ file; its other annotations are ignored.

    Parameters
    ----------
    files : tuple of Path
        The signals first, the annotated file last (it may be the same).
    name_stage : callable, optional
        From an annotation to a stage, or None if it is something else. By default annotations
        that begin with "Sleep stage" or "Stage" are stages, and an unknown one is an error; where
        there are none, every synonym of a stage counts.
    """
    path = files[-1]
    check_file(path)
    edf = read_edf_header(path)
    annotations = read_edf_annotations(edf)
    if name_stage is None:
        full = any(text.lower().startswith(_IN_FULL) for _, _, text in annotations)
        name_stage = _named_in_full if full else _named_in_short
    rows = []
    for onset, duration, text in annotations:
        try:
            stage = name_stage(text)
        except RecordingError as error:
            raise RecordingError(f"{path}: {error}") from error
        if stage is not None:
            rows.append((onset, duration, stage))
    if not rows:
        texts = list(dict.fromkeys(repr(text[:40]) for _, _, text in annotations))
        found = f"only {', '.join(texts[:5])}" if texts else "no annotations at all"
        raise RecordingError(
            f"{path}: no sleep stages; found {found}. Expected annotations such as "
            "'Sleep stage W', or a scoring in a file beside it."
        )
    shift, notes = _shift(edf, files[0])
    return scoring_of(path, [(o + shift, d, stage) for o, d, stage in rows], notes)


def _named_in_full(text: str) -> str | None:
    """Stage of an annotation such as "Sleep stage W"; "R" or "Movement" may be any other event."""
    return stage_of(text) if text.lower().startswith((*_IN_FULL, "movement time")) else None


def _named_in_short(text: str) -> str | None:
    """Stage of an annotation such as "W", None if it is no name of a stage."""
    return stage_of(text) if is_stage(text) else None


def _shift(scored: Edf, signals: Path) -> tuple[float, list[str]]:
    """Seconds to add to onsets so that they count from the first sample of the signals."""
    if not is_edf(signals):
        return 0.0, []
    recorded = scored if signals == scored.path else read_edf_header(signals)
    shift = -recorded.start_offset
    if recorded is scored or None in (scored.start, recorded.start):
        return shift, []
    later = (scored.start - recorded.start).total_seconds()  # type: ignore[operator]
    if not later:
        return shift, []
    told = f"The scoring's header says {scored.start}, that of the signals {recorded.start}"
    if abs(later) >= 86400:  # dates are often made unrecognisable, in one file or in both
        return shift, [f"{told}; the scoring was taken to begin with the signals."]
    return shift + later, [f"{told}; the scoring was moved by {later:+g} s."]


def scoring_of(
    path: Path, rows: Iterable[tuple[float, float, str]], notes: Iterable[str] = ()
) -> Scoring:
    """A `Scoring` from (onset, duration, stage), checked for overlap.

    A duration of 0 (not given) lasts to the next onset, the last one 30 s.
    """
    rows, notes = sorted(rows), list(notes)
    if rows and max(duration for _, duration, _ in rows) > 2 * 86400:
        raise RecordingError(f"{path}: a stage lasts more than two days. Are these seconds?")
    if any(duration == 0 for _, duration, _ in rows):
        notes.append("Durations that the scoring does not give were taken from the next onset.")
        following = [onset for onset, _, _ in rows[1:]] + [rows[-1][0] + WINDOW_SECONDS]
        rows = [
            (o, d or end - o, stage) for (o, d, stage), end in zip(rows, following, strict=True)
        ]
    for (onset, duration, stage), (after, _, other) in pairwise(rows):
        if after < onset + duration - 0.5:
            raise RecordingError(
                f"{path}: stages overlap: {stage} lasts from {onset:g} to {onset + duration:g} s, "
                f"and {other} begins at {after:g} s. Are there two scorings in the file?"
            )
    return Scoring(
        onset=tuple(onset for onset, _, _ in rows),
        duration=tuple(duration for _, duration, _ in rows),
        stage=tuple(stage for _, _, stage in rows),
        notes=tuple(notes),
    )


def _from_table(path: Path, text: str) -> Scoring:
    """CSV or TSV with the columns onset, duration and stage (others are ignored)."""
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    if ";" in text.partition("\n")[0]:
        delimiter = ";"
    try:
        reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
        table = list(reader)
    except csv.Error as error:
        raise RecordingError(f"{path}: not a table of onset, duration, stage: {error}.") from error
    columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    stage_column = next((name for name in _STAGE_COLUMNS if name in columns), None)
    if "duration" not in columns or stage_column is None:
        raise RecordingError(
            f"{path}: the columns are {', '.join(columns)}; expected onset, duration and stage."
        )
    rows = []
    for line, row in enumerate(table, start=2):
        try:
            numbers = [float(row[columns[name]]) for name in ("onset", "duration")]
        except (TypeError, ValueError):
            numbers = [-1.0, -1.0]
        if not (0 <= numbers[0] < 1e7 and 0 <= numbers[1] < 1e7):
            raise RecordingError(
                f"{path}: line {line}: onset and duration must be seconds, not negative; got "
                f"{row[columns['onset']]!r} and {row[columns['duration']]!r}."
            )
        stage = _stage(path, line, row[columns[stage_column]] or "")
        rows.append((numbers[0], numbers[1], stage))
    if not rows:
        raise RecordingError(f"{path}: a header but no stages.")
    return scoring_of(path, rows)


def _from_lines(path: Path, text: str, signals: Path) -> Scoring:
    """One stage a line, 30 s each; blank lines at the end and a header 'stage' are skipped."""
    lines = [line.strip().strip(",;") for line in text.rstrip().splitlines()]
    first = 1 if lines and lines[0].strip('[]"').lower() in ("stage", "stages", "hypnogram") else 0
    stages = [_stage(path, n, line) for n, line in enumerate(lines[first:], start=first + 1)]
    if not stages:
        raise RecordingError(f"{path}: no stages; expected one a line.")
    seconds = len(stages) * WINDOW_SECONDS
    if is_edf(signals) and abs(seconds - (lasts := read_edf_header(signals).seconds)) > 60:
        raise RecordingError(
            f"{path}: {len(stages)} stages of {WINDOW_SECONDS:g} s make {seconds / 3600:.2f} h, "
            f"the recording lasts {lasts / 3600:.2f} h. Write a table of onset, duration and "
            "stage if the epochs have another length or do not begin with the recording."
        )
    return scoring_of(path, [(k * WINDOW_SECONDS, WINDOW_SECONDS, s) for k, s in enumerate(stages)])


def _stage(path: Path, line: int, text: str) -> str:
    """Stage of a label, naming the line if it is unknown."""
    try:
        return stage_of(text.strip("\"'"))
    except RecordingError as error:
        raise RecordingError(f"{path}: line {line}: {error}") from error


def no_scoring(files: tuple[Path, ...], expected: str) -> Scoring:
    """For recordings whose scoring was not found, so that the rest of a folder can be used."""
    raise RecordingError(f"{files[0]}: no scoring beside it; expected '{expected}'.")
