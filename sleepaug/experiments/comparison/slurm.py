"""The lanes of a comparison on a SLURM cluster: each is a job, which SLURM may stop and restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sleepaug.experiments.comparison.rows import ended
from sleepaug.experiments.comparison.runner import FoldData, run_job
from sleepaug.experiments.comparison.settings import FLOOR, Job, read_comparison
from sleepaug.support.files import read_json, write_json
from sleepaug.support.slurm import again, load_submitit, queued, submit


class Lanes:
    """What a SLURM job calls with its lane; after a time limit or preemption it is queued again.

    Parameters
    ----------
    root : Path
        The folder of the comparison.
    cache_dir : Path, optional
        Where prepared nights are kept.
    """

    def __init__(self, root: Path, cache_dir: Path | None) -> None:
        self.root, self.cache_dir = root, cache_dir

    def __call__(self, job: Job) -> str:
        data = FoldData(read_comparison(self.root), self.cache_dir)
        return run_job(self.root, job, data.load)

    def checkpoint(self, job: Job) -> Any:
        """Give submitit what to queue again: the same call, which finds its checkpoint on disk."""
        return again(self, job)


def run_on_slurm(
    root: Path,
    jobs: Sequence[Job],
    options: Mapping[str, str],
    *,
    cache_dir: Path | None,
    say: Callable[[str], None],
) -> None:
    """Submit jobs as SLURM arrays, the floors first; jobs that SLURM has already are left alone.

    Each job asks for one GPU, unless the comparison's device is "cpu".

    Parameters
    ----------
    root : Path
        The folder of the comparison, on a file system that the nodes share.
    jobs : sequence of Job
        Jobs that have ended in the meantime are left alone, too.
    options : dict of str
        Options of `sbatch`, such as ``{"partition": "long", "time": "240"}`` (minutes).
    cache_dir : Path, optional
        Where prepared nights are kept.
    say : callable
        Is called with lines for the user.

    Raises
    ------
    ConfigError
        submitit or SLURM is not installed, or SLURM refuses the jobs.
    """
    root = Path(root).resolve()
    gpu = read_comparison(root).compare.device != "cpu"
    load_submitit()
    known = root / "slurm.json"
    submitted = read_json(known) if known.is_file() else {}
    alive = queued()
    submitted = {name: number for name, number in submitted.items() if number in alive}
    if submitted:
        say(f"{len(submitted)} lanes are in SLURM's queue, or running.")
    fresh = [job for job in jobs if job.name not in submitted and not ended(root, job)]
    for wave in ([j for j in fresh if j.method == FLOOR], [j for j in fresh if j.method != FLOOR]):
        if not wave:
            continue
        floors = [submitted[j.name] for j in jobs if j.method == FLOOR and j.name in submitted]
        later = {"dependency": "afterany:" + ":".join(floors)}
        extra = {**options, **(later if wave[0].method != FLOOR and floors else {})}
        numbers = submit(root / "slurm", Lanes(root, cache_dir), wave, extra, gpu=gpu)
        submitted |= {job.name: number for job, number in zip(wave, numbers, strict=True)}
        write_json(known, submitted)
        say(f"Submitted {len(wave)} lanes as SLURM array {numbers[0].split('_')[0]}.")
