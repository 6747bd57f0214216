"""Where the lanes of a comparison run: in this process, in several, or on a SLURM cluster."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sleepaug.experiments.comparison.runner import ended, run_job
from sleepaug.experiments.comparison.settings import FLOOR, Job
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import read_json, write_json

HOUR = 60  # minutes of a SLURM job, unless told otherwise; it is queued again until it is done


class Lanes:
    """What a SLURM job calls: one lane; on a time limit or preemption SLURM starts it again."""

    def __init__(self, root: Path, cache_dir: Path | None) -> None:
        self.root, self.cache_dir = root, cache_dir

    def __call__(self, job: Job) -> str:
        return run_job(self.root, job, cache_dir=self.cache_dir)

    def checkpoint(self, job: Job) -> Any:
        """What submitit queues again: the same call, which finds its checkpoint on disk."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, job)


def run_on_slurm(
    root: Path,
    jobs: Sequence[Job],
    options: Mapping[str, str],
    *,
    gpu: bool,
    cache_dir: Path | None,
    say: Callable[[str], None],
) -> None:
    """Submit jobs as SLURM arrays, the floors first; those that are queued already are left alone.

    Parameters
    ----------
    root : Path
        The folder of the comparison, on a file system that the nodes share.
    jobs : sequence of Job
        Those that end before the queue was asked are left alone, too.
    options : dict of str
        Of `sbatch`, such as ``{"partition": "long", "time": "240"}``.
    gpu : bool
        Ask for one GPU a job.
    cache_dir : Path, optional
        Where prepared nights are kept.
    say : callable
        Is given lines for the user.

    Raises
    ------
    ConfigError
        submitit or SLURM is not installed, or SLURM refuses the jobs.
    """
    root = Path(root).resolve()
    submitit, known = load_submitit(), root / "slurm.json"
    executor = submitit.SlurmExecutor(folder=root / "slurm", max_num_timeout=10**6)
    submitted = read_json(known) if known.is_file() else {}
    alive = _queued()
    submitted = {name: number for name, number in submitted.items() if number in alive}
    if submitted:
        say(f"{len(submitted)} lanes are in SLURM's queue, or run.")
    fresh = [job for job in jobs if job.name not in submitted and not ended(root, job)]
    for wave in ([j for j in fresh if j.method == FLOOR], [j for j in fresh if j.method != FLOOR]):
        if not wave:
            continue
        extra = {name.replace("-", "_"): value for name, value in options.items()}
        floors = [submitted[j.name] for j in jobs if j.method == FLOOR and j.name in submitted]
        if wave[0].method != FLOOR and floors:
            extra["dependency"] = "afterany:" + ":".join(floors)
        executor.update_parameters(
            job_name="sleepaug",
            time=int(extra.pop("time", HOUR)),
            array_parallelism=len(wave),
            additional_parameters={"requeue": True, **extra},
            **({"gpus_per_node": 1} if gpu else {}),
        )
        try:
            entries = executor.map_array(Lanes(root, cache_dir), wave)
        except submitit.core.utils.FailedJobError as error:
            raise ConfigError(f"--cluster slurm: SLURM refuses the jobs.\n{error}") from error
        submitted |= {job.name: entry.job_id for job, entry in zip(wave, entries, strict=True)}
        write_json(known, submitted)
        say(f"Submitted {len(wave)} lanes as SLURM array {entries[0].job_id.split('_')[0]}.")


def load_submitit() -> Any:
    """The package submitit; a `ConfigError` where it, or SLURM itself, is not installed."""
    if shutil.which("sbatch") is None:
        raise ConfigError("--cluster slurm: there is no `sbatch` here. Run it on a login node.")
    try:
        import submitit
    except ImportError as error:
        raise ConfigError(
            "--cluster slurm: submitit is not installed. Run: pip install 'sleepaug[slurm]'"
        ) from error
    return submitit


def _queued() -> set[str]:
    """Numbers of this user's SLURM jobs that wait or run, such as "12_3"."""
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={getpass.getuser()}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(f"--cluster slurm: squeue failed: {done.stderr.strip()}")
    return set(done.stdout.split())
