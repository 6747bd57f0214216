"""Eq. 4 against closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from sleepaug.augment import AugmentationLayer, AugmentationModule, AugmentedModel, Transform
from sleepaug.augment.invariance import (
    cosine_distance,
    derangement,
    invariance,
    mean_logits,
    median_invariance,
)


def turn(x, degrees):
    """Rows of length 2 n: turn each pair of coordinates."""
    angle = (degrees * math.pi / 180)[:, None, None]
    a, b = x.unflatten(1, (-1, 2)).split(1, dim=2)
    return torch.cat(
        [angle.cos() * a - angle.sin() * b, angle.sin() * a + angle.cos() * b], 2
    ).flatten(1)


TURN = Transform("turn", turn, 90.0, "degrees")


@pytest.mark.parametrize("degrees", [0, 20, 60, 90])
def test_orthogonal_examples_that_turn_by_an_angle(degrees):
    """All baselines are 1 and all distances 1 - cos(angle), so the metric is the cosine."""
    x = torch.eye(24)[::2]
    values = invariance(nn.Identity(), x, TURN, magnitude=degrees / 90)
    assert values == pytest.approx(np.full(12, math.cos(math.radians(degrees))), abs=1e-6)


def test_it_is_independent_of_the_scale_of_the_logits():
    x = torch.randn(30, 8)
    small = invariance(lambda_module(lambda v: v), x, TURN, magnitude=0.3)
    assert invariance(lambda_module(lambda v: 100 * v), x, TURN, magnitude=0.3) == pytest.approx(
        small, rel=1e-4
    )


def lambda_module(function):
    class Model(nn.Module):
        def forward(self, x):
            return function(x)

    return Model()


def test_a_model_that_tells_nothing_apart_has_no_invariance():
    constant = lambda_module(lambda v: torch.ones(len(v), 4))
    assert np.isnan(invariance(constant, torch.randn(9, 4), TURN)).all()
    assert median_invariance(constant, torch.randn(9, 4), TURN, 45.0)["median"] is None


def test_it_agrees_with_the_formula_written_out():
    """With two examples there is one derangement only."""
    x = torch.randn(2, 6, dtype=torch.float64)
    moved = turn(x, torch.tensor([45.0, 45.0], dtype=torch.float64))
    unit, moved = (v.numpy() / np.linalg.norm(v.numpy(), axis=1, keepdims=True) for v in (x, moved))
    b, d = 1 - (unit[0] * unit[1]).sum(), 1 - (unit * moved).sum(1)
    assert invariance(nn.Identity(), x, TURN, magnitude=0.5) == pytest.approx((b - d) / b)


def test_nothing_stays_in_its_place():
    for n in (2, 3, 17):
        for _ in range(20):
            order = derangement(n)
            assert sorted(order.tolist()) == list(range(n))
            assert (order != torch.arange(n)).all()


def test_logits_of_an_augmented_model_are_averaged_over_its_copies():
    """Averaged over all angles a turning vector vanishes; each single copy keeps its length."""
    spin = Transform(
        "spin", lambda x, amount: turn(x, amount * (2 * torch.rand(len(x)) - 1)), 180.0
    )
    augment = AugmentationModule([AugmentationLayer([spin], magnitude=1.0)])
    x = torch.randn(40, 2)
    lengths = {
        n: float(
            mean_logits(AugmentedModel(augment, nn.Identity(), n_copies_eval=n), x)
            .norm(dim=1)
            .mean()
        )
        for n in (1, 400)
    }
    assert lengths[1] == pytest.approx(float(x.norm(dim=1).mean()), rel=1e-5)
    assert lengths[400] < 0.1 * lengths[1]


def test_an_augmentation_that_is_not_part_of_the_model_is_left_out():
    augment = AugmentationModule([AugmentationLayer([TURN], magnitude=1.0)])
    augment.at_inference = False
    x = torch.randn(5, 4)
    assert torch.equal(mean_logits(AugmentedModel(augment, nn.Identity()), x), x)


def test_it_repeats_and_leaves_mode_and_random_stream_alone():
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3)).train()
    x = torch.randn(20, 4)
    torch.manual_seed(1)
    first = invariance(model, x, TURN)
    after = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(3))
    assert np.array_equal(first, invariance(model, x, TURN))
    assert model.training


def test_distances():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    b = torch.tensor([[3.0, 0.0], [-1.0, 0.0], [-2.0, 2.0]])
    assert cosine_distance(a, b).tolist() == pytest.approx([0.0, 2.0, 1.0])


def test_one_example_is_an_error():
    with pytest.raises(ValueError, match="at least two"):
        invariance(nn.Identity(), torch.randn(1, 4), TURN)
