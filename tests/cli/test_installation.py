"""`sleepaug doctor`: what it reports, and what it says of a broken installation."""

import json
from importlib import metadata

import pytest
from command_line import run

import sleepaug
from sleepaug.cli import installation


def test_a_sound_installation(tmp_path):
    result = run("doctor", "--json", "--cache-dir", tmp_path / "not yet" / "made")
    report = json.loads(result.stdout)
    assert report["problems"] == []
    assert report["sleepaug"] == sleepaug.__version__
    assert report["packages"]["torch"] == metadata.version("torch")
    assert report["devices"][0].startswith("cpu")
    assert report["cache"]["nights"] == 0
    assert "default" in report["models"]
    assert not (tmp_path / "not yet").exists()  # it looks, and leaves nothing


def test_each_problem_is_named_with_its_fix(tmp_path, monkeypatch):
    needed = ["torch<1", "no-such-package>=2", "numpy>=1", "extra-only; extra == 'test'"]
    monkeypatch.setattr(installation.metadata, "requires", lambda name: needed)
    monkeypatch.setattr(installation, "HARD_TO_LOAD", ("sleepaug.no_such_module",))
    monkeypatch.setattr(installation, "shipped_models", dict)
    monkeypatch.setattr(installation, "LITTLE_SPACE", float("inf"))
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    result = run("doctor", "--cache-dir", in_the_way / "cache", code=1)
    for words in (
        f"torch {metadata.version('torch')}; <1 is needed",
        "pip install 'torch<1'",
        "no-such-package is missing; >=2 is needed",
        "sleepaug.no_such_module does not load: ModuleNotFoundError",
        "No model ships",
        f"{in_the_way / 'cache'} cannot be written",
        "SLEEPAUG_CACHE_DIR",
        "are free",
    ):
        assert words in result.stdout
    assert "extra-only" not in result.stdout
    assert "No problems found" not in result.stdout


def test_a_model_that_cannot_be_read(tmp_path, monkeypatch):
    broken = tmp_path / "default.safetensors"
    broken.write_bytes(b"not a model")
    monkeypatch.setattr(installation, "shipped_models", lambda: {"default": broken})
    problems: list = []
    assert installation.models(problems) == ["default"]
    assert problems[0].problem.startswith("The model default cannot be read: ")


def test_only_errors_are_reported():
    problems: list = []
    with pytest.raises(KeyboardInterrupt), installation.reported(problems, "what", "fix"):
        raise KeyboardInterrupt
    assert not problems
