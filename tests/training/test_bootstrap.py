"""The bootstrap over nights: what is drawn, and the interval of it."""

import numpy as np
import pytest

from sleepaug.training.bootstrap import N_RESAMPLES, interval, resampled


@pytest.fixture
def counts():
    """Confusion matrices of six nights, one of which lacks a stage."""
    matrices = np.random.default_rng(0).integers(0, 40, (6, 5, 5))
    matrices[2, 3] = 0
    return matrices


def test_every_draw_has_as_many_nights_and_on_average_all_counts(counts):
    drawn = resampled(counts, np.random.default_rng(0))
    nights = resampled(np.ones(6, int), np.random.default_rng(0))
    assert drawn.shape == (N_RESAMPLES, 5, 5)
    assert (nights == 6).all()
    error = counts.std(axis=0) * np.sqrt(6 / N_RESAMPLES)  # of the mean of the draws
    assert (np.abs(drawn.mean(axis=0) - counts.sum(axis=0)) < 5 * error).all()
    assert drawn.std(axis=0) == pytest.approx(counts.std(axis=0) * np.sqrt(6), rel=0.1)


def test_stagings_of_one_night_are_drawn_together(counts):
    both = resampled(np.stack([counts, 2 * counts], axis=1), np.random.default_rng(0))
    assert np.array_equal(both[:, 1], 2 * both[:, 0])


def test_an_interval_is_the_middle_of_the_numbers_there_are():
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
    assert interval(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert interval(np.array([np.nan])) is None
