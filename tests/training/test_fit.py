"""The loop learns, weighs classes, stops early, and goes on bit for bit after a kill."""

import dataclasses
import json
import threading
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from sleepaug.training.class_weights import balanced_weights
from sleepaug.training.clock import Clock
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods import METHODS
from sleepaug.training.runs import RunFolder, advance
from sleepaug.training.scoring import evaluate, scores_by_group
from sleepaug.training.tasks.task import Split

SHORT = Training(epochs=4, patience=4)


def fit_of(task, method="none", training=SHORT, seed=3):
    search = METHODS[method]().search(task)
    return Fit(
        task,
        search.augmentation(),
        training,
        regularization=search.regularization,
        seed=seed,
    )


def test_class_weights_are_scikit_learns_and_0_for_an_absent_class():
    y = torch.tensor([0, 0, 0, 1, 3, 3])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=y.numpy())
    weights = balanced_weights(y, 5)
    assert weights[[0, 1, 3]].tolist() == pytest.approx(expected.tolist())
    assert weights[[2, 4]].tolist() == [0, 0]


def test_batches_hold_every_window_once_and_their_own_class():
    split = Split(torch.arange(50.0)[:, None], torch.arange(50))
    seen = [(x[:, 0].tolist(), y.tolist()) for x, y in split.batches(16, shuffle=True)]
    assert [len(y) for _, y in seen] == [16, 16, 16, 2]
    assert all(x == y for x, y in seen)
    assert sorted(n for _, y in seen for n in y) == list(range(50))
    assert seen[0][1] != list(range(16))


def test_the_loop_is_plain_gradient_descent(tiny_task):
    """One epoch equals the same steps written out."""
    task = dataclasses.replace(
        tiny_task, make_trunk=lambda: nn.Sequential(nn.Flatten(), nn.Linear(600, 5))
    )
    fit = fit_of(task)
    torch.manual_seed(3)
    trunk = task.make_trunk()
    optimizer = torch.optim.Adam(trunk.parameters(), lr=1e-3, betas=(0.0, 0.999))
    weights = balanced_weights(task.train.y, 5)
    for x, y in task.train.batches(16, shuffle=True):
        optimizer.zero_grad()
        F.cross_entropy(trunk(x), y, weight=weights).backward()
        optimizer.step()
    torch.manual_seed(3)
    task.make_trunk()  # the same draws before the first epoch
    fit.step()
    ours = torch.cat([p.flatten() for p in fit.model.trunk.parameters()])
    assert torch.allclose(ours, torch.cat([p.flatten() for p in trunk.parameters()]), atol=1e-6)


@pytest.mark.parametrize("method", ["none", "fixed", "augnet"])
def test_it_learns(tiny_task, method):
    fit = fit_of(tiny_task, method, Training(epochs=40, patience=40, learning_rate=1e-2))
    while not fit.done:
        row = fit.step()
    assert json.dumps(row, allow_nan=False)
    assert fit.best_score > 0.8
    confusion, _ = evaluate(fit.best_model(), tiny_task.valid, 5)
    recalls = np.diag(confusion) / confusion.sum(1)
    assert recalls.mean() == pytest.approx(fit.best_score)  # the best model, not the last


def test_the_best_model_is_a_copy_and_training_goes_on_from_the_last(tiny_task):
    fit = fit_of(tiny_task, "augnet", Training(epochs=9, learning_rate=0.1))
    while fit.best_step == fit.n_steps:
        fit.step()
    before = {name: value.clone() for name, value in fit.model.state_dict().items()}
    best = fit.best_model()
    assert not best.training
    for name, value in fit.model.state_dict().items():
        assert torch.equal(value, before[name])
        assert torch.equal(best.state_dict()[name], fit.best_state[name])


def test_fits_with_one_seed_start_alike_whatever_their_augmentation(tiny_task):
    first, second = fit_of(tiny_task), fit_of(tiny_task, "augnet")
    for a, b in zip(first.model.trunk.parameters(), second.model.trunk.parameters(), strict=True):
        assert torch.equal(a, b)


def test_magnitudes_of_the_trained_model_move_and_stay_in_range(tiny_task):
    fit = fit_of(tiny_task, "augnet", Training(epochs=3, learning_rate=0.3))
    before = fit.model.augment.layers[1].raw_magnitudes.clone()
    while not fit.done:
        fit.step()
    for layer in fit.model.augment.layers:
        assert float(layer.raw_magnitudes.detach().min()) >= 0
        assert float(layer.raw_magnitudes.detach().max()) <= 1
    assert not torch.equal(before, fit.model.augment.layers[1].raw_magnitudes)


def test_the_regularizer_drives_magnitudes_up(tiny_task):
    """Equation 3 of the paper: the larger what is applied, the smaller the loss."""
    search = METHODS["augnet"]().search(tiny_task)
    fit = Fit(tiny_task, search.augmentation(), SHORT, regularization=1e4, seed=3)
    before = [layer.raw_magnitudes.detach().clone() for layer in fit.model.augment.layers]
    fit.step()
    for layer, old in zip(fit.model.augment.layers, before, strict=True):
        assert bool((layer.raw_magnitudes.detach() > old).all())


def test_patience_ends_training(tiny_task):
    fit = fit_of(tiny_task, training=Training(epochs=50, patience=2, learning_rate=1e-12))
    while not fit.done:
        fit.step()
    assert fit.status == "early_stopped"
    assert fit.n_steps == fit.best_step + 2


@pytest.mark.parametrize("method", ["none", "augnet"])
def test_a_diverged_training_says_so(tiny_task, method):
    fit = fit_of(tiny_task, method, training=Training(epochs=9, learning_rate=1e30))
    while not fit.done:
        row = fit.step()
    assert fit.status == "diverged"
    assert row["train_loss"] is None
    assert fit.best_state == {}  # what gives no numbers is not the best


@pytest.mark.parametrize("method", ["none", "fixed", "augnet"])
def test_a_killed_run_goes_on_bit_for_bit(tiny_task, tmp_path, method):
    def run(folder, stop_after=None):
        process, clock = fit_of(tiny_task, method), Clock(timer=iter(range(1000)).__next__)
        folder = RunFolder(tmp_path / folder)
        folder.path.mkdir(exist_ok=True)

        def tell(row):
            if row["epoch"] == stop_after:
                folder.append({"epoch": "a row that no checkpoint knows of"})
                raise KeyboardInterrupt

        advance(process, folder, clock, tell=tell)
        return process, folder

    whole, whole_folder = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("killed", stop_after=2)
    torch.rand(7)  # whatever happened in between
    resumed, resumed_folder = run("killed")
    assert resumed_folder.rows() == whole_folder.rows()  # seconds too: the clock is restored
    for key, value in whole.state_dict()["best_state"].items():
        assert torch.equal(value, resumed.state_dict()["best_state"][key])
    for a, b in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(a, b)


def compute(seconds):
    start = time.thread_time()
    while time.thread_time() < start + seconds:
        pass


def test_on_the_cpu_waiting_is_not_charged_and_computing_is():
    clock = Clock("cpu", budget=10.0)
    with clock.charge("waiting"):
        time.sleep(0.2)
    with clock.charge("computing"):
        compute(0.1)
    with clock.charge("by other threads"):
        others = [threading.Thread(target=compute, args=(0.1,)) for _ in range(2)]
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
    assert clock.seconds["waiting"] < 0.1 <= clock.seconds["computing"]
    assert clock.seconds["by other threads"] >= 0.2
    assert clock.left() == 10.0 - sum(clock.seconds.values())


def test_evaluation_repeats_and_leaves_the_random_stream_alone(tiny_task):
    fit = fit_of(tiny_task, "augnet")
    torch.manual_seed(5)
    first = evaluate(fit.model, tiny_task.valid, 5)
    after = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(3))
    second = evaluate(fit.model, tiny_task.valid, 5)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]


def test_scores_by_night_add_up_to_the_pooled_ones(tiny_task):
    split = Split(tiny_task.valid.x, tiny_task.valid.y, np.repeat(["a", "b"], 20))
    scores = scores_by_group(fit_of(tiny_task).model, split, tiny_task.classes)
    total = sum(np.array(night["confusion"]) for night in scores["nights"].values())
    assert np.array_equal(total, scores["confusion"])
    assert set(scores["nights"]) == {"a", "b"}
