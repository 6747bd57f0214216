"""The measured selection: limits are found, harm is dropped, harmless transforms run to the end."""

import math

import pytest
import torch
from torch import Tensor, nn

from sleepaug.augment import AugmentationModule, AugmentedModel, Transform
from sleepaug.augment.learned import Learned
from sleepaug.augment.selection import (
    BEYOND,
    LEAST,
    LOWEST,
    MEMORY,
    START,
    STEP,
    MeasuredLayer,
    evenly,
)
from sleepaug.support.errors import ConfigError
from sleepaug.training.methods.given import AugNet


class Trunk(nn.Module):
    """Finds the true class (0) where the input is positive."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, -x], dim=1)


def spoils(name, law):
    """A transform that makes the trunk fail on a share ``law(magnitude)`` of the examples."""
    return Transform(
        name, lambda x, m: torch.where(torch.rand(len(x)) < law(m), -1.0, x[:, 0])[:, None]
    )


HARMLESS = Transform("harmless", lambda x, m: x)
HARMFUL = spoils("harmful", lambda m: 0.8 * m)
LIMITED = spoils("limited", lambda m: (m - 0.3).clamp(min=0))


def learned(*transforms, n=400, epochs=60, tolerance=0.002, weight=None):
    torch.manual_seed(0)
    layer = MeasuredLayer(transforms, tolerance=tolerance)
    x, y = torch.ones(n, 1), torch.zeros(n, dtype=torch.long)
    for _ in range(epochs):
        layer.measure_(Trunk(), x, y, torch.ones(n) if weight is None else weight)
    return layer


def test_each_transform_finds_its_own_limit():
    layer = learned(HARMLESS, HARMFUL, LIMITED)
    harmless, harmful, limited = layer.magnitudes.tolist()
    assert harmless == pytest.approx(1, abs=1e-3)
    assert harmful < LEAST
    assert limited == pytest.approx(0.306, abs=0.02)  # a cost of 0.006: see the test of the limit
    assert layer.weights.tolist() == [0.5, 0, 0.5]


def test_the_company_of_others_changes_nothing():
    alone = learned(LIMITED).magnitudes[0]
    crowded = learned(HARMLESS, HARMFUL, LIMITED, HARMLESS_TOO, n=1600).magnitudes[2]
    assert float(alone) == pytest.approx(float(crowded), abs=0.03)


HARMLESS_TOO = Transform("harmless too", lambda x, m: x.clone())


@pytest.mark.parametrize(
    ("n", "weight", "tolerance"),
    [
        (400, None, 0.05),
        (25, None, 0.05),
        (25, None, 0.2),
        (400, torch.tensor([1.0, 0.0] * 200), 0.05),
        (400, torch.tensor([9.0, 1.0] * 200), 0.05),
    ],
)
def test_a_transform_may_cost_the_tolerance_and_one_standard_error(n, weight, tolerance):
    """The share p that may fail solves p = tolerance + sqrt(p (1 - p) / n), a quadratic."""
    w = torch.ones(n) if weight is None else weight
    n_effective = float(w.sum() ** 2 / (w**2).sum())
    a, b = 1 + 1 / n_effective, 2 * tolerance + 1 / n_effective
    share = (b + (b**2 - 4 * a * tolerance**2) ** 0.5) / (2 * a)
    shares = [
        float(learned(HARMFUL, n=n, epochs=k, tolerance=tolerance, weight=weight).magnitudes)
        for k in (80, 90, 100)
    ]
    assert 0.8 * sum(shares) / 3 == pytest.approx(share, rel=0.08)


def test_what_was_minded_once_is_tried_again():
    """Training goes on with a little of each candidate, and its magnitude can return."""
    layer = learned(HARMFUL)
    assert float(layer.trial) == pytest.approx(LOWEST)
    layer.transforms = (HARMLESS,)
    x, y = torch.ones(400, 1), torch.zeros(400, dtype=torch.long)
    for _ in range(60):
        layer.measure_(Trunk(), x, y, torch.ones(400))
    assert float(layer.magnitudes) == pytest.approx(1, abs=1e-3)


def test_the_trained_model_has_the_average_of_what_was_tried():
    layer = MeasuredLayer([HARMLESS], tolerance=0.002)
    logs = [math.log(START)]
    for k in range(1, 4):
        layer.measure_(
            Trunk(), torch.ones(50, 1), torch.zeros(50, dtype=torch.long), torch.ones(50)
        )
        trial = math.log(START) + STEP * k
        assert float(layer.trial) == pytest.approx(math.exp(trial))
        logs.append(MEMORY * logs[-1] + (1 - MEMORY) * trial)
        assert float(layer.magnitudes) == pytest.approx(math.exp(logs[-1]))


def test_examples_are_drawn_in_proportion_to_their_weights():
    weight = torch.tensor([3.0, 0.0, 1.0, 0.5, 1.5])
    counts = evenly(weight, 103).bincount(minlength=5)
    assert ((counts - 103 * weight / 6).abs() < 1 + 1e-4).all()
    assert counts[1] == 0


def test_few_examples_prove_nothing_and_move_nothing():
    assert learned(HARMLESS, n=4, epochs=1).magnitudes.tolist() == pytest.approx([START])


def test_weights_of_examples_count():
    """Harm to examples of weight 0 is no harm."""
    torch.manual_seed(0)
    hurt_some = Transform("some", lambda x, m: torch.where(x > 0.5, x, -x))
    x = torch.cat([torch.full((200, 1), 0.7), torch.full((200, 1), 0.4)])
    for weight, limit in ((torch.tensor([2.0, 0.0]), 1.0), (torch.tensor([1.0, 1.0]), LOWEST)):
        layer = MeasuredLayer([hurt_some], tolerance=0.002)
        for _ in range(40):
            y = torch.zeros(400, dtype=torch.long)
            layer.measure_(Trunk(), x, y, weight.repeat_interleave(200))
        assert float(layer.magnitudes[0]) == pytest.approx(limit, abs=0.01)


def test_training_draws_all_candidates_and_the_model_those_that_were_kept():
    marks = [Transform(str(k), lambda x, m, k=k: torch.full_like(x, k)) for k in range(3)]
    layer = MeasuredLayer(marks, tolerance=0.002)
    layer.magnitudes.copy_(torch.tensor([1.0, 0.01, 0.2]))
    x = torch.full((3000, 1), -1.0)
    counts = [int((layer.train()(x) == k).sum()) for k in range(3)]
    assert counts == pytest.approx([1000] * 3, abs=120)
    counts = [int((layer.eval()(x) == k).sum()) for k in range(3)]
    assert counts == pytest.approx([1500, 0, 1500], abs=150)
    layer.magnitudes.fill_(0.01)
    assert torch.equal(layer(x), x)


def test_training_goes_beyond_the_trial_and_the_model_stays_at_the_average():
    layer = MeasuredLayer([Transform("tell", lambda x, m: m[:, None])], tolerance=0.002)
    layer.trial.fill_(0.4)
    layer.magnitudes.fill_(0.2)
    x = torch.zeros(5, 1)
    assert layer.train()(x).unique().tolist() == pytest.approx([BEYOND * 0.4])
    assert layer.eval()(x).unique().tolist() == pytest.approx([0.2])
    layer.trial.fill_(0.9)
    assert layer.train()(x).unique().tolist() == [1]


def test_no_gradient_is_needed_or_made(tiny_task):
    method = AugNet(layers=[["bandstop_filter", "gaussian_noise"]], selection="robust")
    augment = method.search(tiny_task).augmentation()
    assert isinstance(augment, AugmentationModule)
    assert not list(augment.parameters())
    assert float(augment.regularizer()) == 0
    model = AugmentedModel(augment, tiny_task.make_trunk())
    model(tiny_task.train.x[:8]).sum().backward()
    with pytest.raises(ConfigError, match="bandstop"):
        AugNet(layers=[["bandstop_filter"]]).search(tiny_task)


def test_what_was_learned_is_saved_with_the_model(tiny_task):
    method = AugNet(layers=[["time_reverse", "gaussian_noise"]], selection="robust")
    first, second = (method.build(tiny_task.transforms) for _ in range(2))
    first.layers[0].magnitudes.copy_(torch.tensor([0.5, 0.01]))
    second.load_state_dict(first.state_dict())
    assert second.describe() == first.describe()
    assert second.describe()["1.time_reverse.amount"] == pytest.approx(0.25)
    assert Learned.of(second).sentences() == [
        "time reverse up to 0.25 probability: kept",
        "gaussian noise: rejected",
    ]


def test_several_transforms_of_a_layer_may_be_kept(tiny_task):
    method = AugNet(layers=[["gaussian_noise", "ft_surrogate", "time_masking"]], selection="robust")
    augment = method.build(tiny_task.transforms)
    augment.layers[0].magnitudes.fill_(1.0)
    assert [text.endswith("kept") for text in Learned.of(augment).sentences()] == [True] * 3
