"""Context against brute force and closed forms."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sleepaug.staging.context import Transitions, apply_context, smooth
from sleepaug.support.errors import ConfigError


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
    transitions = Transitions.from_counts(counts)
    assert transitions.matrix[0].tolist() == [1 / 12, 8 / 12, 1 / 12, 1 / 12, 1 / 12]
    assert transitions.share[0] == 12 / 32
