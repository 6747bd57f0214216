"""What a model file says of its model besides the weights: how to prepare input, what to expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sleepaug import __version__
from sleepaug.augment import AugmentedModel
from sleepaug.augment.model import log_probabilities
from sleepaug.data.stages import STAGES
from sleepaug.experiments.settings import Config
from sleepaug.staging.calibration import calibration
from sleepaug.support.settings import plain
from sleepaug.training.fit import Training
from sleepaug.training.tasks.task import Task, TaskData


def description_of(
    config: Config,
    loaded: TaskData,
    model: AugmentedModel,
    learned: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe a trained model for its file.

    Parameters
    ----------
    config : Config
    loaded : TaskData
    model : AugmentedModel
    learned : dict
        Its augmentation, as `learned.as_data` gives it.
    metrics : dict
        With the balanced accuracy of `valid` and `test`.

    Returns
    -------
    dict
        The task's description with version, classes, settings and scores; for recordings also what
        `for_prediction` adds.
    """
    task = loaded.task
    description = {
        **loaded.description,
        "sleepaug": __version__,
        "classes": list(task.classes),
        "preprocessing": plain(config.preprocessing),
        "method": config.method.name,
        "augmentation": plain(config.method) if model.augment.at_inference else None,
        "copies_eval": config.training.copies_eval,
        "scores": {part: metrics[part]["balanced_accuracy"] for part in ("valid", "test")},
    }
    if config.preprocessing is None:
        return description
    return {**for_prediction(model, task, config.training, learned), **description}


def for_prediction(
    model: AugmentedModel, task: Task, training: Training, learned: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe what staging a recording needs to know of a training.

    Parameters
    ----------
    model : AugmentedModel
    task : Task
        Its validation nights are what the temperatures are fitted to.
    training : Training
    learned : dict
        The augmentation, as `learned.as_data` gives it.

    Returns
    -------
    dict
        `temperature` and `prior` (see `calibration`), and `missing_channels`: "zero" if the model
        was trained without some of its channels, otherwise "refuse".
    """
    prior = None
    if training.class_weights == "none":
        counts = np.bincount(task.train.y.cpu().numpy(), minlength=len(STAGES)) + 1
        prior = (counts / counts.sum()).tolist()
    scores = log_probabilities(model, task.valid.x).cpu().numpy()
    return {
        "missing_channels": "zero" if drops_channels(learned) else "refuse",
        **calibration(scores, task.valid.y.cpu().numpy(), task.valid.group, prior),
    }


def drops_channels(learned: Mapping[str, Any]) -> bool:
    """Tell whether a training with this augmentation taught the model to do without channels.

    Parameters
    ----------
    learned : dict
        As `learned.as_data` gives it.

    Examples
    --------
    >>> drops_channels({"policy": [[["channels_dropout", 1.0, 0.5]]]})
    True
    >>> drops_channels({})
    False
    """
    steps = [step for subpolicy in learned.get("policy", []) for step in subpolicy]
    if any(name == "channels_dropout" and p > 0 and mu > 0 for name, p, mu in steps):
        return True
    entries = [entry for layer in learned.get("layers", []) for entry in layer]
    return any(
        e["transform"] == "channels_dropout" and e["weight"] > 0.1 and e["magnitude"] > 0.05
        for e in entries
    )
