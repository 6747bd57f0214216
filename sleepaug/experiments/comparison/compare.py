"""Compare methods under one clock: plan, run or take up, report."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sleepaug.experiments.comparison.estimate import expected
from sleepaug.experiments.comparison.local import run_here
from sleepaug.experiments.comparison.runner import Tell, ended, load_fold
from sleepaug.experiments.comparison.settings import Comparison, Job, comparison_of
from sleepaug.experiments.comparison.slurm import load_submitit, run_on_slurm
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import write_text
from sleepaug.support.text import in_words
from sleepaug.support.yaml import to_yaml
from sleepaug.training.runs import RunFolder, pick_device
from sleepaug.training.tasks.task import Task


def default_output(comparison: Comparison) -> Path:
    """A folder under `runs/`: one that these settings go on with, or a new one."""
    data = getattr(comparison.task, "data", comparison.task.name)
    base = Path("runs") / f"compare-{data}-{comparison.compare.budget}"
    n = 1
    while (candidate := base if n == 1 else base.with_name(f"{base.name}-{n}")).exists():
        folder = RunFolder(candidate)
        if folder.started:
            with contextlib.suppress(ConfigError):  # of another version: nothing to go on with
                there = comparison_of(folder.config())
                if comparison.lanes_of(there) == there:
                    break
        n += 1
    return candidate


def compare(
    comparison: Comparison,
    output: Path,
    *,
    n_jobs: int = 1,
    slurm: dict[str, str] | None = None,
    overwrite: bool = False,
    cache_dir: Path | None = None,
    say: Callable[[str], None] = print,
    tell: Tell = lambda job, row: None,
) -> None:
    """Run a comparison, or take it up where it was stopped, with more folds, seeds or methods.

    Parameters
    ----------
    comparison : Comparison
    output : Path
        Its folder.
    n_jobs : int
        Lanes at once on this machine.
    slurm : dict of str, optional
        Submit the lanes to SLURM with these options of `sbatch` instead, and return at once.
    overwrite : bool
        Replace the comparison that is in the folder.
    cache_dir : Path, optional
        Where prepared nights are kept.
    say : callable
        Is given lines for the user.
    tell : callable
        Is given each job and its newest row, where the lanes run on this machine.
    """
    if slurm is not None:
        load_submitit()  # or it is said before anything is written
    folder, device = RunFolder(output), pick_device(comparison.compare.device)
    known = comparison_of(folder.config()) if folder.started and not overwrite else comparison
    if not overwrite:
        folder.check(comparison.lanes_of(known))
    comparison = comparison.joined(known)
    loaded = comparison.task.load(  # before anything is written: data may be missing
        comparison.preprocessing, fold=0, device=device, cache_dir=cache_dir, progress=True
    )
    if known == comparison:
        folder.start(comparison, device, overwrite=overwrite)
    else:
        write_text(folder / "config.yaml", to_yaml(comparison))
    jobs = comparison.jobs()
    left = [job for job in jobs if not ended(output, job)]
    say(f"{len(jobs)} lanes: {len(comparison.methods)} methods, {comparison.compare.folds} folds")
    if len(left) < len(jobs):
        say(f"{len(jobs) - len(left)} of them ended before and are not run again.")
    if len(left) == len(jobs) or known != comparison:
        for line in plan_lines(comparison, loaded.task, left, n_jobs):
            say(line)
    del loaded
    if slurm is not None:
        gpu = comparison.compare.device != "cpu"
        run_on_slurm(output, left, slurm, gpu=gpu, cache_dir=cache_dir, say=say)
        return
    run_here(output, left, n_jobs, cache_dir=cache_dir, tell=tell)
    load_fold.cache_clear()


def plan_lines(comparison: Comparison, task: Task, jobs: list[Job], n_jobs: int) -> list[str]:
    """What these lanes will take, for the user: one lane of each method, and all of them."""
    lines, total = ["Expected for a lane (measured on a few batches), and how many lanes:"], 0.0
    n_lanes = Counter(job.method for job in jobs)
    for name in filter(n_lanes.get, comparison.methods):
        seconds, n_points = expected(comparison, task, name)
        total += seconds * n_lanes[name]
        points = "out of budget" if not n_points else f"{n_points} trained model"
        points += "s" * (n_points > 1)
        lines.append(f"  {name:<12} {in_words(seconds):>8}  x {n_lanes[name]}  {points}")
    wall = in_words(total / n_jobs)
    lines.append(f"Expected wall time of them all: {wall} ({n_jobs} lanes at once).")
    return lines
