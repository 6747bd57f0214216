"""What a comparison has reached: its lanes, their points, and curves over time.

The components of the time are kept apart in rows and tables; only `Point.seconds` adds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.experiments.comparison.rows import Row, read_rows
from sleepaug.experiments.comparison.settings import Comparison, Job, read_comparison
from sleepaug.support.errors import ConfigError
from sleepaug.training.metrics import Scores

NOT_ENDED = ("waiting", "running", "failed")
"""Status of a lane that waits, runs, or would be tried again."""


@dataclass(frozen=True)
class Point:
    """A trained model: what it cost, and how it scored.

    Attributes
    ----------
    pretrain_s, search_s, train_s : float
        Seconds of pretraining, of the search so far, and of its own training.
    valid : float
        Balanced accuracy on the validation split, by which models are chosen.
    test : Scores
        Scores of the test split.
    learned : dict
        The augmentation, as `Learned.to_json` gives it.
    joules : float, optional
        Energy, added up as the seconds are, where the device counted it.

    Examples
    --------
    >>> Point(10.0, 20.0, 5.0, valid=0.7, test={}, learned={}).seconds
    35.0
    """

    pretrain_s: float
    search_s: float
    train_s: float
    valid: float
    test: Scores
    learned: dict[str, Any]
    joules: float | None = None

    @property
    def seconds(self) -> float:
        """The time axis of the paper's Figure 8: pretraining + search so far + this training."""
        return self.pretrain_s + self.search_s + self.train_s


@dataclass(frozen=True)
class LaneResult:
    """What one lane has reached so far.

    Attributes
    ----------
    job : Job
    points : list of Point
    status : str
        See `rows.Row`.
    reason : str
        Why it failed or diverged; otherwise "".
    """

    job: Job
    points: list[Point]
    status: str
    reason: str

    def at(self, seconds: float) -> Point | None:
        """Choose the model with the best validation score of those within `seconds`."""
        reached = [point for point in self.points if point.seconds <= seconds]
        return max(reached, key=lambda point: point.valid, default=None)


@dataclass(frozen=True)
class Results:
    """All lanes of a comparison."""

    comparison: Comparison
    lanes: list[LaneResult]

    def of(self, method: str) -> list[LaneResult]:
        """Return the lanes of a method."""
        return [lane for lane in self.lanes if lane.job.method == method]

    @property
    def finished(self) -> bool:
        """Whether no lane waits, runs, or would be tried again."""
        return all(lane.status not in NOT_ENDED for lane in self.lanes)

    def of_ended_folds(self) -> Results:
        """Return the lanes of the folds and seeds in which every method has ended.

        All lanes where no fold has ended: methods are compared on the same nights only.
        """
        going_on = {(x.job.fold, x.job.seed) for x in self.lanes if x.status in NOT_ENDED}
        ended = [x for x in self.lanes if (x.job.fold, x.job.seed) not in going_on]
        return Results(self.comparison, ended or self.lanes)

    def final(self, lane: LaneResult) -> Point | None:
        """Choose the model with the best validation score of those within the budget."""
        return lane.at(self.comparison.compare.seconds)


def read_results(folder: Path) -> Results:
    """Read what the lanes of a comparison have reached so far.

    Raises
    ------
    ConfigError
        It is no folder of a comparison, or its lanes were measured with different threads.
    """
    comparison = read_comparison(folder)
    check_threads(folder, comparison)
    return Results(comparison, [_lane(folder, job) for job in comparison.jobs()])


def check_threads(folder: Path, comparison: Comparison) -> None:
    """Raise a ConfigError if lanes were measured with different numbers of threads."""
    threads: dict[int, str] = {}
    for job in comparison.jobs():
        for row in read_rows(folder, job):
            if "threads" in row:
                threads.setdefault(row["threads"], job.name)
    if len(threads) > 1:
        lanes = ", ".join(f"{name} with {n}" for n, name in sorted(threads.items()))
        raise ConfigError(
            f"{folder}: lanes were measured with different numbers of threads ({lanes}), so their "
            "times cannot be compared. Remove the folders in lanes/ that differ and run them again."
        )


def _lane(folder: Path, job: Job) -> LaneResult:
    rows = read_rows(folder, job)
    last: Row = rows[-1] if rows else {"status": "waiting"}
    points = [
        Point(
            row["pretrain_s"],
            row["search_s"],
            row["train_s"],
            valid=point["valid_balanced_accuracy"],
            test=point["test"],
            learned=point["learned"],
            joules=row["pretrain_j"] + row["search_j"] + row["train_j"]
            if "train_j" in row
            else None,
        )
        for row in rows
        if (point := row.get("point"))
    ]
    return LaneResult(job, points, last["status"], last.get("reason", ""))


def curve(lanes: Sequence[LaneResult], until: float) -> tuple[np.ndarray, np.ndarray]:
    """Follow the test balanced accuracy of each lane's best model, by validation, over time.

    Parameters
    ----------
    lanes : sequence of LaneResult
        The lanes of one method.
    until : float
        Where the curve ends, in seconds.

    Returns
    -------
    seconds : ndarray of shape (n_times,)
        The times at which a lane has a new point, and `until`.
    scores : ndarray of shape (n_times, n_lanes)
        NaN before a lane's first point.
    """
    times = {point.seconds for lane in lanes for point in lane.points}
    seconds = np.array(sorted({time for time in times if time <= until} | {until}))
    scores = np.full((len(seconds), len(lanes)), np.nan)
    for i, time in enumerate(seconds):
        for j, lane in enumerate(lanes):
            point = lane.at(time)
            if point is not None:
                scores[i, j] = point.test["balanced_accuracy"]
    return seconds, scores
