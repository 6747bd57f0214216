"""The bootstrap over nights (Efron 1979): how far a score depends on which nights were scored."""

from __future__ import annotations

import numpy as np

N_RESAMPLES = 2000
"""Draws of a bootstrap."""


def resampled(counts: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw nights with replacement, as many as there are, and add up their counts.

    Parameters
    ----------
    counts : ndarray of shape (n_nights, ...)
        Such as the confusion matrix of each night, or those of several stagings of it, which then
        stay together.
    random : Generator

    Returns
    -------
    ndarray of shape (2000, ...)
        The sum of each draw.

    Notes
    -----
    Source: the bootstrap of Efron 1979; `interval` takes its percentiles.
    """
    n = len(counts)
    times = random.multinomial(n, np.full(n, 1 / n), N_RESAMPLES)
    return np.tensordot(times, counts, axes=1)


def interval(values: np.ndarray) -> tuple[float, float] | None:
    """Return the 2.5th and 97.5th percentile; NaN is left out, None where nothing is left."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
