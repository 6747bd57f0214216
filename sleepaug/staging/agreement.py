"""Agreement of two scorings of the same nights: by stage, by night, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.staging.bland_altman import LimitsOfAgreement, limits_of_nights
from sleepaug.staging.estimate import FEWEST, WIDEST, Estimate, interval_of
from sleepaug.staging.scoring_pairs import ScoringPair
from sleepaug.training import metrics
from sleepaug.training.bootstrap import resampled
from sleepaug.training.metrics import confusion_matrix, scores

OVERALL = ("accuracy", "cohen_kappa", "balanced_accuracy")
BLOCK = 20
"""Epochs that are drawn together where there is one night: neighbours are not independent."""


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
    a, b : str
        Names of the scorings.
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
    limits : dict of str to LimitsOfAgreement
        Of statistics of the nights, A minus B, where there are several nights.
    """

    a: str
    b: str
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
    limits: Mapping[str, LimitsOfAgreement]

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
        nights = f"{self.n_nights} night{'s' * (self.n_nights > 1)}"
        lines = [
            f"{self.n_epochs} epochs of {nights} scored in both, "
            f"{self.not_compared} in one of them only or in neither"
        ]
        lines += [f"Note on {name}: {note}" for name, notes in self.notes.items() for note in notes]
        lines += [f"{name.replace('_', ' ')}: {value}" for name, value in self.overall().items()]
        a, b = (shortened(f"in {name}") for name in (self.a, self.b))
        lines.append(f"{'stage':<7}{a:>7}  {b:>7}  {'both':>6}  {'F1':<24}kappa")
        lines += [
            f"{name:<7}{one.in_a:>{max(7, len(a))}}  {one.in_b:>{max(7, len(b))}}  {one.both:>6}  "
            f"{one.f1!s:<24}{one.kappa}"
            for name, one in self.stages.items()
        ]
        if self.n_nights > 1:
            lines += [
                f"{name}: accuracy {_number(one['accuracy'])}, "
                f"kappa {_number(one['cohen_kappa'])} ({one['n_windows']} epochs)"
                for name, one in self.nights.items()
            ]
            lines.append(f"Of each night, {self.a} minus {self.b}, in minutes:")
            lines += [f"{name:<12} {limits}" for name, limits in self.limits.items()]
        lines.append(
            f"Intervals: 95 %, bootstrap over {self.resampled}; none where fewer than {FEWEST} of "
            f"them have the stage, or where it would be wider than {WIDEST:g}."
        )
        return "\n".join(lines)


def shortened(name: str, longest: int = 30) -> str:
    """Leave out the beginning of a name that is too long for a column."""
    return name if len(name) <= longest else f"…{name[1 - longest :]}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def compare(
    nights: Sequence[ScoringPair], *, names: tuple[str, str] = ("A", "B"), seed: int = 0
) -> Agreement:
    """Compare two scorings over all nights, by night and by stage.

    Parameters
    ----------
    nights : sequence of ScoringPair
        B is the expert where there is one.
    names : tuple of 2 str
        Of A and B.
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
    draws = agreement_numbers(resampled(pieces, np.random.default_rng(seed)))
    estimates = {
        name: Estimate(metrics.number(value), interval_of(name, draws[name], pieces))
        for name, value in agreement_numbers(total).items()
    }
    return Agreement(
        a=names[0],
        b=names[1],
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
        limits=limits_of_nights(nights) if len(nights) > 1 else {},
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
    confusion : ndarray of shape (..., 5, 5)
        Counts, A in rows and B in columns.

    Returns
    -------
    dict of ndarray of shape (...)
        `accuracy`, `cohen_kappa`, `balanced_accuracy`, and `f1_W`, `kappa_W` and so on; NaN where
        there is none.
    """
    truth = np.swapaxes(confusion, -2, -1)  # rows are the truth, which is B
    f1, kappa = metrics.f1(truth), metrics.cohen_kappa(metrics.one_against_rest(truth))
    return {
        "accuracy": metrics.accuracy(truth),
        "cohen_kappa": metrics.cohen_kappa(truth),
        "balanced_accuracy": metrics.balanced_accuracy(truth),
        **{f"f1_{stage}": f1[..., k] for k, stage in enumerate(STAGES)},
        **{f"kappa_{stage}": kappa[..., k] for k, stage in enumerate(STAGES)},
    }
