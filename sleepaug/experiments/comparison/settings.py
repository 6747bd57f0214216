"""The settings of a comparison: what is compared, on which recordings, for how long."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.experiments.settings import config_from
from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import put
from sleepaug.support.settings import Count, did_you_mean, fill, keys_of
from sleepaug.support.yaml import read_yaml
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS
from sleepaug.training.methods.search import Method
from sleepaug.training.precision import Precision, precision_problems
from sleepaug.training.runs import RunFolder
from sleepaug.training.tasks.task import TaskSettings

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
FLOOR = "none"  # always compared; some searches start from its network


@dataclass(frozen=True)
class Compare:
    """How methods are compared.

    Attributes
    ----------
    budget : str
        Device time of a trained model: pretraining, search so far and its own training; a number
        with s, m, h or d, such as 12h.
    folds : int
        How many folds of the task, from the first.
    seeds : int
        How many seeds for each fold, from 0.
    points : {"thinned", "all"}
        Train with the policy so far after 1, 2, 4, 8, ... pauses of a search, or after each.
    reference : str
        The method with which the others are compared.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" takes a GPU where torch finds one.
    precision : {"float32", "tf32", "bf16"}
        Of the networks' products; see `run`.

    Examples
    --------
    >>> Compare(budget="1.5m").seconds
    90.0
    """

    budget: str = "12h"
    folds: Count = 5
    seeds: Count = 1
    points: Literal["thinned", "all"] = "thinned"
    reference: str = FLOOR
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Precision = "float32"

    def problems(self) -> list[str]:
        """List what is wrong with the settings, for `settings.check`."""
        if re.fullmatch(r"\d+(\.\d+)?[smhd]", self.budget) and self.seconds > 0:
            return []
        return [f"budget: expected a number above 0 with s, m, h or d, got {self.budget!r}."]

    @property
    def seconds(self) -> float:
        """The budget in seconds."""
        return float(self.budget[:-1]) * UNITS[self.budget[-1]]


@dataclass(frozen=True)
class Comparison:
    """All settings of a comparison.

    Attributes
    ----------
    task : dataclass
        One of `TASKS` that has recordings.
    preprocessing : Preprocessing
    training : Training
        How every model is trained.
    compare : Compare
    methods : dict of dataclass
        The settings of each method, by its name in `METHODS`.

    Examples
    --------
    >>> comparison = comparison_of({"methods": ["augnet"], "compare": {"folds": 1}})
    >>> [job.name for job in comparison.jobs()]
    ['none-fold0-seed0', 'augnet-fold0-seed0']
    """

    task: TaskSettings
    preprocessing: Preprocessing | None
    training: Training
    compare: Compare
    methods: dict[str, Method] = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """List a job for each method, fold and seed; the floor comes first in each."""
        names = [FLOOR, *(name for name in self.methods if name != FLOOR)]
        return [
            Job(name, fold, seed)
            for seed in range(self.compare.seeds)
            for fold in range(self.compare.folds)
            for name in names
        ]

    def lanes_of(self, other: Comparison) -> Comparison:
        """Limit this comparison to the folds, seeds and methods of another.

        The result equals the other comparison if this one continues it.
        """
        compare = replace(
            self.compare,
            folds=other.compare.folds,
            seeds=other.compare.seeds,
            reference=other.compare.reference,
        )
        shared = {name: m for name, m in self.methods.items() if name in other.methods}
        return replace(self, compare=compare, methods={**other.methods, **shared})

    def joined(self, other: Comparison) -> Comparison:
        """Add the folds, seeds and methods of another comparison to this one."""
        compare = replace(
            self.compare,
            folds=max(self.compare.folds, other.compare.folds),
            seeds=max(self.compare.seeds, other.compare.seeds),
        )
        return replace(self, compare=compare, methods={**other.methods, **self.methods})


@dataclass(frozen=True)
class Job:
    """One method on one fold with one seed.

    Examples
    --------
    >>> Job("adda", fold=0, seed=1).name
    'adda-fold0-seed1'
    """

    method: str
    fold: int
    seed: int

    @property
    def name(self) -> str:
        """What the folder of its lane is called."""
        return f"{self.method}-fold{self.fold}-seed{self.seed}"


def load_comparison(
    path: Path | None,
    settings: Iterable[tuple[str, Any]] = (),
    methods: list[str] | None = None,
) -> Comparison:
    """Read settings from a YAML file, (key path, value) pairs and names of methods, and check them.

    Parameters
    ----------
    path : Path or None
        The YAML file; None for the defaults.
    settings : iterable of (str, object)
        What is changed, such as ``("compare.folds", 2)``.
    methods : list of str, optional
        What is compared; by default the methods of the file, or all for EEG.

    Raises
    ------
    ConfigError
        Naming every problem, with its key path.
    """
    return comparison_of(
        read_yaml(path) if path else {}, settings, methods, f"{path}" if path else "settings"
    )


def comparison_of(
    values: dict[str, Any],
    settings: Iterable[tuple[str, Any]] = (),
    methods: list[str] | None = None,
    source: str = "settings",
) -> Comparison:
    """Make settings from plain values, which are not changed; see `load_comparison`."""
    values = copy.deepcopy(values)
    sections: dict[str, Any] = {
        "compare": values.pop("compare", None) or {},
        "methods": values.pop("methods", None) or {},
    }
    if isinstance(sections["methods"], list):
        sections["methods"] = {str(name): {} for name in sections["methods"]}
    names = methods or list(sections["methods"])  # setting an option does not choose a method
    rest = []
    for key, value in settings:
        section = key.partition(".")[0]
        if section in sections:
            put(sections, key, value)
        else:
            rest.append((key, value))
    problems = [
        f"{section}: a comparison has no such section. Use methods and compare."
        for section in ("method", "run")
        if section in values
    ]
    compare = fill(Compare, sections["compare"], "compare", problems)
    chosen = _methods(sections["methods"], names, problems)
    if compare and compare.reference not in {FLOOR, *chosen}:
        problems.append(
            f"compare.reference: '{compare.reference}' is not compared. "
            + did_you_mean(compare.reference, {FLOOR: 0, **chosen})
        )
    if compare:
        unfit = precision_problems(compare.precision, filter(None, chosen.values()))
        problems += [f"compare.{problem}" for problem in unfit]
    config = config_from({k: v for k, v in values.items() if k != "run"}, rest, source)
    if config.preprocessing is None:
        problems.append(
            f"task.name: a comparison is made on recordings, which task '{config.task.name}' does "
            "not have. Use task sleep."
        )
    n_folds = config.task.n_folds
    if compare and compare.folds > n_folds:
        problems.append(f"compare.folds: the task has {n_folds} folds, got {compare.folds}.")
    if problems or compare is None:
        text = f"{source}:\n" + "\n".join(f"  {line}" for line in problems)
        raise ConfigError(text, parameters=keys_of(problems))
    return Comparison(config.task, config.preprocessing, config.training, compare, chosen)


def read_comparison(folder: Path) -> Comparison:
    """Read the settings of a comparison from its folder.

    Raises
    ------
    ConfigError
        It is no folder of a comparison, or of another version.
    """
    return comparison_of(RunFolder(folder).config())


def _methods(values: dict[str, Any], names: list[str], problems: list[str]) -> dict[str, Method]:
    """Fill the settings of the methods that are named, and of the floor; by default all for EEG."""
    names = names or [name for name in METHODS if name != "augerino"]
    methods: dict[str, Method] = {}
    for name in [FLOOR, *(name for name in names if name != FLOOR)]:
        if name in METHODS:
            options = {k: v for k, v in (values.get(name) or {}).items() if k != "name"}
            method = fill(METHODS[name], options, f"methods.{name}", problems)
            if method is not None:
                methods[name] = method
        else:
            problems.append(f"methods: unknown method '{name}'. {did_you_mean(name, METHODS)}")
    problems += [
        f"methods.{name}: unknown method. {did_you_mean(name, METHODS)}"
        for name in values
        if name not in METHODS and name not in names
    ]
    return methods
