"""What a lane writes: a row for each of its steps, in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict, cast

from sleepaug.experiments.comparison.settings import Job
from sleepaug.training.metrics import Scores
from sleepaug.training.row_table import write_row_table
from sleepaug.training.runs import RunFolder

ENDED = ("finished", "budget_spent", "out_of_budget", "diverged")
"""How a lane may end: by itself; with points, when its budget was spent; without any; in NaN. A
lane is "running" before, and "failed" where an error stopped it: the same command tries again."""


class TrainedPoint(TypedDict):
    """The best model of a training, scored.

    Attributes
    ----------
    epochs, best_epoch : int
        Epochs of the training, and the one with the best validation score.
    training : str
        How the training ended, such as "finished" or "running" if the budget cut it.
    valid_balanced_accuracy : float
    test : Scores
        Scores of the test split, pooled and for each night. For the report alone.
    learned : dict
        The augmentation, as `Learned.to_json` gives it.
    """

    epochs: int
    best_epoch: int
    training: str
    valid_balanced_accuracy: float
    test: Scores
    learned: dict[str, Any]


class Row(TypedDict, total=False):
    """A step of a lane; every row has `step` and `status`.

    Attributes
    ----------
    step : int
        From 1; 0 in the row of a lane that ended, or failed, before its first step.
    status : str
        "running", "failed", or one of `ENDED`; "waiting" where there is no row yet.
    reason : str
        Why the lane failed or diverged.
    account : {"pretrain", "search", "train"}
        What the step was charged to.
    search_steps : int
        Epochs or trials of the search so far.
    pretrain_s, search_s, train_s : float
        Seconds charged so far; `train_s` is of the training in progress alone.
    trained_s : float
        Seconds of the trainings that ended before.
    valid_balanced_accuracy : float or None
    point : TrainedPoint or None
        Where a training ended, or reached a better model.
    pretrain_j, search_j, train_j : float
        The same in joules, where the device counts them.
    threads : int
        Threads with which the step was computed.
    """

    step: int
    status: str
    reason: str
    account: str
    search_steps: int
    pretrain_s: float
    search_s: float
    train_s: float
    trained_s: float
    valid_balanced_accuracy: float | None
    point: TrainedPoint | None
    pretrain_j: float
    search_j: float
    train_j: float
    threads: int


def lane_folder(root: Path, job: Job) -> RunFolder:
    """Return the folder of a job's rows and checkpoint, inside that of the comparison."""
    return RunFolder(Path(root) / "lanes" / job.name)


def read_rows(root: Path, job: Job) -> list[Row]:
    """Read the rows that a job has written so far."""
    return cast(list[Row], lane_folder(root, job).rows())


def last_row(root: Path, job: Job) -> Row:
    """Read where a job stands: its last row, or one that says "waiting"."""
    rows = read_rows(root, job)
    return rows[-1] if rows else {"step": 0, "status": "waiting"}


def write_lane_table(root: Path, job: Job) -> None:
    """Write the rows of a job as CSV, too; without the points, which the report lists."""
    steps = [{k: v for k, v in row.items() if k != "point"} for row in read_rows(root, job)]
    write_row_table(lane_folder(root, job) / "rows.csv", steps)


def ended(root: Path, job: Job) -> bool:
    """Tell whether there is nothing left to do for a job."""
    return last_row(root, job)["status"] in ENDED
