"""Two scorings of a night, found by name and laid on one grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.scoring import read_scoring
from sleepaug.data.recording import Scoring
from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS
from sleepaug.support.errors import ConfigError, RecordingError

ENDINGS = (".csv", ".tsv", ".txt", ".edf", ".bdf")
SUFFIXES = ("hypnogram", "hypno", "annotations", "base", "scoring", "stages", "events")


@dataclass(frozen=True)
class ScoringPair:
    """Two scorings of a night on one grid of 30 s.

    Attributes
    ----------
    name : str
    onset : ndarray of shape (n_windows,)
        Seconds from the start of the recording.
    a, b : ndarray of shape (n_windows,), str
        Stages; "?" where one of them has none.
    """

    name: str
    onset: np.ndarray
    a: np.ndarray
    b: np.ndarray

    @property
    def both(self) -> np.ndarray:
        """Which epochs have a stage in both."""
        return (self.a != UNKNOWN) & (self.b != UNKNOWN)

    def codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices into `STAGES` of the epochs that both scored."""
        a, b = (np.array([STAGES.index(s) for s in v[self.both]], int) for v in (self.a, self.b))
        return a, b


def pair_up(a: Path, b: Path) -> list[ScoringPair]:
    """Read two scorings, or two folders of scorings whose files are called alike.

    Raises
    ------
    RecordingError
        A scoring cannot be read, or the two have no time in common.
    ConfigError
        One is a folder and the other is not, or no file of one has a namesake in the other.
    """
    if a.is_dir() != b.is_dir():
        raise ConfigError(f"{a} and {b}: name two scorings, or two folders of scorings.")
    if not a.is_dir():
        return [on_one_grid(night_name(a) or a.stem, _read(a), _read(b))]
    files = [_by_name(folder) for folder in (a, b)]
    shared = sorted(set(files[0]) & set(files[1]))
    if not shared:
        raise ConfigError(
            f"{a} and {b}: no night is in both. Files are matched by their names without what "
            f"follows the night: {', '.join(SUFFIXES)}."
        )
    return [on_one_grid(name, _read(files[0][name]), _read(files[1][name])) for name in shared]


def night_name(path: Path) -> str:
    """Name of the night that a scoring is of: `NIGHT.hypnogram.csv` is of `night`."""
    name = path.stem.lower()
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            name = name.removesuffix(suffix).rstrip("._- ")
    return name.removesuffix("psg").rstrip("._- ")


def _by_name(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and path.name != "summary.csv":
            name = night_name(path)
            if name in found:
                raise ConfigError(f"{found[name]} and {path}: two scorings of one night.")
            found[name] = path
    return found


def _read(path: Path) -> Scoring:
    try:
        return read_scoring((path,))
    except RecordingError as error:
        if is_edf(path):
            raise RecordingError(f"{error}\nIs it the recording? Name its scoring.") from error
        raise


def on_one_grid(name: str, a: Scoring, b: Scoring) -> ScoringPair:
    """Two scorings in epochs of 30 s from the earlier start to the later end.

    An epoch has the stage that covers its middle, "?" if there is none. The grid is that of the
    first scoring.
    """
    first = a.onset[0]
    low = min(a.onset[0], b.onset[0])
    low = first - np.ceil((first - low) / WINDOW_SECONDS - 1e-6) * WINDOW_SECONDS
    high = max(s.onset[-1] + s.duration[-1] for s in (a, b))
    n = int(np.ceil((high - low) / WINDOW_SECONDS - 1e-6))
    if n > 1e5:
        raise RecordingError(f"{name}: the two scorings lie {n / 2880:.0f} days apart.")
    onset = low + WINDOW_SECONDS * np.arange(n)
    pair = ScoringPair(name, onset, _stages_at(a, onset), _stages_at(b, onset))
    if not pair.both.any():
        raise RecordingError(
            f"{name}: no epoch has a stage in both scorings. Do they count from the same start?"
        )
    return pair


def _stages_at(scoring: Scoring, onset: np.ndarray) -> np.ndarray:
    """The stage at the middle of each epoch."""
    middle = onset + WINDOW_SECONDS / 2
    begins = np.array(scoring.onset)
    at = np.searchsorted(begins, middle, "right") - 1
    ends = begins + np.array(scoring.duration)
    covered = (at >= 0) & (middle < ends[at])
    return np.where(covered, np.array(scoring.stage)[at], UNKNOWN)
