"""Two scorings of a night, matched by name and put on one grid of epochs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.recording import Scoring
from sleepaug.data.scorings.clock_times import NO_START
from sleepaug.data.scorings.matching import KINDS, night_name, nights_in
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import SLACK, Extent
from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS
from sleepaug.staging.hypnogram.reading import start_in_table
from sleepaug.support.errors import ConfigError, RecordingError

MOST_EPOCHS = 100_000
"""About 35 days: two scorings that are farther apart do not belong to one night."""
EPOCHS_OF_A_DAY = 24 * 3600 / WINDOW_SECONDS
ROUNDING = 1e-6
"""Share of an epoch by which onsets may be off and still count as equal."""
LENGTHS_DIFFER = 2 * WINDOW_SECONDS
"""Seconds: two scorings of a night often differ by an epoch or two at an end, not by more."""


@dataclass(frozen=True)
class ScoringPair:
    """Two scorings of a night on one grid of 30 s.

    Attributes
    ----------
    name : str
        Of the night.
    onset : ndarray of shape (n_windows,)
        Seconds from the start of the recording.
    a, b : ndarray of shape (n_windows,), str
        Stages; "?" where one of them has none.
    notes : tuple of str
        What had to be decided while reading, and whether the two differ in length.
    start : datetime, optional
        When the recording starts, where one of the files says.

    Examples
    --------
    >>> a, b = np.array(["W", "N1", "?"]), np.array(["W", "N2", "N2"])
    >>> ScoringPair("night", np.array([0.0, 30.0, 60.0]), a, b).codes()
    (array([0, 1]), array([0, 2]))
    """

    name: str
    onset: np.ndarray
    a: np.ndarray
    b: np.ndarray
    notes: tuple[str, ...] = ()
    start: datetime | None = None

    @property
    def both(self) -> np.ndarray:
        """Whether an epoch has a stage in both, shape (n_windows,), bool."""
        return (self.a != UNKNOWN) & (self.b != UNKNOWN)

    def codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the stages of the epochs that both scored, as indices of `STAGES`."""
        a, b = (np.array([STAGES.index(s) for s in v[self.both]], int) for v in (self.a, self.b))
        return a, b


def pair_up(a: Path, b: Path, codes: str | None = None) -> list[ScoringPair]:
    """Read two scorings, or two folders of scorings whose files are called alike.

    Parameters
    ----------
    a, b : Path
        Two files, or two folders.
    codes : str, optional
        What numbers in scorings mean; see `read_scoring`.

    Returns
    -------
    list of ScoringPair
        In the order of the names of the nights.

    Raises
    ------
    RecordingError
        A scoring cannot be read, or the two have no time in common.
    ConfigError
        One is a folder and the other is not, or no night is in both folders.
    """
    if a.is_dir() != b.is_dir():
        raise ConfigError(f"{a} and {b}: name two scorings, or two folders of scorings.")
    names = names_of_both(a, b)
    if not a.is_dir():
        return [_pair(night_name(a), (a,), (b,), codes, names)]
    first, second = nights_in(a), nights_in(b)
    for folder, nights in ((a, first), (b, second)):
        if not nights:
            raise ConfigError(f"{folder}: no scoring in this folder.")
    pairs = [(name, other) for name in sorted(first) if (other := _alike(name, second)) is not None]
    if not pairs:
        listed = ", ".join([*sorted(first)[:3], "..."]), ", ".join([*sorted(second)[:3], "..."])
        raise ConfigError(
            f"{a} and {b}: no night is in both. The nights are {listed[0]} and {listed[1]}; files "
            f"are matched by their names without words such as {', '.join(KINDS[:8])}."
        )
    return [_pair(name, first[name], second[other], codes, names) for name, other in pairs]


def names_of_both(a: Path, b: Path) -> tuple[str, str]:
    """Return the names of two files or folders, with as many folders before them as differ.

    Examples
    --------
    >>> names_of_both(Path("x/night.csv"), Path("y/night.csv")), names_of_both(Path("a"), Path("b"))
    (('x/night.csv', 'y/night.csv'), ('a', 'b'))
    """
    parts = [path.absolute().parts for path in (a, b)]
    n = 1
    while n < max(map(len, parts)) and parts[0][-n:] == parts[1][-n:]:
        n += 1
    first, second = ("/".join(part[-n:]) for part in parts)
    return first, second


def _pair(
    name: str,
    a: tuple[Path, ...],
    b: tuple[Path, ...],
    codes: str | None,
    names: tuple[str, str],
) -> ScoringPair:
    """Read two scorings of a night, and when it starts."""
    pair = on_one_grid(name, *_read_both(a, b, codes), names)
    return replace(pair, start=_start((*a, *b)))


def _start(files: tuple[Path, ...]) -> datetime | None:
    """Return when a recording starts, by the first of its files that says."""
    starts = (
        read_edf_header(path).begins if is_edf(path) else start_in_table(path) for path in files
    )
    return next((start for start in starts if start is not None), None)


def _alike(name: str, nights: dict[str, tuple[Path, ...]]) -> str | None:
    """Find the same night among others; ISRUC's ``1_1`` is night ``1`` by the first scorer."""
    candidates = (name, f"{name}_1", name.removesuffix("_1"))
    return next((other for other in candidates if other in nights), None)


def _read_both(
    a: tuple[Path, ...], b: tuple[Path, ...], codes: str | None
) -> tuple[Scoring, Scoring]:
    """Read two scorings, of which one may tell what the other leaves open."""
    first, second = _as_long(a, b, codes)
    return _by_clock(a, first, b, second, codes), _by_clock(b, second, a, first, codes)


def _as_long(
    a: tuple[Path, ...], b: tuple[Path, ...], codes: str | None
) -> tuple[Scoring, Scoring]:
    """Read both; the epochs of one without times last as the length of the other tells."""
    first = _read(a, codes)
    if first.timed or len(a) > 1:
        return first, _read(b, codes, _extent_of(first))
    second = _read(b, codes)
    if second.timed or len(b) > 1 or len(second) < len(first):
        return _read(a, codes, _extent_of(second)), second
    return first, _read(b, codes, _extent_of(first)) if len(first) < len(second) else second


def _by_clock(
    files: tuple[Path, ...],
    scoring: Scoring,
    others: tuple[Path, ...],
    other: Scoring,
    codes: str | None,
) -> Scoring:
    """Count times of day from the start that the other scoring knows, if the two then fit."""
    begins = _start(others)
    if NO_START not in scoring.notes or begins is None:
        return scoring
    try:
        again = _read(files, codes, replace(_extent_of(other), begins=begins))
    except RecordingError:
        return scoring  # the start in a header may be made unrecognisable
    return again if _inside(again, other) or _inside(other, again) else scoring


def _inside(inner: Scoring, outer: Scoring) -> bool:
    """Tell whether a scoring lies within the time of another, but for a minute."""
    starts = outer.onset[0] - SLACK <= inner.onset[0]
    return starts and _end(inner) <= _end(outer) + SLACK


def _extent_of(scoring: Scoring) -> Extent:
    return Extent(_end(scoring), is_sure=False)


def _end(scoring: Scoring) -> float:
    """Return the end of its last epoch in seconds from the start of the recording."""
    return scoring.onset[-1] + scoring.duration[-1]


def _read(files: tuple[Path, ...], codes: str | None, extent: Extent | None = None) -> Scoring:
    try:
        return read_scoring(files, codes=codes, extent=extent)
    except RecordingError as error:
        if is_edf(files[-1]):
            raise RecordingError(f"{error}\nIs it the recording? Name its scoring.") from error
        raise


def on_one_grid(
    name: str, a: Scoring, b: Scoring, names: tuple[str, str] = ("A", "B")
) -> ScoringPair:
    """Cut two scorings into epochs of 30 s, from the earlier start to the later end.

    An epoch has the stage that covers its middle, "?" if there is none. The grid is that of the
    first scoring. `names` are those of the two scorings, for notes.

    Raises
    ------
    RecordingError
        They have no scored time in common, or are many days apart.
    """
    first = a.onset[0]
    low = min(a.onset[0], b.onset[0])
    low = first - np.ceil((first - low) / WINDOW_SECONDS - ROUNDING) * WINDOW_SECONDS
    high = max(s.onset[-1] + s.duration[-1] for s in (a, b))
    n = int(np.ceil((high - low) / WINDOW_SECONDS - ROUNDING))
    if n > MOST_EPOCHS:
        raise RecordingError(f"{name}: the two scorings lie {n / EPOCHS_OF_A_DAY:.0f} days apart.")
    onset = low + WINDOW_SECONDS * np.arange(n)
    notes = (*a.notes, *b.notes, *_lengths_differ(a, b, names))
    pair = ScoringPair(name, onset, _stages_at(a, onset), _stages_at(b, onset), notes)
    if not pair.both.any():
        raise RecordingError(
            f"{name}: no epoch has a stage in both scorings. Do they count from the same start?"
        )
    return pair


def _stages_at(scoring: Scoring, onset: np.ndarray) -> np.ndarray:
    """Return the stage at the middle of each epoch, shape (n_windows,)."""
    middle = onset + WINDOW_SECONDS / 2
    begins = np.array(scoring.onset)
    at = np.searchsorted(begins, middle, "right") - 1
    ends = begins + np.array(scoring.duration)
    covered = (at >= 0) & (middle < ends[at])
    return np.where(covered, np.array(scoring.stage)[at], UNKNOWN)


def _lengths_differ(a: Scoring, b: Scoring, names: tuple[str, str]) -> list[str]:
    """Say that two scorings do not cover the same time, if they do not."""
    limits = [(s.onset[0], _end(s)) for s in (a, b)]
    if all(abs(x - y) <= LENGTHS_DIFFER for x, y in zip(*limits, strict=True)):
        return []
    spans = [
        f"{name} from {low:g} to {high:g} s"
        for name, (low, high) in zip(names, limits, strict=True)
    ]
    return [
        f"The two scorings do not cover the same time: {spans[0]}, {spans[1]}. What only one "
        "has is left out. Are both of the same night, with epochs of 30 s?"
    ]
