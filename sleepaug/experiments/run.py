"""One run or many, from settings to results: train each, pool their counts, keep the best."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sleepaug.experiments.metrics import Metrics, pooled
from sleepaug.experiments.settings import Config, members
from sleepaug.experiments.single import search_and_train
from sleepaug.support.files import free_folder
from sleepaug.support.plain import differences, plain
from sleepaug.training.clock import Clock
from sleepaug.training.events import require_tensorboard, write_events
from sleepaug.training.machine import pick_device
from sleepaug.training.precision import check_precision, computing_in
from sleepaug.training.runs import RunFolder

log = logging.getLogger(__name__)


def default_output(config: Config) -> Path:
    """Choose the folder of a run that was given none: under `runs/`, named after its settings.

    Returns
    -------
    Path
        The folder of an unfinished run with the same settings, which then goes on; otherwise one
        that does not exist yet.
    """
    run, wanted = config.run, json.loads(json.dumps(plain(config)))
    base = Path("runs") / f"{config.task.label}-{config.method.name}-fold{run.fold}-seed{run.seed}"

    def continues(path: Path) -> bool:
        folder = RunFolder(path)
        if not folder.started or folder.finished:
            return False
        return not differences(folder.config(), wanted)

    return free_folder(base, continues)


@dataclass(frozen=True)
class RunOptions:
    """How runs are carried out; nothing here changes their results.

    Attributes
    ----------
    overwrite : bool
        Replace the run that is in the folder.
    cache_dir : Path, optional
        Where prepared nights are kept.
    tensorboard : bool
        Write event files for TensorBoard beside the rows.
    progress : bool
        Show progress bars on a terminal while nights are prepared.
    tell : callable
        Is called with the row of each epoch, or of each step of a search.

    Examples
    --------
    >>> RunOptions(overwrite=True).progress
    False
    """

    overwrite: bool = False
    cache_dir: Path | None = None
    tensorboard: bool = False
    progress: bool = False
    tell: Callable[[dict[str, Any]], None] = lambda row: None


def train(config: Config, output: Path, options: RunOptions = RunOptions()) -> Metrics:
    """Run an experiment, or go on where it was stopped.

    Nothing is written before the data of the first run are loaded.

    Parameters
    ----------
    config : Config
        Settings of one run, or of several variants, seeds or folds.
    output : Path
        The run folder; each of several runs has a folder inside it.
    options : RunOptions

    Returns
    -------
    Metrics
        What `metrics.json` holds.

    Raises
    ------
    ConfigError
        The folder holds another run, training diverged, or TensorBoard is not installed.
    RecordingError
        A recording cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from sleepaug.experiments.settings import load_config
    >>> settings = {"task.name": "sinusoids", "training.epochs": 1}
    >>> config = load_config(None, settings.items())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     metrics = train(config, Path(folder) / "run")
    >>> metrics.test["n_windows"]
    200
    """
    if options.tensorboard:
        require_tensorboard()
    folder = RunFolder(output, tensorboard=options.tensorboard)
    return _run(config, folder, options, begin=lambda: None)


def _run(
    config: Config, folder: RunFolder, options: RunOptions, begin: Callable[[], None]
) -> Metrics:
    """Do what a config stands for; `begin` makes the folders around this one."""
    device = pick_device(config.run.device)
    check_precision(config.run.precision, device)
    if not options.overwrite:
        folder.check(config)
        if folder.finished:
            but = " but to write event files from its rows" if folder.tensorboard else ""
            log.info("%s: finished before, nothing to do%s", folder.path, but)
            if folder.tensorboard:
                write_events(folder.path)
            return Metrics.read(folder / "metrics.json")

    def begin_here() -> None:
        begin()
        folder.start(config, device, overwrite=options.overwrite)

    carry_out = run_members if members(config) else run_one
    metrics = carry_out(config, folder, options, begin_here)
    metrics.write(folder / "metrics.json")
    return metrics


def run_members(
    config: Config, folder: RunFolder, options: RunOptions, begin: Callable[[], None]
) -> Metrics:
    """Run each variant, seed or fold in a folder of its own, and put their scores together.

    Parameters
    ----------
    config : Config
    folder : RunFolder
    options : RunOptions
    begin : callable
        Makes the folder; is called once the data of the first run are loaded.

    Returns
    -------
    Metrics
        What `metrics.json` will hold.
    """
    each = {}
    for name, member in members(config).items():
        log.info("%s", folder / name)
        each[name] = _run(member, folder.inside(name), options, begin)
        begin = _nothing  # the folder exists now, and must not be replaced again
    if not config.run.variants:
        return pooled(list(each.values()), "seeds" if config.run.seeds else "folds")
    return keep_best(folder, each) if config.run.keep_best else Metrics(variants=each)


def _nothing() -> None:
    pass


def keep_best(folder: RunFolder, each: dict[str, Metrics]) -> Metrics:
    """Copy the model of the variant with the best validation score; return its results."""
    best = max(each, key=lambda name: each[name].valid["balanced_accuracy"] or 0.0)
    for name in ("model.safetensors", "policy.json"):
        if (folder / best / name).is_file():  # a variant of several folds or seeds has none
            shutil.copyfile(folder / best / name, folder / name)
    return replace(each[best], variants=each, best=best)


def run_one(
    config: Config, folder: RunFolder, options: RunOptions, begin: Callable[[], None]
) -> Metrics:
    """Load the data of a single run, search, train and score.

    Parameters
    ----------
    config : Config
        Of one fold and one seed, without variants.
    folder : RunFolder
    options : RunOptions
    begin : callable
        Makes the folder; is called once the data are loaded.

    Returns
    -------
    Metrics
        What `metrics.json` will hold.
    """
    device, seed = pick_device(config.run.device), int(config.run.seed)
    loaded = config.task.load(
        config.preprocessing,
        fold=int(config.run.fold),
        seed=seed,
        device=device,
        cache_dir=options.cache_dir,
        progress=options.progress,
    )
    with computing_in(config.run.precision, loaded) as loaded:
        search = config.method.search(
            loaded.task, config.training, seed=seed, fold=int(config.run.fold)
        )
        begin()
        for note in [*summary_of_nights(loaded.nights), *loaded.notes]:
            log.info("%s", note)
        return search_and_train(config, folder, loaded, search, Clock(device), options.tell)


def summary_of_nights(nights: Mapping[str, Iterable[str]]) -> list[str]:
    """Write a line for each different note, with the number of nights it is about.

    Examples
    --------
    >>> summary_of_nights({"a": ["Resampled from 256 Hz"], "b": ["Resampled from 256 Hz"]})
    ['Resampled from 256 Hz (2 of 2 nights)']
    """
    counts: dict[str, int] = {}
    for notes in nights.values():
        for note in notes:
            counts[note] = counts.get(note, 0) + 1
    of_one_night = ("Dropped", "Scoring")  # such notes name what is in one night only
    shared = {note: n for note, n in counts.items() if not note.startswith(of_one_night)}
    lines = [f"{note} ({n} of {len(nights)} nights)" for note, n in shared.items()]
    if len(counts) > len(shared):
        lines.append("Which scoring was read and what was dropped, night by night: nights.json.")
    return lines
