"""Certainty beside accuracy, and its picture."""

import numpy as np
import pytest

from sleepaug.staging.calibration import softened
from sleepaug.staging.reliability import brief_scores, draw_reliability, reliability, wilson
from sleepaug.support.errors import ConfigError


def labelled(n):
    """Logits whose labels are drawn from their probabilities."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (n, 5))
    y = (random.random((n, 1)) > softened(logits, 1.0).cumsum(axis=1)).sum(axis=1).clip(0, 4)
    return logits, y


def test_reliability_of_a_calibrated_and_of_an_overconfident_model():
    logits, y = labelled(20000)
    good = reliability(softened(logits, 1.0), y)
    assert good.expected_error < 0.015
    sure = reliability(softened(logits, 0.4), y)
    assert sure.expected_error > 0.1
    assert good.count.sum() == 20000
    two = reliability(np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 1, 1]), 10)
    assert two.expected_error == pytest.approx((2 * 0.4 + 0.4) / 3)


def test_the_interval_of_a_share():
    """Textbook values: 5 of 10 is 0.2366 to 0.7634, 0 of 10 is 0 to 0.2775."""
    low, high = wilson(np.array([0.5, 0.0]), np.array([10, 10]))
    np.testing.assert_allclose(low, [0.2366, 0], atol=1e-4)
    np.testing.assert_allclose(high, [0.7634, 0.2775], atol=1e-4)


def test_the_reliability_diagram_shows_bins_that_hold_windows(tmp_path):
    logits, y = labelled(2000)
    measured = reliability(softened(logits, 0.5), y)
    bins = measured.to_json()
    assert sum(one["windows"] for one in bins) == 2000
    assert all(0 <= one["accuracy"] <= 1 for one in bins)
    assert len(bins) < len(measured.count)  # no window is less than 20 % certain
    draw_reliability(measured, "a $ b", tmp_path / "r.png")
    draw_reliability(measured, "a $ b", tmp_path / "r.svg")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"\.png or \.svg"):
        draw_reliability(measured, "a", tmp_path / "r.txt")


def test_brief_scores_of_four_windows():
    """Three of four are right: W 1 of 1, N2 2 of 3; chance agreement is 1/4 1/2 + 3/4 1/2."""
    p = np.full((4, 5), 0.05)
    p[np.arange(4), [0, 0, 2, 2]] = 0.8
    brief = brief_scores(np.array([0, 2, 2, 2]), p)
    assert brief["balanced_accuracy"] == pytest.approx((1 + 2 / 3) / 2)
    assert brief["cohen_kappa"] == pytest.approx((0.75 - 0.5) / 0.5)
    assert brief["calibration_error"] == pytest.approx(0.05)
