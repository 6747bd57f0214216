"""Policies as data and relaxed."""

import json

import pytest
import torch

from sleepaug.augment import Policy, RelaxedPolicy, Transform, eeg_transforms
from sleepaug.support.errors import ConfigError
from tests.augment.conftest import CH_NAMES


def add(name, amount):
    return Transform(name, lambda x, a: x + a.reshape(-1, *[1] * (x.ndim - 1)), amount)


TOY = {t.name: t for t in (add("one", 1.0), add("ten", 10.0), add("hundred", 100.0))}
STEPS = [[("one", 0.5, 1.0), ("ten", 1.0, 0.5)], [("hundred", 1.0, 1.0)]]


def test_one_subpolicy_is_drawn_for_each_window():
    added = Policy(STEPS, TOY)(torch.zeros(20_000, 2, 3))
    assert torch.equal(added, added[:, :1, :1].expand_as(added))
    shares = {v: (added[:, 0, 0] == v).float().mean().item() for v in (5.0, 6.0, 100.0)}
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == pytest.approx([0.25, 0.25, 0.5], abs=0.02)


def test_steps_are_applied_in_order():
    double = Transform("double", lambda x, a: 2 * x)
    policy = Policy([[("one", 1.0, 1.0), ("double", 1.0, 1.0)]], {**TOY, "double": double})
    assert policy(torch.zeros(3, 2)).eq(2).all()


def test_json_there_and_back():
    policy = Policy(STEPS, TOY)
    text = json.dumps(policy.to_json())
    assert json.loads(text) == [[["one", 0.5, 1.0], ["ten", 1.0, 0.5]], [["hundred", 1.0, 1.0]]]
    again = Policy(json.loads(text), TOY)
    assert again.subpolicies == policy.subpolicies
    assert policy.describe() == {
        "1.1.one.probability": 0.5,
        "1.1.one.amount": 1.0,
        "1.2.ten.probability": 1.0,
        "1.2.ten.amount": 5.0,
        "2.1.hundred.probability": 1.0,
        "2.1.hundred.amount": 100.0,
    }
    assert not policy.state_dict()


def test_an_empty_policy_does_nothing():
    x = torch.randn(3, 2)
    assert Policy([], TOY)(x) is x
    assert Policy([[]], TOY)(x) is x


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (("on", 0.5, 1.0), r"subpolicies\[0\]\[0\]: unknown transform 'on'. Did you mean 'one'"),
        (("one", 1.5, 1.0), "probability must be a number from 0 to 1, got 1.5"),
        (("one", 0.5, "x"), "magnitude must be a number from 0 to 1, got 'x'"),
        (("one", 0.5), r"expected \(name, probability, magnitude\)"),
        ("one", "expected"),
    ],
)
def test_bad_steps(step, message):
    with pytest.raises(ConfigError, match=message):
        Policy([[step]], TOY)


def test_every_eeg_transform_works_in_a_policy():
    transforms = eeg_transforms(100.0, CH_NAMES)
    policy = Policy([[(name, 1.0, 1.0)] for name in transforms], transforms)
    x = torch.randn(200, 6, 100)
    y = policy(x)
    assert y.isfinite().all()
    assert 0.7 < (y != x).any(-1).any(-1).float().mean() < 1


def test_relaxed_policy_learns_every_parameter():
    torch.manual_seed(0)
    transforms = eeg_transforms(100.0, CH_NAMES)
    policy = RelaxedPolicy(transforms, temperature=0.5)
    parameters = dict(policy.named_parameters())
    assert set(parameters) == {"logits", "magnitudes", "probabilities"}
    for parameter in parameters.values():
        assert parameter.shape == (5, 2, 12)
        assert 0 <= parameter.min() < 0.1
        assert 0.9 < parameter.max() <= 1
        assert parameter.unique().numel() == parameter.numel()
    y = policy(torch.randn(64, 6, 100))
    (y * torch.randn_like(y)).sum().backward()
    for name, parameter in parameters.items():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad.abs().amax((0, 1)) > 1e-3).all(), name
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter += 1
    policy.project_()
    assert policy.magnitudes.max() <= 1
    assert policy.probabilities.max() <= 1


def test_relaxed_stage_is_the_gated_weighted_average():
    """With probabilities 0 and 1 the relaxed decision is all but hard, and the sum can be seen."""
    policy = RelaxedPolicy(TOY, n_subpolicies=1, n_steps=1)
    with torch.no_grad():
        policy.logits.copy_(torch.tensor([0.2, 0.3, 0.5]).log() * 0.05)
        policy.magnitudes.fill_(1.0)
        policy.probabilities.copy_(torch.tensor([1.0, 0.0, 1.0]))
    y = policy(torch.zeros(500, 2))
    assert y.median().item() == pytest.approx(0.2 + 50, abs=0.1)


def test_freezing_takes_the_heaviest_of_each_step():
    transforms = eeg_transforms(100.0, CH_NAMES)
    policy = RelaxedPolicy(transforms, n_subpolicies=2)
    frozen = policy.freeze()
    assert isinstance(frozen, Policy)
    for i, steps in enumerate(frozen.subpolicies):
        for j, (name, probability, magnitude) in enumerate(steps):
            q = [t.name for t in policy.transforms].index(name)
            assert policy.weights[i, j].argmax() == q
            assert probability == pytest.approx(policy.probabilities[i, j, q].item())
            assert magnitude == pytest.approx(policy.magnitudes[i, j, q].item())
    assert policy.describe() == frozen.describe()


def test_relaxed_policy_samples_hard_decisions_in_evaluation():
    policy = RelaxedPolicy(TOY, n_subpolicies=1, n_steps=1).eval()
    with torch.no_grad():
        policy.magnitudes.fill_(1.0)
        policy.probabilities.fill_(0.5)
        policy.logits.fill_(0.0)
    added = policy(torch.zeros(6000, 1))[:, 0]
    shares = [(added == value).float().mean().item() for value in (0, 1, 10, 100)]
    assert shares == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6], abs=0.03)
