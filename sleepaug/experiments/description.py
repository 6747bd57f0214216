"""What a model file says of its model besides the weights: how to prepare input, what to expect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sleepaug import __version__
from sleepaug.augment import AugmentedModel
from sleepaug.augment.learned import Learned
from sleepaug.augment.model import log_probabilities
from sleepaug.data.stages import STAGES
from sleepaug.experiments.metrics import Metrics
from sleepaug.experiments.settings import Config
from sleepaug.models.description import Description
from sleepaug.staging.calibration import Calibration, by_night, calibrate, softened
from sleepaug.staging.reliability import brief_scores
from sleepaug.support.plain import plain
from sleepaug.training.fit import Training
from sleepaug.training.tasks.task import Split, Task, TaskData


def description_of(
    config: Config,
    loaded: TaskData,
    model: AugmentedModel,
    learned: Learned,
    metrics: Metrics,
) -> Description:
    """Describe a trained model for its file.

    Parameters
    ----------
    config : Config
    loaded : TaskData
    model : AugmentedModel
    learned : Learned
        Its augmentation.
    metrics : Metrics

    Returns
    -------
    Description
        The task's description with version, classes, settings and scores; for recordings also what
        `for_prediction` adds, and whether the model does without some of its channels.
    """
    task = loaded.task
    description = replace(
        loaded.description,
        sleepaug=__version__,
        classes=task.classes,
        method=config.method.name,
        augmentation=plain(config.method) if model.augment.at_inference else None,
        copies_eval=config.training.copies_eval,
        scores={part: one["balanced_accuracy"] for part, one in metrics.splits.items()},
    )
    if config.preprocessing is None:
        return description
    return replace(
        description,
        preprocessing=config.preprocessing,
        **vars(for_prediction(model, task, config.training)),
        missing_channels="zero" if drops_channels(learned) else description.missing_channels,
    )


def learned_by(config: Config, loaded: TaskData, model: AugmentedModel) -> Learned:
    """Describe what a training learned, for `policy.json`."""
    learned = Learned.of(model.augment, method=config.method.name)
    if config.preprocessing is None:
        return learned
    return replace(
        learned,
        channels=loaded.description.channels,
        sfreq=loaded.description.sfreq,
        normalize=config.preprocessing.normalize,
    )


def for_prediction(model: AugmentedModel, task: Task, training: Training) -> Calibration:
    """Fit what makes the probabilities of a trained model right.

    Parameters
    ----------
    model : AugmentedModel
    task : Task
        Its validation nights are what the temperatures are fitted to.
    training : Training

    Returns
    -------
    Calibration
        Values of the fields of the same names of the model's description.
    """
    prior = None
    if training.class_weights == "none":
        counts = np.bincount(task.train.y.cpu().numpy(), minlength=len(STAGES)) + 1
        prior = (counts / counts.sum()).tolist()
    scores = log_probabilities(model, task.valid.x).cpu().numpy()
    return calibrate(scores, task.valid.y.cpu().numpy(), task.valid.group, prior)


def scores_by_context(
    model: AugmentedModel, part: Split, description: Description
) -> dict[str, dict[str, float | None]]:
    """Score calibrated predictions of a split with each context, as `predict` would make them.

    Parameters
    ----------
    model : AugmentedModel
    part : Split
        Windows in the order of each night.
    description : Description
        With temperatures and prior.

    Returns
    -------
    dict
        See `sleepaug.staging.reliability.brief_scores`; empty for a split without windows.
    """
    if not len(part):
        return {}
    logits, y = (v.cpu().numpy() for v in (log_probabilities(model, part.x), part.y))
    return {
        name: brief_scores(
            y,
            by_night(
                softened(logits, temperature),
                context=name,
                night=part.group,
                prior=description.prior,
            ),
        )
        for name, temperature in description.temperature.items()
    }


def drops_channels(learned: Learned) -> bool:
    """Tell whether a training with this augmentation taught the model to do without channels.

    Parameters
    ----------
    learned : Learned

    Examples
    --------
    >>> drops_channels(Learned())
    False
    """
    steps = [step for subpolicy in learned.policy or () for step in subpolicy]
    if any(name == "channels_dropout" and p > 0 and mu > 0 for name, p, mu in steps):
        return True
    entries = [entry for layer in learned.layers or () for entry in layer]
    return any(
        e.transform == "channels_dropout" and e.weight > 0.1 and e.magnitude > 0.05 for e in entries
    )
