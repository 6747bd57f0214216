"""Settings of experiments: from a file and the command line, all mistakes reported together."""

import copy
from pathlib import Path

import pytest

from sleepaug.experiments.comparison.settings import comparison_of
from sleepaug.experiments.settings import Config, config_from, load_config
from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import plain
from sleepaug.support.yaml import parse_setting, parse_yaml, to_yaml
from sleepaug.training.fit import Training
from sleepaug.training.methods.given import Fixed
from sleepaug.training.tasks.sleep import Sleep


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


def test_a_task_named_after_its_options_keeps_them():
    settings = [("task.data_dir", "images"), parse_setting("task=cifar10")]
    config = config_from({"task": {"data": "mass"}}, settings, source="settings")
    assert (config.task.name, config.task.data_dir) == ("cifar10", Path("images"))


def test_settings_survive_yaml():
    config = Config(method=Fixed(), task=Sleep(data="edf", data_dir=Path("a b/c")))
    again = parse_yaml(to_yaml(config))
    assert again == plain(config)


def test_a_section_with_nothing_below_it_is_the_usual_one():
    values = {"task": None, "training": None}
    config = config_from(values, [("task.name", "sleep"), ("training.epochs", 2)], "settings")
    assert config == Config(training=Training(epochs=2))


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
    with pytest.raises(ConfigError, match=r"expected key=value|not valid YAML") as error:
        parse_setting(text)
    assert error.value.parameters == ("settings",)  # the command line names --set
