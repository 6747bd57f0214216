"""Temperatures against closed forms and an independent search, and the choice of a context."""

import numpy as np
import pytest
from scipy.optimize import brentq

from sleepaug.staging.calibration import PRIOR_SD, WORTH, calibrate, fit_temperature, softened


def labelled(n, temperature, seed=0):
    """Logits whose labels are drawn at a temperature."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 5))
    p = softened(logits, temperature)
    y = (random.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    return logits, y


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found_on_many_nights(true):
    logits, y = labelled(20000, true)
    temperature, _ = fit_temperature(logits, y, np.repeat(np.arange(400), 50))
    assert temperature == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("true", [0.7, 1.7, 2.5])
def test_the_temperature_is_where_evidence_and_prior_balance(true):
    """By log T: cross-entropy has the slope E[z] - z of the label (negative), over T; the prior
    has log T / sd^2."""
    logits, y = labelled(300, true, seed=3)
    night = np.repeat([0, 1, 2], 100)

    def slope(log_t):
        expected = (softened(logits, np.exp(log_t)) * logits).sum(axis=1)
        entropy = (logits[np.arange(300), y] - expected).mean() / np.exp(log_t)
        return 3 * WORTH * entropy + log_t / PRIOR_SD**2

    exact = np.exp(brentq(slope, np.log(1 / 3), np.log(3), xtol=1e-12))
    temperature, loss = fit_temperature(logits, y, night)
    assert temperature == float(f"{exact:.3g}")
    p = softened(logits, temperature)[np.arange(300), y]
    assert loss == pytest.approx(-np.log(p).mean(), abs=1e-3)


def test_few_nights_that_the_model_gets_wrong_cannot_make_it_meaningless():
    """Three half hours, all of them wrong and very sure: a fit without prior goes beyond 10."""
    y = np.arange(180) % 5
    logits = 12 * np.eye(5)[(y + 1) % 5]
    temperature, _ = fit_temperature(logits, y, np.repeat([0, 1, 2], 60))
    assert 1 < temperature <= 3
    logits = 3 * np.eye(5)[np.where(np.arange(180) % 3 > 0, y, (y + 1) % 5)]
    one, _ = fit_temperature(logits, y, np.zeros(180))
    many, _ = fit_temperature(np.tile(logits, (20, 1)), np.tile(y, 20), np.repeat(range(20), 180))
    assert 1 < one < many


def test_all_nights_count_alike_however_long():
    good, bad = labelled(200, 0.6), labelled(1000, 2.5, seed=1)
    logits, y = (np.concatenate(parts) for parts in zip(good, bad, strict=True))
    night = np.repeat(["short", "long"], [200, 1000])
    short = [np.tile(part, (5, 1) if part.ndim == 2 else 5) for part in good]
    same = [np.concatenate([a, b]) for a, b in zip(short, bad, strict=True)]
    temperature, _ = fit_temperature(logits, y, night)
    assert temperature == pytest.approx(
        fit_temperature(*same, np.repeat(["a", "b"], 1000))[0], rel=0.02
    )


def test_calibration_smooths_each_night_by_itself():
    logits, y = labelled(600, 2.0)
    night = np.repeat(["a", "b"], 300)
    calibration = calibrate(logits, y, night)
    assert set(calibration.temperature) == {"transitions", "none"}
    assert calibration.temperature["none"] == fit_temperature(logits, y, night)[0]
    swapped = np.concatenate([np.arange(300, 600), np.arange(300)])
    assert calibrate(logits[swapped], y[swapped], night[swapped]) == calibration


def test_the_context_that_validates_better_is_chosen():
    """Long runs of one stage gain from their neighbours; stages drawn anew each time lose."""
    random = np.random.default_rng(0)
    night = np.zeros(600)
    runs = np.repeat([0, 2, 3, 2, 4, 2], 100)
    for y, best in ((runs, "transitions"), (random.permutation(runs), "none")):
        logits = np.eye(5)[y] + random.normal(0, 0.7, (600, 5))
        assert calibrate(logits, y, night).context == best
