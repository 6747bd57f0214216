"""Every file in configs/ is valid, and says how it is run."""

from pathlib import Path

import pytest

from sleepaug.experiments.comparison.settings import load_comparison
from sleepaug.experiments.settings import Config, load_config
from sleepaug.support.plain import plain
from sleepaug.support.yaml import read_yaml
from sleepaug.training.methods.given import AugNet

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_config_is_valid_and_says_its_command(path):
    header = path.read_text(encoding="utf-8").split("\n\n")[0]
    command = next(line for line in header.splitlines() if f"configs/{path.name}" in line)
    assert command.startswith("#")
    folder = [("task.data_dir", "nights")] if "--data-dir" in command else []
    load = load_comparison if "sleepaug compare" in command else load_config
    assert load(path, folder)


def test_the_defaults_written_out_are_the_defaults():
    (path,) = (path for path in CONFIGS if path.name == "simulated.yaml")
    defaults = plain(Config(method=AugNet()))
    assert plain(load_config(path)) == defaults
    written = read_yaml(path)
    assert {s: set(written[s]) for s in written} == {s: set(defaults[s]) for s in defaults}
