"""`metrics.json`: what is written, and runs of earlier versions."""

import json

import numpy as np
import pytest

from sleepaug.experiments.metrics import Metrics, pooled
from sleepaug.training.metrics import scores

CLASSES = ("a", "b")
EARLIER = """{"variants": {"plain": {"valid": {"balanced_accuracy": 0.5}, "test": {"n_windows": 4}},
 "shift": {"status": "finished", "epochs": 3, "best_epoch": 2, "valid": {"n_windows": 3},
  "test": {"n_windows": 4}}},
 "best": "shift", "status": "finished", "epochs": 3, "best_epoch": 2,
 "valid": {"balanced_accuracy": null}, "test": {"n_windows": 4},
 "invariance": {"rotation": {"median": null, "amount": 45.0, "unit": "degrees"}},
 "context": "none"}"""


def run_of(confusion, night):
    one = scores(np.array(confusion), CLASSES)
    return Metrics({"valid": one, "test": {**one, "nights": {night: one}}}, "finished", 3, 2)


def test_an_earlier_file_is_read_and_written_the_same(tmp_path):
    (tmp_path / "metrics.json").write_text(EARLIER)
    metrics = Metrics.read(tmp_path / "metrics.json")
    assert metrics.variants["plain"].valid["balanced_accuracy"] == 0.5
    assert metrics.invariance["rotation"]["unit"] == "degrees"
    again = metrics.to_json()
    assert again == json.loads(EARLIER)
    assert list(again) == list(json.loads(EARLIER))


def test_unknown_and_absent_keys_of_a_file_do_no_harm():
    metrics = Metrics.from_json({"valid": {}, "test": {}, "invented": 1})
    assert metrics == Metrics({"valid": {}, "test": {}})


def test_pooled_counts_are_added_up():
    total = pooled([run_of([[8, 2], [0, 5]], "x"), run_of([[1, 1], [1, 1]], "y")], "folds")
    assert total.test["confusion"] == [[9, 3], [1, 6]]
    assert total.test["folds"] == [pytest.approx(0.9), 0.5]
    assert list(total.test["nights"]) == ["x", "y"]
    assert "nights" not in total.valid
    assert total.status is None


def test_a_night_that_several_seeds_staged_has_their_counts_together():
    total = pooled([run_of([[8, 2], [0, 5]], "x"), run_of([[1, 1], [1, 1]], "x")], "seeds")
    assert total.test["nights"]["x"]["confusion"] == total.test["confusion"]
