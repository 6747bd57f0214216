"""What a dataset is made of: recordings (a night with its scoring) and the names of sleep stages.

A dataset adapter is a function from a folder to a list of `Recording`. Signals are found by file
name and read later, by `read.py` and `preprocessing.py`; nothing here imports MNE before it is
needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mne


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
        start of the recording, in epochs of 30 s or of a length told by that of the recording.
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

        from sleepaug.data.files.open import read_raw

        raw = read_raw(self.files[0], include)
        scoring = self.scoring()
        annotations = mne.Annotations(scoring.onset, scoring.duration, list(scoring.stage))
        return raw.set_annotations(annotations, emit_warning=False, verbose="error")
