"""Settings: every problem is found, all are reported together, and good ones arrive unchanged."""

import copy
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from sleepaug.experiments.comparison.settings import comparison_of
from sleepaug.experiments.settings import Config, config_from, load_config, parse_setting
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import Count, Fraction, Positive, fill, parse_yaml, plain, to_yaml
from sleepaug.training.methods.given import Fixed
from sleepaug.training.tasks.sleep import Sleep


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


@pytest.mark.parametrize(
    ("read", "values", "setting"),
    [
        (config_from, {"method": "augnet", "task": {"n_folds": 3}}, ("method.magnitude", 0.3)),
        (comparison_of, {"methods": ["dada"], "compare": {"folds": 1}}, ("compare.seeds", 2)),
    ],
)
def test_the_settings_of_the_caller_stay_as_they_are(read, values, setting):
    before = copy.deepcopy(values)
    read(values, [setting], source="settings")
    assert values == before


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
    config = Config(method=Fixed(), task=Sleep(data="edf", data_dir=Path("a b/c")))
    again = parse_yaml(to_yaml(config))
    assert again == plain(config)


def test_three_mistakes_are_reported_together(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "task: {name: slep}\ntraining: {batch_size: 16x, epoch: 3}\npreprocessing: {reference: A3}"
    )
    with pytest.raises(ConfigError) as error:
        load_config(path)
    text = str(error.value)
    assert text.startswith(f"{path}: 4 problems")
    for line in (
        "task.name: unknown task 'slep'. Did you mean 'sleep'?",
        "training.batch_size: expected a whole number above 0, got '16x'.",
        "training.epoch: unknown key. Did you mean 'epochs'?",
        "preprocessing.reference: unknown value 'A3'. Allowed: as-recorded, A2, average, ",
    ):
        assert line in text


def test_command_line_beats_file_and_another_method_drops_the_options_of_the_first(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("method: {name: fixed, policy: []}\ntraining: {epochs: 7}")
    assert load_config(path).method == Fixed(policy=[])
    config = load_config(path, [("method.name", "none"), parse_setting("training.epochs=1e1")])
    assert config.method.name == "none"
    assert config.training.epochs == 10


@pytest.mark.parametrize("text", ["epochs", "=3", "training.epochs=[1"])
def test_a_malformed_setting_is_said(text):
    with pytest.raises(ConfigError, match=re.escape(text)) as error:
        parse_setting(text)
    assert error.value.parameters == ("settings",)  # the command line adds --set


def test_a_key_given_twice_is_an_error(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("training: {epochs: 1}\ntraining: {epochs: 2}")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.yaml: cannot be read"):
        load_config(tmp_path / "no.yaml")
