"""From a comparison to a model: its best method, and the settings of a training like one of its."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.experiments.comparison.results import Results
from sleepaug.experiments.comparison.settings import read_comparison
from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import plain
from sleepaug.support.settings import did_you_mean


def winner(results: Results) -> str | None:
    """Choose the method with the best median validation score; the test nights have no say.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str or None
        None while lanes are left to do. Only methods with a model on every fold are considered.
    """
    if not results.finished:
        return None
    scores = {}
    for method in results.comparison.methods:
        final = [results.final(lane) for lane in results.of(method)]
        if all(point is not None for point in final):
            scores[method] = float(np.median([point.valid for point in final if point]))
    return max(scores, key=lambda name: scores[name], default=None)


def settings_like(path: Path) -> dict[str, Any]:
    """Return the settings of a single training as a method of a comparison had them.

    Parameters
    ----------
    path : Path
        The folder of a comparison and the name of a method, such as ``runs/compare/augnet``.

    Returns
    -------
    dict
        The sections task, preprocessing, method, training and run.

    Raises
    ------
    ConfigError
        There is no such comparison, or it has no such method.
    """
    try:
        comparison = read_comparison(path.parent)
    except ConfigError as error:
        raise ConfigError(
            f"{path}: expected the folder of a comparison and a method, such as "
            f"runs/compare/augnet. {error}",
            parameters=("like",),
        ) from error
    if path.name not in comparison.methods:
        raise ConfigError(
            f"{path}: '{path.name}' is not compared there. "
            + did_you_mean(path.name, comparison.methods),
            parameters=("like",),
        )
    return {
        "task": plain(comparison.task),
        "preprocessing": plain(comparison.preprocessing),
        "method": plain(comparison.methods[path.name]),
        "training": plain(comparison.training),
        "run": {
            "device": comparison.compare.device,
            "precision": comparison.compare.precision,
        },
    }
