"""The lanes of a comparison on this machine, several at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Collection, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from sleepaug.experiments.comparison.rows import Row, last_row
from sleepaug.experiments.comparison.runner import FoldData, Tell, run_job
from sleepaug.experiments.comparison.settings import FLOOR, Job, read_comparison

POLL = 0.5  # seconds between looks at the rows of other processes


def stop_on_signals() -> None:
    """Let SIGTERM and SIGUSR1 stop this process as Ctrl-C does; finished steps stay on disk."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def run_in_processes(
    root: Path, jobs: Sequence[Job], n: int, *, cache_dir: Path | None, tell: Tell
) -> None:
    """Run jobs at once, each in a process of its own.

    Parameters
    ----------
    root : Path
        The folder of the comparison.
    jobs : sequence of Job
        In the order in which they start; a job waits for the floor of its fold and seed.
    n : int
        How many at once. Each gets one core, and one of the GPUs.
    cache_dir : Path, optional
        Where prepared nights are kept.
    tell : callable
        Is called with each job and its newest row.
    """
    waiting, running = list(jobs), dict[Job, BaseProcess]()
    shown: dict[Job, tuple[int, str]] = {}
    free, slots = list(range(n)), dict[Job, int]()
    try:
        while waiting or running:
            for job in [job for job in waiting if free and _may_start(job, waiting, running)]:
                if not free:
                    break
                waiting.remove(job)
                slots[job] = free.pop(0)
                running[job] = _spawn(root, job, slots[job], cache_dir)
            time.sleep(POLL)
            for job, process in list(running.items()):
                alive = process.is_alive()  # before its last row is read
                row = last_row(root, job)
                state = row["step"], row["status"]
                if state != shown.get(job, (0, "waiting")):
                    shown[job] = state
                    tell(job, row)
                if not alive:
                    del running[job]
                    free.append(slots.pop(job))
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.join()


def _may_start(job: Job, waiting: Sequence[Job], running: Collection[Job]) -> bool:
    """Tell whether the floor that a job may start from has ended, or is the job itself."""
    floor = Job(FLOOR, job.fold, job.seed)
    return job == floor or floor not in {*waiting, *running}


def _spawn(root: Path, job: Job, slot: int, cache_dir: Path | None) -> BaseProcess:
    """Start the process of a job; `slot` says which GPU it gets."""
    import torch

    changes = {"OMP_NUM_THREADS": "1"}
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
    """Name a GPU for CUDA_VISIBLE_DEVICES; its number is among those that this process sees."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return visible.split(",")[number] if visible else str(number)


def _child(root: Path, job: Job, cache_dir: Path | None, parent: int) -> None:
    """Run one job in a process of its own; stop if the process that started it has ended."""
    stop_on_signals()

    def tell(job: Job, row: Row) -> None:
        if os.getppid() != parent:
            raise KeyboardInterrupt

    try:
        run_job(root, job, FoldData(read_comparison(root), cache_dir).load, tell=tell)
    except KeyboardInterrupt:
        os._exit(130)
