"""The lanes of a comparison on this machine: in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from sleepaug.experiments.comparison.runner import Tell, last_row, run_job
from sleepaug.experiments.comparison.settings import FLOOR, Job

POLL = 0.5  # seconds between looks at the rows of other processes


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
