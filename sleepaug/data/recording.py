"""What a dataset is made of: recordings (a night with its scoring) and the names of sleep stages.

A dataset adapter is a function from a folder to a list of `Recording`. Signals are found by file
name and read later, by `read.py` and `preprocessing.py`; nothing here imports MNE before it is
needed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sleepaug.config import ConfigError

if TYPE_CHECKING:
    import mne

STAGES = ("W", "N1", "N2", "N3", "R")
UNKNOWN = "?"
WINDOW_SECONDS = 30.0


def printable(text: str) -> str:
    """`text` from a file without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class RecordingError(ValueError):
    """A recording that cannot be used; the text is the whole message."""

    def __init__(self, text: str) -> None:
        super().__init__("\n".join(printable(line) for line in text.split("\n")))


_SHORT_NAMES = {
    "W": ("w", "wake", "awake", "wakefulness", "0", "sleep-s0"),
    "N1": ("n1", "s1", "1", "nrem1", "nrem 1", "sleep-s1"),
    "N2": ("n2", "s2", "2", "nrem2", "nrem 2", "sleep-s2"),
    "N3": (
        *("n3", "n4", "s3", "s4", "3", "sws", "slow wave sleep"),
        *("nrem3", "nrem4", "nrem 3", "nrem 4", "sleep-s3", "sleep-s4"),
    ),
    "R": ("r", "rem", "5", "rem sleep", "sleep-rem"),
    UNKNOWN: (
        *("?", "unknown", "unscored", "not scored", "unclassified", "undefined", "n/a", "nan"),
        *("m", "mt", "movement", "movement time", "artifact", "artefact", "-1", "9"),
        *("sleep-mt", "sleep-unscored"),
    ),
}


def _synonyms() -> dict[str, str]:
    """Every accepted spelling, lower case with single spaces, and the stage it means."""
    table = {}
    for stage, names in _SHORT_NAMES.items():
        for name in names:
            for text in (name, f"stage {name}", f"sleep stage {name}", f"stage {name} sleep"):
                table[text] = stage
    # A bare 4 is Rechtschaffen and Kales' stage 4 in some files and REM in others; said in full
    # it is always the former.
    return table | {"stage 4": "N3", "sleep stage 4": "N3", "stage 4 sleep": "N3"}


SYNONYMS = _synonyms()


def _plain(text: str) -> str:
    """A label in lower case with single spaces."""
    return " ".join(str(text).replace("_", " ").split()).lower()


def is_stage(text: str) -> bool:
    """Whether `stage_of` knows the label."""
    return _plain(text) in SYNONYMS


def stage_of(text: str) -> str:
    """Stage that a label in a scoring file means.

    Parameters
    ----------
    text : str
        A label, such as ``"Sleep stage 4"``, ``"S2"``, ``"REM"`` or ``"Movement time"``; case,
        underscores and repeated spaces do not matter.

    Returns
    -------
    str
        One of `STAGES`, or `UNKNOWN` for epochs which the scorer left open.

    Raises
    ------
    RecordingError
        If the text is no known label. Labels are matched whole: "MicroArousal_C3" is not N3.

    Examples
    --------
    >>> stage_of("Sleep stage 4"), stage_of("rem"), stage_of("Movement time")
    ('N3', 'R', '?')
    """
    words = _plain(text)
    if words in SYNONYMS:
        return SYNONYMS[words]
    if words == "4":
        raise RecordingError(
            "stage '4' means S4 in some scorings and REM in others. Write 'S4' or 'R' instead."
        )
    raise RecordingError(
        f"unknown stage {str(text)[:60]!r}. Allowed are W, N1, N2, N3, R and ? with their usual "
        "names, such as 'Sleep stage 2', 'S2', 'NREM 2', 'REM', 'Movement time'."
    )


def check_file(path: Path) -> None:
    """Raise a `RecordingError` unless `path` is a file that can be read and is not empty."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file.")
    if path.is_dir() and path.suffix.lower() not in (".ds", ".mff"):
        raise RecordingError(f"{path}: is a folder; a recording is a file.")
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                raise RecordingError(f"{path}: the file is empty (0 bytes). Copy it again.")
    except IsADirectoryError:
        return
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}.") from error


def existing_folder(folder: str | Path) -> Path:
    """`folder`, or a `ConfigError` if it is not there."""
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "no such folder"
        raise ConfigError(f"{folder}: {what}. Name the folder of the recordings with --data-dir.")
    return folder


def file_away(found: dict, night: Hashable, kind: str, path: Path) -> None:
    """Note a file of a night; a `ConfigError` if the folder holds it twice."""
    files = found.setdefault(night, {})
    if kind in files:
        raise ConfigError(f"{files[kind]} and {path}: the same night twice. Keep one of them.")
    files[kind] = path


@dataclass(frozen=True)
class Scoring:
    """Stages of a night as scored, in order.

    Attributes
    ----------
    onset, duration : tuple of float
        Seconds, counted from the first sample of the signals.
    stage : tuple of str
        `STAGES` or `UNKNOWN`.
    notes : tuple of str
        What had to be decided while reading, a sentence each.
    """

    onset: tuple[float, ...]
    duration: tuple[float, ...]
    stage: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.stage)


@dataclass(frozen=True)
class Recording:
    """One night: where its signals are and how they were scored.

    Attributes
    ----------
    id : str
        Name of the night, unique in its dataset.
    subject : str
        The person; nights of one person are never split between train, valid and test.
    files : tuple of Path
        All files that matter, the signals first.
    read_scoring : callable
        Given `files`, returns the `Scoring`.
    """

    id: str
    subject: str
    files: tuple[Path, ...]
    read_scoring: Callable[[tuple[Path, ...]], Scoring] = field(repr=False, compare=False)

    def scoring(self) -> Scoring:
        """Stages of the night; a `RecordingError` if there are none or they cannot be read."""
        return self.read_scoring(self.files)

    def load(self, include: Sequence[str] | None = None) -> mne.io.BaseRaw:
        """Open the signals with the scoring as annotations, without loading the samples.

        Parameters
        ----------
        include : sequence of str, optional
            Channels to read; all by default.

        Returns
        -------
        mne.io.BaseRaw
            Annotated with W, N1, N2, N3, R and ? only, with the durations as scored.
        """
        import mne

        from sleepaug.data.read import read_raw

        raw = read_raw(self.files[0], include)
        scoring = self.scoring()
        annotations = mne.Annotations(scoring.onset, scoring.duration, list(scoring.stage))
        return raw.set_annotations(annotations, emit_warning=False, verbose="error")
