"""What the report of a run says of its choices, and what it does not say."""

from sleepaug.experiments.report import at_chance, unstable


def scored(balanced_accuracy, absent=()):
    recall = dict.fromkeys(("W", "N1", "N2", "N3", "R"), 0.2)
    return {"balanced_accuracy": balanced_accuracy, "recall": recall, "absent": absent}


def test_a_model_at_chance_has_kept_nothing():
    assert "0.200 is chance, and this model has 0.210" in at_chance(scored(0.21))
    assert "0.500 is chance" in at_chance(scored(0.51, absent=("N1", "N3", "R")))
    assert at_chance(scored(0.30)) == ""
    assert at_chance(scored(None)) == ""


def rows_of(weights, amounts=(0.1, 0.2)):
    return [
        {
            "epoch": i + 1,
            "augmentation": {
                "1.sign_flip.weight": w, "1.sign_flip.amount": amounts[0],
                "1.time_reverse.weight": 1 - w, "1.time_reverse.amount": amounts[1],
            },
        }
        for i, w in enumerate(weights)
    ]  # fmt: skip


def test_weights_that_still_change_are_named():
    assert unstable(rows_of([0.1, 0.3, 0.9, 0.95, 0.96, 0.97, 0.97])) == ""
    text = unstable(rows_of([0.9, 0.9, 0.5, 0.6, 0.7, 0.8, 0.85]))
    assert "layer 1 sign flip, layer 1 time reverse. Train for more epochs." in text
    assert unstable([]) == ""
