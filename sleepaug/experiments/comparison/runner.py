"""Run the lanes of a comparison: each in a folder of its own, which one process writes."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from sleepaug.experiments.comparison.energy import joules
from sleepaug.experiments.comparison.lane import ENDED, Lane
from sleepaug.experiments.comparison.settings import FLOOR, Comparison, Job, comparison_of
from sleepaug.support.files import make_folder, write_text
from sleepaug.training.runs import Clock, RunFolder, pick_device, save_state
from sleepaug.training.tasks.task import TaskData

Tell = Callable[[Job, dict[str, Any]], None]
Load = Callable[[Path, int, Path | None], TaskData]


def lane_folder(root: Path, job: Job) -> RunFolder:
    """The folder of a job's rows and checkpoint."""
    return RunFolder(Path(root) / "lanes" / job.name)


def last_row(root: Path, job: Job) -> dict[str, Any]:
    """Where a job stands: its last row, or a row without a step."""
    rows = lane_folder(root, job).rows()
    return rows[-1] if rows else {"status": "waiting", "step": 0}


def ended(root: Path, job: Job) -> bool:
    """Whether there is nothing left to do for a job."""
    return last_row(root, job)["status"] in ENDED


@functools.lru_cache(maxsize=1)
def load_fold(root: Path, fold: int, cache_dir: Path | None) -> TaskData:
    """The data of a fold; the last one's stay in memory."""
    comparison = comparison_of(RunFolder(root).config())
    device = pick_device(comparison.compare.device)
    return comparison.task.load(
        comparison.preprocessing, fold=fold, device=device, cache_dir=cache_dir
    )


def run_job(
    root: Path,
    job: Job,
    *,
    cache_dir: Path | None = None,
    clock: Clock | None = None,
    load: Load = load_fold,
    tell: Tell = lambda job, row: None,
) -> str:
    """Run one lane to its end, or take it up where it was stopped.

    Parameters
    ----------
    root : Path
        The folder of the comparison; its settings are in it.
    job : Job
    cache_dir : Path, optional
        Where prepared nights are kept.
    clock, load
        For tests: another clock, another way to the data.
    tell : callable
        Is given the job and each of its rows.

    Returns
    -------
    str
        The status: one of `ENDED`, "failed", or "running" if another process is at it.
    """
    if ended(root, job):
        return last_row(root, job)["status"]
    folder = lane_folder(root, job)
    make_folder(folder.path)
    try:
        with FileLock(folder / "lock", timeout=0):
            return _run(root, job, folder, cache_dir, clock, load, tell)
    except Timeout:
        return "running"


def _run(
    root: Path,
    job: Job,
    folder: RunFolder,
    cache_dir: Path | None,
    clock: Clock | None,
    load: Load,
    tell: Tell,
) -> str:
    comparison = comparison_of(RunFolder(root).config())
    row: dict[str, Any] = {"step": 0}
    try:
        device = pick_device(comparison.compare.device)
        clock = clock or Clock(device, budget=comparison.compare.seconds)
        lane = make_lane(comparison, job, load(root, job.fold, cache_dir), clock)
        if not folder.restore(lane, clock, device) and lane.warm_start:
            _share(root, job, lane, device)
        keep = warm_starts(comparison) if job.method == FLOOR else set()
        while not lane.done:
            before = joules(device)
            with clock.charge(lane.account):
                logged = lane.step()
            after = joules(device)
            row = lane.settle(logged)
            if before is not None and after is not None:
                row["energy_j"] = after - before
            _keep(root, job, lane, row["train_s"], keep)
            folder.append(row)
            folder.save(lane, clock)
            tell(job, row)
        if not row["step"]:  # it ended before its first step: its pretraining was too long
            row = {"step": 0, **_seconds(clock), "status": lane.status}
            folder.append(row)
            tell(job, row)
    except FloatingPointError as error:
        row = {**row, "point": None, "status": "diverged", "reason": str(error)}
        folder.append(row)
        tell(job, row)
    except Exception as error:
        write_text(folder / "error.txt", traceback.format_exc())
        row = {**row, "point": None, "status": "failed", "reason": f"{error}"}
        folder.append(row)
        tell(job, row)
    return row["status"]


def make_lane(comparison: Comparison, job: Job, loaded: TaskData, clock: Clock) -> Lane:
    """A lane at its start."""
    method = comparison.methods[job.method]
    return Lane(
        method.search(loaded.task, comparison.training, seed=job.seed),
        loaded.task,
        loaded.test,
        comparison.training,
        seed=job.seed,
        clock=clock,
        every_pause=comparison.compare.points == "all",
    )


def _seconds(clock: Clock) -> dict[str, float]:
    return {f"{name}_s": clock.seconds.get(name, 0.0) for name in ("pretrain", "search", "train")}


def warm_starts(comparison: Comparison) -> set[int]:
    """After which epochs the floor's training is kept, for the methods that start from it."""
    found = set()
    for settings in comparison.methods.values():
        found.add(getattr(settings, "warm_start", 0))
    return (found | {comparison.training.epochs}) - {0}


def _kept(root: Path, job: Job, epochs: int) -> Path:
    return Path(root) / "pretrained" / f"fold{job.fold}-seed{job.seed}-epochs{epochs}.pt"


def _keep(root: Path, job: Job, lane: Lane, seconds: float, epochs: set[int]) -> None:
    """Keep the floor's training where another lane is to start from it."""
    fit = lane.fit
    assert not epochs or fit is not None
    for n in epochs:
        path = _kept(root, job, n)
        if fit is not None and (fit.n_steps == n or (lane.done and not path.is_file())):
            state = fit.state_dict()
            if fit.n_steps == n:
                state["status"] = "finished"
            path.parent.mkdir(exist_ok=True)
            save_state(path, {"fit": state, "seconds": seconds})


def _share(root: Path, job: Job, lane: Lane, device: torch.device) -> None:
    """Start from the floor's training, if it has come so far; otherwise the lane does its own."""
    path = _kept(root, job, lane.warm_start)
    if path.is_file():
        kept = torch.load(path, map_location=device, weights_only=True)
        lane.start_from(kept["fit"], kept["seconds"])
