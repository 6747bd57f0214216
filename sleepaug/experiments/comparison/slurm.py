"""The lanes of a comparison on a SLURM cluster: each is a job, which SLURM may stop and restart."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sleepaug.experiments.comparison.rows import ended
from sleepaug.experiments.comparison.runner import FoldData, run_job
from sleepaug.experiments.comparison.settings import FLOOR, Job, read_comparison
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import read_json, write_json

TIME = 60  # minutes of a SLURM job by default; SLURM queues it again until the lane has ended


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
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, job)


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
    submitit, known = load_submitit(), root / "slurm.json"
    executor = submitit.SlurmExecutor(folder=root / "slurm", max_num_timeout=10**6)
    submitted = read_json(known) if known.is_file() else {}
    alive = _queued()
    submitted = {name: number for name, number in submitted.items() if number in alive}
    if submitted:
        say(f"{len(submitted)} lanes are in SLURM's queue, or running.")
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
            time=int(extra.pop("time", TIME)),
            array_parallelism=len(wave),
            additional_parameters={"requeue": True, **extra},
            **({"gpus_per_node": 1} if gpu else {}),
        )
        try:
            entries = executor.map_array(Lanes(root, cache_dir), wave)
        except submitit.core.utils.FailedJobError as error:
            raise ConfigError(
                f"slurm: SLURM refused the jobs:\n{error}", parameters=("cluster", "slurm_options")
            ) from error
        submitted |= {job.name: entry.job_id for job, entry in zip(wave, entries, strict=True)}
        write_json(known, submitted)
        say(f"Submitted {len(wave)} lanes as SLURM array {entries[0].job_id.split('_')[0]}.")


def load_submitit() -> Any:
    """Import the package submitit.

    Raises
    ------
    ConfigError
        It, or SLURM itself, is not installed.
    """
    if shutil.which("sbatch") is None:
        raise ConfigError(
            "slurm: there is no `sbatch` here. Run the command on a login node of the "
            "cluster, or compare on this machine.",
            parameters=("cluster",),
        )
    try:
        import submitit
    except ImportError as error:
        raise ConfigError(
            "slurm: submitit is not installed. Run: pip install 'sleepaug[slurm]'",
            parameters=("cluster",),
        ) from error
    return submitit


def _queued() -> set[str]:
    """Ask SLURM for the numbers of this user's jobs that wait or run, such as "12_3"."""
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={getpass.getuser()}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(f"slurm: squeue failed: {done.stderr.strip()}", parameters=("cluster",))
    return set(done.stdout.split())
