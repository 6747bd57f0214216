"""Scores against scikit-learn's, and what happens where a stage is absent."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from sleepaug.training import metrics

CLASSES = ("W", "N1", "N2", "N3", "R")
stagings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60)


@given(stagings)
def test_scores_equal_scikit_learns(pairs):
    y, predicted = np.array(pairs).T
    confusion = metrics.confusion_matrix(y, predicted, 5)
    assert np.array_equal(confusion, sk.confusion_matrix(y, predicted, labels=range(5)))
    with warnings.catch_warnings():  # scikit-learn warns of predicted classes the truth lacks
        warnings.simplefilter("ignore")
        assert metrics.balanced_accuracy(confusion) == pytest.approx(
            sk.balanced_accuracy_score(y, predicted)
        )
        kappa = sk.cohen_kappa_score(y, predicted)
    assert metrics.cohen_kappa(confusion) == pytest.approx(kappa, nan_ok=True)
    assert metrics.accuracy(confusion) == pytest.approx(sk.accuracy_score(y, predicted))
    present = np.unique(y)
    f1 = sk.f1_score(y, predicted, labels=present, average="macro", zero_division=0)
    assert metrics.macro_f1(confusion) == pytest.approx(f1)


def test_absent_stage_is_null_left_out_and_said():
    confusion = np.diag([5, 0, 5, 0, 0])
    confusion[0, 4] = 5  # half of the wake is called R, which the truth lacks
    scores = metrics.scores(confusion, CLASSES)
    assert scores["recall"] == {"W": 0.5, "N1": None, "N2": 1.0, "N3": None, "R": None}
    assert scores["absent"] == ["N1", "N3", "R"]
    assert scores["balanced_accuracy"] == 0.75
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_no_window_at_all_has_no_score():
    scores = metrics.scores(np.zeros((5, 5), int), CLASSES)
    assert scores["balanced_accuracy"] is scores["cohen_kappa"] is scores["macro_f1"] is None
