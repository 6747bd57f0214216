"""Where the lanes of a comparison run: in this process, in several, or on a SLURM cluster."""

from __future__ import annotations

import getpass
import multiprocessing
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from sleepaug.comparison.drive import Tell, ended, last_row, run_job
from sleepaug.comparison.settings import FLOOR, Job
from sleepaug.config import ConfigError
from sleepaug.writing import read_json, write_json

POLL = 0.5  # seconds between looks at the rows of other processes
HOUR = 60  # minutes of a SLURM job, unless told otherwise; it is queued again until it is done


def stop_on_signals() -> None:
    """Let SIGTERM and SIGUSR1 stop a run as Ctrl-C does: what is finished is on disk."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def run_here(
    root: Path, jobs: Sequence[Job], n: int, *, cache_dir: Path | None, tell: Tell
) -> None:
    """Run jobs on this machine.

    Parameters
    ----------
    root : Path
        The folder of the comparison.
    jobs : sequence of Job
        In the order in which they start; one waits for the floor of its fold and seed.
    n : int
        How many at once. With 1 they run in this process; otherwise each in its own, with its
        share of the cores, and the GPUs are dealt out in turn.
    cache_dir : Path, optional
        Where prepared nights are kept.
    tell : callable
        Is given each job and its newest row.
    """
    if n == 1:
        for job in jobs:
            run_job(root, job, cache_dir=cache_dir, tell=tell)
        return
    waiting, running = list(jobs), dict[Job, BaseProcess]()
    shown: dict[Job, tuple[int, str]] = {}
    free = list(range(n))
    slots: dict[Job, int] = {}
    try:
        while waiting or running:
            for job in [job for job in waiting if free and _may_start(job, waiting, running)]:
                if not free:
                    break
                waiting.remove(job)
                slots[job] = free.pop(0)
                running[job] = _spawn(root, job, slots[job], n, cache_dir)
            time.sleep(POLL)
            for job, process in list(running.items()):
                over = not process.is_alive()
                row = last_row(root, job)
                state = row["step"], row["status"]
                if state != shown.get(job, (0, "waiting")):
                    shown[job] = state
                    tell(job, row)
                if over:
                    del running[job]
                    free.append(slots.pop(job))
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.join()


def _may_start(job: Job, waiting: Sequence[Job], running: dict[Job, BaseProcess]) -> bool:
    floor = Job(FLOOR, job.fold, job.seed)
    return job == floor or floor not in {*waiting, *running}


def _spawn(root: Path, job: Job, slot: int, n: int, cache_dir: Path | None) -> BaseProcess:
    import torch

    changes = {"OMP_NUM_THREADS": str(max(1, torch.get_num_threads() // n))}
    if torch.cuda.device_count():
        changes["CUDA_VISIBLE_DEVICES"] = _gpu(slot % torch.cuda.device_count())
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        process = multiprocessing.get_context("spawn").Process(
            target=_child, args=(root, job, cache_dir, os.getpid()), name=job.name, daemon=True
        )
        process.start()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return process


def _gpu(number: int) -> str:
    """The name of a GPU for CUDA_VISIBLE_DEVICES, where that is set already."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return visible.split(",")[number] if visible else str(number)


def _child(root: Path, job: Job, cache_dir: Path | None, parent: int) -> None:
    """What a process does: one job, as long as the process that started it lives."""
    stop_on_signals()

    def tell(job: Job, row: dict[str, Any]) -> None:
        if os.getppid() != parent:
            raise KeyboardInterrupt

    try:
        run_job(root, job, cache_dir=cache_dir, tell=tell)
    except KeyboardInterrupt:
        os._exit(130)


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
