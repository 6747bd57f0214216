"""Compare methods under one clock: plan, run or take up, report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from sleepaug.cluster import run_here, run_on_slurm
from sleepaug.comparison.drive import ended, load_fold
from sleepaug.comparison.plan import expected, in_words
from sleepaug.comparison.progress import Progress
from sleepaug.comparison.settings import Comparison
from sleepaug.config import differences, plain
from sleepaug.runs import RunFolder, pick_device
from sleepaug.tasks import Task


def default_output(comparison: Comparison) -> Path:
    """A folder under `runs/`: the one with these settings, or a new one."""
    wanted = json.loads(json.dumps(plain(comparison)))
    data = getattr(comparison.task, "data", comparison.task.name)
    base = Path("runs") / f"compare-{data}-{comparison.compare.budget}"
    n = 1
    while (candidate := base if n == 1 else base.with_name(f"{base.name}-{n}")).exists():
        folder = RunFolder(candidate)
        if folder.started and not differences(folder.config(), wanted):
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
) -> None:
    """Run a comparison, or take it up where it was stopped.

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
    """
    folder, device = RunFolder(output), pick_device(comparison.compare.device)
    if not overwrite:
        folder.check(comparison)
    loaded = comparison.task.load(  # before anything is written: data may be missing
        comparison.preprocessing, fold=0, device=device, cache_dir=cache_dir, progress=True
    )
    folder.start(comparison, device, overwrite=overwrite)
    jobs = comparison.jobs()
    left = [job for job in jobs if not ended(output, job)]
    say(f"{len(jobs)} lanes: {len(comparison.methods)} methods, {comparison.compare.folds} folds")
    if len(left) < len(jobs):
        say(f"{len(jobs) - len(left)} of them ended before and are not run again.")
    else:
        for line in plan_lines(comparison, loaded.task, n_jobs):
            say(line)
    del loaded
    if slurm is not None:
        gpu = comparison.compare.device != "cpu"
        run_on_slurm(output, left, slurm, gpu=gpu, cache_dir=cache_dir, say=say)
        return
    progress = Progress(comparison.compare.seconds)
    try:
        run_here(output, left, n_jobs, cache_dir=cache_dir, tell=progress.tell)
    finally:
        progress.close()
    load_fold.cache_clear()


def plan_lines(comparison: Comparison, task: Task, n_jobs: int) -> list[str]:
    """What a comparison will take, for the user: each method's lane, and all."""
    settings = comparison.compare
    lanes = settings.folds * settings.seeds
    lines, total = [f"Expected for each of {lanes} lanes (measured on a few batches):"], 0.0
    for name in comparison.methods:
        seconds, n_points = expected(comparison, task, name)
        total += seconds * lanes
        points = "out of budget" if not n_points else f"{n_points} trained model"
        points += "s" * (n_points > 1)
        lines.append(f"  {name:<12} {in_words(seconds):>8}  {points}")
    wall = in_words(total / n_jobs)
    lines.append(f"Expected wall time of the whole comparison: {wall} ({n_jobs} lanes at once).")
    return lines
