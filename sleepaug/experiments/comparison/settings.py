"""What is compared, on what, for how long."""

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
from sleepaug.support.settings import Count, did_you_mean, fill, put
from sleepaug.support.yaml import read_yaml
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
FLOOR = "none"  # always compared: the floor, and the trunk that some searches start from


@dataclass(frozen=True)
class Compare:
    """How methods are compared.

    Attributes
    ----------
    budget : str
        Device time of a point: pretraining, search so far and that point's training; a number with
        s, m, h or d, such as 12h.
    folds : int
        The first so many folds of the task.
    seeds : int
        Seeds from 0; each is a lane of its own.
    points : {"thinned", "all"}
        Train with the policy so far after 1, 2, 4, 8, ... pauses of a search, or after each.
    reference : str
        The method that the others' differences are taken to.
    device : {"auto", "cpu", "cuda"}
        Where to compute; "auto" takes a GPU where torch finds one.
    """

    budget: str = "12h"
    folds: Count = 5
    seeds: Count = 1
    points: Literal["thinned", "all"] = "thinned"
    reference: str = FLOOR
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def problems(self) -> list[str]:
        if re.fullmatch(r"\d+(\.\d+)?[smhd]", self.budget) and self.seconds > 0:
            return []
        return [f"budget: expected a number above 0 with s, m, h or d, got {self.budget!r}."]

    @property
    def seconds(self) -> float:
        """The budget in seconds."""
        return float(self.budget[:-1]) * UNITS[self.budget[-1]]


@dataclass(frozen=True)
class Comparison:
    """All settings of a comparison; `methods` holds the settings of each by its name."""

    task: Any
    preprocessing: Preprocessing | None
    training: Training
    compare: Compare
    methods: dict[str, Any] = field(default_factory=dict)

    def jobs(self) -> list[Job]:
        """One for each method, fold and seed; of each fold and seed the floor comes first."""
        names = [FLOOR, *(name for name in self.methods if name != FLOOR)]
        return [
            Job(name, fold, seed)
            for seed in range(self.compare.seeds)
            for fold in range(self.compare.folds)
            for name in names
        ]

    def lanes_of(self, other: Comparison) -> Comparison:
        """This on the lanes of another comparison, which it equals if it goes on with that."""
        there = other.compare
        compare = replace(
            self.compare, folds=there.folds, seeds=there.seeds, reference=there.reference
        )
        return replace(self, compare=compare, methods={**other.methods, **self._among(other)})

    def joined(self, other: Comparison) -> Comparison:
        """This comparison with the folds, seeds and methods of another as well."""
        compare = replace(
            self.compare,
            folds=max(self.compare.folds, other.compare.folds),
            seeds=max(self.compare.seeds, other.compare.seeds),
        )
        return replace(self, compare=compare, methods={**other.methods, **self.methods})

    def _among(self, other: Comparison) -> dict[str, Any]:
        return {name: method for name, method in self.methods.items() if name in other.methods}


@dataclass(frozen=True)
class Job:
    """One method on one fold with one seed."""

    method: str
    fold: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.method}-fold{self.fold}-seed{self.seed}"


def load_comparison(
    path: Path | None,
    settings: Iterable[tuple[str, Any]] = (),
    methods: list[str] | None = None,
) -> Comparison:
    """Settings from a YAML file, (key path, value) pairs and names of methods, checked together.

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
    """Settings from plain values; see `load_comparison`."""
    values = copy.deepcopy(values)  # those of the caller stay as they are
    ours: dict[str, Any] = {
        "compare": values.pop("compare", None) or {},
        "methods": values.pop("methods", None) or {},
    }
    if isinstance(ours["methods"], list):
        ours["methods"] = {str(name): {} for name in ours["methods"]}
    wanted = methods or list(ours["methods"])  # before --set: an option does not choose a method
    rest = []
    for key, value in settings:
        section = key.partition(".")[0]
        if section in ours:
            put(ours, key, value)
        else:
            rest.append((key, value))
    problems = [
        f"{section}: a comparison has no such section. Use methods and compare."
        for section in ("method", "run")
        if section in values
    ]
    compare = fill(Compare, ours["compare"], "compare", problems)
    chosen = _methods(ours["methods"], wanted, problems)
    if compare and compare.reference not in {FLOOR, *chosen}:
        problems.append(
            f"compare.reference: '{compare.reference}' is not compared. "
            + did_you_mean(compare.reference, {FLOOR: 0, **chosen})
        )
    config = config_from({k: v for k, v in values.items() if k != "run"}, rest, source)
    n_folds = getattr(config.task, "n_folds", 1)
    if compare and compare.folds > n_folds:
        problems.append(f"compare.folds: the task has {n_folds} folds, got {compare.folds}.")
    if problems:
        raise ConfigError(f"{source}:\n" + "\n".join(f"  {line}" for line in problems))
    return Comparison(config.task, config.preprocessing, config.training, compare, chosen)


def _methods(given: dict[str, Any], wanted: list[str], problems: list[str]) -> dict[str, Any]:
    """Settings of the methods that are wanted: by default all for EEG."""
    names = wanted or [name for name in METHODS if name != "augerino"]
    found = {}
    for name in [FLOOR, *(name for name in names if name != FLOOR)]:
        if name in METHODS:
            options = {k: v for k, v in (given.get(name) or {}).items() if k != "name"}
            found[name] = fill(METHODS[name], options, f"methods.{name}", problems)
        else:
            problems.append(f"methods: unknown method '{name}'. {did_you_mean(name, METHODS)}")
    problems += [
        f"methods.{name}: unknown method. {did_you_mean(name, METHODS)}"
        for name in given
        if name not in METHODS and name not in names
    ]
    return found
