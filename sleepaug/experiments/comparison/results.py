"""From the rows of a comparison to its numbers: curves, differences with intervals, a table.

Components of the time are kept apart in the rows; the one place where they are added is
`Point.hours`, so another reading of the axis is one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sleepaug.experiments.comparison.rows import Row, read_rows
from sleepaug.experiments.comparison.settings import Comparison, Job, comparison_of
from sleepaug.training.runs import RunFolder

N_RESAMPLES = 2000
SHARES = (1 / 8, 1 / 4, 1 / 2, 1)  # of the budget, at which methods are compared


@dataclass(frozen=True)
class Point:
    """A trained model: what it cost, and how it scored.

    Attributes
    ----------
    pretrain_s, search_s, train_s : float
        Seconds of its components.
    valid : float
        Balanced accuracy on the validation split, by which models are chosen.
    test : dict
        Scores of the test split.
    learned : dict
        The augmentation as plain data.
    """

    pretrain_s: float
    search_s: float
    train_s: float
    valid: float
    test: dict[str, Any]
    learned: dict[str, Any]

    @property
    def seconds(self) -> float:
        """The axis of Figure 8: pretraining, search so far, and this training."""
        return self.pretrain_s + self.search_s + self.train_s


@dataclass(frozen=True)
class LaneResult:
    """What one lane has come to so far; its energy is that of all its steps, if it was counted."""

    job: Job
    points: list[Point]
    status: str
    reason: str
    energy_j: float | None = None

    def at(self, seconds: float) -> Point | None:
        """The model that validates best of those within `seconds`."""
        reached = [point for point in self.points if point.seconds <= seconds]
        return max(reached, key=lambda point: point.valid, default=None)


@dataclass(frozen=True)
class Results:
    """All lanes of a comparison."""

    comparison: Comparison
    lanes: list[LaneResult]

    def of(self, method: str) -> list[LaneResult]:
        return [lane for lane in self.lanes if lane.job.method == method]

    @property
    def finished(self) -> bool:
        return all(lane.status not in ("waiting", "running", "failed") for lane in self.lanes)

    def final(self, lane: LaneResult) -> Point | None:
        """The model that validates best of those within the budget."""
        return lane.at(self.comparison.compare.seconds)


def read(folder: Path) -> Results:
    """Read what is there of a comparison, while it runs too."""
    comparison = comparison_of(RunFolder(folder).config())
    return Results(comparison, [_lane(folder, job) for job in comparison.jobs()])


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
        )
        for row in rows
        if (point := row.get("point"))
    ]
    energy = [row["energy_j"] for row in rows if "energy_j" in row]
    counted = sum(energy) if energy else None
    return LaneResult(job, points, last["status"], last.get("reason", ""), counted)


def curve(lanes: Sequence[LaneResult], until: float) -> tuple[np.ndarray, np.ndarray]:
    """Test balanced accuracy of the best model by validation so far, of each lane over time.

    Parameters
    ----------
    lanes : sequence of LaneResult
        Of one method.
    until : float
        Seconds.

    Returns
    -------
    seconds : ndarray of shape (n_times,)
        Wherever a lane has a new point, and `until`.
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


def balanced_accuracies(confusions: np.ndarray) -> np.ndarray:
    """Balanced accuracy of each of many confusion matrices (..., n_classes, n_classes)."""
    total = confusions.sum(-1)
    found = np.diagonal(confusions, axis1=-2, axis2=-1)
    recall = np.divide(found, total, out=np.full(total.shape, np.nan), where=total > 0)
    return np.nanmean(recall, axis=-1)


def paired_difference(
    pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]], seed: int = 0
) -> tuple[float, float, float]:
    """Mean difference in balanced accuracy over folds, with a 95 % interval over nights.

    Parameters
    ----------
    pairs : sequence of (scores, scores)
        Of a method and of the reference, on the same test nights; one pair for each fold and seed.
    seed : int
        Of the resampling.

    Returns
    -------
    difference, low, high : float
        Within each fold the nights are drawn again, with replacement, 2000 times.
    """
    random = np.random.default_rng(seed)
    exact, resampled = [], []
    for ours, theirs in pairs:
        names = sorted(ours["nights"])
        both = np.array(
            [[one["nights"][name]["confusion"] for name in names] for one in (ours, theirs)], float
        )
        draws = random.multinomial(len(names), np.full(len(names), 1 / len(names)), N_RESAMPLES)
        counts = np.stack([np.ones(len(names)), *draws])
        scores = balanced_accuracies(np.einsum("rn,mnij->mrij", counts, both))
        exact.append(scores[0, 0] - scores[1, 0])
        resampled.append(scores[0, 1:] - scores[1, 1:])
    low, high = np.percentile(np.mean(resampled, axis=0), [2.5, 97.5])
    return float(np.mean(exact)), float(low), float(high)


def differences(results: Results) -> pd.DataFrame:
    """Each method minus the reference at parts of the budget, on the folds where both have a model.

    Returns
    -------
    DataFrame
        `method`, `budget_s`, `difference`, `low`, `high`, `n_folds`.
    """
    settings = results.comparison.compare
    reference = {_place(lane): lane for lane in results.of(settings.reference)}
    rows = []
    for method in results.comparison.methods:
        if method == settings.reference:
            continue
        for share in SHARES:
            seconds = settings.seconds * share
            found = [
                (lane.at(seconds), reference[_place(lane)].at(seconds))
                for lane in results.of(method)
            ]
            pairs = [(a.test, b.test) for a, b in found if a is not None and b is not None]
            values = paired_difference(pairs) if pairs else (np.nan,) * 3
            row = dict(zip(("difference", "low", "high"), values, strict=True))
            rows.append({"method": method, "budget_s": seconds, **row, "n_folds": len(pairs)})
    columns = ["method", "budget_s", "difference", "low", "high", "n_folds"]
    return pd.DataFrame(rows, columns=columns)


def _place(lane: LaneResult) -> tuple[int, int]:
    return lane.job.fold, lane.job.seed


def table(results: Results) -> pd.DataFrame:
    """The final models of each method: medians and quartiles over folds, mean seconds."""
    rows = []
    for method in results.comparison.methods:
        lanes = results.of(method)
        final = [point for lane in lanes if (point := results.final(lane)) is not None]
        row: dict[str, Any] = {"method": method, "lanes": len(lanes), "with_model": len(final)}
        measures = {
            "balanced_accuracy": [point.test["balanced_accuracy"] for point in final],
            "cohen_kappa": [point.test["cohen_kappa"] for point in final],
            "n1_recall": [point.test["recall"].get("N1") for point in final],
        }
        for name, values in measures.items():
            known = np.array([np.nan if v is None else v for v in values])
            known = known[~np.isnan(known)]
            quartiles = np.percentile(known, [25, 50, 75]) if len(known) else [np.nan] * 3
            row |= dict(zip((f"{name}_q1", name, f"{name}_q3"), quartiles, strict=True))
        for name in ("pretrain_s", "search_s", "train_s"):
            seconds = [getattr(point, name) for point in final]
            row[name] = float(np.mean(seconds)) if seconds else np.nan
        energy = [lane.energy_j for lane in lanes if lane.energy_j is not None]
        row["energy_j"] = float(np.mean(energy)) if energy else np.nan
        budget = results.comparison.compare.seconds
        row["models"] = sum(p.seconds <= budget for lane in lanes for p in lane.points)
        row["statuses"] = ", ".join(
            f"{status} {count}"
            for status, count in pd.Series([lane.status for lane in lanes]).value_counts().items()
        )
        rows.append(row)
    return pd.DataFrame(rows)


def points_table(results: Results) -> pd.DataFrame:
    """Every point, a row each."""
    return pd.DataFrame(
        [
            {
                "method": lane.job.method,
                "fold": lane.job.fold,
                "seed": lane.job.seed,
                "pretrain_s": point.pretrain_s,
                "search_s": point.search_s,
                "train_s": point.train_s,
                "valid_balanced_accuracy": point.valid,
                "test_balanced_accuracy": point.test["balanced_accuracy"],
                "test_cohen_kappa": point.test["cohen_kappa"],
                "test_n1_recall": point.test["recall"].get("N1"),
            }
            for lane in results.lanes
            for point in lane.points
        ]
    )
