"""What the end of a training adds to the description of its model."""

import json

import pytest
from command_line import run

import sleepaug
from sleepaug.augment.learned import Learned
from sleepaug.experiments.description import drops_channels

DROPOUT = "channels_dropout"


@pytest.mark.parametrize(
    ("learned", "drops"),
    [
        ({"policy": [[["gaussian_noise", 0.5, 0.5]], [[DROPOUT, 0.5, 0.5]]]}, True),
        ({"policy": [[[DROPOUT, 0.5, 0.0]]]}, False),
        ({"layers": [[{"transform": DROPOUT, "weight": 0.9, "magnitude": 0.4}]]}, True),
        ({"layers": [[{"transform": DROPOUT, "weight": 0.0, "magnitude": 0.4}]]}, False),
        ({}, False),
    ],
)
def test_dropping_channels_in_training_allows_a_model_to_go_without_some(learned, drops):
    state = {"amount": 0.4, "unit": "fraction"}
    learned = {
        "ranges": {name: {"amount": 1, "unit": "any"} for name in ("gaussian_noise", DROPOUT)},
        **learned,
        "layers": [[{**state, **one} for one in layer] for layer in learned.get("layers", [])],
    }
    assert drops_channels(Learned.from_json(learned)) is drops


def test_training_writes_temperatures_and_whether_channels_may_be_missing(nights, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "method: {name: fixed, policy: [[[channels_dropout, 0.5, 0.5]]]}\n"
        "training: {epochs: 1, class_weights: none}\nrun: {device: cpu}\n"
    )
    run(
        "train",
        tmp_path / "c.yaml",
        "--data=mass",
        "--data-dir",
        nights,
        "-o",
        tmp_path / "run",
        "--channels=C3,O1",
    )
    description = sleepaug.load_model(tmp_path / "run").description
    assert description.missing_channels == "zero"
    assert set(description.temperature) == {"none", "transitions"}
    assert sum(description.prior) == pytest.approx(1)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["context"] == description.context
    scores = metrics["valid"]["contexts"]
    assert set(scores) == {"none", "transitions"}
    # A temperature does not change which stage is likeliest, and this model draws nothing.
    assert scores["none"]["balanced_accuracy"] == metrics["valid"]["balanced_accuracy"]
