"""The estimator: scikit-learn's own checks, and the same training as without scikit-learn."""

import pickle

import numpy as np
import pytest
import torch
from linear_trunk import linear
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import sleepaug
from sleepaug.augment import eeg_transforms
from sleepaug.augment.eeg import inapplicable
from sleepaug.data.datasets import mass
from sleepaug.data.prepare import prepare
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.scaling import normalize
from sleepaug.training import estimator
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.given import AugNet
from sleepaug.training.tasks.task import Split, Task

POINTS = {"trunk": linear, "normalize": "none", "learning_rate": 0.05, "random_state": 0}
"""For the checks, whose windows are points of the plane."""
COPIES = "AugNet's predictions are means over random copies, drawn for the windows of a call"
EXPECTED_FAILURES = {
    "check_methods_sample_order_invariance": COPIES,
    "check_methods_subset_invariance": COPIES,
}
QUICK = (
    "check_classifiers_one_label",
    "check_classifiers_regression_target",
    "check_dict_unchanged",
    "check_estimator_sparse_tag",
    "check_estimators_nan_inf",
    "check_estimators_pickle",
    "check_estimators_unfitted",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in_after_fitting",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
)


def name_of(check):
    return check.func.__name__


def quick_checks():
    points = sleepaug.WindowClassifier(epochs=3, method="none", **POINTS)
    checks = [c for _, c in estimator_checks_generator(points) if name_of(c) in QUICK]
    assert {name_of(check) for check in checks} == set(QUICK)
    return [pytest.param(points, check, id=name_of(check)) for check in checks]


@pytest.mark.parametrize(("classifier", "check"), quick_checks())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_quick_checks_of_scikit_learn(classifier, check):
    check(clone(classifier))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "options", "failures"),
    [("none", {}, {}), ("augnet", {"layers": [["gaussian_noise"]]}, EXPECTED_FAILURES)],
)
@pytest.mark.filterwarnings("ignore")
def test_all_checks_of_scikit_learn(method, options, failures):
    points = sleepaug.WindowClassifier(method=method, method_options=options, epochs=30, **POINTS)
    results = check_estimator(points, expected_failed_checks=failures)
    failed = {one["check_name"] for one in results if one["status"] == "xfail"}
    assert failed == set(failures)


@pytest.fixture(scope="module")
def windows():
    """Slow and fast oscillations of six people, 3 s of two channels."""
    rng = np.random.default_rng(0)
    y = np.array(["slow", "fast"] * 30)
    hz = np.where(y == "slow", 2, 9)[:, None, None]
    wave = np.sin(2 * np.pi * hz * np.arange(300) / 100 + rng.uniform(0, 6, (60, 2, 1)))
    return 2e-5 * wave + rng.normal(0, 1e-5, wave.shape), y, np.repeat(list("abcdef"), 10)


def classifier(**options):
    fast = {"channel_names": ["C3", "C4"], "epochs": 2, "learning_rate": 3e-3, "random_state": 0}
    return sleepaug.WindowClassifier(**{**fast, **options})


@pytest.fixture
def splits(monkeypatch):
    """The tasks of the fits to come."""
    tasks = []

    class Seen(Fit):
        def __init__(self, task, *args, **kwargs):
            tasks.append(task)
            super().__init__(task, *args, **kwargs)

    monkeypatch.setattr(estimator, "Fit", Seen)
    return tasks


def test_it_trains_as_a_fit_does(windows, splits):
    """With the split of the estimator, and everything else made by hand."""
    X, y, groups = windows
    fitted = classifier(training_options={"copies_eval": 2}).fit(X, y, groups)
    x = torch.from_numpy(normalize(X.astype(np.float32)))
    codes = torch.tensor([["fast", "slow"].index(label) for label in y])
    parts = [np.isin(groups, split.group) for split in (splits[0].train, splits[0].valid)]
    names = ["C3", "C4"]
    transforms = {
        name: t
        for name, t in eeg_transforms(100.0, names).items()
        if name not in inapplicable(names)
    }
    task = Task(
        *(Split(x[part], codes[part]) for part in parts),
        transforms=transforms,
        make_trunk=splits[0].make_trunk,
        classes=("fast", "slow"),
    )
    training = Training(epochs=2, learning_rate=3e-3, copies_eval=2)
    search = AugNet().search(task)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    fit = Fit(task, search.augmentation(), training, regularization=0.1, seed=seed)
    assert fitted.history_ == [fit.step(), fit.step()]
    expected = fit.best_model().state_dict()
    for name, value in fitted.model_.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)


def test_nobody_is_in_training_and_validation_both(windows, splits):
    X, y, groups = windows
    classifier(method="none", validation=0.4).fit(X, y, groups)
    train, valid = (set(part.group) for part in (splits[0].train, splits[0].valid))
    assert (len(train), len(valid), train & valid) == (3, 3, set())


def test_without_groups_the_split_keeps_the_shares_of_the_classes(windows, splits):
    X, y, _ = windows
    few = np.r_[np.flatnonzero(y == "slow"), np.flatnonzero(y == "fast")[:10]]
    classifier(method="none", epochs=1).fit(X[few], y[few])
    assert np.bincount(splits[0].valid.y).tolist() == [2, 6]


def test_it_learns_says_what_and_stays_the_same(windows, tmp_path):
    X, y, groups = windows
    state = torch.get_rng_state()
    fitted = classifier(epochs=8).fit(X, y, groups)
    assert torch.equal(state, torch.get_rng_state())
    assert fitted.score(X, y) > 0.9
    p = fitted.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (fitted.predict(X) == np.array(["fast", "slow"])[p.argmax(axis=1)]).all()
    assert any("sign flip" in text for text in fitted.learned_.sentences())
    again = pickle.loads(pickle.dumps(clone(fitted).fit(X, y, groups)))
    np.testing.assert_array_equal(again.predict_proba(X), p)


def test_it_works_in_the_tools_of_scikit_learn(windows):
    X, y, groups = windows
    small = classifier(method="none", trunk=linear, epochs=2)
    folds = GroupKFold(2)
    scores = cross_val_score(small, X, y, groups=groups, cv=folds, params={"groups": groups})
    assert scores.shape == (2,)
    grid = GridSearchCV(small, {"method": ["none", "fixed"], "epochs": [1, 2]}, cv=folds)
    assert grid.fit(X, y, groups=groups).best_estimator_.method in ("none", "fixed")
    scaled = make_pipeline(FunctionTransformer(np.negative), small)
    assert scaled.set_params(windowclassifier__epochs=1).fit(X, y).predict(X).shape == (60,)


def test_one_channel_needs_no_axis_and_labels_may_be_numbers(windows):
    X, y, _ = windows
    fitted = classifier(method="none", epochs=1).set_params(channel_names=None)
    fitted.fit(X[:, 0], np.where(y == "slow", 7, -2))
    assert fitted.classes_.tolist() == [-2, 7]
    assert set(fitted.predict(X[:, 0])) <= {-2, 7}


def test_progress_is_printed_where_it_is_asked_for(windows, capsys):
    X, y, _ = windows
    classifier(method="none", epochs=2, verbose=True).fit(X, y)
    assert capsys.readouterr().out.count("balanced accuracy") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "augent"}, "method: no 'augent'. Did you mean 'augnet'"),
        ({"method_options": {"lambda": 1}}, r"method_options\.lambda: unknown key"),
        ({"epochs": 0, "normalize": "x"}, r"(?s)epochs: expected.*normalize: expected 'window'"),
        ({"training_options": {"class_weight": 1}}, "Did you mean 'class_weights'"),
        ({"validation": 1}, "validation: expected a share between 0 and 1"),
        ({"sampling_rate": 5}, "sampling_rate: expected 10 Hz or more, got 5"),
        ({"channel_names": ["C3"]}, "channel_names: 1 for windows of 2 channels"),
        ({"learning_rate": 1e30, "method": "none"}, "learning_rate: training diverged"),
    ],
)
def test_wrong_parameters_are_named(windows, options, message):
    X, y, _ = windows
    with pytest.raises(sleepaug.ConfigError, match=message):
        classifier(**options).fit(X, y)


def test_wrong_data_are_described(windows):
    X, y, groups = windows
    with pytest.raises(ValueError, match=r"X: expected shape .* got \(1, 60, 2, 300\)"):
        classifier().fit(X[None], y[:1])
    with pytest.raises(ValueError, match="60 windows of one class"):
        classifier().fit(X, ["a"] * 60)
    with pytest.raises(ValueError, match="groups: two or more are needed, got 1"):
        classifier().fit(X, y, np.zeros(60))
    fitted = classifier(method="none", epochs=1).fit(X, y, groups)
    with pytest.raises(ValueError, match=r"shape \(2, 200\).*of shape \(2, 300\)"):
        fitted.predict(X[..., :200])


def test_windows_of_recordings_go_in_as_they_are(nights):
    settings = Preprocessing(channels=("C3", "C4"), sfreq=64.0, lowpass=None)
    w = prepare(mass(nights)[:2], settings)
    made = sleepaug.WindowClassifier(
        w.sfreq, w.ch_names, normalize="none", method="none", trunk=linear, epochs=1
    )
    assert made.fit(w.x, w.y, groups=w.subject).classes_.tolist() == [0, 1, 2, 3, 4]
