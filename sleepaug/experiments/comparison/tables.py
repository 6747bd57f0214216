"""The tables of a comparison: final models, points, and differences from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sleepaug.experiments.comparison.results import Results
from sleepaug.training.bootstrap import resampled
from sleepaug.training.metrics import Scores, balanced_accuracy

FEW = 5
"""With fewer lanes there are no quartiles, with fewer test nights no interval: points are shown."""

SHARES = (1 / 8, 1 / 4, 1 / 2, 1)  # of the budget, at which methods are compared


def paired_difference(
    pairs: Sequence[tuple[Scores, Scores]], seed: int = 0
) -> tuple[float, float, float]:
    """Compute the mean difference in balanced accuracy over folds, with a 95 % interval.

    Parameters
    ----------
    pairs : sequence of (scores, scores)
        Scores of a method and of the reference on the same test nights; one pair for each fold and
        seed.
    seed : int
        Random seed of the resampling.

    Returns
    -------
    difference : float
    low, high : float
        The interval: the percentiles 2.5 and 97.5 when the nights of each fold are drawn again,
        with replacement, 2000 times. NaN where a fold has fewer than 5 test nights: too few.
    """
    random = np.random.default_rng(seed)
    exact, drawn = [], []
    for ours, theirs in pairs:
        nights = np.array(
            [
                [scores["nights"][name]["confusion"] for scores in (ours, theirs)]
                for name in sorted(ours["nights"])
            ]
        )
        exact.append(-np.diff(balanced_accuracy(nights.sum(axis=0)))[0])
        drawn.append(-np.diff(balanced_accuracy(resampled(nights, random)))[:, 0])
    low, high = np.percentile(np.mean(drawn, axis=0), [2.5, 97.5])
    if min(len(ours["nights"]) for ours, _ in pairs) < FEW:
        low = high = np.nan
    return float(np.mean(exact)), float(low), float(high)


def differences_to_reference(results: Results) -> pd.DataFrame:
    """Compare each method with the reference at parts of the budget, where both have a model.

    Returns
    -------
    DataFrame
        Columns `method`, `budget_s`, `difference`, `low`, `high` (shares, not percent) and
        `n_folds`, the number of folds and seeds in which both have a model.
    """
    settings = results.comparison.compare
    reference = {(lane.job.fold, lane.job.seed): lane for lane in results.of(settings.reference)}
    rows = []
    for method in results.comparison.methods:
        if method == settings.reference:
            continue
        for share in SHARES:
            seconds = settings.seconds * share
            points = [
                (lane.at(seconds), reference[lane.job.fold, lane.job.seed].at(seconds))
                for lane in results.of(method)
            ]
            pairs = [(a.test, b.test) for a, b in points if a is not None and b is not None]
            values = paired_difference(pairs) if pairs else (np.nan,) * 3
            row = dict(zip(("difference", "low", "high"), values, strict=True))
            rows.append({"method": method, "budget_s": seconds, **row, "n_folds": len(pairs)})
    columns = ["method", "budget_s", "difference", "low", "high", "n_folds"]
    return pd.DataFrame(rows, columns=columns)


def methods_table(results: Results) -> pd.DataFrame:
    """Sum up the final models of each method, a row each.

    Returns
    -------
    DataFrame
        Columns `method`, `lanes`, `with_model` (lanes that have one), medians over lanes of
        `balanced_accuracy`, `cohen_kappa` and `n1_recall` with their quartiles (`_q1`, `_q3`; NaN
        for fewer than 5 lanes), the balanced accuracy of each lane as `each`, mean seconds
        `pretrain_s`, `search_s` and `train_s`, the mean of their energy `energy_j`, `models`
        (trained within the budget) and `statuses`.
    """
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
            defined = [value for value in values if value is not None]
            quartiles = np.percentile(defined, [25, 50, 75]) if defined else np.full(3, np.nan)
            if len(defined) < FEW:
                quartiles[[0, 2]] = np.nan
            row |= dict(zip((f"{name}_q1", name, f"{name}_q3"), quartiles, strict=True))
        row["each"] = " ".join(f"{value:.3f}" for value in measures["balanced_accuracy"])
        for name in ("pretrain_s", "search_s", "train_s"):
            seconds = [getattr(point, name) for point in final]
            row[name] = float(np.mean(seconds)) if seconds else np.nan
        energy = [point.joules for point in final if point.joules is not None]
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
    """List every point, a row each, with the components of its time."""
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
