"""Agreement of two scorings of the same nights: by stage, by night, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.staging.scoring_pairs import ScoringPair
from sleepaug.training.metrics import confusion_matrix, scores

OVERALL = ("accuracy", "cohen_kappa", "balanced_accuracy")
N_RESAMPLES = 2000
BLOCK = 20
"""Epochs that are drawn together where there is one night: neighbours are not independent."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value : float or None
        None where there is none, as the kappa of a stage that nobody scored.
    interval : tuple of 2 floats, optional
        95 %.

    Examples
    --------
    >>> print(Estimate(0.8125, (0.75, 0.875)), Estimate(None))
    0.812 [0.750, 0.875] -
    """

    value: float | None
    interval: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        if self.interval is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.interval[0]:.3f}, {self.interval[1]:.3f}]"


@dataclass(frozen=True)
class StageAgreement:
    """Agreement about one stage.

    Attributes
    ----------
    in_a, in_b, both : int
        Epochs that A, that B, and that both call so.
    f1 : Estimate
        Twice the shared epochs over the sum of both.
    kappa : Estimate
        Cohen's kappa of this stage against all others.
    """

    in_a: int
    in_b: int
    both: int
    f1: Estimate
    kappa: Estimate


@dataclass(frozen=True)
class Agreement:
    """Agreement of two scorings A and B of the same nights.

    Attributes
    ----------
    n_nights, n_epochs : int
        What was compared.
    not_compared : int
        Epochs that have a stage in one of the scorings only, or in neither.
    accuracy, cohen_kappa : Estimate
    balanced_accuracy : Estimate
        Mean over the stages of B of the share that A calls the same.
    stages : dict of str to StageAgreement
    nights : dict
        Scores of each night with B as the truth; see `sleepaug.training.metrics.scores`.
    confusion : list of lists of int
        Epochs by the stage in A (rows) and in B (columns).
    resampled : str
        What was drawn again for the intervals.
    notes : dict of str to list of str
        How pairs were read, where that is worth saying.
    """

    n_nights: int
    n_epochs: int
    not_compared: int
    accuracy: Estimate
    cohen_kappa: Estimate
    balanced_accuracy: Estimate
    stages: Mapping[str, StageAgreement]
    nights: Mapping[str, Mapping[str, Any]]
    confusion: list[list[int]]
    resampled: str
    notes: Mapping[str, list[str]]

    def overall(self) -> dict[str, Estimate]:
        """Return the numbers over all nights and stages, by name."""
        return {name: getattr(self, name) for name in OVERALL}

    def to_json(self) -> dict[str, Any]:
        """Return everything, ready for JSON; intervals of the overall numbers stand together."""
        overall = self.overall()
        return {
            **asdict(self),
            **{name: estimate.value for name, estimate in overall.items()},
            "interval": {name: estimate.interval for name, estimate in overall.items()},
        }

    def text(self) -> str:
        """Describe the agreement for a person."""
        lines = [
            f"{self.n_epochs} epochs of {self.n_nights} nights scored in both, "
            f"{self.not_compared} in one of them only or in neither"
        ]
        lines += [f"Note on {name}: {note}" for name, notes in self.notes.items() for note in notes]
        lines += [f"{name.replace('_', ' ')}: {value}" for name, value in self.overall().items()]
        lines.append(f"{'stage':<7}{'in A':>6}{'in B':>6}{'both':>6}  {'F1':<24}kappa")
        lines += [
            f"{name:<7}{one.in_a:>6}{one.in_b:>6}{one.both:>6}  {one.f1!s:<24}{one.kappa}"
            for name, one in self.stages.items()
        ]
        if self.n_nights > 1:
            lines += [
                f"{name}: accuracy {Estimate(one['accuracy'])}, "
                f"kappa {Estimate(one['cohen_kappa'])} ({one['n_windows']} epochs)"
                for name, one in self.nights.items()
            ]
        lines.append(f"Intervals: 95 %, bootstrap over {self.resampled}.")
        return "\n".join(lines)


def compare(nights: Sequence[ScoringPair], *, seed: int = 0) -> Agreement:
    """Compare two scorings over all nights, by night and by stage.

    Parameters
    ----------
    nights : sequence of ScoringPair
        B is the expert where there is one.
    seed : int
        Random seed of the bootstrap.

    Returns
    -------
    Agreement

    Notes
    -----
    Percentile bootstrap: nights are drawn with replacement where there are several, otherwise
    blocks of 10 minutes (Kuensch 1989), for neighbouring epochs are not independent.

    Examples
    --------
    >>> a, b = np.array(["W", "N2", "N2", "R"]), np.array(["W", "N2", "N1", "R"])
    >>> compare([ScoringPair("night", 30.0 * np.arange(4), a, b)]).accuracy.value
    0.75
    """
    counts = np.array([_confusion(pair) for pair in nights])
    pieces = counts if len(nights) > 1 else _blocks(nights[0])
    total = counts.sum(axis=0)
    random = np.random.default_rng(seed)
    drawn = random.integers(len(pieces), size=(N_RESAMPLES, len(pieces)))
    times = np.stack([np.bincount(row, minlength=len(pieces)) for row in drawn])
    draws = agreement_numbers(np.tensordot(times, pieces, axes=1))
    numbers = agreement_numbers(total[None])
    estimates = {
        name: Estimate(_number(value[0]), _interval(draws[name])) for name, value in numbers.items()
    }
    return Agreement(
        n_nights=len(nights),
        n_epochs=int(total.sum()),
        not_compared=int(sum((~pair.both).sum() for pair in nights)),
        **{name: estimates[name] for name in OVERALL},
        stages={
            stage: StageAgreement(
                in_a=int(total[k].sum()),
                in_b=int(total[:, k].sum()),
                both=int(total[k, k]),
                f1=estimates[f"f1_{stage}"],
                kappa=estimates[f"kappa_{stage}"],
            )
            for k, stage in enumerate(STAGES)
        },
        nights={
            pair.name: {k: v for k, v in scores(one.T, STAGES).items() if k != "confusion"}
            for pair, one in zip(nights, counts, strict=True)
        },
        confusion=total.tolist(),
        resampled="nights" if len(nights) > 1 else f"blocks of {BLOCK} epochs",
        notes={pair.name: list(pair.notes) for pair in nights if pair.notes},
    )


def _confusion(pair: ScoringPair) -> np.ndarray:
    """Count the epochs that both scored by their stages, shape (5, 5)."""
    return confusion_matrix(*pair.codes(), len(STAGES))


def _blocks(pair: ScoringPair) -> np.ndarray:
    """Count each stretch of `BLOCK` epochs, shape (n_blocks, 5, 5)."""
    a, b = pair.codes()
    return np.array(
        [
            confusion_matrix(a[k : k + BLOCK], b[k : k + BLOCK], len(STAGES))
            for k in range(0, len(a), BLOCK)
        ]
    )


def agreement_numbers(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the numbers of confusion matrices.

    Parameters
    ----------
    confusion : ndarray of shape (n, 5, 5)
        Counts, A in rows and B in columns.

    Returns
    -------
    dict of ndarray of shape (n,)
        `accuracy`, `cohen_kappa`, `balanced_accuracy`, and `f1_W`, `kappa_W` and so on; NaN where
        there is none.
    """
    n = confusion.sum(axis=(1, 2)).astype(float)
    in_a, in_b = (confusion.sum(axis=k).astype(float) for k in (2, 1))
    both = np.diagonal(confusion, axis1=1, axis2=2).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = both / in_b
        numbers = {
            "accuracy": both.sum(axis=1) / n,
            "cohen_kappa": _kappa(both.sum(axis=1), (in_a * in_b).sum(axis=1), n),
            "balanced_accuracy": np.nansum(recall, axis=1) / (in_b > 0).sum(axis=1),
        }
        for k, stage in enumerate(STAGES):
            a, b = in_a[:, k], in_b[:, k]
            numbers[f"f1_{stage}"] = 2 * both[:, k] / (a + b)
            alike = n - a - b + 2 * both[:, k]
            numbers[f"kappa_{stage}"] = _kappa(alike, a * b + (n - a) * (n - b), n)
    return numbers


def _kappa(alike: np.ndarray, by_chance: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Compute Cohen's kappa from counts of agreement, products of margins and totals; or NaN."""
    return (alike / n - by_chance / n**2) / (1 - by_chance / n**2)


def _interval(values: np.ndarray) -> tuple[float, float] | None:
    """Return the 2.5th and 97.5th percentile; None where no draw had a value."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
