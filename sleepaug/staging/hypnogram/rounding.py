"""Rounding that keeps a sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rounded_to_sum(values: Sequence[float], total: float, decimals: int = 1) -> list[float]:
    """Round parts of a whole so that they still add up to it.

    Parameters
    ----------
    values : sequence of float
        Parts whose sum is `total`.
    total : float
        Has no more decimals than `decimals`.
    decimals : int

    Returns
    -------
    list of float
        Each is off by less than one in the last place: all are rounded down, and those with the
        largest remainders are raised (Hamilton's method).

    Examples
    --------
    >>> rounded_to_sum([100 / 3, 100 / 3, 100 / 3], 100.0)
    [33.4, 33.3, 33.3]
    """
    steps = np.array(values, float) * 10**decimals
    down = np.floor(steps + 1e-9)
    missing = round(total * 10**decimals - down.sum())
    raised = np.argsort(down - steps, kind="stable")[:missing]
    down[raised] += 1
    return (down / 10**decimals).tolist()
