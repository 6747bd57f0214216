"""Scores of a staging: everything is computed from one confusion matrix of counts.

A stage that a split lacks has no recall: it is `None`, it is left out of the means, and the score
names it under `absent`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def confusion_matrix(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts of windows by true class (row) and predicted class (column).

    Parameters
    ----------
    y, predicted : ndarray of shape (n_windows,)
        Classes from 0 to n_classes - 1.
    n_classes : int

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
    """
    pairs = np.asarray(y, np.int64) * n_classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Share of each true class that was found, shape (n_classes,); NaN for an absent class."""
    found, total = np.diag(confusion).astype(float), confusion.sum(axis=1)
    return np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0)


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean recall over the classes that are present; NaN if there is no window at all."""
    present = recalls(confusion)
    present = present[~np.isnan(present)]
    return float(present.mean()) if len(present) else float("nan")


def accuracy(confusion: np.ndarray) -> float:
    """Share of windows whose class was found; NaN if there is no window at all."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.sum() else float("nan")


def cohen_kappa(confusion: np.ndarray) -> float:
    """Agreement beyond chance (Cohen, 1960), at most 1.

    NaN where chance agreement is already 1 (one class only, in truth and prediction).
    """
    total = confusion.sum()
    if not total:
        return float("nan")
    chance = float(confusion.sum(axis=0) @ confusion.sum(axis=1)) / float(total) ** 2
    return (accuracy(confusion) - chance) / (1 - chance) if chance < 1 else float("nan")


def macro_f1(confusion: np.ndarray) -> float:
    """Mean over the classes present in the truth of 2 TP / (2 TP + FP + FN)."""
    true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    present = true > 0
    if not present.any():
        return float("nan")
    return float((2 * np.diag(confusion)[present] / (true + predicted)[present]).mean())


def scores(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """All scores of a confusion matrix, ready for JSON.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Counts, rows are the truth.
    classes : sequence of str
        Names of the classes, such as W, N1, N2, N3, R.

    Returns
    -------
    dict
        `n_windows`, `balanced_accuracy`, `accuracy`, `cohen_kappa`, `macro_f1`, `recall` (by
        class; None where the class is absent), `absent`, `confusion`. NaN becomes None.
    """
    found = recalls(confusion)
    return {
        "n_windows": int(confusion.sum()),
        "balanced_accuracy": _number(balanced_accuracy(confusion)),
        "accuracy": _number(accuracy(confusion)),
        "cohen_kappa": _number(cohen_kappa(confusion)),
        "macro_f1": _number(macro_f1(confusion)),
        "recall": {name: _number(value) for name, value in zip(classes, found, strict=True)},
        "absent": [name for name, value in zip(classes, found, strict=True) if np.isnan(value)],
        "confusion": confusion.astype(int).tolist(),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def pooled(runs: Sequence[Mapping[str, Any]], what: str) -> dict[str, Any]:
    """Scores of several folds or seeds (`what`): counts added up, and the score of each."""
    total: dict[str, Any] = {}
    for part in ("valid", "test"):
        parts = [metrics[part] for metrics in runs]
        confusion = sum(np.asarray(scored["confusion"]) for scored in parts)
        total[part] = {
            **scores(np.asarray(confusion), list(parts[0]["recall"])),
            what: [scored["balanced_accuracy"] for scored in parts],
        }
    nights = [metrics["test"].get("nights", {}) for metrics in runs]
    total["test"]["nights"] = {k: v for one in nights for k, v in one.items()}
    return total
