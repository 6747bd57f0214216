"""Calibration: epochs staged with a certainty of 80 % should be right in 80 % of cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from sleepaug.staging.context import CONTEXTS, apply_context

LOWEST, HIGHEST = 1 / 3, 3.0
"""Limits of a temperature: beyond them it would hide how wrong a model is."""
PRIOR_SD = 0.5
"""Standard deviation of a temperature's logarithm before any night was seen."""
WORTH = 20
"""Independent windows that one night is worth: its windows resemble each other."""


@dataclass(frozen=True)
class Calibration:
    """What a model file holds for calibrated predictions.

    Attributes
    ----------
    temperature : dict of float
        By what the log-probabilities are divided, for each context.
    context : str
        The context with the lower cross-entropy on the validation nights.
    prior : tuple of 5 floats, optional
        See `sleepaug.staging.context.smooth`.

    Examples
    --------
    >>> Calibration({"transitions": 1.2, "none": 1.1}, "transitions").context
    'transitions'
    """

    temperature: dict[str, float]
    context: str
    prior: tuple[float, ...] | None = None


def softened(log_probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities of a model at a temperature; above 1 they are less certain.

    Parameters
    ----------
    log_probabilities : ndarray of shape (n_windows, n_classes)
        Log-probabilities, or logits.
    temperature : float
        Above 0.

    Returns
    -------
    ndarray of shape (n_windows, n_classes)
        Rows sum to 1.

    Examples
    --------
    >>> softened(np.log([[0.8, 0.2]]), 2.0).round(3)
    array([[0.667, 0.333]])
    """
    scaled = np.asarray(log_probabilities, np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    exponential = np.exp(scaled)
    return exponential / exponential.sum(axis=1, keepdims=True)


def fit_temperature(
    log_probabilities: np.ndarray,
    y: np.ndarray,
    night: np.ndarray,
    after: Callable[[np.ndarray], np.ndarray] = lambda probabilities: probabilities,
) -> tuple[float, float]:
    """Find the likeliest temperature given scored nights, near 1 where there are few.

    Parameters
    ----------
    log_probabilities : ndarray of shape (n_windows, n_classes)
        Of windows that the model was not trained on.
    y, night : ndarray of shape (n_windows,)
        Their classes, and the night of each. All nights count alike.
    after : callable
        What is done to the probabilities before they are used, such as smoothing over neighbours.

    Returns
    -------
    temperature : float
        Between 1/3 and 3, to three digits.
    cross_entropy : float
        At this temperature, the mean over nights, in nats a window.

    Notes
    -----
    Source: Guo et al. 2017, "On calibration of modern neural networks", Section 4.2, with a normal
    prior of the temperature's logarithm around 0: three half hours that a model gets wrong would
    else make any prediction of it meaningless. The bounded search of SciPy (Brent's).
    """
    nights, index = np.unique(night, return_inverse=True)
    weight = 1 / np.bincount(index)[index] / len(nights)

    def cross_entropy(log_temperature: float) -> float:
        p = after(softened(log_probabilities, np.exp(log_temperature)))
        return float(-(weight * np.log(np.maximum(p[np.arange(len(y)), y], 1e-12))).sum())

    def loss(log_temperature: float) -> float:
        evidence = WORTH * len(nights) * cross_entropy(log_temperature)
        return evidence + (log_temperature / PRIOR_SD) ** 2 / 2

    best = minimize_scalar(
        loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": 1e-5}
    )
    return float(f"{np.exp(best.x):.3g}"), cross_entropy(best.x)


def calibrate(
    log_probabilities: np.ndarray,
    y: np.ndarray,
    night: np.ndarray,
    prior: Sequence[float] | None = None,
) -> Calibration:
    """Fit a temperature for each context, and choose the context.

    Parameters
    ----------
    log_probabilities : ndarray of shape (n_windows, 5)
        Of the validation nights, in the order of each night.
    y, night : ndarray of shape (n_windows,)
        Stages, and the night of each window.
    prior : sequence of 5 numbers, optional
        See `sleepaug.staging.context.smooth`.
    """
    fitted = {
        name: fit_temperature(
            log_probabilities, y, night, partial(by_night, context=name, night=night, prior=prior)
        )
        for name in CONTEXTS
    }
    return Calibration(
        {name: temperature for name, (temperature, _) in fitted.items()},
        min(fitted, key=lambda name: fitted[name][1]),
        None if prior is None else tuple(prior),
    )


def by_night(
    probabilities: np.ndarray,
    *,
    context: str,
    night: np.ndarray,
    prior: Sequence[float] | None = None,
) -> np.ndarray:
    """Apply a context to each night by itself.

    Parameters
    ----------
    probabilities : ndarray of shape (n_windows, 5)
        In the order of each night.
    context, prior
        See `apply_context`.
    night : ndarray of shape (n_windows,)
        The night of each window.

    Returns
    -------
    ndarray of shape (n_windows, 5)
    """
    result = np.empty_like(probabilities)
    for name in np.unique(night):
        rows = np.flatnonzero(night == name)
        result[rows] = apply_context(context, probabilities[rows], prior)
    return result
