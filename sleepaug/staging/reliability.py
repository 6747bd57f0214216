"""Reliability: how often a model is right when it is so certain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sleepaug.support.errors import ConfigError
from sleepaug.support.figure_style import figure_style
from sleepaug.support.files import into_place
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, confusion_matrix, number


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
def draw_reliability(bins: Reliability, title: str, path: Path) -> None:
    """Draw accuracy over certainty, with 95 % intervals, over how many windows there are of each.

    Parameters
    ----------
    bins : Reliability
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
    some = bins.count > 0
    confidence, accuracy, n = bins.confidence[some], bins.accuracy[some], bins.count[some]
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
