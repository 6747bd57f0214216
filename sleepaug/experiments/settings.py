"""The settings of a run: a task, a method, how to train; read from YAML and pairs, and checked."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import plain, put
from sleepaug.support.settings import Range, did_you_mean, fill, keys_of
from sleepaug.support.yaml import read_yaml
from sleepaug.training.finetuning import taken_from_model
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS
from sleepaug.training.methods.given import NoAugmentation
from sleepaug.training.methods.search import Method
from sleepaug.training.precision import Precision, precision_problems
from sleepaug.training.tasks import TASKS
from sleepaug.training.tasks.sleep import Sleep
from sleepaug.training.tasks.task import TaskSettings

Section = TypeVar("Section")


@dataclass(frozen=True)
class Run:
    """What may differ between runs of one experiment.

    Attributes
    ----------
    fold : int or "all"
        The part of the subjects that is tested; "all" runs every fold and pools the counts.
    seed : int or str
        Random seed, also of tasks whose data are drawn; "0-9" runs each of these seeds and pools
        the counts.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" takes a GPU where torch finds one.
    precision : {"float32", "tf32", "bf16"}
        Of products: full; on a GPU, all rounded to TF32; or those of the network in bfloat16, where
        torch's autocast takes it. Weights stay in float32.
    variants : list of dict
        Settings to be compared: for each variant a name and the settings it changes. With several
        such tables every combination is run:
        ``[{small: {task.neurons: 1}, large: {task.neurons: 9}}, {...}]``.
    keep_best : bool
        Keep the model of the variant with the best validation balanced accuracy as the result.

    Examples
    --------
    >>> Run(seed="3-5").seeds
    [3, 4, 5]
    """

    fold: Annotated[int, Range(low=0)] | Literal["all"] = 0
    seed: Annotated[int, Range(low=0)] | str = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Precision = "float32"
    variants: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    keep_best: bool = False

    def problems(self) -> list[str]:
        """List what is wrong with the settings, for `settings.check`."""
        if isinstance(self.seed, int) or self.seeds:
            return []
        return [f"seed: expected a whole number, or two such as 0-9, got {self.seed!r}."]

    @property
    def seeds(self) -> list[int]:
        """The seeds that a range such as "0-9" names; none if `seed` is a number."""
        bounds = re.fullmatch(r"(\d+)-(\d+)", str(self.seed))
        return list(range(int(bounds[1]), int(bounds[2]) + 1)) if bounds else []


@dataclass(frozen=True)
class Config:
    """All settings of a run; each section is a dataclass of its own.

    Attributes
    ----------
    task : TaskSettings
        One of `TASKS`.
    preprocessing : Preprocessing or None
        None for a task without recordings.
    method : Method
        One of `METHODS`.
    training : Training
    run : Run

    Examples
    --------
    >>> Config().method.name
    'none'
    """

    task: TaskSettings = field(default_factory=Sleep)
    preprocessing: Preprocessing | None = field(default_factory=Preprocessing)
    method: Method = field(default_factory=NoAugmentation)
    training: Training = field(default_factory=Training)
    run: Run = field(default_factory=Run)


def load_config(path: Path | None, settings: Iterable[tuple[str, Any]] = ()) -> Config:
    """Read settings from a YAML file and (key path, value) pairs, and check them together.

    Parameters
    ----------
    path : Path or None
        The YAML file; None for the defaults.
    settings : iterable of (str, object)
        What is changed, such as ``("training.epochs", 20)``.

    Raises
    ------
    ConfigError
        Naming every problem, with its key path.

    Examples
    --------
    >>> load_config(None, [("training.epochs", 20)]).training.epochs
    20
    """
    config = config_from(
        read_yaml(path) if path else {}, settings, f"{path}" if path else "settings"
    )
    members(config)  # a mistake in a variant is found now, not after hours
    return config


def config_from(values: dict[str, Any], settings: Iterable[tuple[str, Any]], source: str) -> Config:
    """Make settings from plain values, changed by (key path, value) pairs.

    Parameters
    ----------
    values : dict
        Sections by name, as a YAML file holds them; not changed.
    settings : iterable of (str, object)
    source : str
        Where the values are from, for messages.

    Raises
    ------
    ConfigError
        Naming every problem, with its key path.
    """
    values = copy.deepcopy({key: value for key, value in values.items() if value is not None})
    for section in ("task", "method"):
        if isinstance(values.get(section), str):
            values[section] = {"name": values[section]}
    pairs = [(_named_key(key, value), value) for key, value in settings]
    for key, value in sorted(pairs, key=lambda pair: not pair[0].endswith(".name")):
        section, _, rest = key.partition(".")
        if rest == "name" and values.get(section, {}).get("name") != value:
            values[section] = {}  # the options of another method do not apply
        put(values, key, value)
    if isinstance(task := values.get("task"), dict) and task.get("start_from"):
        values = taken_from_model(values)
    problems: list[str] = []
    config = _config(values, problems)
    if problems or config is None:
        count = f"{len(problems)} problem" + "s" * (len(problems) > 1)
        text = f"{source}: {count}\n" + "\n".join(f"  {line}" for line in problems)
        raise ConfigError(text, parameters=keys_of(problems))
    return config


def _named_key(key: str, value: Any) -> str:
    """Return the key that ``task=cifar10`` is short for; other keys stay."""
    short = key in ("task", "method") and isinstance(value, str)
    return f"{key}.name" if short else key


def _config(values: Mapping[str, Any], problems: list[str]) -> Config | None:
    """Fill every section; `problems` gets what is wrong, and then None is returned."""
    names = [f.name for f in fields(Config)]
    problems += [
        f"{key}: unknown section. {did_you_mean(key, names)}" for key in values if key not in names
    ]
    task = _named("task", values, TASKS, "sleep", problems)
    method = _named("method", values, METHODS, "none", problems)
    preprocessing = _section("preprocessing", Preprocessing, values, problems)
    training = _section("training", Training, values, problems)
    run = _section("run", Run, values, problems)
    if not (task and method and preprocessing and training and run):
        return None
    config = Config(task, preprocessing, method, training, run)
    problems += [f"run.{p}" for p in precision_problems(config.run.precision, [config.method])]
    if config.task.name != Sleep.name:
        problems += _without_recordings(config, values)
        config = replace(config, preprocessing=None)
    return config


def _without_recordings(config: Config, values: Mapping[str, Any]) -> list[str]:
    """List problems of settings that only recordings have."""
    problems = []
    if values.get("preprocessing"):
        problems.append(
            f"preprocessing: task '{config.task.name}' has no recordings. Leave it out."
        )
    if config.run.fold != 0:
        problems.append(f"run.fold: task '{config.task.name}' has no folds. Leave it out.")
    return problems


def _section(
    name: str, kind: type[Section], values: Mapping[str, Any], problems: list[str]
) -> Section | None:
    return fill(kind, values.get(name) or {}, name, problems)


def _named(
    section: str,
    values: Mapping[str, Any],
    known: Mapping[str, type[Section]],
    default: str,
    problems: list[str],
) -> Section | None:
    """Fill the dataclass that `section.name` names with the rest of the section."""
    options = values.get(section) or {}
    if isinstance(options, str):  # as a variant may write it
        options = {"name": options}
    if not isinstance(options, Mapping):
        problems.append(f"{section}: expected keys and values, got {options!r}.")
        return None
    name = options.get("name", default)
    if name not in known:
        problems.append(f"{section}.name: unknown {section} '{name}'. {did_you_mean(name, known)}")
        return None
    rest = {key: value for key, value in options.items() if key != "name"}
    return fill(known[name], rest, section, problems)


def members(config: Config) -> dict[str, Config]:
    """List the runs that several variants, seeds or folds stand for.

    Returns
    -------
    dict of Config
        By the name of the folder that each is kept in; empty for a single run.

    Raises
    ------
    ConfigError
        A variant's settings are wrong.

    Examples
    --------
    >>> list(members(Config(run=Run(seed="3-4"))))
    ['seed-3', 'seed-4']
    """
    run = config.run
    if run.variants:
        values = plain(replace(config, run=replace(run, variants=[])))
        variants = {}
        for names in itertools.product(*run.variants):
            settings = [
                pair for i, name in enumerate(names) for pair in run.variants[i][name].items()
            ]
            variants["-".join(names)] = config_from(
                values, settings, f"run.variants {'-'.join(names)}"
            )
        return variants
    if run.seeds:
        return {f"seed-{k}": replace(config, run=replace(run, seed=k)) for k in run.seeds}
    if run.fold == "all":
        folds = range(config.task.n_folds)
        return {f"fold-{k}": replace(config, run=replace(run, fold=k)) for k in folds}
    return {}
