"""Calibration: epochs staged with a certainty of 80 % should be right in 80 % of cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from sleepaug.staging.context import CONTEXTS, apply_context
from sleepaug.support.errors import ConfigError
from sleepaug.support.figure_style import figure_style
from sleepaug.support.files import into_place
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, confusion_matrix, number

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

    found = minimize_scalar(
        loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": 1e-5}
    )
    return float(f"{np.exp(found.x):.3g}"), cross_entropy(found.x)


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


def brief_scores(y: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
    """Return the scores by which contexts are compared.

    Parameters
    ----------
    y : ndarray of shape (n_windows,)
        Stages, as indices.
    probabilities : ndarray of shape (n_windows, 5)

    Returns
    -------
    dict
        `balanced_accuracy` and `cohen_kappa` (None where undefined), and `calibration_error`.
    """
    counts = confusion_matrix(y, probabilities.argmax(axis=1), probabilities.shape[1])
    return {
        "balanced_accuracy": number(balanced_accuracy(counts)),
        "cohen_kappa": number(cohen_kappa(counts)),
        "calibration_error": reliability(probabilities, y).expected_error,
    }


@dataclass(frozen=True)
class Reliability:
    """How often the likeliest class was right, by how certain the model was.

    Attributes
    ----------
    confidence, accuracy : ndarray of shape (n_bins,)
        Mean of both in each bin; NaN in an empty one.
    count : ndarray of shape (n_bins,)
        Windows in each bin.

    Examples
    --------
    >>> bins = reliability(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]), n_bins=2)
    >>> bins.count, bins.accuracy
    (array([0, 2]), array([nan, 0.5]))
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray

    @property
    def expected_error(self) -> float:
        """Mean distance of confidence and accuracy over windows (expected calibration error)."""
        gap = np.abs(np.nan_to_num(self.confidence - self.accuracy))
        return float((gap * self.count).sum() / self.count.sum())

    def to_json(self) -> list[dict[str, float]]:
        """Return the bins that hold windows, ready for JSON."""
        columns = zip(self.confidence, self.accuracy, self.count, strict=True)
        return [
            {"confidence": float(c), "accuracy": float(a), "windows": int(n)}
            for c, a, n in columns
            if n
        ]


def reliability(probabilities: np.ndarray, y: np.ndarray, n_bins: int = 15) -> Reliability:
    """Compare certainty with accuracy, in bins of equal width.

    Parameters
    ----------
    probabilities : ndarray of shape (n_windows, n_classes)
    y : ndarray of shape (n_windows,)
        Classes.
    n_bins : int

    Returns
    -------
    Reliability

    Notes
    -----
    Source: Guo et al. 2017, eq. 3 (15 bins).
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(bins, v, n_bins) / count for v in (confidence, right)]
    return Reliability(means[0], means[1], count)


@figure_style()
def draw_reliability(bins: Sequence[Mapping[str, float]], title: str, path: Path) -> None:
    """Draw accuracy over certainty, with 95 % intervals, over how many windows there are of each.

    Parameters
    ----------
    bins : sequence of dict
        As `Reliability.to_json` gives them.
    title : str
    path : Path
        A .png or .svg file.

    Raises
    ------
    ConfigError
        The file cannot be written, or is neither PNG nor SVG.

    Notes
    -----
    Source: the diagram of Guo et al. 2017, Figure 1; intervals of Wilson 1927, for windows that
    are independent, which those of a night are not.
    """
    from matplotlib.figure import Figure

    if path.suffix.lower() not in (".png", ".svg"):
        raise ConfigError(f"{path}: pictures are .png or .svg.")
    confidence, accuracy, n = (
        np.array([one[key] for one in bins]) for key in ("confidence", "accuracy", "windows")
    )
    low, high = wilson(accuracy, n)
    figure = Figure(figsize=(4.2, 4.8))
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    top.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="certainty = accuracy")
    top.errorbar(
        confidence, accuracy, [accuracy - low, high - accuracy], fmt="o-", color="#1d4e79",
        markersize=4, linewidth=1.2, capsize=2, label="the model",
    )  # fmt: skip
    top.set(ylabel="share that was right", ylim=(0, 1), xlim=(0, 1))
    top.set_title(title, loc="left", fontsize=10, parse_math=False)
    top.legend(loc="lower right", fontsize=8)
    bottom.bar(confidence, n / n.sum(), width=0.05, color="#9fc2d9")
    bottom.set(xlabel="certainty of the likeliest stage", ylabel="windows", yticks=[])
    into_place(path, lambda part: figure.savefig(part, format=path.suffix[1:].lower(), dpi=130))


def wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of a share of `n` trials (Wilson 1927).

    Parameters
    ----------
    share, n : ndarray of shape (n_shares,)

    Returns
    -------
    low, high : ndarray of shape (n_shares,)

    Examples
    --------
    >>> low, high = wilson(np.array([0.5]), np.array([10]))
    >>> low.round(4), high.round(4)
    (array([0.2366]), array([0.7634]))
    """
    z2 = 1.96**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = np.sqrt(share * (1 - share) * z2 + z2**2 / 4) / (1 + z2)
    return centre - half, centre + half
