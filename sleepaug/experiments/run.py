"""One run, from its settings to its results: data, method, training, scores, model file."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sleepaug import __version__
from sleepaug.augment import AugmentedModel
from sleepaug.augment.invariance import median_invariance
from sleepaug.augment.learned import Learned
from sleepaug.augment.model import log_probabilities
from sleepaug.data.stages import STAGES
from sleepaug.experiments.settings import Config, members
from sleepaug.models.files import save_model
from sleepaug.staging.calibration import calibration
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import make_folder, read_json, write_json
from sleepaug.support.settings import differences, plain
from sleepaug.training.fit import Fit, scores_by_group
from sleepaug.training.methods.search import Search
from sleepaug.training.metrics import pooled
from sleepaug.training.runs import Clock, RunFolder, advance, pick_device
from sleepaug.training.tasks.task import TaskData

if TYPE_CHECKING:
    from sleepaug.training.fit import Training
    from sleepaug.training.tasks.task import Task

log = logging.getLogger(__name__)
INVARIANCE_EXAMPLES = 200  # of the test split, evenly spaced: enough for a median


def default_output(config: Config) -> Path:
    """Where a run goes that was given no folder: one under `runs/`, named after its settings.

    A run of the same settings that is not finished is taken up; otherwise the folder is new.
    """
    run, wanted = config.run, json.loads(json.dumps(plain(config)))
    data = getattr(config.task, "data", config.task.name)
    base = Path("runs") / f"{data}-{config.method.name}-fold{run.fold}-seed{run.seed}"
    n = 1
    while (candidate := base if n == 1 else base.with_name(f"{base.name}-{n}")).exists():
        folder = RunFolder(candidate)
        if folder.started and not folder.finished and not differences(folder.config(), wanted):
            break
        n += 1
    return candidate


def train(
    config: Config,
    output: Path,
    *,
    overwrite: bool = False,
    cache_dir: Path | None = None,
    progress: bool = False,
    tell: Callable[[dict[str, Any]], None] = lambda row: None,
) -> dict[str, Any]:
    """Run an experiment, or take it up where it was stopped.

    Parameters
    ----------
    config : Config
    output : Path
        The run folder.
    overwrite : bool
        Replace the run that is in the folder.
    cache_dir : Path, optional
        Where prepared nights are kept.
    progress : bool
        Show progress bars on a terminal.
    tell : callable
        Is given the row of each epoch.

    Returns
    -------
    dict
        What `metrics.json` holds: scores of `valid` and `test`.
    """
    folder = RunFolder(output)
    device = pick_device(config.run.device)
    if not overwrite:
        folder.check(config)
        if folder.finished:
            log.info("%s: finished before, nothing to do", folder.path)
            return read_json(folder / "metrics.json")
    runs = members(config)
    first = config
    while inner := members(first):
        first = next(iter(inner.values()))
    loaded = first.task.load(  # before anything is written: data may be missing
        first.preprocessing,
        fold=int(first.run.fold),
        seed=int(first.run.seed),
        device=device,
        cache_dir=cache_dir,
        progress=progress,
    )
    search = first.method.search(loaded.task, first.training, seed=int(first.run.seed))
    folder.start(config, device, overwrite=overwrite)
    for note in [*summary_of_nights(loaded.nights), *loaded.notes]:
        log.info("%s", note)
    if runs:
        del loaded, search
        each = {}
        for name, one in runs.items():
            log.info("%s", folder / name)
            each[name] = train(
                one, folder / name, cache_dir=cache_dir, progress=progress, tell=tell
            )
        what = "variants" if config.run.variants else "seeds" if config.run.seeds else "folds"
        metrics = {what: each} if config.run.variants else pooled(list(each.values()), what)
        if config.run.variants and config.run.keep_best:
            metrics |= _best(folder, each)
    else:
        metrics = _one_fold(config, folder, loaded, search, Clock(device), tell)
    write_json(folder / "metrics.json", metrics)
    return metrics


def _best(folder: RunFolder, each: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Scores of the variant that validates best; its model becomes that of the folder."""
    best = max(each, key=lambda name: each[name]["valid"]["balanced_accuracy"])
    for name in ("model.safetensors", "policy.json"):
        if (folder / best / name).is_file():  # not where each variant is several folds
            shutil.copyfile(folder / best / name, folder / name)
    return {"best": best, **each[best]}


def _one_fold(
    config: Config,
    folder: RunFolder,
    loaded: TaskData,
    search: Search,
    clock: Clock,
    tell: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    write_json(folder / "splits.json", loaded.parts)
    write_json(folder / "nights.json", loaded.nights)
    task = loaded.task
    finish_search(search, folder, clock, tell)
    fit = Fit(
        task,
        search.augmentation(),
        config.training,
        regularization=search.regularization,
        seed=int(config.run.seed),
    )
    advance(fit, folder, clock, tell=tell)
    if not fit.best_state:
        raise ConfigError(f"{folder.path}: training diverged in its first epoch. Lower the rate.")
    model = fit.best_model()
    metrics: dict[str, Any] = {
        "status": fit.status,
        "epochs": fit.n_steps,
        "best_epoch": fit.best_step,
        **{
            part: scores_by_group(model, data, task.classes)
            for part, data in (("valid", task.valid), ("test", loaded.test))
        },
    }
    if loaded.known and len(loaded.test) > 1:
        some = loaded.test.x[:: -(-len(loaded.test) // INVARIANCE_EXAMPLES)]
        metrics["invariance"] = {
            name: median_invariance(model, some, task.transforms[name], amount)
            for name, amount in loaded.known.items()
        }
    description = replace(
        loaded.description,
        sleepaug=__version__,
        classes=task.classes,
        method=config.method.name,
        augmentation=plain(config.method) if model.augment.at_inference else None,
        copies_eval=config.training.copies_eval,
        scores={part: metrics[part]["balanced_accuracy"] for part in ("valid", "test")},
    )
    learned = Learned.of(model.augment, method=description.method)
    if config.preprocessing is not None:
        description = replace(
            description,
            preprocessing=config.preprocessing,
            **for_prediction(model, task, config.training),
            missing_channels="zero" if drops_channels(learned) else description.missing_channels,
        )
        learned = replace(
            learned,
            channels=description.channels,
            sfreq=description.sfreq,
            normalize=config.preprocessing.normalize,
        )
    save_model(folder / "model.safetensors", model, description)
    write_json(folder / "policy.json", learned.to_json())
    return metrics


def finish_search(
    search: Search, folder: RunFolder, clock: Clock, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Run a search to its end, after the pretraining it needs; each in a folder of its own."""
    for account, process in (("pretrain", search.pretraining), ("search", search)):
        if process is None or process.done:
            continue
        inner = RunFolder(folder / account)
        make_folder(inner.path)
        try:
            advance(process, inner, clock, account, tell)
        except FloatingPointError as error:
            raise ConfigError(f"{folder.path}: {error}. Lower the method's rate.") from error


def summary_of_nights(nights: Mapping[str, Iterable[str]]) -> list[str]:
    """One line for each different note, with the number of nights it is about."""
    counts: dict[str, int] = {}
    for notes in nights.values():
        for note in notes:
            counts[note] = counts.get(note, 0) + 1
    own = ("Dropped", "Scoring")  # each night has these of its own
    numbered = {note: n for note, n in counts.items() if not note.startswith(own)}
    lines = [f"{note} ({n} of {len(nights)} nights)" for note, n in numbered.items()]
    if len(counts) > len(numbered):
        lines.append("Which scoring was read and what was dropped, night by night: nights.json.")
    return lines


def for_prediction(model: AugmentedModel, task: Task, training: Training) -> dict[str, Any]:
    """Fit what makes the probabilities of a trained model right.

    Parameters
    ----------
    model : AugmentedModel
    task : Task
        Its validation nights are what the temperatures are fitted to.
    training : Training

    Returns
    -------
    dict
        `temperature` and `prior` of the model's description; see `calibration`.
    """
    prior = None
    if training.class_weights == "none":
        counts = np.bincount(task.train.y.cpu().numpy(), minlength=len(STAGES)) + 1
        prior = (counts / counts.sum()).tolist()
    found = log_probabilities(model, task.valid.x).cpu().numpy()
    y, night = task.valid.y.cpu().numpy(), task.valid.group
    return calibration(found, y, night, prior)


def drops_channels(learned: Learned) -> bool:
    """Whether a training with this augmentation has taught the model to go without channels."""
    steps = [step for subpolicy in learned.policy or () for step in subpolicy]
    if any(name == "channels_dropout" and p > 0 and mu > 0 for name, p, mu in steps):
        return True
    entries = [entry for layer in learned.layers or () for entry in layer]
    return any(
        e.transform == "channels_dropout" and e.weight > 0.1 and e.magnitude > 0.05 for e in entries
    )
