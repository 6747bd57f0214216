"""Proposals are a function of the history; trials are scored as they should be."""

import dataclasses

import numpy as np
import optuna
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sleepaug.augment import Policy, Transform
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods import METHODS, AutoAugment, FastAutoAugment
from sleepaug.training.methods.fast_aa import augmented_loss, best_distinct, deal
from sleepaug.training.methods.tpe import best_subpolicies, propose
from sleepaug.training.scoring import evaluate
from sleepaug.training.tasks.task import Split

NAMES = ["good", "bad", "ugly"]


def value(proposal):
    [steps] = proposal
    return sum((name == "good") * p * m - (name != "good") * p for name, p, m in steps)


def searched(n, history=(), sampler="tpe", seed=5):
    history = list(history)
    while len(history) < n:
        proposal = propose(history, NAMES, sampler=sampler, unit="subpolicy", seed=seed)
        history.append((proposal, value(proposal)))
    return history


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_is_a_function_of_its_history(sampler):
    whole = searched(16, sampler=sampler)
    assert searched(16, whole[:11], sampler=sampler) == whole
    assert searched(16, sampler=sampler, seed=6) != whole


def test_tpe_finds_what_is_good_sooner_than_chance():
    tpe, chance = searched(45), searched(45, sampler="random")
    late = [np.mean([score for _, score in history[25:]]) for history in (tpe, chance)]
    assert late[0] > late[1] + 0.5


def test_a_policy_has_5_subpolicies_of_2_steps():
    proposal = propose([], NAMES, sampler="random", unit="policy", seed=0)
    assert [len(steps) for steps in proposal] == [2] * 5


def test_the_log_level_of_optuna_stays_the_callers():
    before = optuna.logging.get_verbosity()
    try:
        optuna.logging.set_verbosity(optuna.logging.DEBUG)
        propose([], NAMES, sampler="tpe", unit="subpolicy", seed=0)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)


def test_the_policy_is_made_of_the_best_trials():
    history = [([[("a", 0.1, 0.1)]], 0.2), ([[("b", 0.1, 0.1)]], 0.9), ([[("c", 1, 1)]], 0.9)]
    assert best_subpolicies(history, 2) == [[("b", 0.1, 0.1)], [("c", 1, 1)]]
    history.append(([[("b", 0.3, 0.3)]], 0.8))
    assert best_distinct(history, 9) == [[("b", 0.1, 0.1)], [("c", 1, 1)], [("a", 0.1, 0.1)]]


def test_a_trial_of_autoaugment_is_a_training_from_the_same_start(tiny_task):
    training = Training(epochs=2)
    search = AutoAugment(trials=2).search(tiny_task, training, seed=4)
    rows = []
    while not search.done:
        rows.append(search.step())
    assert [(row["trial"], row["trial_epoch"]) for row in rows] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    for subpolicies, score in search.history:
        fit = Fit(tiny_task, Policy(subpolicies, tiny_task.transforms), training, seed=4)
        while not fit.done:
            fit.step()
        assert score == fit.best_score


def test_random_search_does_not_look_at_scores(tiny_task):
    history = [([[("sign_flip", 0.05 * i, 0.5)] * 2], score) for i, score in enumerate([0.1] * 12)]
    other = [(trial, 1 - score) for trial, score in history]
    options = {"sampler": METHODS["random"].sampler, "unit": "subpolicy", "seed": 1}
    names = list(tiny_task.transforms)
    assert propose(history, names, **options) == propose(other, names, **options)


HARMLESS = Transform("harmless", lambda x, amount: x)
RUIN = Transform("ruin", lambda x, amount: x * (1 - amount[:, None, None]))


def test_fast_autoaugment_picks_what_leaves_the_model_right(tiny_task):
    transforms = {"harmless": HARMLESS, "ruin": RUIN}
    task = dataclasses.replace(tiny_task, transforms=transforms)
    training = Training(epochs=25, learning_rate=1e-2)
    search = FastAutoAugment(trials=40).search(task, training, seed=0)
    while not search.pretraining.done:
        search.pretraining.step()
    while not search.done:
        search.step()
    best = search.augmentation().subpolicies[0]
    assert sum(p * m for name, p, m in best if name == "ruin") < 0.1
    worst = min(search.history[0], key=lambda trial: trial[1])
    assert sum(p * m for name, p, m in worst[0][0] if name == "ruin") > 0.5


def test_the_augmented_loss_is_the_loss_of_augmented_windows(tiny_task):
    trunk, weights = tiny_task.make_trunk(), torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0])
    split, transforms = tiny_task.valid, {"harmless": HARMLESS, "ruin": RUIN}
    policy = Policy([[("harmless", 1.0, 1.0)]], transforms)
    trunk.eval()
    expected = F.cross_entropy(trunk(split.x), split.y, weight=weights)
    assert augmented_loss(trunk, policy, split, weights) == pytest.approx(expected.item(), rel=1e-5)
    sometimes = Policy([[("ruin", 0.5, 1.0)]], transforms)
    torch.manual_seed(0)
    once = augmented_loss(trunk, sometimes, split, weights)
    torch.manual_seed(0)
    assert augmented_loss(trunk, sometimes, split, weights, best_of=4) < once


def test_folds_of_fast_autoaugment_hold_out_whole_recordings(tiny_task):
    n = len(tiny_task.train)
    group = np.repeat([f"night {i}" for i in range(6)], n // 6)
    task = dataclasses.replace(tiny_task, train=Split(tiny_task.train.x, tiny_task.train.y, group))
    parts = deal(task, 3)
    held_out = [set(part.valid.group) for part in parts]
    assert sorted(name for names in held_out for name in names) == sorted(set(group))
    for part in parts:
        assert not set(part.train.group) & set(part.valid.group)
        assert len(part.train) + len(part.valid) == n


def test_the_models_of_fast_autoaugment_learn_on_their_own_parts(tiny_task):
    training = Training(epochs=15, learning_rate=1e-2)
    search = FastAutoAugment(folds=2, trials=2).search(tiny_task, training, seed=0)
    while not search.pretraining.done:
        search.pretraining.step()
    for fit in search.fits:
        assert isinstance(fit.model.trunk, nn.Module)
        confusion, _ = evaluate(fit.best_model(), fit.task.valid, 5)
        assert np.trace(confusion) / confusion.sum() > 0.5
