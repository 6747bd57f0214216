"""Scorings with one stage for each epoch and no times: a stage a line, or all on one line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import gcd
from pathlib import Path

import numpy as np

from sleepaug.data.recording import Scoring
from sleepaug.data.scorings.codes import CONVENTIONS, as_code, codes_note, meaning_of
from sleepaug.data.stages import UNKNOWN, WINDOW_SECONDS, stage_of
from sleepaug.support.errors import RecordingError

EPOCHS = (30, 20, 10, 5, 4, 2, 1)
"""Seconds that an epoch may last, the most usual first."""

TITLE = re.compile(r"(?i)\[hypno.*\]$|[\[\"'#% ]*(stages?|hypnogram|hypno)[\]\"'#% ]*$")
"""A first line that is no stage; files of the DREAMS databases have one in brackets."""
JOINED = re.compile(r"[0-9WNRMwnrm?]{6,}")
"""All stages on one line, a character each."""
SLACK = 60.0
"""Seconds by which a scoring in epochs of 30 s and its recording may differ in length; one in
shorter epochs by 30 s at most."""

DREAMS = (CONVENTIONS["dreams"], CONVENTIONS["dreams-aasm"])
"""Codes of the DREAMS databases, whose epochs last 5 s."""


@dataclass(frozen=True)
class Extent:
    """What is known of the recording that a scoring belongs to.

    Attributes
    ----------
    seconds : float, optional
        How long it lasts.
    begins : datetime, optional
        When its first sample was taken.
    is_sure : bool
        Whether the scoring must be as long; another scoring of the night may differ from it.

    Examples
    --------
    >>> Extent(seconds=8 * 3600.0).begins is None
    True
    """

    seconds: float | None = None
    begins: datetime | None = None
    is_sure: bool = True


def read_rows(
    path: Path, text: str, extent: Extent, meaning: Mapping[str, str] | None = None
) -> Scoring:
    """Read one stage a line, or all stages on one line, from the recording's start.

    Parameters
    ----------
    path : Path
        For messages.
    text : str
    extent : Extent
        Its length tells how long an epoch is.
    meaning : mapping, optional
        What numbers mean; see `codes.parse_codes`.

    Raises
    ------
    RecordingError
        A line is no stage, or the length of an epoch cannot be known.
    """
    labels, numbers = _labels(path, text)
    return scoring_of_labels(path, labels, numbers, extent, meaning or _known_codes(path, text))


def scoring_of_labels(
    path: Path,
    labels: Sequence[str],
    lines: Sequence[int],
    extent: Extent,
    meaning: Mapping[str, str] | None,
) -> Scoring:
    """Make a scoring of labels that follow each other.

    Parameters
    ----------
    path : Path
        For messages.
    labels : sequence of str
    lines : sequence of int
        The line of each label in the file.
    extent : Extent
        Its length tells how long an epoch is.
    meaning : mapping or None
        What numbers mean.

    Raises
    ------
    RecordingError
        A label is no stage, or the length of an epoch cannot be known.
    """
    epoch = _epoch(path, len(labels), extent, 5 if meaning in DREAMS else None)
    codes = [code for label in labels if (code := as_code(label)) is not None]
    notes = []
    if codes and len(codes) == sum(label != UNKNOWN for label in labels):
        try:
            stage_of_code = meaning_of(codes, epoch, meaning)
        except RecordingError as error:
            raise RecordingError(f"{path}: {error}", parameters=error.parameters) from error
        stages = [stage_of_code.get(as_code(label) or "", UNKNOWN) for label in labels]
        notes.append(codes_note(stage_of_code))
    else:
        stages = [_stage(path, line, label) for label, line in zip(labels, lines, strict=True)]
    if epoch != WINDOW_SECONDS:
        stages = by_majority(stages, epoch)
        notes.append(f"Stages from codes for {epoch} s, by majority in {WINDOW_SECONDS:g} s.")
        if not stages:
            raise RecordingError(f"{path}: {len(labels)} codes of {epoch} s make no 30-s window.")
    n = len(stages)
    onsets = tuple(k * WINDOW_SECONDS for k in range(n))
    return Scoring(onsets, (WINDOW_SECONDS,) * n, tuple(stages), tuple(notes), timed=False)


def _known_codes(path: Path, text: str) -> Mapping[str, str] | None:
    """Return the codes of a file of the DREAMS databases, known by its name or first line."""
    name = path.name.lower()
    if name.startswith("hypnogramaasm"):
        return CONVENTIONS["dreams-aasm"]
    if name.startswith(("hypnogram_excerpt", "hypnogramr&k")):
        return CONVENTIONS["dreams"]
    return CONVENTIONS["dreams"] if text.lstrip().lower().startswith("[hypnogram]") else None


def _labels(path: Path, text: str) -> tuple[list[str], list[int]]:
    """Return the labels and the line of each; empty lines and a title are skipped."""
    lines = [(n, line.strip().strip(",;")) for n, line in enumerate(text.splitlines(), start=1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("#")]
    if lines and TITLE.match(lines[0][1]):
        lines = lines[1:]
    if not lines:
        raise RecordingError(f"{path}: no stages; expected one a line.")
    if len(lines) == 1 and JOINED.fullmatch(lines[0][1]):
        return list(lines[0][1]), [lines[0][0]] * len(lines[0][1])
    on_one_line = re.split(r"[\s,;'\"]+", lines[0][1].strip("[]()'\"")) if len(lines) == 1 else []
    if len(on_one_line) > 3:
        return on_one_line, [lines[0][0]] * len(on_one_line)
    return [line for _, line in lines], [n for n, _ in lines]


def _epoch(path: Path, n: int, extent: Extent, known: int | None) -> int:
    """Return how many seconds an epoch lasts, from the length of the recording."""
    if extent.seconds is None:
        return known or EPOCHS[0]
    fits = [
        s
        for s in EPOCHS
        if abs(n * s - extent.seconds)
        <= (SLACK if s == EPOCHS[0] else min(WINDOW_SECONDS, s + 0.05 * extent.seconds))
    ]
    if known in fits:
        return known or EPOCHS[0]
    if EPOCHS[0] in fits or len(fits) == 1:
        return fits[0]
    if known or not extent.is_sure:
        return known or EPOCHS[0]
    raise RecordingError(
        f"{path}: {n} stages of {WINDOW_SECONDS:g} s make {n * WINDOW_SECONDS / 3600:.2f} h, the "
        f"recording lasts {extent.seconds / 3600:.2f} h. Write a table of onset, duration and "
        "stage if the epochs have another length or do not begin with the recording."
    )


def _stage(path: Path, line: int, label: str) -> str:
    """Read a label, or raise with its line if it is unknown."""
    try:
        return stage_of(label.strip("\"' "))
    except RecordingError as error:
        hint = ""
        if len(re.split(r"[\t,;]", label)) > 1:
            hint = " A line of several values needs a header: onset, duration, stage."
        raise RecordingError(f"{path}: line {line}: {error}{hint}") from error


def by_majority(stages: Sequence[str], epoch: int) -> list[str]:
    """Make stages of 30-s windows from those of shorter epochs, by most of the window.

    Of equals the one that comes first counts; a last window that is not complete is left out.

    Parameters
    ----------
    stages : sequence of str
    epoch : int
        Seconds that each of them lasts.

    Examples
    --------
    >>> by_majority(["W", "N1", "N1"], 20)  # W 20 s, N1 40 s
    ['W', 'N1']
    """
    unit = gcd(epoch, round(WINDOW_SECONDS))
    parts = np.repeat(np.asarray(stages, str), epoch // unit)
    per_window = round(WINDOW_SECONDS) // unit
    windows = parts[: len(parts) // per_window * per_window].reshape(-1, per_window)
    chosen = []
    for window in windows.tolist():
        counts = {stage: window.count(stage) for stage in window}  # in order of appearance
        chosen.append(max(counts, key=lambda stage: counts[stage]))
    return chosen
