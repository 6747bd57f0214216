"""The scored nights of one laboratory, as a model of recordings sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sleepaug.data.signals.cutting import nearest_window
from sleepaug.data.stages import STAGES
from sleepaug.data.windows import Windows
from sleepaug.staging.evaluation import EvaluationSettings
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.recording_evaluation import staged_recordings
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.support.errors import RecordingError
from sleepaug.training.recordings.fit import SHORTEST
from sleepaug.training.recordings.nights import UNSCORED, ScoredNight

FEWEST_PEOPLE = 2
"""People in whom each stage must be scored: a model forgets a stage that it does not meet."""


@dataclass(frozen=True)
class Laboratory:
    """Scored nights of one laboratory, as a model sees them.

    Attributes
    ----------
    name : str
        Of the dataset.
    windows : Windows
        The scored windows, without samples.
    nights : dict of ScoredNight
        By the name of the recording; channels that the model is not shown are left out.
    probabilities : ndarray of shape (n_windows, 5)
        By the model as it is.
    """

    name: str
    windows: Windows
    nights: dict[str, ScoredNight]
    probabilities: np.ndarray

    @property
    def people(self) -> list[str]:
        """Names of the people, sorted."""
        return sorted(set(map(str, self.windows.subject)))

    def of(self, night: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of a night among the windows, and their places in the recording."""
        rows = np.flatnonzero(self.windows.recording == night)
        return rows, nearest_window(self.windows.onset[rows], len(self.nights[night].y))


def read_laboratory(
    stager: RecordingStager, settings: EvaluationSettings, *, progress: bool = False
) -> Laboratory:
    """Read scored nights, and stage them with a model as it is.

    Parameters
    ----------
    stager : RecordingStager
    settings : EvaluationSettings
        Which nights, and which of their channels.
    progress : bool
        Show a progress bar on a terminal.

    Raises
    ------
    ConfigError, RecordingError
        The dataset or a night cannot be used, or a stage is scored in less than two people.
    """
    recordings = settings.task().recordings(cache_dir=settings.cache_dir, progress=progress)
    shown: dict[Path, tuple[np.ndarray, np.ndarray]] = {}  # features and places, not the signals

    def stage(path: Path) -> dict[str, Hypnogram]:
        view = stager.view(
            path, map=settings.map, exclude=settings.exclude, reference=settings.reference
        )
        known = ~np.isnan(view.x).all(axis=(0, 2))
        shown[path] = (view.x[:, known], view.features.montage.places()[known])
        return {"": stager.stage_view(view)}

    windows, probabilities = staged_recordings(stage, recordings, progress=progress)
    file = {recording.id: recording.files[0] for recording in recordings}
    nights = {}
    for name in map(str, np.unique(windows.recording)):
        (x, places), rows = shown[file[name]], windows.recording == name
        y = np.full(len(x), UNSCORED)
        y[nearest_window(windows.onset[rows], len(y))] = windows.y[rows]
        nights[name] = ScoredNight(x, places, y)
    lab = Laboratory(settings.data, windows, nights, probabilities[""])
    _check(lab)
    return lab


def _check(lab: Laboratory) -> None:
    """Raise a RecordingError if these nights would do harm, or cannot be learned from."""
    windows = lab.windows
    if not any(len(night.y) >= SHORTEST for night in lab.nights.values()):
        raise RecordingError(
            f"{lab.name}: no recording has {SHORTEST} epochs or more. Add whole nights."
        )
    people = {stage: len(set(windows.subject[windows.y == k])) for k, stage in enumerate(STAGES)}
    rare = [stage for stage, n in people.items() if n < FEWEST_PEOPLE]
    if rare:
        counts = ", ".join(f"{stage} in {n}" for stage, n in people.items())
        raise RecordingError(
            f"{lab.name}: {', '.join(rare)} must be scored in {FEWEST_PEOPLE} people or more, or "
            f"the model would forget it. Found: {counts} of {len(lab.people)} people. Add whole "
            "nights of others."
        )
