"""Evaluation: score a trained model on another dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.prepare import prepare_stored
from sleepaug.data.recording import Recording
from sleepaug.data.signals.cutting import window_number
from sleepaug.data.stages import STAGES
from sleepaug.data.stored import StoredWindows
from sleepaug.data.windows import Windows
from sleepaug.models.several import ModelNames
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.calibration import softened
from sleepaug.staging.context import apply_context
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.loading import load_model
from sleepaug.staging.recording_evaluation import staged_recordings
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.reliability import Reliability, brief_scores, reliability
from sleepaug.staging.stager import Stager
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import fill, keys_of
from sleepaug.training.machine import pick_device
from sleepaug.training.metrics import Scores, scores_by_night
from sleepaug.training.precision import float32_products
from sleepaug.training.seen import seen_in_training
from sleepaug.training.tasks.sleep import Sleep


@dataclass(frozen=True)
class EvaluationSettings:
    """On which nights a model is scored, and how it stages them.

    Attributes
    ----------
    data, data_dir, pattern, codes
        The dataset, as in the settings of a run; see `Sleep`.
    map, exclude, reference
        In place of those that the model was trained with; see `Stager.predict`.
    context : str, optional
        Whether neighbouring epochs help: "transitions" or "none", or, for a model of recordings,
        "network" or "none". By default as in `predict`: what validated better.
    device : {"auto", "cpu", "cuda"}
    cache_dir : Path, optional
        Folder of prepared nights.

    Examples
    --------
    >>> settings = EvaluationSettings(data="dreams", data_dir=Path("dreams"))
    >>> settings.task().data
    'dreams'
    """

    data: str = "simulated"
    data_dir: Path | None = None
    pattern: str | None = None
    codes: str | None = None
    map: Mapping[str, str] | None = None
    exclude: Sequence[str] | None = None
    reference: str | None = None
    context: str | None = None
    device: str = "auto"
    cache_dir: Path | None = None

    def task(self) -> Sleep:
        """Return the dataset as a task; a `ConfigError` if it is not one."""
        problems: list[str] = []
        values = {
            "data": self.data,
            "data_dir": self.data_dir,
            "pattern": self.pattern,
            "codes": self.codes,
        }
        task = fill(Sleep, values, "task", problems)
        if task is None:
            raise ConfigError("\n".join(problems), parameters=keys_of(problems))
        return task


@dataclass(frozen=True)
class Evaluation:
    """How a model did on a dataset.

    Attributes
    ----------
    scores : Scores
        Of all windows, and of each night under `nights`.
    reliability : Reliability
        Certainty and accuracy.
    context : str
        The context with which these were measured; "" for a model without contexts.
    contexts : dict of dict
        A few scores with each context.
    notes : dict of list of str
        For each night, how its scoring was read and what was dropped.
    warnings : list of str
        Subjects that the model was trained on.

    Examples
    --------
    >>> y = np.array([0, 2, 2])
    >>> evaluation = Evaluation(
    ...     scores_by_night(y, y, np.array(["a", "a", "b"]), STAGES), reliability(np.eye(5)[y], y),
    ...     context="none", contexts={}, notes={}, warnings=[],
    ... )
    >>> evaluation.to_json()["nights"]["b"]["accuracy"]
    1.0
    """

    scores: Scores
    reliability: Reliability
    context: str
    contexts: dict[str, dict[str, float | None]]
    notes: dict[str, list[str]]
    warnings: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            **self.scores,
            "calibration_error": self.reliability.expected_error,
            "reliability": self.reliability.to_json(),
            "context": self.context,
            "contexts": self.contexts,
            "notes": self.notes,
            "warnings": self.warnings,
        }


def evaluate_model(
    model: ModelNames, settings: EvaluationSettings, *, progress: bool = False
) -> Evaluation:
    """Score a trained model on a dataset.

    Parameters
    ----------
    model : path, str, sequence of these, optional
        See `load_model`.
    settings : EvaluationSettings
    progress : bool
        Show a progress bar on a terminal.

    Returns
    -------
    Evaluation

    Raises
    ------
    ConfigError, ModelError, RecordingError
        The dataset, the model or a night cannot be used.
    """
    task = settings.task()
    stager = load_model(model)
    if isinstance(stager, Stager | RecordingStager) and settings.context:
        _check_context(settings.context, stager.contexts)
    recordings = task.recordings(cache_dir=settings.cache_dir, progress=progress)
    if isinstance(stager, Stager):
        windows, probabilities = _staged_windows(stager, recordings, settings, progress)
    else:
        windows, probabilities = staged_recordings(
            partial(_stagings, stager, settings), recordings, progress=progress
        )
    context = settings.context or next(iter(probabilities))
    trained_on = [source.trained_on for source in stager.sources]
    predicted = probabilities[context].argmax(axis=1)
    return Evaluation(
        scores_by_night(windows.y, predicted, windows.recording, STAGES),
        reliability(probabilities[context], windows.y),
        context,
        {name: brief_scores(windows.y, p) for name, p in probabilities.items()},
        windows.notes,
        seen_in_training(trained_on, settings.data, windows),
    )


def _check_context(context: str, allowed: Sequence[str]) -> None:
    if context not in allowed:
        raise ConfigError(
            f"context: {context!r} is not for this model. Allowed: {', '.join(allowed)}.",
            parameters=("context",),
        )


def _stagings(
    stager: AnyStager, settings: EvaluationSettings, path: Path
) -> Mapping[str, Hypnogram]:
    """Stage a recording with each context that the stager has, its own first."""
    if isinstance(stager, RecordingStager):
        return stager.stagings(
            path, map=settings.map, exclude=settings.exclude, reference=settings.reference
        )
    night = stager.predict(
        path,
        map=settings.map,
        exclude=settings.exclude,
        reference=settings.reference,
        context=settings.context,
    )
    return {settings.context or "": night}


def _staged_windows(
    stager: Stager, recordings: Sequence[Recording], settings: EvaluationSettings, progress: bool
) -> tuple[Windows, dict[str, np.ndarray]]:
    """Stage the windows of recordings with each context, that of the model first."""
    windows = prepare_stored(
        recordings,
        stager.preprocessing.with_overrides(settings.map, settings.reference, settings.exclude),
        cache_dir=settings.cache_dir,
        progress=progress,
        on_error="skip",
        allow_missing=stager.allow_missing,
    )
    assert isinstance(windows.x, StoredWindows)
    stager.model.to(pick_device(settings.device))
    probabilities = {name: np.empty((len(windows), len(STAGES))) for name in stager.contexts}
    for night in np.unique(windows.recording):
        rows = np.flatnonzero(windows.recording == night)
        onset = windows.onset[rows]
        epochs = window_number(onset - onset[0])
        with float32_products("ieee"):
            log_probabilities = stager.log_probabilities(windows.x.read(rows))
        for name in stager.contexts:
            whole = np.full((epochs[-1] + 1, len(STAGES)), np.nan)  # epochs between are unknown
            whole[epochs] = softened(log_probabilities, stager.temperature(name))
            prior = stager.description.prior
            probabilities[name][rows] = apply_context(name, whole, prior)[epochs]
    return windows, probabilities
