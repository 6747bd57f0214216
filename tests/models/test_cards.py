"""What the files of models say of themselves, as the command `models` prints it."""

import pytest
from command_line import run
from model_file import write_model

import sleepaug
from sleepaug.models import cards
from sleepaug.support.errors import ModelError


def test_shipped_models_are_listed_with_their_cards(tmp_path, monkeypatch):
    write_model(tmp_path / "default.safetensors")
    (tmp_path / "default.md").write_text("# The card\n")
    models = {"default": tmp_path / "default.safetensors"}
    monkeypatch.setattr(cards, "shipped_models", lambda: models)
    assert "default: C3, C4, F3, F4, O1, O2" in run("models").stdout
    assert "# The card" in run("models", "default").stdout


def test_a_package_without_models_says_so(monkeypatch):
    monkeypatch.setattr(cards, "shipped_models", dict)
    with pytest.raises(ModelError, match="model: none ships"):
        sleepaug.load_model()
    assert "No model ships" in run("models").stdout


def test_a_saved_model_describes_itself(tmp_path):
    path = write_model(tmp_path / "m.safetensors", method="\x1b[31maugnet")
    text = run("models", path).stdout
    assert "7 windows of simulated data" in text
    assert "\x1b" not in text
