"""SLURM: submit calls as an array of jobs, and ask which of them wait or run."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sleepaug.support.errors import ConfigError

TIME = 60  # minutes of a SLURM job by default; SLURM queues it again until its work is done


def submit(
    folder: Path,
    call: Callable[[Any], object],
    arguments: Sequence[Any],
    options: Mapping[str, str],
    *,
    gpu: bool = False,
) -> list[str]:
    """Submit a call with each argument as one SLURM array.

    Parameters
    ----------
    folder : Path
        Of the scripts and logs, on a file system that the nodes share.
    call : callable
        It has a method `checkpoint`; see `again`.
    arguments : sequence
        One for each job.
    options : dict of str
        Options of `sbatch`, such as ``{"partition": "long", "time": "240"}`` (minutes).
    gpu : bool
        Ask for one GPU for each job.

    Returns
    -------
    list of str
        The number of each job, such as "12_3".

    Raises
    ------
    ConfigError
        submitit or SLURM is not installed, or SLURM refuses the jobs.
    """
    submitit = load_submitit()
    executor = submitit.SlurmExecutor(folder=folder, max_num_timeout=10**6)
    extra = {name.replace("-", "_"): value for name, value in options.items()}
    executor.update_parameters(
        job_name="sleepaug",
        time=int(extra.pop("time", TIME)),
        array_parallelism=len(arguments),
        additional_parameters={"requeue": True, **extra},
        **({"gpus_per_node": 1} if gpu else {}),
    )
    try:
        return [job.job_id for job in executor.map_array(call, arguments)]
    except submitit.core.utils.FailedJobError as error:
        raise ConfigError(
            f"slurm: SLURM refused the jobs:\n{error}", parameters=("cluster", "slurm_options")
        ) from error


def again(call: Callable[[Any], object], argument: Any) -> Any:
    """Give submitit what to queue again after a time limit: the same call, which goes on."""
    from submitit.helpers import DelayedSubmission

    return DelayedSubmission(call, argument)


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
            "cluster, or on this machine without a cluster.",
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


def queued() -> set[str]:
    """Ask SLURM for the numbers of this user's jobs that wait or run, such as "12_3"."""
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--user={getpass.getuser()}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(f"slurm: squeue failed: {done.stderr.strip()}", parameters=("cluster",))
    return set(done.stdout.split())
