"""Cycles of NREM and REM sleep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

NREM = ("N1", "N2", "N3")
NREM_WINDOWS, REM_WINDOWS = 30, 10
"""A period of NREM sleep has 15 min at least, one of REM sleep 5 min (the first may be shorter)."""


def sleep_cycles(stages: Sequence[str] | np.ndarray) -> list[tuple[int, int]]:
    """Find the complete cycles: a period of NREM sleep and the period of REM sleep that ends it.

    Parameters
    ----------
    stages : sequence of str
        W, N1, N2, N3, R or ?, one for each window of 30 s.

    Returns
    -------
    list of (int, int)
        First window of each cycle, and the one after its last. What follows the last period of REM
        sleep is no complete cycle.

    Notes
    -----
    Source: Feinberg and Floyd 1979. Epochs of R with less than 15 min of NREM sleep between them
    are one period; wake and unscored epochs do not count as either.

    Examples
    --------
    >>> night = ["W"] * 10 + ["N2"] * 150 + ["R"] * 30 + ["N3"] * 140 + ["R"] * 40 + ["N2"] * 20
    >>> sleep_cycles(night)
    [(10, 190), (190, 370)]
    """
    stage = np.asarray(stages, str)
    is_nrem, is_rem = np.isin(stage, NREM), stage == "R"
    periods: list[tuple[int, int]] = []  # of REM sleep
    for k in np.flatnonzero(is_rem).tolist():
        if periods and is_nrem[periods[-1][1] : k].sum() < NREM_WINDOWS:
            periods[-1] = (periods[-1][0], k + 1)
        else:
            periods.append((k, k + 1))
    long_enough = [
        (first, end)
        for n, (first, end) in enumerate(periods)
        if n == 0 or is_rem[first:end].sum() >= REM_WINDOWS
    ]
    cycles, after = [], 0
    for first, end in long_enough:
        nrem = after + np.flatnonzero(is_nrem[after:first])
        if len(nrem) >= NREM_WINDOWS:
            cycles.append((int(nrem[0]), end))
        after = end
    return cycles
