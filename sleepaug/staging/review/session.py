"""A review: nights, what a person says of their windows, and the files of both scorings."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.stages import STAGES, UNKNOWN
from sleepaug.staging.excerpts import with_excerpts
from sleepaug.staging.hypnogram.formats import check_forms, targets, write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.notes import is_warning
from sleepaug.staging.hypnogram.reading import read_hypnogram
from sleepaug.staging.review.folders import AUTOMATIC, CORRECTED
from sleepaug.staging.review.nights import NightToReview
from sleepaug.staging.window_signal import WindowSignals
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import make_folder

ALLOWED = (*STAGES, UNKNOWN)


class OutdatedError(RecordingError):
    """The night was saved from another page meanwhile."""


@dataclass(frozen=True)
class ReviewSettings:
    """What a review reads and where it writes.

    Attributes
    ----------
    output : Path
        Folder of the results; the model's stages go to ``automatic/`` in it, the reviewed ones to
        ``corrected/``, under the same names.
    forms : sequence of str
        Keys of `FORMS`; "csv" is among them, for it is what a later review goes on from.
    map, exclude
        See `WindowSignals`.

    Examples
    --------
    >>> ReviewSettings(Path("reviewed"), forms=("csv", "edf")).forms
    ('csv', 'edf')
    """

    output: Path
    forms: Sequence[str] = ("csv", "png", "html", "json")
    map: Mapping[str, str] = field(default_factory=dict)
    exclude: Sequence[str] | None = None

    def __post_init__(self) -> None:
        check_forms(self.forms)
        if "csv" not in self.forms:
            raise ConfigError(
                "a review needs csv among the files to write, for it goes on from there.",
                parameters=("forms",),
            )


class Review:
    """Nights that are being reviewed.

    Parameters
    ----------
    nights : sequence of NightToReview
    settings : ReviewSettings

    Raises
    ------
    ConfigError
        Two nights would be written to the same files.

    Examples
    --------
    >>> import tempfile
    >>> night = Hypnogram(np.zeros(1), np.array([[0.1, 0.2, 0.6, 0.1, 0.0]]), [""])
    >>> nights = [NightToReview("a", Path("a.edf"), lambda: night)]
    >>> review = Review(nights, ReviewSettings(Path(tempfile.mkdtemp()), forms=["csv"]))
    >>> [file.parent.name for file in review.save(0, {0: "N3"}, revision=0)]
    ['automatic', 'corrected']
    >>> review.hypnogram(0).stages.tolist(), review.hypnogram(0).automatic.tolist()
    (['N3'], ['N2'])
    """

    def __init__(self, nights: Sequence[NightToReview], settings: ReviewSettings) -> None:
        names = [night.name for night in nights]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(f"two nights would be written to {twice[0]}. Review them apart.")
        self.nights = list(nights)
        self.settings = settings
        self._hypnograms: dict[int, Hypnogram] = {}
        self._signals: dict[int, WindowSignals] = {}
        self._revisions: dict[int, int] = {}
        self._lock = threading.RLock()

    def folders(self, index: int) -> tuple[Path, Path]:
        """Return the folders of the model's and of the reviewed stages of a night."""
        below = Path(self.nights[index].name).parent
        return self.settings.output / AUTOMATIC / below, self.settings.output / CORRECTED / below

    def is_saved(self, index: int) -> bool:
        """Tell whether a night was reviewed before."""
        return self._corrected_table(index).exists()

    def hypnogram(self, index: int) -> Hypnogram:
        """Return a night with what a person has said of it so far.

        Raises
        ------
        RecordingError
            It cannot be read, or was reviewed on top of other stages.
        """
        with self._lock:
            if index not in self._hypnograms:
                night = self.nights[index].load()
                self._hypnograms[index] = self._with_review(index, night)
            return self._hypnograms[index]

    def _with_review(self, index: int, night: Hypnogram) -> Hypnogram:
        """Add the stages of an earlier review."""
        if not self.is_saved(index):
            return replace(night, by_person=_by_person(night))
        table = self._corrected_table(index)
        earlier = read_hypnogram(table).hypnogram
        if earlier.automatic.tolist() != night.automatic.tolist():
            raise RecordingError(
                f"{table}: reviews other stages than the model now gives. Choose another folder "
                "for this review.",
                parameters=("output",),
            )
        return replace(night, by_person=_by_person(earlier))

    def _corrected_table(self, index: int) -> Path:
        name = Path(self.nights[index].name).name
        return targets(self.folders(index)[1], name, ["csv"])[0]

    def signals(self, index: int) -> WindowSignals:
        """Return the signals of a night; a `RecordingError` if there are none to draw."""
        with self._lock:
            if index not in self._signals:
                settings = self.settings
                recording = self.nights[index].recording
                self._signals[index] = WindowSignals(recording, settings.map, settings.exclude)
            return self._signals[index]

    def _with_signals(self, index: int, night: Hypnogram) -> Hypnogram:
        """Add what pictures and the report show of the recording."""
        if not {"html", "png", "svg"} & set(self.settings.forms):
            return night
        settings, recording = self.settings, self.nights[index].recording
        return with_excerpts(night, recording, map=settings.map, exclude=settings.exclude)

    def revision(self, index: int) -> int:
        """Return how often a night was saved in this session."""
        return self._revisions.get(index, 0)

    def save(self, index: int, stages: Mapping[int, str], revision: int) -> list[Path]:
        """Write both scorings of a night.

        Parameters
        ----------
        index : int
            Of the night.
        stages : dict of int to str
            All windows that a person gave a stage so far, and the stage.
        revision : int
            What `revision` was when the night was read.

        Returns
        -------
        list of Path
            What was written.

        Raises
        ------
        ConfigError
            A window or a stage does not exist.
        OutdatedError
            The night was saved in between.
        OutputError
            A file cannot be written.
        """
        with self._lock:
            night = self.hypnogram(index)
            if revision != self.revision(index):
                raise OutdatedError("This night was saved from another page. Load it again.")
            by_person = np.full(len(night), "", dtype="<U2")
            for window, stage in stages.items():
                if not 0 <= window < len(night) or stage not in ALLOWED:
                    raise ConfigError(f"window {window} of {len(night)}, stage {stage!r:.20}.")
                by_person[window] = stage
            reviewed = replace(night, by_person=by_person)
            shown = self._with_signals(index, reviewed)
            name, forms = Path(self.nights[index].name).name, self.settings.forms
            files: list[Path] = []
            for folder, one in zip(self.folders(index), _both(shown), strict=True):
                make_folder(folder)
                files += write_forms(one, folder, name, forms)
            self._hypnograms[index] = reviewed
            self._revisions[index] = revision + 1
            return files


def _by_person(night: Hypnogram) -> np.ndarray:
    """Return the stages that a person gave, "" where nobody did."""
    return np.full(len(night), "", dtype="<U2") if night.by_person is None else night.by_person


def _both(night: Hypnogram) -> tuple[Hypnogram, Hypnogram]:
    """Return the model's stages of a night, and those after the review."""
    reviewed, changed = night.reviewed, night.stages != night.automatic
    note = f"A person looked at {reviewed.sum()} epochs and changed {(changed & reviewed).sum()}."
    return replace(night, by_person=None), replace(night, notes=(*night.notes, note))


def page_of_night(review: Review, index: int) -> dict[str, Any]:
    """Return what the page shows of a night, ready for JSON."""
    night = review.hypnogram(index)
    blank = np.isnan(night.probabilities).any(axis=1)
    rows = np.where(blank[:, None], 0, np.round(night.probabilities, 4)).tolist()
    assert night.by_person is not None
    return {
        "name": review.nights[index].name,
        "start": night.start and night.start.isoformat(),
        "onset": night.onset.tolist(),
        "probabilities": [None if off else row for off, row in zip(blank, rows, strict=True)],
        "automatic": night.automatic.tolist(),
        "person": night.by_person.tolist(),
        "reason": list(map(str, night.reason)),
        "uncertain": night.least_certain(len(night)).tolist(),
        "lights": {"lights off": night.lights_off, "lights on": night.lights_on},
        "warnings": [note for note in night.notes if is_warning(note)],
        "revision": review.revision(index),
    }


def page_of_window(review: Review, index: int, window: int) -> list[dict[str, Any]]:
    """Return the signals of a window, ready for JSON; None where samples are missing."""
    night = review.hypnogram(index)
    if not 0 <= window < len(night):
        raise ConfigError(f"no window {window}: the night has {len(night)}.")
    return [
        {
            "name": trace.name,
            "kind": trace.kind,
            "sfreq": trace.sfreq,
            "microvolts": [
                None if np.isnan(value) else round(value, 1)
                for value in trace.microvolts.astype(float).tolist()
            ],
        }
        for trace in review.signals(index).window(float(night.onset[window]))
    ]
