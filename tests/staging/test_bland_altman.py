"""Limits of agreement: the published example, by hand, and how often the intervals hold."""

import numpy as np
import pytest
from scipy import stats

from sleepaug.staging.bland_altman import limits_of_agreement, limits_of_nights
from sleepaug.staging.scoring_pairs import ScoringPair

# Bland and Altman 1986, table 1: peak expiratory flow, first reading with each meter (l/min).
WRIGHT = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)


def test_the_published_example():
    limits = limits_of_agreement(WRIGHT, MINI)
    assert limits.bias == pytest.approx(-2.1, abs=0.05)
    assert limits.sd == pytest.approx(38.8, abs=0.05)


def test_margins_by_hand():
    limits = limits_of_agreement(WRIGHT, MINI)
    difference = np.subtract(WRIGHT, MINI)
    sd, n = np.std(difference, ddof=1), len(difference)
    low, high = stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert limits.bias - limits.bias_margin == pytest.approx(low)
    assert limits.bias + limits.bias_margin == pytest.approx(high)
    t = stats.t.ppf(0.975, n - 1)
    assert limits.limit_margin == pytest.approx(t * np.sqrt(sd**2 / n + 1.96**2 * sd**2 / 32))
    assert limits.high == pytest.approx(limits.bias + 1.96 * sd)
    assert limits.low == pytest.approx(limits.bias - 1.96 * sd)


def test_a_night_without_the_statistic_is_left_out():
    limits = limits_of_agreement([10, None, 30, 40, 50], [11, 20, None, 38, 55])
    assert limits.difference == (-1.0, 2.0, -5.0)
    assert limits.mean == (10.5, 39.0, 52.5)


def test_few_nights_have_a_bias_and_no_limits():
    limits = limits_of_agreement([10, 20], [12, 21])
    assert (limits.bias, limits.low, limits.sd) == (-1.5, None, None)
    assert "too few" in str(limits)
    assert str(limits_of_agreement([None], [1.0])) == "- (0 nights)"


def test_the_limits_hold_95_percent_and_their_margins_the_true_limits():
    random = np.random.default_rng(0)
    held = inside = 0
    for _ in range(400):
        limits = limits_of_agreement(random.normal(5, 10, 30), np.zeros(30))
        held += abs(limits.high - (5 + 1.96 * 10)) <= limits.limit_margin
        inside += limits.low <= random.normal(5, 10) <= limits.high
    assert 0.92 <= held / 400 <= 0.98
    assert 0.90 <= inside / 400 <= 0.98


def test_only_what_both_scored_counts():
    a = np.array(["?", "W", "N2", "N2", "?", "W", "N2", "R", "N2"])
    b = np.array(["W", "W", "N2", "W", "N2", "W", "N2", "N2", "?"])
    nights = [ScoringPair(str(k), 30.0 * np.arange(9), a, b) for k in range(3)]
    by_statistic = limits_of_nights(nights)
    assert by_statistic["TST"].difference == (0.5,) * 3
    assert by_statistic["TST"].mean == (1.75,) * 3
    assert by_statistic["SOL"].difference == (0.0,) * 3
    assert by_statistic["WASO"].difference == (-0.5,) * 3
    assert by_statistic["REM_latency"].difference == ()
