"""What a dataset is made of: recordings, and how each was scored.

A dataset is a function from a folder to a list of `Recording`. It finds files by their names and
reads nothing; `files/` reads scorings and signals, `signals/` prepares the signals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DAY_SECONDS = 86400.0
LONGEST_SECONDS = 2 * DAY_SECONDS
"""What spans more in a file is a mistake in it, such as milliseconds in place of seconds."""


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
    timed : bool
        Whether the file says when each stage begins; otherwise they follow each other from the
        start of the recording, in epochs of 30 s or of a length that fits that of the recording.

    Examples
    --------
    >>> scoring = Scoring(onset=(0.0, 30.0), duration=(30.0, 60.0), stage=("W", "N1"))
    >>> len(scoring)
    2
    """

    onset: tuple[float, ...]
    duration: tuple[float, ...]
    stage: tuple[str, ...]
    notes: tuple[str, ...] = ()
    timed: bool = field(default=True, compare=False)

    def __len__(self) -> int:
        return len(self.stage)


@dataclass(frozen=True)
class Recording:
    """One night: where its signals are, and how to read its scoring.

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

    Examples
    --------
    >>> def read(files):
    ...     return Scoring(onset=(0.0,), duration=(90.0,), stage=("N2",))
    >>> night = Recording("night 1", "anna", (Path("anna.edf"),), read)
    >>> night.scoring().stage
    ('N2',)
    """

    id: str
    subject: str
    files: tuple[Path, ...]
    read_scoring: Callable[[tuple[Path, ...]], Scoring] = field(repr=False, compare=False)

    def scoring(self) -> Scoring:
        """Read the stages of the night.

        Raises
        ------
        RecordingError
            There are none, or they cannot be read.
        """
        return self.read_scoring(self.files)
