"""What a run is: a task, a method, how to train; read from YAML and options, and checked."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Range, did_you_mean, fill, plain, put
from sleepaug.support.yaml import parse_yaml, read_yaml
from sleepaug.training.finetuning import taken_from_model
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS
from sleepaug.training.methods.given import NoAugmentation
from sleepaug.training.tasks import TASKS
from sleepaug.training.tasks.sleep import Sleep


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
    method: Any = field(default_factory=NoAugmentation)
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
    values = copy.deepcopy(values)  # those of the caller stay as they are
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
    parts = {
        "task": _named("task", values, TASKS, "sleep", problems),
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
                values, settings, f"run.variants {'-'.join(names)}"
            )
        return found
    if run.seeds:
        return {f"seed-{k}": replace(config, run=replace(run, seed=k)) for k in run.seeds}
    if run.fold == "all":
        folds = range(config.task.n_folds)
        return {f"fold-{k}": replace(config, run=replace(run, fold=k)) for k in folds}
    return {}
