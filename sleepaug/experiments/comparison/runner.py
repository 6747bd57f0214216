"""Run a lane of a comparison: in a folder of its own, which one process writes."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from sleepaug.experiments.comparison.energy import EnergyMeter
from sleepaug.experiments.comparison.lane import Lane
from sleepaug.experiments.comparison.rows import ENDED, Row, lane_folder, last_row, write_lane_table
from sleepaug.experiments.comparison.settings import FLOOR, Comparison, Job, read_comparison
from sleepaug.support.files import make_folder, write_text
from sleepaug.training.clock import Clock
from sleepaug.training.machine import pick_device
from sleepaug.training.precision import computing_in
from sleepaug.training.runs import save_state
from sleepaug.training.tasks.task import TaskData

Tell = Callable[[Job, Row], None]
Load = Callable[[int], TaskData]


class FoldData:
    """The data of a comparison's folds; those of the last one stay in memory.

    Parameters
    ----------
    comparison : Comparison
    cache_dir : Path, optional
        Where prepared nights are kept.
    progress : bool
        Show a progress bar on a terminal while nights are prepared.
    """

    def __init__(
        self, comparison: Comparison, cache_dir: Path | None = None, *, progress: bool = False
    ) -> None:
        self.comparison, self.cache_dir, self.progress = comparison, cache_dir, progress
        self._fold = -1
        self._loaded: TaskData | None = None

    def load(self, fold: int) -> TaskData:
        """Return the data of a fold, from memory if they were the last to be loaded."""
        if self._loaded is None or fold != self._fold:
            self._loaded = None  # two folds at once might not fit into memory
            self._loaded = self.comparison.task.load(
                self.comparison.preprocessing,
                fold=fold,
                device=pick_device(self.comparison.compare.device),
                cache_dir=self.cache_dir,
                progress=self.progress,
            )
            self._fold = fold
        return self._loaded


def run_job(
    root: Path,
    job: Job,
    load: Load,
    *,
    clock: Clock | None = None,
    tell: Tell = lambda job, row: None,
) -> str:
    """Run one lane to its end, or go on where it was stopped.

    Parameters
    ----------
    root : Path
        The folder of the comparison; its settings are in it.
    job : Job
    load : callable
        Returns the data of a fold, such as `FoldData.load`.
    clock : Clock, optional
        For tests: another clock than the device's.
    tell : callable
        Is called with the job and each of its rows.

    Returns
    -------
    str
        The status: one of `ENDED`, "failed", or "running" if another process runs this lane.
    """
    folder = lane_folder(root, job)
    make_folder(folder.path)
    try:
        with FileLock(folder / "lock", timeout=0):
            status = last_row(root, job)["status"]
            if status in ENDED:
                return status
            with one_thread(pick_device(read_comparison(root).compare.device)):
                try:
                    return _run(root, job, load, clock, tell)
                finally:  # when it is stopped, too
                    write_lane_table(root, job)
    except Timeout:
        return "running"


@contextlib.contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Compute with one thread on a CPU, so that lanes are comparable whatever the machine does."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run(root: Path, job: Job, load: Load, clock: Clock | None, tell: Tell) -> str:
    """Write every row of a lane; an error becomes its last one."""
    row: Row = {"step": 0, "status": "running"}
    try:
        for row in _steps(root, job, load, clock):
            tell(job, row)
        return row["status"]
    except FloatingPointError as error:
        status, reason = "diverged", f"{error}"
    except Exception as error:
        write_text(lane_folder(root, job) / "error.txt", traceback.format_exc())
        status, reason = "failed", f"{error}"
    row = {**row, "point": None, "status": status, "reason": reason}
    lane_folder(root, job).append(row)
    tell(job, row)
    return status


def _steps(root: Path, job: Job, load: Load, clock: Clock | None) -> Iterator[Row]:
    """Take the steps of a lane that are left; each row and checkpoint is written, then yielded."""
    comparison, folder = read_comparison(root), lane_folder(root, job)
    device = pick_device(comparison.compare.device)
    meter = EnergyMeter(device)
    clock = clock or Clock(device, budget=comparison.compare.seconds, meter=meter.joules)
    with computing_in(comparison.compare.precision, load(job.fold)) as loaded:
        lane = make_lane(comparison, job, loaded, clock)
        if not folder.restore(lane, clock, device) and lane.warm_start:
            _start_from_floor(root, job, lane, device)
        keep = warm_starts(comparison) if job.method == FLOOR else set()
        if lane.done:  # its pretraining was too long for the budget
            row: Row = {"step": 0, "status": lane.status, **lane.charges()}
            folder.append(row)
            yield row
        while not lane.done:
            with clock.charge(lane.account):
                logged = lane.step()
            row = lane.settle(logged)
            row["threads"] = torch.get_num_threads()
            _keep_floor(root, job, lane, row, keep)
            folder.append(row)
            folder.save(lane, clock)
            yield row


def make_lane(comparison: Comparison, job: Job, loaded: TaskData, clock: Clock) -> Lane:
    """Make a lane that has not started yet."""
    method = comparison.methods[job.method]
    return Lane(
        method.search(loaded.task, comparison.training, seed=job.seed, fold=job.fold),
        loaded,
        comparison.training,
        seed=job.seed,
        clock=clock,
        every_pause=comparison.compare.points == "all",
    )


def warm_starts(comparison: Comparison) -> set[int]:
    """List the epochs after which the floor's training is kept, for methods that start from it."""
    epochs = {method.warm_start for method in comparison.methods.values()}
    return (epochs | {comparison.training.epochs}) - {0}


def _floor_file(root: Path, job: Job, epochs: int) -> Path:
    return Path(root) / "pretrained" / f"fold{job.fold}-seed{job.seed}-epochs{epochs}.pt"


def _keep_floor(root: Path, job: Job, lane: Lane, row: Row, epochs: set[int]) -> None:
    """Keep the floor's training after the epochs from which another lane starts."""
    fit = lane.fit
    assert not epochs or fit is not None
    for n in epochs:
        path = _floor_file(root, job, n)
        if fit is not None and (fit.n_steps == n or (lane.done and not path.is_file())):
            state = fit.state_dict()
            if fit.n_steps == n:
                state["status"] = "finished"
            path.parent.mkdir(exist_ok=True)
            cost = {"seconds": row["train_s"], "joules": row.get("train_j")}
            save_state(path, {"fit": state, **cost})


def _start_from_floor(root: Path, job: Job, lane: Lane, device: torch.device) -> None:
    """Start from the floor's training where that was kept; otherwise the lane does its own."""
    path = _floor_file(root, job, lane.warm_start)
    if path.is_file():
        saved = torch.load(path, map_location=device, weights_only=True)
        lane.start_from(saved["fit"], saved["seconds"], saved["joules"])
