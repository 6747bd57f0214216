"""Compare methods under one clock: load, estimate, run or go on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from sleepaug.experiments.comparison.estimate import expected
from sleepaug.experiments.comparison.local import run_in_processes
from sleepaug.experiments.comparison.rows import ended
from sleepaug.experiments.comparison.runner import FoldData, Tell, run_job
from sleepaug.experiments.comparison.settings import Comparison, Job, read_comparison
from sleepaug.experiments.comparison.slurm import run_on_slurm
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import free_folder, write_text
from sleepaug.support.slurm import load_submitit
from sleepaug.support.text import duration_text
from sleepaug.support.yaml import to_yaml
from sleepaug.training.machine import pick_device
from sleepaug.training.precision import check_precision
from sleepaug.training.runs import RunFolder
from sleepaug.training.tasks.task import TaskData

Say = Callable[[str], None]


@dataclass(frozen=True)
class Execution:
    """How the lanes of a comparison are run.

    Attributes
    ----------
    n_jobs : int
        Lanes at once on this machine.
    slurm : dict of str, optional
        Submit the lanes to SLURM with these options of `sbatch` instead, and return at once.
    overwrite : bool
        Replace the comparison that is in the folder.
    cache_dir : Path, optional
        Where prepared nights are kept.
    progress : bool
        Show a progress bar on a terminal while nights are prepared.
    """

    n_jobs: int = 1
    slurm: Mapping[str, str] | None = None
    overwrite: bool = False
    cache_dir: Path | None = None
    progress: bool = False


def default_output(comparison: Comparison) -> Path:
    """Choose the folder of a comparison that was given none, under `runs/`.

    Returns
    -------
    Path
        A folder whose comparison these settings continue; otherwise one that does not exist yet.
    """
    base = Path("runs") / f"compare-{comparison.task.label}-{comparison.compare.budget}"

    def continues(path: Path) -> bool:
        if not RunFolder(path).started:
            return False
        try:
            started = read_comparison(path)
        except ConfigError:  # written by another version: not continued
            return False
        return comparison.lanes_of(started) == started

    return free_folder(base, continues)


def compare(
    comparison: Comparison,
    output: Path,
    execution: Execution | None = None,
    *,
    say: Say = lambda line: None,
    tell: Tell = lambda job, row: None,
) -> None:
    """Run a comparison, or go on where it was stopped, with more folds, seeds or methods.

    Parameters
    ----------
    comparison : Comparison
    output : Path
        Its folder.
    execution : Execution, optional
        How the lanes are run; by default one after the other on this machine.
    say : callable
        Is called with lines for the user.
    tell : callable
        Is called with each job and its newest row, where the lanes run on this machine.

    Raises
    ------
    ConfigError
        The folder holds another comparison, or SLURM cannot be used.
    RecordingError
        A recording of the first fold cannot be used.
    """
    execution = execution or Execution()
    if execution.slurm is not None:
        load_submitit()  # where it is missing, the error comes before anything is written
    folder, device = RunFolder(output), pick_device(comparison.compare.device)
    check_precision(comparison.compare.precision, device)
    n_gpus = torch.cuda.device_count() if device.type == "cuda" else execution.n_jobs
    if execution.slurm is None and execution.n_jobs > n_gpus:
        raise ConfigError(
            f"jobs: {execution.n_jobs} lanes would share {n_gpus} GPU{'s' * (n_gpus > 1)}, and "
            f"their times would not be comparable. Use at most {n_gpus}.",
            parameters=("jobs",),
        )
    continues = folder.started and not execution.overwrite
    known = read_comparison(output) if continues else comparison
    if not execution.overwrite:
        folder.check(comparison.lanes_of(known))
    comparison = comparison.joined(known)
    data = FoldData(comparison, execution.cache_dir, progress=execution.progress)
    started = time.perf_counter()
    data.load(0)  # also where data are missing
    load_s = time.perf_counter() - started
    if known == comparison:
        folder.start(comparison, device, overwrite=execution.overwrite)
    else:
        write_text(folder / "config.yaml", to_yaml(comparison))
    left = [job for job in comparison.jobs() if not ended(output, job)]
    n_ended = len(comparison.jobs()) - len(left)
    for line in state_lines(comparison, n_ended):
        say(line)
    if not n_ended or known != comparison:
        for line in plan_lines(comparison, data.load(0), left, execution.n_jobs, load_s):
            say(line)
    if execution.slurm is None and execution.n_jobs == 1:
        for job in left:
            run_job(output, job, data.load, tell=tell)
        return
    del data  # other processes load their own
    if execution.slurm is None:
        run_in_processes(output, left, execution.n_jobs, cache_dir=execution.cache_dir, tell=tell)
    else:
        run_on_slurm(output, left, execution.slurm, cache_dir=execution.cache_dir, say=say)


def state_lines(comparison: Comparison, n_ended: int) -> list[str]:
    """Say how many lanes there are, and how many of them ended before."""
    n_lanes = len(comparison.jobs())
    lines = [
        f"{n_lanes} lanes: {len(comparison.methods)} methods, {comparison.compare.folds} fold"
        + "s" * (comparison.compare.folds > 1)
    ]
    if n_ended:
        lines.append(f"{n_ended} of them ended before and are not run again.")
    return lines


def plan_lines(
    comparison: Comparison, loaded: TaskData, jobs: list[Job], n_jobs: int, load_s: float
) -> list[str]:
    """Say how long these lanes will take: one lane of each method, and all of them.

    Parameters
    ----------
    comparison : Comparison
    loaded : TaskData
        Of the first fold; a few of its batches are computed.
    jobs : list of Job
        The lanes that are left.
    n_jobs : int
        Lanes at once.
    load_s : float
        Seconds in which the data of a fold were loaded.
    """
    lines, total = ["Expected for a lane (measured on a few batches), and how many lanes:"], 0.0
    n_lanes = Counter(job.method for job in jobs)
    for name in filter(n_lanes.get, comparison.methods):
        lane = expected(comparison, loaded, name)
        total += lane.wall_s * n_lanes[name]
        points = "out of budget" if not lane.n_points else f"{lane.n_points} trained model"
        points += "s" * (lane.n_points > 1)
        lines.append(f"  {name:<12} {duration_text(lane.wall_s):>8}  x {n_lanes[name]}  {points}")
    n_loads = len({job.fold for job in jobs}) - 1 if n_jobs == 1 else len(jobs)
    starts = 0.0 if n_jobs == 1 else len(jobs) * time.process_time() / 2  # imports, once a lane
    wall = duration_text((total + n_loads * load_s + starts) / n_jobs)
    lines.append(
        f"Expected wall time of them all, on an otherwise idle machine: {wall} "
        f"({n_jobs} lane{'s' * (n_jobs > 1)} at once)."
    )
    return lines
