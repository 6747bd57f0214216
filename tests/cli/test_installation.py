"""`sleepaug doctor`: what it reports, and what it says of a broken installation."""

import json
from importlib import metadata

import pytest
from command_line import run

import sleepaug
from sleepaug.cli import installation as doctor


def test_a_sound_installation(tmp_path):
    result = run("doctor", "--json", "--cache-dir", tmp_path / "not yet" / "made")
    found = json.loads(result.stdout)
    assert found["problems"] == []
    assert found["sleepaug"] == sleepaug.__version__
    assert found["packages"]["torch"] == metadata.version("torch")
    assert found["devices"][0].startswith("cpu")
    assert found["cache"]["nights"] == 0
    assert "default" in found["models"]
    assert not (tmp_path / "not yet").exists()  # it looks, and leaves nothing


def test_what_is_wrong_is_said_with_its_mend(tmp_path, monkeypatch):
    needed = ["torch<1", "no-such-package>=2", "numpy>=1", "extra-only; extra == 'test'"]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: needed)
    monkeypatch.setattr(doctor, "HARD_TO_LOAD", ("sleepaug.no_such_module",))
    monkeypatch.setattr(doctor, "shipped_models", dict)
    monkeypatch.setattr(doctor, "LITTLE_SPACE", float("inf"))
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
    assert "Nothing is wrong" not in result.stdout


def test_a_model_that_cannot_be_read(tmp_path, monkeypatch):
    broken = tmp_path / "default.safetensors"
    broken.write_bytes(b"not a model")
    monkeypatch.setattr(doctor, "shipped_models", lambda: {"default": broken})
    problems: list = []
    assert doctor.models(problems) == ["default"]
    assert problems[0]["found"].startswith("The model default cannot be read: ")


def test_only_errors_are_collected():
    problems: list = []
    with pytest.raises(KeyboardInterrupt), doctor.collected(problems, "what", "mend"):
        raise KeyboardInterrupt
    assert not problems
