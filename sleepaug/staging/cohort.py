"""A cohort: many recordings staged, those skipped that an earlier call has staged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from sleepaug.models.several import ModelNames
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.hypnogram.formats import check_forms
from sleepaug.staging.loading import load_model
from sleepaug.staging.nights import NightFile
from sleepaug.staging.prediction import NightResult, PredictionSettings, Task, stage_night
from sleepaug.staging.resume import KEY, Place, recording_hash
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import make_folder, refuse_existing
from sleepaug.support.processes import parallel


def stage_nights(
    model: ModelNames,
    nights: Sequence[NightFile],
    settings: PredictionSettings,
    *,
    jobs: int = 1,
) -> Iterator[NightResult]:
    """Stage recordings and write their files; one that fails does not stop the others.

    Nights that an earlier call staged from the same recording, with the same models and settings,
    are not staged again; changed ones are.

    Parameters
    ----------
    model : path, str, sequence of these, optional
        See `load_model`.
    nights : sequence of NightFile
        Recordings; results come in this order.
    settings : PredictionSettings
    jobs : int
        Processes, of one thread each.

    Returns
    -------
    iterator of NightResult

    Raises
    ------
    ModelError
        There is no model, or the file is not one.
    ConfigError
        A time cannot be read, two nights would be written to one name, or a file exists that was
        not written by an earlier call, or was changed since; nothing was written.
    """
    stager = load_model(model)
    plan = planned(stager, nights, settings)
    make_folder(settings.output)
    left = [task for task in plan if isinstance(task, Task)]
    jobs = min(jobs, len(left))
    staged: Iterator[NightResult]
    if jobs <= 1:
        staged = (stage_night(stager, task, settings) for task in left)
    else:
        work = _Work(model, settings)
        staged = parallel(work, left, jobs, torch.set_num_threads, 1)  # more would compete
    return (next(staged) if isinstance(step, Task) else step for step in plan)


@dataclass(frozen=True)
class _Work:
    """Stage a night in another process; loading a model is short beside staging a night."""

    model: ModelNames
    settings: PredictionSettings

    def __call__(self, task: Task) -> NightResult:
        return stage_night(load_model(self.model), task, self.settings)


def planned(
    stager: AnyStager, nights: Sequence[NightFile], settings: PredictionSettings
) -> list[Task | NightResult]:
    """Find what is left to do: a task for each night, or its result if it was staged before.

    Raises
    ------
    ConfigError
        See `stage_nights`.
    """
    _check(stager, settings)
    key, plan, writer = settings.hash(stager), list[Task | NightResult](), dict[Path, Path]()
    for night in nights:
        place = Place.of(night, settings.output, settings.forms)
        for file in place.files:
            if file in writer:
                raise ConfigError(
                    f"{writer[file]} and {night.path} would both be written to {file}. "
                    "Stage them into two folders.",
                    parameters=("output",),
                )
            writer[file] = night.path
        recording = recording_hash(night)
        done = None if settings.overwrite else place.done(recording, key)
        if done is not None and "error" not in done:
            facts = {name: value for name, value in done.items() if name != KEY}
            plan.append(NightResult(night.path, facts, files=place.files, before=True))
            continue
        if not settings.overwrite:
            if other := place.of_another(night):
                raise ConfigError(
                    f"{place.summary} holds the results of another recording, {other}. Stage "
                    f"{night.path} into another folder, or allow overwriting.",
                    parameters=("output", "overwrite"),
                )
            refuse_existing(place.foreign())
        plan.append(Task(night, place, recording, key))
    return plan


def _check(stager: AnyStager, settings: PredictionSettings) -> None:
    """Raise a `ConfigError` for settings that no night can be staged with."""
    settings.lights()
    check_forms(settings.forms)
    if settings.defer_disagreement and len(stager.sources) < 2:
        raise ConfigError(
            "defer_disagreement: one model does not disagree with itself. Name several, such as "
            "default,yasa.",
            parameters=("model", "defer_disagreement"),
        )
