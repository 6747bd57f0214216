"""Scores against scikit-learn's, and what happens where a stage is absent."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from sleepaug.training import metrics

CLASSES = ("W", "N1", "N2", "N3", "R")
stagings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60)


@pytest.fixture
def counts():
    """Confusion matrices of six nights, one of which lacks a stage."""
    matrices = np.random.default_rng(0).integers(0, 40, (6, 5, 5))
    matrices[2, 3] = 0
    return matrices


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


@given(stagings)
@settings(max_examples=25)
def test_scores_of_each_class_equal_scikit_learns(pairs):
    y, predicted = np.array(pairs).T
    confusion = metrics.confusion_matrix(y, predicted, 5)
    f1 = sk.f1_score(y, predicted, labels=range(5), average=None, zero_division=np.nan)
    assert metrics.f1(confusion) == pytest.approx(f1, nan_ok=True)
    pairs_of_two = metrics.one_against_rest(confusion)
    kappa = metrics.cohen_kappa(pairs_of_two)
    for k in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = sk.cohen_kappa_score(y == k, predicted == k)
        assert kappa[k] == pytest.approx(expected, nan_ok=True)
        assert pairs_of_two[k].sum() == len(y)


@pytest.mark.parametrize(
    "score",
    [metrics.recalls, metrics.balanced_accuracy, metrics.accuracy, metrics.cohen_kappa,
     metrics.f1, metrics.macro_f1, metrics.one_against_rest],
)  # fmt: skip
def test_many_matrices_are_scored_as_one_after_the_other(score, counts):
    np.testing.assert_array_equal(score(counts), [score(one) for one in counts])
    by_two = score(counts.reshape(3, 2, 5, 5))
    np.testing.assert_array_equal(by_two.reshape(score(counts).shape), score(counts))


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


def test_scores_by_night_are_those_of_its_windows():
    random = np.random.default_rng(3)
    y, predicted = random.integers(0, 5, (2, 60))
    night = np.repeat(["b", "a", "c"], 20)
    scores = metrics.scores_by_night(y, predicted, night, CLASSES)
    assert list(scores["nights"]) == ["a", "b", "c"]
    alone = metrics.scores(metrics.confusion_matrix(y[20:40], predicted[20:40], 5), CLASSES)
    assert scores["nights"]["a"] == alone
    assert scores["n_windows"] == 60
    nowhere = metrics.scores_by_night(y, predicted, np.zeros(0, str), CLASSES)
    assert nowhere == {**scores, "nights": {}}
