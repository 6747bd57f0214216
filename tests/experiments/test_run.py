"""A run of several members: data are loaded once each, and nothing is written or lost too early."""

import pytest

from sleepaug.experiments.run import RunOptions, train
from sleepaug.experiments.settings import load_config
from sleepaug.support.errors import ConfigError
from sleepaug.training.tasks.sinusoids import Sinusoids

SETTINGS = {"task": "sinusoids", "task.trunk": "mlp", "training.epochs": 1, "run.seed": "3-4"}


@pytest.fixture
def config():
    return load_config(None, SETTINGS.items())


@pytest.fixture
def loads(monkeypatch):
    """The seeds whose data were loaded, in this order."""
    seeds, load = [], Sinusoids.load

    def counted(task, *arguments, **options):
        seeds.append(options["seed"])
        return load(task, *arguments, **options)

    monkeypatch.setattr(Sinusoids, "load", counted)
    return seeds


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("**/*.json")}


def test_the_data_of_each_member_are_loaded_once(config, loads, tmp_path):
    train(config, tmp_path / "run")
    assert loads == [3, 4]


def test_only_missing_members_are_loaded_again(config, loads, tmp_path):
    metrics = train(config, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    (tmp_path / "run" / "seed-4" / "metrics.json").unlink()
    loads.clear()
    assert train(config, tmp_path / "run") == metrics
    assert loads == [4]


def test_overwrite_runs_every_member_again(config, loads, tmp_path):
    metrics = train(config, tmp_path / "run")
    (tmp_path / "run" / "seed-3" / "extra").write_text("of the replaced run")
    loads.clear()
    assert train(config, tmp_path / "run", RunOptions(overwrite=True)) == metrics
    assert loads == [3, 4]
    assert not (tmp_path / "run" / "seed-3" / "extra").exists()


def test_data_that_cannot_be_loaded_leave_every_file_as_it_was(config, tmp_path, monkeypatch):
    def missing(*_, **__):
        raise ConfigError("no data")

    train(config, tmp_path / "run")
    before = contents(tmp_path / "run")
    monkeypatch.setattr(Sinusoids, "load", missing)
    for folder in (tmp_path / "run", tmp_path / "new"):
        with pytest.raises(ConfigError, match="no data"):
            train(config, folder, RunOptions(overwrite=True))
    assert contents(tmp_path / "run") == before
    assert not (tmp_path / "new").exists()
