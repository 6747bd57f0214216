"""The options of training that the controlled experiments need."""

import copy
import dataclasses
import math

import pytest
import torch
from torch import nn

from sleepaug.augment import Identity
from sleepaug.training.fit import Fit, Training, make_optimizer
from sleepaug.training.methods.given import AugNet


def fit_of(task, **options):
    search = AugNet(layers=[["gaussian_noise", "frequency_shift"]], magnitude=0.5).search(task)
    training = Training(batch_size=90, **options)
    return Fit(task, search.augmentation(), training, regularization=0.5, seed=1)


def moves(fit):
    """By how much a first step moves each parameter at most: of the augmentation, of the trunk."""
    parts = (fit.model.augment, fit.model.trunk)
    before = [[p.detach().clone() for p in part.parameters()] for part in parts]
    fit.step()
    return [
        max(
            float((p.detach() - b).abs().max()) for p, b in zip(part.parameters(), old, strict=True)
        )
        for part, old in zip(parts, before, strict=True)
    ]


def test_the_augmentation_has_its_own_rate(tiny_task):
    """Adam's first step moves every parameter by the learning rate."""
    assert moves(fit_of(tiny_task, learning_rate=1e-3)) == pytest.approx([1e-3, 1e-3], rel=1e-2)
    own = fit_of(tiny_task, learning_rate=1e-3, augmentation_learning_rate=1e-2)
    assert moves(own) == pytest.approx([1e-2, 1e-3], rel=1e-2)


def test_each_part_has_its_own_decay(tiny_task):
    fit = fit_of(tiny_task, weight_decay=0.1, augmentation_weight_decay=1.0)
    augment, trunk = fit.optimizer.param_groups
    assert (augment["weight_decay"], trunk["weight_decay"]) == (1.0, 0.1)
    assert len(augment["params"]) == len(list(fit.model.augment.parameters()))
    assert [
        g["weight_decay"] for g in fit_of(tiny_task, weight_decay=0.1).optimizer.param_groups
    ] == [
        0.1,
        0.1,
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)],
)
def test_optimizers(tiny_task, name, kind):
    model = fit_of(tiny_task).model
    made = make_optimizer(model, Training(optimizer=name, betas=(0.9, 0.99)))
    assert type(made) is kind
    group = made.param_groups[0]
    assert group.get("momentum", 0.9) == 0.9
    assert group.get("betas", (0.9, 0.99)) == (0.9, 0.99)


def test_rates_fall_along_half_a_cosine(tiny_task):
    fit = fit_of(tiny_task, epochs=4, learning_rate=1e-3, schedule="cosine")
    rates = []
    while not fit.done:
        fit.step()
        rates.append(fit.optimizer.param_groups[1]["lr"])
    expected = [1e-3 * (1 + math.cos(math.pi * e / 4)) / 2 for e in range(4)]
    assert rates == pytest.approx(expected)
    resumed = fit_of(tiny_task, epochs=6, learning_rate=1e-3, schedule="cosine")
    resumed.load_state_dict(fit.state_dict())
    resumed.step()  # the fifth of six epochs
    assert resumed.optimizer.param_groups[1]["lr"] == pytest.approx(
        1e-3 * (1 + math.cos(math.pi * 4 / 6)) / 2
    )


def test_the_regularization_falls_to_a_tenth(tiny_task):
    """The first epoch is that of 0.5, the second that of 0.05."""
    falling, high, low = (fit_of(tiny_task, regularization_drop=d) for d in (1, None, None))
    low.regularization = 0.05
    for other in (high, low):
        other.load_state_dict(copy.deepcopy(falling.state_dict()))
        for fit in (falling, other):
            torch.manual_seed(0)
            fit.step()
        for a, b in zip(falling.model.parameters(), other.model.parameters(), strict=True):
            assert torch.equal(a, b)


def test_the_last_model_is_kept_and_patience_is_not_asked(tiny_task):
    options = {"epochs": 5, "patience": 1, "learning_rate": 1e-12}
    best, last = fit_of(tiny_task, **options), fit_of(tiny_task, **options, keep="last")
    for fit in (best, last):
        while not fit.done:
            fit.step()
    assert (best.status, last.status) == ("early_stopped", "finished")
    with torch.no_grad():
        for parameter in last.model.trunk.parameters():
            parameter.fill_(0.25)
    model = last.best_model()
    assert all(float(p.detach().min()) == 0.25 for p in model.trunk.parameters())


def test_batches_come_in_order_without_shuffling(tiny_task):
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(600, 5)

        def forward(self, x):
            if self.training:
                seen.append(x)
            return self.linear(x.flatten(1))

    task = dataclasses.replace(tiny_task, make_trunk=Spy)
    fit = Fit(task, Identity(), Training(batch_size=40, shuffle=False), seed=0)
    fit.step()
    assert torch.equal(torch.cat(seen), task.train.x)
