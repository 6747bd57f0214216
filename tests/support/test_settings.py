"""Settings: every problem is found and has its key path, and good values arrive unchanged."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import differences, plain, put
from sleepaug.support.settings import (
    Count,
    Fraction,
    NotNegative,
    Positive,
    Range,
    check,
    did_you_mean,
    fill,
)
from sleepaug.support.yaml import parse_yaml, to_yaml


@dataclass(frozen=True)
class Inner:
    rate: Positive = 1.0


@dataclass(frozen=True)
class Outer:
    n: Count = 1
    share: Fraction = 0.5
    on: bool = True
    kind: Literal["a", "b"] = "a"
    where: Path | None = None
    fold: Count | Literal["all"] = "all"
    names: tuple[str, ...] = ()
    pair: tuple[float, float] = (0.0, 1.0)
    table: dict[str, int] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)


def problems_of(**values):
    problems = []
    made = fill(Outer, values, "outer", problems)
    assert (made is None) == bool(problems)
    return problems


def test_good_values_arrive_with_their_types():
    problems = []
    values = parse_yaml("{n: 2, share: 1, where: x/y, names: [p, q], pair: [1e-3, 2], fold: 3}")
    made = fill(Outer, values, "outer", problems)
    assert not problems
    assert (made.n, made.share, made.where, made.fold) == (2, 1.0, Path("x/y"), 3)
    assert made.names == ("p", "q")
    assert made.pair == (1e-3, 2.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n": 0}, "outer.n: expected a whole number above 0, got 0"),
        ({"n": "16x"}, "outer.n: expected a whole number above 0, got '16x'"),
        ({"n": 1.5}, "outer.n: expected a whole number above 0, got 1.5"),
        ({"n": True}, "outer.n: expected a whole number above 0, got True"),
        ({"share": 1.1}, "outer.share: expected a number from 0 to 1, got 1.1"),
        ({"share": float("nan")}, "outer.share: expected a number from 0 to 1, got nan"),
        ({"on": 1}, "outer.on: expected true or false, got 1"),
        ({"kind": "c"}, "outer.kind: unknown value 'c'. Allowed: a, b."),
        ({"fold": "every"}, "outer.fold: expected a whole number above 0, got 'every'"),
        ({"names": "pq"}, "outer.names: expected a list, got 'pq'"),
        ({"pair": [1]}, "outer.pair: expected 2 values, got [1]"),
        ({"table": {"a": "b"}}, "outer.table.a: expected a whole number, got 'b'"),
        ({"inner": {"rate": 0}}, "outer.inner.rate: expected a number above 0, got 0"),
        ({"inner": {"rat": 1}}, "outer.inner.rat: unknown key. Did you mean 'rate'?"),
        ({"inner": 3}, "outer.inner: expected keys and values, got 3"),
        ({"whre": "x"}, "outer.whre: unknown key. Did you mean 'where'?"),
    ],
)
def test_each_problem_has_its_key_path_and_what_is_allowed(values, words):
    (problem,) = problems_of(**values)
    assert problem.startswith(words)


def test_settings_survive_yaml():
    settings = Outer(n=3, where=Path("a b/c"), names=("p", "q"), inner=Inner(rate=0.1))
    again = parse_yaml(to_yaml(settings))
    assert again == plain(settings)
    assert fill(Outer, again, "outer", []) == settings


@pytest.mark.parametrize(
    ("limits", "allowed", "refused", "words"),
    [
        (Range(0, 1), (0, 0.5, 1), (-0.1, 1.1), " from 0 to 1"),
        (Range(above=0), (1e-9, 1e9), (0, -1), " above 0"),
        (Range(low=2), (2, 3), (1.9,), " of at least 2"),
        (Range(high=2), (2, -3), (2.1,), " of at most 2"),
        (Range(above=0, high=2), (2, 0.1), (0, 2.1), " above 0 and at most 2"),
    ],
)
def test_the_limits_of_a_number_and_their_words(limits, allowed, refused, words):
    assert all(number in limits for number in allowed)
    assert not any(number in limits for number in refused)
    assert str(limits) == words


@dataclass(frozen=True)
class Band:
    low: NotNegative = 0.0
    high: Positive = 30.0

    def problems(self):
        return [] if self.low < self.high else [f"low: {self.low} is not below {self.high}."]


def test_a_check_of_its_own_comes_after_the_types():
    problems = []
    assert fill(Band, {"low": 40}, "band", problems) is None
    assert problems == ["band.low: 40.0 is not below 30.0."]
    assert check(Band()) == check(Inner()) == []


def test_a_word_is_corrected_or_all_are_listed():
    assert did_you_mean("agnet", ["none", "augnet"]) == "Did you mean 'augnet'?"
    assert did_you_mean("x", ["none", "augnet"]) == "Allowed: none, augnet."
    assert did_you_mean("x", []) == "None is allowed here."


def test_a_value_is_put_at_its_path():
    values = {"method": "augnet", "run": {"seed": 0}}
    put(values, "method.copies", 4)
    put(values, "run.seed", 1)
    put(values, "task.data", "mass")
    assert values == {
        "method": {"name": "augnet", "copies": 4}, "run": {"seed": 1}, "task": {"data": "mass"},
    }  # fmt: skip
    with pytest.raises(ConfigError, match=r"run\.seed\.x: 'seed' is 1, not keys and values"):
        put(values, "run.seed.x", 1)


def test_differences_name_the_paths_and_both_values():
    old, new = {"a": 1, "b": {"c": [1, 2], "d": 0}}, {"a": 1, "b": {"c": [1, 3]}, "e": "x"}
    assert differences(old, old) == []
    assert differences(old, new) == [
        "b.c: [1, 2] before, [1, 3] now",
        "b.d: 0 before, None now",
        "e: None before, 'x' now",
    ]
