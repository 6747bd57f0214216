"""A single run: its search, its training, its scores, and the files they are kept in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sleepaug.augment import AugmentedModel
from sleepaug.augment.invariance import median_invariance
from sleepaug.experiments.description import description_of, learned_by, scores_by_context
from sleepaug.experiments.metrics import Metrics
from sleepaug.experiments.settings import Config
from sleepaug.models.files import save_model
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import make_folder, write_json
from sleepaug.training.clock import Clock
from sleepaug.training.events import write_scores
from sleepaug.training.fit import Fit
from sleepaug.training.methods.search import Search
from sleepaug.training.runs import RunFolder, advance
from sleepaug.training.scoring import scores_by_group
from sleepaug.training.tasks.task import TaskData

Tell = Callable[[dict[str, Any]], None]
INVARIANCE_EXAMPLES = 200  # of the test split, evenly spaced: enough for a median


def search_and_train(
    config: Config,
    folder: RunFolder,
    loaded: TaskData,
    search: Search,
    clock: Clock,
    tell: Tell,
) -> Metrics:
    """Search, train with what was found, score the best model, and write all of it.

    Parameters
    ----------
    config : Config
    folder : RunFolder
        Gets `splits.json`, `nights.json`, `policy.json`, `model.safetensors`, rows and checkpoints.
    loaded : TaskData
    search : Search
    clock : Clock
        Is charged for pretraining, search and training.
    tell : callable
        Is called with each row.

    Returns
    -------
    Metrics
        What `metrics.json` will hold.

    Raises
    ------
    ConfigError
        The search or the training diverged.
    """
    write_json(folder / "splits.json", loaded.parts)
    write_json(folder / "nights.json", loaded.nights)
    finish_search(search, folder, clock, tell)
    fit = Fit(
        loaded.task,
        search.augmentation(),
        config.training,
        regularization=search.regularization,
        seed=int(config.run.seed),
    )
    advance(fit, folder, clock, tell=tell)
    if not fit.best_state:
        raise ConfigError(
            f"{folder.path}: training diverged in its first epoch. Lower training.learning_rate "
            f"({config.training.learning_rate:g})."
        )
    model = fit.best_model()
    metrics = score(fit, model, loaded)
    learned = learned_by(config, loaded, model)
    description = description_of(config, loaded, model, learned, metrics)
    if description.context:
        metrics = replace(metrics, context=description.context)
        for part, split in (("valid", loaded.task.valid), ("test", loaded.test)):
            metrics.splits[part]["contexts"] = scores_by_context(model, split, description)
    save_model(folder / "model.safetensors", model, description)
    write_json(folder / "policy.json", learned.to_json())
    if folder.tensorboard:
        write_scores(folder.path, metrics.splits, fit.best_step)
    return metrics


def finish_search(search: Search, folder: RunFolder, clock: Clock, tell: Tell) -> None:
    """Run a search to its end, after the pretraining it needs; each in a folder of its own.

    Raises
    ------
    ConfigError
        It diverged.
    """
    for account, process in (("pretrain", search.pretraining), ("search", search)):
        if process is None or process.done:
            continue
        inner = folder.inside(account)
        make_folder(inner.path)
        try:
            advance(process, inner, clock, account, tell)
        except FloatingPointError as error:
            raise ConfigError(f"{folder.path}: {error}. Lower the method's rate.") from error


def score(fit: Fit, model: AugmentedModel, loaded: TaskData) -> Metrics:
    """Score the validation and test split, and measure the invariances that are known.

    Parameters
    ----------
    fit : Fit
        The training that ended.
    model : AugmentedModel
        Its best model.
    loaded : TaskData

    Returns
    -------
    Metrics
        With the invariance to each transform of `loaded.known`.
    """
    task, test = loaded.task, loaded.test
    parts = {"valid": task.valid, "test": test}
    splits = {name: scores_by_group(model, part, task.classes) for name, part in parts.items()}
    known = loaded.known if len(test) > 1 else {}
    examples = test.x[:: max(1, -(-len(test) // INVARIANCE_EXAMPLES))]
    invariance = {
        name: median_invariance(model, examples, task.transforms[name], amount)
        for name, amount in known.items()
    }
    return Metrics(splits, fit.status, fit.n_steps, fit.best_step, invariance)
