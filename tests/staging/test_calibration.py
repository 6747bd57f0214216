"""Temperature, reliability and context against closed forms and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sleepaug.staging.calibration import (
    calibration,
    draw_reliability,
    fit_temperature,
    reliability,
    softened,
    wilson,
)
from sleepaug.staging.context import Transitions, apply_context, smooth
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


def test_the_temperature_is_the_minimum_that_scipy_finds():
    logits, y = labelled(300, 1.7, seed=3)
    found = minimize_scalar(
        lambda t: -np.log(softened(logits, t)[np.arange(300), y]).mean(), bounds=(0.05, 20)
    )
    assert fit_temperature(logits, y) == pytest.approx(found.x, rel=5e-3)


def test_reliability_of_a_calibrated_and_of_an_overconfident_model():
    logits, y = labelled(20000, 1.0)
    good = reliability(softened(logits, 1.0), y)
    assert good.expected_error < 0.015
    sure = reliability(softened(logits, 0.4), y)
    assert sure.expected_error > 0.1
    assert good.count.sum() == 20000
    two = reliability(np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 1, 1]), 10)
    assert two.expected_error == pytest.approx((2 * 0.4 + 0.4) / 3)


def table(seed=0):
    random = np.random.default_rng(seed)
    matrix = random.dirichlet(np.ones(5), 5)
    return Transitions(matrix, random.dirichlet(np.ones(5)))


@given(st.integers(1, 5), st.integers(0, 1000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_forward_backward_is_the_sum_over_all_paths(n, seed, gap):
    random = np.random.default_rng(seed)
    transitions, prior = table(seed), random.dirichlet(np.ones(5) * 5)
    p = random.dirichlet(np.ones(5), n)
    if gap:
        p[n // 2] = np.nan
    likelihood = np.where(np.isnan(p), 1, p / prior)
    expected = np.zeros((n, 5))
    for path in itertools.product(range(5), repeat=n):
        weight = transitions.share[path[0]] * likelihood[0, path[0]]
        for k in range(1, n):
            weight *= transitions.matrix[path[k - 1], path[k]] * likelihood[k, path[k]]
        expected[np.arange(n), path] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(smooth(p, transitions, prior), expected, atol=1e-9)


def test_a_long_and_certain_night_stays_finite():
    p = np.full((3000, 5), 1e-300)
    p[np.arange(3000), np.arange(3000) % 5] = 1.0  # not a path that anyone sleeps
    result = smooth(p, Transitions.shipped())
    np.testing.assert_allclose(result.sum(axis=1), 1)


def test_unscored_epochs_stay_unscored_and_none_changes_nothing():
    p = np.random.default_rng(0).dirichlet(np.ones(5), 20)
    p[7] = np.nan
    np.testing.assert_array_equal(apply_context("none", p), p)
    smoothed = apply_context("transitions", p)
    assert np.isnan(smoothed[7]).all()
    assert np.isfinite(np.delete(smoothed, 7, axis=0)).all()
    with pytest.raises(ConfigError, match="unknown 'some'"):
        apply_context("some", p)


def test_a_tempered_table_keeps_its_pattern_and_has_the_wanted_shares():
    shipped = Transitions.shipped()
    same = shipped.tempered(1.0)
    np.testing.assert_allclose(same.matrix, shipped.matrix, atol=2e-3)
    for power in (0.0, 0.5):
        table = shipped.tempered(power)
        np.testing.assert_allclose(table.share @ table.matrix, table.share, atol=1e-9)
        np.testing.assert_allclose(table.share, shipped.share**power / (shipped.share**power).sum())
        # odds ratios are what fitting the margins leaves as they are
        odds = [t.matrix[0, 0] * t.matrix[2, 1] / t.matrix[0, 1] / t.matrix[2, 0]
                for t in (table, shipped)]  # fmt: skip
        assert odds[0] == pytest.approx(odds[1])


def test_a_model_taught_with_equal_shares_keeps_rare_stages():
    """Windows that look like N1 amid N2: real shares would call them N2, tempered ones do not."""
    p = np.full((9, 5), 0.05)
    p[:, 2] = 0.8
    p[3:6] = [0.05, 0.7, 0.15, 0.05, 0.05]
    assert apply_context("transitions", p)[4].argmax() == 1
    assert smooth(p, Transitions.shipped())[4].argmax() == 2
    frequent = Transitions.shipped().share
    np.testing.assert_allclose(
        apply_context("transitions", p, frequent.tolist()),
        smooth(p, Transitions.shipped(), frequent),
    )


def test_the_shipped_table_is_a_table_of_sleep():
    shipped = Transitions.shipped()
    np.testing.assert_allclose(shipped.matrix.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(shipped.share.sum(), 1, atol=1e-5)
    assert (np.diag(shipped.matrix)[[0, 2, 3, 4]] > 0.8).all()  # stages last; N1 passes
    assert shipped.matrix[3, 1] < 0.01  # N3 to N1 hardly ever


def test_counts_become_probabilities():
    counts = np.zeros((5, 5))
    counts[0, 1] = 7
    found = Transitions.from_counts(counts)
    assert found.matrix[0].tolist() == [1 / 12, 8 / 12, 1 / 12, 1 / 12, 1 / 12]
    assert found.share[0] == 12 / 32


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
