"""Scores of a staging: every score is a function of confusion matrices of counts.

A stage that a split lacks has no recall: it is `None`, it is left out of the means, and the score
names it under `absent`. The functions of confusion matrices take one or many of them, of shape
(..., n_classes, n_classes); rows are the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import numpy as np


class Scores(TypedDict):
    """Scores of a split, ready for JSON; None where there is no such number.

    `recall` is by class, `absent` names the classes that the truth lacks, `confusion` holds the
    counts, `nights` the scores of each recording; `folds` or `seeds` the balanced accuracy of each
    run of which the counts were added up; `contexts` the calibrated scores with each context.
    """

    n_windows: int
    balanced_accuracy: float | None
    accuracy: float | None
    cohen_kappa: float | None
    macro_f1: float | None
    recall: dict[str, float | None]
    absent: list[str]
    confusion: list[list[int]]
    nights: NotRequired[dict[str, Scores]]
    folds: NotRequired[list[float | None]]
    seeds: NotRequired[list[float | None]]
    contexts: NotRequired[dict[str, dict[str, float | None]]]


def confusion_matrix(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count windows by true class (row) and predicted class (column).

    Parameters
    ----------
    y, predicted : ndarray of shape (n_windows,)
        Classes from 0 to n_classes - 1.
    n_classes : int

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    pairs = np.asarray(y, np.int64) * n_classes + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Return the share of each true class that was recognised, shape (..., n_classes).

    NaN for a class that the truth lacks.
    """
    return _ratio(_diagonal(confusion), confusion.sum(-1))


def balanced_accuracy(confusion: np.ndarray) -> np.ndarray:
    """Return the mean recall over the classes that are present; NaN if there is no window."""
    return _mean_over(recalls(confusion), confusion.sum(-1) > 0)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Return the share of windows whose class was recognised; NaN if there is no window."""
    return _ratio(_diagonal(confusion).sum(-1), confusion.sum((-2, -1)))


def cohen_kappa(confusion: np.ndarray) -> np.ndarray:
    """Return the agreement beyond chance (Cohen, 1960), at most 1.

    NaN where chance agreement is already 1 (one class only, in truth and prediction).

    Examples
    --------
    >>> round(float(cohen_kappa(np.array([[20, 5], [10, 15]]))), 3)
    0.4
    """
    total = confusion.sum((-2, -1)).astype(float)
    chance = _ratio((confusion.sum(-2) * confusion.sum(-1)).sum(-1), total**2)
    return _ratio(accuracy(confusion) - chance, 1 - chance)


def f1(confusion: np.ndarray) -> np.ndarray:
    """Return 2 TP / (2 TP + FP + FN) of each class, shape (..., n_classes).

    NaN for a class that neither the truth nor the prediction has.
    """
    return _ratio(2 * _diagonal(confusion), confusion.sum(-1) + confusion.sum(-2))


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the classes that are present in the truth."""
    return _mean_over(f1(confusion), confusion.sum(-1) > 0)


def one_against_rest(confusion: np.ndarray) -> np.ndarray:
    """Return for each class the confusion of itself and all others, (..., n_classes, 2, 2).

    Examples
    --------
    >>> one_against_rest(np.array([[5, 1, 0], [2, 6, 0], [0, 0, 3]]))[0]
    array([[5, 1],
           [2, 9]])
    """
    hit = _diagonal(confusion)
    missed, false = confusion.sum(-1) - hit, confusion.sum(-2) - hit
    rest = confusion.sum((-2, -1))[..., None] - hit - missed - false
    return np.stack([np.stack([hit, missed], -1), np.stack([false, rest], -1)], -2)


def scores(confusion: np.ndarray, classes: Sequence[str]) -> Scores:
    """Return all scores of one confusion matrix, ready for JSON.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Counts, rows are the truth.
    classes : sequence of str
        Names of the classes, such as W, N1, N2, N3, R.

    Returns
    -------
    Scores
        NaN becomes None.
    """
    by_class = recalls(confusion)
    return {
        "n_windows": int(confusion.sum()),
        "balanced_accuracy": number(balanced_accuracy(confusion)),
        "accuracy": number(accuracy(confusion)),
        "cohen_kappa": number(cohen_kappa(confusion)),
        "macro_f1": number(macro_f1(confusion)),
        "recall": {name: number(value) for name, value in zip(classes, by_class, strict=True)},
        "absent": [name for name, value in zip(classes, by_class, strict=True) if np.isnan(value)],
        "confusion": confusion.astype(int).tolist(),
    }


def scores_by_night(
    y: np.ndarray, predicted: np.ndarray, night: np.ndarray, classes: Sequence[str]
) -> Scores:
    """Return the scores of all windows, with those of each recording under `nights`.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_windows,)
        Classes, as indices into `classes`.
    night : ndarray of shape (n_windows,)
        The recording of each window; empty where windows are of no recordings.
    classes : sequence of str
    """

    def scored(mask: np.ndarray | slice) -> Scores:
        return scores(confusion_matrix(y[mask], predicted[mask], len(classes)), classes)

    nights = {str(name): scored(night == name) for name in np.unique(night)}
    return {**scored(slice(None)), "nights": nights}


def number(value: float | np.ndarray) -> float | None:
    """Return a score as JSON has it: None for NaN."""
    return None if np.isnan(value) else float(value)


def _diagonal(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; NaN for 0 / 0."""
    with np.errstate(invalid="ignore"):
        return part / whole


def _mean_over(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the mean along the last axis of the values that are present; NaN if none is."""
    return _ratio(np.where(present, values, 0).sum(-1), present.sum(-1))
