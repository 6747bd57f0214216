"""Nights staged on a SLURM cluster: each job takes its share, and may be stopped and restarted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from sleepaug.models.several import ModelNames
from sleepaug.staging.cohort import planned
from sleepaug.staging.loading import load_model
from sleepaug.staging.nights import NightFile
from sleepaug.staging.prediction import NightResult, PredictionSettings, Task, stage_night
from sleepaug.staging.resume import FILES, KEY, RECORDING, SETTINGS
from sleepaug.support.files import make_folder, read_json, write_json
from sleepaug.support.slurm import again, load_submitit, queued, submit


@dataclass(frozen=True)
class NightsJob:
    """What a SLURM job calls with its nights; those that are done are skipped.

    Attributes
    ----------
    model : path, str, sequence of these, optional
        See `load_model`.
    settings : PredictionSettings
    """

    model: ModelNames
    settings: PredictionSettings

    def __call__(self, nights: Sequence[NightFile]) -> int:
        torch.set_num_threads(1)
        stager = load_model(self.model)
        tasks = [task for task in planned(stager, nights, self.settings) if isinstance(task, Task)]
        for task in tasks:
            result = stage_night(stager, task, self.settings)
            if result.error:
                _write_error(task, result)
        return len(tasks)

    def checkpoint(self, nights: Sequence[NightFile]) -> Any:
        """Give submitit what to queue again: the same call, which goes on."""
        return again(self, nights)


def submit_nights(
    model: ModelNames,
    nights: Sequence[NightFile],
    settings: PredictionSettings,
    options: Mapping[str, str],
    *,
    jobs: int,
    say: Callable[[str], None],
) -> list[NightResult]:
    """Submit the nights that are left to SLURM, and collect those that are done.

    Parameters
    ----------
    model, nights, settings
        See `stage_nights`. The folders of recordings and results are on a file system that the
        nodes share.
    options : dict of str
        Options of `sbatch`, such as ``{"partition": "long", "time": "240"}`` (minutes).
    jobs : int
        Jobs among which the nights are divided.
    say : callable
        Is called with lines for the user.

    Returns
    -------
    list of NightResult
        Of nights that are staged, or failed.

    Raises
    ------
    ConfigError
        submitit or SLURM is not installed, SLURM refuses the jobs, or as for `stage_nights`.
    """
    load_submitit()
    plan = planned(load_model(model), nights, settings)
    if settings.overwrite:  # said once, so that a job that is restarted does not do it again
        for step in plan:
            if isinstance(step, Task):
                step.place.begin()
    results = [step if isinstance(step, NightResult) else _failed(step) for step in plan]
    make_folder(settings.output)
    known = settings.output / "slurm.json"
    submitted: dict[str, list[str]] = read_json(known) if known.is_file() else {}
    alive = queued()
    submitted = {number: names for number, names in submitted.items() if number in alive}
    waiting = {name for names in submitted.values() for name in names}
    left = [
        step.night
        for step, result in zip(plan, results, strict=True)
        if isinstance(step, Task) and result is None and str(step.night.path) not in waiting
    ]
    if waiting:
        say(f"{len(waiting)} nights are in SLURM's queue, or running.")
    if left:
        shares = [left[k::jobs] for k in range(min(jobs, len(left)))]
        call = NightsJob(model, replace(settings, overwrite=False))
        numbers = submit(settings.output.resolve() / "slurm", call, shares, options)
        for number, share in zip(numbers, shares, strict=True):
            submitted[number] = [str(night.path) for night in share]
        say(
            f"Submitted {len(left)} nights as {len(shares)} jobs of SLURM array "
            f"{numbers[0].split('_')[0]}."
        )
    write_json(known, submitted)
    return [result for result in results if result is not None]


def _write_error(task: Task, result: NightResult) -> None:
    """Keep what is wrong with a recording where its summary would be."""
    make_folder(task.place.folder)
    files = task.place.written()  # of an earlier version of the recording
    resume = {RECORDING: task.recording, SETTINGS: task.settings, FILES: files}
    error = {"error": result.error, "parameters": result.parameters}
    write_json(task.place.summary, {"file": str(result.path), **error, KEY: resume})
    task.place.mark.unlink(missing_ok=True)


def _failed(task: Task) -> NightResult | None:
    """Return the error of a night that failed in a job, as it would again; None if it did not."""
    saved = task.place.saved()
    identity = saved.get(KEY, {})
    if (
        task.place.mark.exists()
        or "error" not in saved
        or (identity[RECORDING], identity[SETTINGS])
        != (
            task.recording,
            task.settings,
        )
    ):
        return None
    path = Path(saved["file"])
    return NightResult(path, error=saved["error"], parameters=tuple(saved["parameters"]))
