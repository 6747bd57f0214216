"""How far two scorings of a night differ in its sleep statistics: limits of agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sleepaug.data.stages import UNKNOWN
from sleepaug.staging.hypnogram.statistics import sleep_statistics
from sleepaug.staging.scoring_pairs import ScoringPair

COMPARED = ("TST", "SOL", "WASO", "REM_latency")
"""Statistics whose limits of agreement are given, all in minutes."""
FEWEST = 3
"""Nights that limits need."""
Z = 1.96


@dataclass(frozen=True)
class LimitsOfAgreement:
    """Differences of a statistic between two scorings of the same nights.

    Attributes
    ----------
    mean, difference : tuple of float
        Of the two values of each night, and the first minus the second.
    bias : float or None
        Mean difference; None without a night that has the statistic in both.
    sd : float or None
        Of the differences, with ``n - 1``; None with fewer than three nights, as are the others:
    low, high : float or None
        Bias - 1.96 sd and bias + 1.96 sd: between them lie 95 % of the differences.
    bias_margin, limit_margin : float or None
        Half the width of the 95 % intervals of the bias and of each limit.
    """

    mean: tuple[float, ...]
    difference: tuple[float, ...]
    bias: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    bias_margin: float | None = None
    limit_margin: float | None = None

    def __str__(self) -> str:
        nights = f"({len(self.difference)} nights)"
        if self.bias is None:
            return f"- {nights}"
        if self.low is None:
            return f"{self.bias:+.1f}, limits of agreement: too few {nights}"
        return (
            f"{self.bias:+.1f} (± {self.bias_margin:.1f}), limits of agreement {self.low:+.1f} to "
            f"{self.high:+.1f} (± {self.limit_margin:.1f} each) {nights}"
        )


def limits_of_agreement(
    first: Sequence[float | None], second: Sequence[float | None]
) -> LimitsOfAgreement:
    """Compute bias and limits of agreement of two measurements of the same nights.

    Parameters
    ----------
    first, second : sequence of float or None
        A night in which one of them is None is left out.

    Notes
    -----
    Source: Bland and Altman 1986; the intervals are those of Bland and Altman 1999, section 2:
    the variance of a limit is ``sd**2 * (1 / n + 1.96**2 / (2 * (n - 1)))``, Student's t.

    Examples
    --------
    >>> print(limits_of_agreement([400, 410, 395], [390, 405, 400]))
    +3.3 (± 19.0), limits of agreement -11.6 to +18.3 (± 37.4 each) (3 nights)
    """
    pairs = [(x, y) for x, y in zip(first, second, strict=True) if x is not None and y is not None]
    x, y = np.array(pairs, float).reshape(-1, 2).T
    difference = x - y
    n = len(difference)
    points = tuple(((x + y) / 2).tolist()), tuple(difference.tolist())
    if n < FEWEST:
        return LimitsOfAgreement(*points, float(difference.mean()) if n else None)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    return LimitsOfAgreement(
        *points,
        bias=bias,
        sd=sd,
        low=bias - Z * sd,
        high=bias + Z * sd,
        bias_margin=t * sd / n**0.5,
        limit_margin=t * sd * (1 / n + Z**2 / (2 * (n - 1))) ** 0.5,
    )


def limits_of_nights(nights: Sequence[ScoringPair]) -> dict[str, LimitsOfAgreement]:
    """Compute the limits of agreement of `COMPARED` over nights.

    Statistics are of the epochs that both scored, from the first to the last of them; an epoch that
    only one scored counts in neither.
    """
    first, second = ([], [])  # type: ignore[var-annotated]
    for pair in nights:
        shared = np.flatnonzero(pair.both)
        part = slice(shared[0], shared[-1] + 1)
        for values, stages in ((first, pair.a), (second, pair.b)):
            values.append(sleep_statistics(np.where(pair.both, stages, UNKNOWN)[part]))
    return {
        name: limits_of_agreement([one[name] for one in first], [one[name] for one in second])
        for name in COMPARED
    }
