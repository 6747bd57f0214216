"""One run, from its settings to its results: data, method, training, scores, model file."""

from __future__ import annotations

import copy
import itertools
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from sleepaug import __version__
from sleepaug.config import (
    ConfigError,
    Range,
    did_you_mean,
    differences,
    fill,
    parse_yaml,
    plain,
    put,
    read_yaml,
)
from sleepaug.data.windows import Preprocessing
from sleepaug.finetuning import taken_from_model
from sleepaug.invariance import median_invariance
from sleepaug.learned import as_data
from sleepaug.methods import METHODS, Search
from sleepaug.methods.given import Nothing
from sleepaug.metrics import pooled
from sleepaug.model_files import save_model
from sleepaug.runs import Clock, RunFolder, advance, make_folder, pick_device, write_json
from sleepaug.staging import for_prediction
from sleepaug.tasks import TASKS, Loaded
from sleepaug.tasks.sleep import Sleep
from sleepaug.training import Fit, Training, scores_by_group

log = logging.getLogger(__name__)
INVARIANCE_EXAMPLES = 200  # of the test split, evenly spaced: enough for a median


@dataclass(frozen=True)
class Run:
    """What may differ between runs of one experiment.

    Attributes
    ----------
    fold : int or "all"
        Which test part; "all" runs every fold and pools the counts.
    seed : int or str
        Of initial weights, order of windows and draws, and of data that are drawn; "0-9" runs each
        of these seeds and pools the counts.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" takes a GPU where torch finds one.
    variants : list of dict
        Settings to be compared: a name, and what is set then. Of several such tables every
        combination is run: ``[{small: {task.neurons: 1}, large: {task.neurons: 9}}, {...}]``.
    keep_best : bool
        Of the variants, keep the one with the best validation balanced accuracy as the result.
    """

    fold: Annotated[int, Range(low=0)] | Literal["all"] = 0
    seed: Annotated[int, Range(low=0)] | str = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    variants: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    keep_best: bool = False

    def problems(self) -> list[str]:
        if isinstance(self.seed, int) or self.seeds:
            return []
        return [f"seed: expected a whole number, or two such as 0-9, got {self.seed!r}."]

    @property
    def seeds(self) -> list[int]:
        """The seeds that "0-9" means; none where it is a number."""
        found = re.fullmatch(r"(\d+)-(\d+)", str(self.seed))
        return list(range(int(found[1]), int(found[2]) + 1)) if found else []


@dataclass(frozen=True)
class Config:
    """All settings of a run; each section is a dataclass of its own."""

    task: Any = field(default_factory=Sleep)
    preprocessing: Preprocessing | None = field(default_factory=Preprocessing)
    method: Any = field(default_factory=Nothing)
    training: Training = field(default_factory=Training)
    run: Run = field(default_factory=Run)


def load_config(path: Path | None, settings: Iterable[tuple[str, Any]] = ()) -> Config:
    """Settings from a YAML file and (key path, value) pairs, checked together.

    Raises
    ------
    ConfigError
        Naming every problem, with its key path.
    """
    config = config_from(
        read_yaml(path) if path else {}, settings, f"{path}" if path else "settings"
    )
    members(config)  # so that a mistake in a variant is found now, not after hours
    return config


def config_from(values: dict[str, Any], settings: Iterable[tuple[str, Any]], source: str) -> Config:
    """Settings from plain values, changed by (key path, value) pairs; `source` is for messages."""
    for section in ("task", "method"):
        if isinstance(values.get(section), str):
            values[section] = {"name": values[section]}
    for key, value in settings:
        section, _, rest = key.partition(".")
        if rest == "name" and values.get(section, {}).get("name") != value:
            values[section] = {}  # options of another method mean nothing to this one
        put(values, key, value)
    if isinstance(task := values.get("task"), dict) and task.get("start_from"):
        values = taken_from_model(values)
    problems: list[str] = []
    config = _config(values, problems)
    if problems:
        count = f"{len(problems)} problem" + "s" * (len(problems) > 1)
        raise ConfigError(f"{source}: {count}\n" + "\n".join(f"  {line}" for line in problems))
    return config


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


def parse_setting(text: str) -> tuple[str, Any]:
    """`key.path=value` as a pair; the value is read as YAML."""
    from ruamel.yaml.error import YAMLError

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text}: expected key=value, such as training.epochs=20.")
    try:
        return key.strip(), parse_yaml(value)
    except YAMLError as error:
        raise ConfigError(f"--set {text}: the value is not valid YAML.\n{error}") from error


def _config(values: Mapping[str, Any], problems: list[str]) -> Any:
    names = [f.name for f in fields(Config)]
    problems += [
        f"{key}: unknown section. {did_you_mean(key, names)}" for key in values if key not in names
    ]
    tasks = {name: TASKS[name]() for name in TASKS}
    parts = {
        "task": _named("task", values, tasks, "sleep", problems),
        "method": _named("method", values, METHODS, "none", problems),
    }
    for name, cls in (("preprocessing", Preprocessing), ("training", Training), ("run", Run)):
        parts[name] = fill(cls, values.get(name) or {}, name, problems)
    if problems:
        return None
    config = Config(**parts)
    if config.task.name != Sleep.name:
        problems += _without_recordings(config, values)
        config = replace(config, preprocessing=None)
    return config


def _without_recordings(config: Config, values: Mapping[str, Any]) -> list[str]:
    """Problems of settings that only recordings have."""
    found = []
    if values.get("preprocessing"):
        found.append(f"preprocessing: task '{config.task.name}' has no recordings. Leave it out.")
    if config.run.fold != 0:
        found.append(f"run.fold: task '{config.task.name}' has no folds. Leave it out.")
    return found


def members(config: Config) -> dict[str, Config]:
    """The runs that several variants, seeds or folds stand for, by the folder each is kept in.

    Raises
    ------
    ConfigError
        A variant's settings are wrong.
    """
    run = config.run
    if run.variants:
        values = plain(replace(config, run=replace(run, variants=[])))
        found = {}
        for names in itertools.product(*run.variants):
            settings = [
                pair for i, name in enumerate(names) for pair in run.variants[i][name].items()
            ]
            found["-".join(names)] = config_from(
                copy.deepcopy(values), settings, f"run.variants {'-'.join(names)}"
            )
        return found
    if run.seeds:
        return {f"seed-{k}": replace(config, run=replace(run, seed=k)) for k in run.seeds}
    if run.fold == "all":
        folds = range(config.task.n_folds)
        return {f"fold-{k}": replace(config, run=replace(run, fold=k)) for k in folds}
    return {}


def _named(
    section: str, values: Mapping[str, Any], known: Mapping[str, Any], default: str, problems: list
) -> Any:
    """The dataclass that `section.name` names, filled with the rest of the section."""
    given = values.get(section) or {}
    if isinstance(given, str):  # as a variant may write it
        given = {"name": given}
    if not isinstance(given, Mapping):
        problems.append(f"{section}: expected keys and values, got {given!r}.")
        return None
    name = given.get("name", default)
    if name not in known:
        problems.append(f"{section}.name: unknown {section} '{name}'. {did_you_mean(name, known)}")
        return None
    rest = {key: value for key, value in given.items() if key != "name"}
    return fill(known[name], rest, section, problems)


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
            return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
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
    loaded: Loaded,
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
    description = {
        **loaded.description,
        "sleepaug": __version__,
        "classes": list(task.classes),
        "preprocessing": plain(config.preprocessing),
        "method": config.method.name,
        "augmentation": plain(config.method) if model.augment.at_inference else None,
        "copies_eval": config.training.copies_eval,
        "scores": {p: metrics[p]["balanced_accuracy"] for p in ("valid", "test")},
    }
    learned = as_data(model.augment)
    if config.preprocessing is not None:
        description = {**for_prediction(model, task, config.training, learned), **description}
    save_model(folder / "model.safetensors", model, description)
    told = {k: description[k] for k in ("method", "channels", "sfreq") if k in description}
    write_json(folder / "policy.json", {**told, **learned})
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
