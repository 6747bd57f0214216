"""Evaluation: a trained model is scored on another dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.data.windows import Windows, prepare
from sleepaug.staging.calibration import reliability, softened
from sleepaug.staging.context import apply_context
from sleepaug.staging.recording_evaluation import staged_recordings
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.stager import Stager, load_model
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import fill
from sleepaug.training.metrics import confusion_matrix, scores
from sleepaug.training.runs import pick_device
from sleepaug.training.tasks.sleep import Sleep, fingerprint

FEWEST_CHANGES = 4
"""Of stage: short recordings of hardly more than one stage may be scored alike by chance."""


def evaluate_model(
    model: Path | str | None,
    *,
    data: str,
    data_dir: Path | None = None,
    pattern: str | None = None,
    codes: str | None = None,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] | None = None,
    reference: str | None = None,
    context: str | None = None,
    device: str = "auto",
    cache_dir: Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Score a trained model on a dataset.

    Parameters
    ----------
    model : path, optional
        A run folder or model file; without it, the shipped model.
    data, data_dir, pattern, codes
        As in the settings of a run, section `task`.
    map, exclude, reference
        In place of what the model was trained with.
    context : str, optional
        Whether neighbouring epochs help: "none" or "transitions" (default: "none"), or, for a model
        of recordings, "network" or "none" (default: "network").
    device : {"auto", "cpu", "cuda"}
    cache_dir : Path, optional
        Where prepared nights are kept.
    progress : bool
        Show a progress bar on a terminal.

    Returns
    -------
    dict
        Scores, pooled and by night; `calibration_error`, the mean distance of the model's certainty
        from how often it is right, and `reliability`, both in bins of certainty; under `warnings`,
        which subjects the model was trained on.
    """
    problems: list[str] = []
    settings = {"data": data, "data_dir": data_dir, "pattern": pattern, "codes": codes}
    sleep: Sleep | None = fill(Sleep, settings, "task", problems)
    if sleep is None:
        raise ConfigError("\n".join(problems))
    stager = load_model(model)
    recordings = sleep.recordings(cache_dir=cache_dir, progress=progress)
    if isinstance(stager, RecordingStager):
        options = {"map": map, "exclude": exclude, "reference": reference, "context": context}
        windows, probabilities = staged_recordings(stager, recordings, options, progress=progress)
    else:
        windows = prepare(
            recordings,
            stager.preprocessing.with_overrides(map, reference, exclude),
            cache_dir=cache_dir,
            progress=progress,
            on_error="skip",
            allow_missing=stager.allow_missing,
        )
        stager.model.to(pick_device(device))
        probabilities = np.empty((len(windows), len(STAGES)))
        for night in np.unique(windows.recording):
            rows = np.flatnonzero(windows.recording == night)
            probabilities[rows] = _staged(
                stager, windows.x[rows], windows.onset[rows], context or "none"
            )
    found = probabilities.argmax(axis=1)

    def confusion(mask: np.ndarray) -> np.ndarray:
        return confusion_matrix(windows.y[mask], found[mask], len(STAGES))

    nights = {
        str(night): scores(confusion(windows.recording == night), STAGES)
        for night in np.unique(windows.recording)
    }
    certain = reliability(probabilities, windows.y)
    return {
        **scores(confusion(np.ones(len(windows), bool)), STAGES),
        "nights": nights,
        "calibration_error": certain.expected_error,
        "reliability": certain.to_json(),
        "warnings": seen_in_training(stager, data, windows),
    }


def _staged(stager: Stager, x: np.ndarray, onset: np.ndarray, context: str) -> np.ndarray:
    """Probabilities of the windows of one night; what lies between them is unknown."""
    own = softened(stager.log_probabilities(x), stager.temperature(context))
    at = np.rint((onset - onset[0]) / WINDOW_SECONDS).astype(int)
    whole = np.full((at[-1] + 1, len(STAGES)), np.nan)
    whole[at] = own
    return apply_context(context, whole, stager.description.prior)[at]


def _is_telling(y: np.ndarray) -> bool:
    """Whether a scoring has so many changes of stage that no other night has the same."""
    return bool(np.count_nonzero(np.diff(y)) >= FEWEST_CHANGES)


def seen_in_training(stager: Stager | RecordingStager, data: str, windows: Windows) -> list[str]:
    """Which subjects of a dataset the model was trained or selected on: a sentence, if any.

    A subject is recognised by name within one dataset, and a night by its scoring whatever the
    dataset is called, if stages change in it at all often. Simulated subjects are numbered alike in
    every simulation, so only the scoring tells them apart.
    """
    known = stager.description.trained_on
    same_names = data == known.data and data != "simulated"
    seen, subjects = [], np.unique(windows.subject)
    for subject in subjects:
        nights = np.unique(windows.recording[windows.subject == subject])
        same_night = any(
            _is_telling(windows.y[windows.recording == night])
            and fingerprint(windows, night) in known.scorings
            for night in nights
        )
        if same_night or (same_names and subject in known.subjects):
            seen.append(str(subject))
    if not seen:
        return []
    return [
        f"the model was trained on {len(seen)} of the {len(subjects)} subjects, whose scores "
        f"flatter it: {', '.join(seen)}."
    ]
