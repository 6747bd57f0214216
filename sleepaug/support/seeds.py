"""Random seeds that are derived from another, one for each purpose."""

from __future__ import annotations

import zlib

import numpy as np


def derived_seed(seed: int, purpose: str, *, fold: int = 0, trial: int = 0) -> int:
    """Derive a seed, so that different purposes, folds, trials and seeds share no random numbers.

    Parameters
    ----------
    seed : int
        Seed of the run, at least 0.
    purpose : str
        What the numbers are drawn for, such as "proposal".
    fold, trial : int
        Which fold of the data, and which step of a search, from 0.

    Returns
    -------
    int
        From 0 to 2**32 - 1.

    Notes
    -----
    The first word of numpy's `SeedSequence`. Sums such as ``seed + trial`` would give trial 1 of
    seed 0 the numbers of trial 0 of seed 1.

    Examples
    --------
    >>> derived_seed(0, "proposal", trial=1) == derived_seed(1, "proposal", trial=0)
    False
    """
    key = (fold, trial, zlib.crc32(purpose.encode()))
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])
