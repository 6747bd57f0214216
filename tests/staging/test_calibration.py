"""Temperature and reliability against closed forms and an independent search."""

import numpy as np
import pytest
from scipy.optimize import brentq

from sleepaug.staging.calibration import (
    calibration,
    draw_reliability,
    fit_temperature,
    reliability,
    softened,
    wilson,
)
from sleepaug.support.errors import ConfigError


def labelled(n, temperature, seed=0):
    """Logits whose labels are drawn at a temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 5))
    p = softened(logits, temperature)
    y = (random.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    return logits, y


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true):
    logits, y = labelled(20000, true)
    assert fit_temperature(logits, y) == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("true", [0.2, 0.7, 1.7, 6.0])
def test_the_temperature_is_where_the_slope_is_zero(true):
    """By 1 / T the cross-entropy has the slope E[logit] - logit of the label, in the mean."""
    logits, y = labelled(300, true, seed=3)

    def slope(inverse):
        expected = (softened(logits, 1 / inverse) * logits).sum(axis=1)
        return (expected - logits[np.arange(300), y]).mean()

    exact = 1 / brentq(slope, 1 / 20, 1 / 0.05, xtol=1e-12)
    assert fit_temperature(logits, y) == float(f"{exact:.3g}")


def test_temperatures_stay_in_their_range():
    logits = np.eye(5)[np.arange(40) % 5]
    assert fit_temperature(logits, np.arange(40) % 5) == pytest.approx(0.05)
    assert fit_temperature(logits, (np.arange(40) + 1) % 5) == pytest.approx(20)


def test_reliability_of_a_calibrated_and_of_an_overconfident_model():
    logits, y = labelled(20000, 1.0)
    good = reliability(softened(logits, 1.0), y)
    assert good.expected_error < 0.015
    sure = reliability(softened(logits, 0.4), y)
    assert sure.expected_error > 0.1
    assert good.count.sum() == 20000
    two = reliability(np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 1, 1]), 10)
    assert two.expected_error == pytest.approx((2 * 0.4 + 0.4) / 3)


def test_calibration_smooths_each_night_by_itself():
    logits, y = labelled(600, 2.0)
    night = np.repeat(["a", "b"], 300)
    found = calibration(logits, y, night)
    assert set(found["temperature"]) == {"transitions", "none"}
    assert found["temperature"]["none"] == fit_temperature(logits, y)
    order = np.random.default_rng(0).permutation(2)
    swapped = np.concatenate([np.arange(300) + 300 * k for k in order])
    assert calibration(logits[swapped], y[swapped], night[swapped]) == found


def test_the_interval_of_a_share():
    """Textbook values: 5 of 10 is 0.2366 to 0.7634, 0 of 10 is 0 to 0.2775."""
    low, high = wilson(np.array([0.5, 0.0]), np.array([10, 10]))
    np.testing.assert_allclose(low, [0.2366, 0], atol=1e-4)
    np.testing.assert_allclose(high, [0.7634, 0.2775], atol=1e-4)


def test_the_reliability_diagram_shows_bins_that_hold_windows(tmp_path):
    logits, y = labelled(2000, 1.0)
    found = reliability(softened(logits, 0.5), y)
    bins = found.to_json()
    assert sum(one["windows"] for one in bins) == 2000
    assert all(0 <= one["accuracy"] <= 1 for one in bins)
    assert len(bins) < len(found.count)  # no window is less than 20 % certain
    draw_reliability(bins, "a $ b", tmp_path / "r.png")
    draw_reliability(bins, "a $ b", tmp_path / "r.svg")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"\.png or \.svg"):
        draw_reliability(bins, "a", tmp_path / "r.txt")
