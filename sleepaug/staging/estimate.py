"""A number of an agreement with its interval, where there is enough to draw one from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.training import bootstrap

FEWEST = 5
"""Nights or blocks with a stage that an interval needs."""
WIDEST = 0.8
"""A wider interval says nothing: there are too few epochs."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value : float or None
        None where there is none, as the kappa of a stage that nobody scored.
    interval : tuple of 2 floats, optional
        95 %; None where there are too few nights for one.

    Examples
    --------
    >>> print(Estimate(0.8125, (0.75, 0.875)), Estimate(0.5), Estimate(None))
    0.812 [0.750, 0.875] 0.500 [too few] -
    """

    value: float | None
    interval: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        if self.interval is None:
            return f"{self.value:.3f} [too few]"
        return f"{self.value:.3f} [{self.interval[0]:.3f}, {self.interval[1]:.3f}]"


def interval_of(name: str, draws: np.ndarray, pieces: np.ndarray) -> tuple[float, float] | None:
    """Return the interval of a number, None where there is too little to draw from.

    `pieces`, shape (n_pieces, 5, 5), are counts; those without the stage of a number do not count.
    """
    stage = name.rpartition("_")[2]
    n = len(pieces)
    if stage in STAGES:
        k = STAGES.index(stage)
        n = int((pieces[:, k].sum(axis=1) + pieces[:, :, k].sum(axis=1) > 0).sum())
    interval = bootstrap.interval(draws)
    if n < FEWEST or interval is None or interval[1] - interval[0] > WIDEST:
        return None
    return interval
