"""The parameters of an estimator, checked, and the windows that it validates on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils.validation import check_consistent_length

from sleepaug.augment.eeg import LOWEST_SFREQ
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import did_you_mean, fill
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS
from sleepaug.training.methods.search import Method


def checked_settings(parameters: Mapping[str, Any]) -> tuple[Method, Training]:
    """Check the parameters of a `WindowClassifier` that do not depend on its data.

    Raises
    ------
    ConfigError
        Naming every problem, a line each.
    """
    problems: list[str] = []
    method = None
    if (name := parameters["method"]) in METHODS:
        options = dict(parameters["method_options"] or {})
        method = fill(METHODS[name], options, "method_options", problems)
    else:
        problems.append(f"method: no {name!r}. {did_you_mean(name, METHODS)}")
    shared = ("epochs", "batch_size", "learning_rate", "patience")
    options = {key: parameters[key] for key in shared} | dict(parameters["training_options"] or {})
    training = fill(Training, options, "", problems)
    rate, scaling, share = (parameters[k] for k in ("sampling_rate", "normalize", "validation"))
    if not isinstance(rate, Real) or not LOWEST_SFREQ <= float(rate) < math.inf:
        problems.append(f"sampling_rate: expected {LOWEST_SFREQ:g} Hz or more, got {rate!r}.")
    if scaling not in ("window", "none"):
        problems.append(f"normalize: expected 'window' or 'none', got {scaling!r}.")
    if not isinstance(share, Real) or not 0 < float(share) < 1:
        problems.append(f"validation: expected a share between 0 and 1, got {share!r}.")
    if problems or method is None or training is None:
        raise ConfigError("\n".join(problems))
    return method, training


def validation_split(
    codes: np.ndarray, groups: Any, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the windows to train on and those to validate on.

    Parameters
    ----------
    codes : ndarray of shape (n_windows,), int
        Classes from 0 on.
    groups : array of shape (n_windows,) or None
        Nobody is in both parts. Without groups both parts have the shares of the classes, unless
        there are too few windows for that.
    share : float
        Of the windows or groups that are validated on.
    seed : int

    Returns
    -------
    tuple of ndarray
        Indices of both.

    Examples
    --------
    >>> train, valid = validation_split(np.zeros(6, int), ["a", "a", "b", "b", "c", "c"], 0.3, 0)
    >>> train.tolist(), valid.tolist()
    ([0, 1, 2, 3], [4, 5])
    """
    n = len(codes)
    if groups is not None:
        check_consistent_length(codes, groups)
        if (n_groups := len(np.unique(groups))) < 2:
            raise ValueError(f"groups: two or more are needed, got {n_groups}.")
        shuffle = GroupShuffleSplit(1, test_size=share, random_state=seed)
        train, valid = next(shuffle.split(codes, groups=groups))
        return train, valid
    counts, n_valid = np.bincount(codes), math.ceil(share * n)
    enough = counts.min() > 1 and len(counts) <= min(n_valid, n - n_valid)
    train, valid = train_test_split(
        np.arange(n), test_size=share, random_state=seed, stratify=codes if enough else None
    )
    return train, valid
