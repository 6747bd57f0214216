"""The hypergradient: a closed form, finite differences of the whole, and what it is for."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.func import functional_call

from sleepaug.augment import Transform
from sleepaug.augment.transform import gate
from sleepaug.training.fit import Training
from sleepaug.training.methods import ADDA, DADA
from sleepaug.training.methods.bilevel import unroll
from sleepaug.training.methods.dada import Pairs
from sleepaug.training.tasks.task import Split, Task

HOW = pytest.mark.parametrize("how", ["exact", "finite"])


@HOW
def test_the_gradient_of_a_quadratic_problem(how):
    """inner = |Aw - Ba|^2 / 2, outer = |w' - c|^2 / 2: dF/da = lr B'A (w' - c)."""
    torch.manual_seed(0)
    a, w = torch.randn(3).double().requires_grad_(), torch.randn(4).double().requires_grad_()
    matrix_a, matrix_b = torch.randn(6, 4).double(), torch.randn(6, 3).double()
    c, lr = torch.randn(4).double(), 0.1
    found = unroll(
        matrix_b @ a,
        lambda at, x: (matrix_a @ at["w"] - x).square().sum() / 2,
        lambda at: (at["w"] - c).square().sum() / 2,
        {"w": w},
        [a],
        lr,
        how,
    )
    slope = matrix_a.T @ (matrix_a @ w - matrix_b @ a)
    ahead = w - lr * slope
    expected = lr * matrix_b.T @ matrix_a @ (ahead - c)
    assert torch.allclose(found.policy_gradient[0], expected.detach(), rtol=1e-8)
    assert torch.allclose(found.trunk_gradient["w"], slope.detach())
    assert float(found.valid_loss) == pytest.approx(float((ahead - c).detach().square().sum() / 2))


@HOW
def test_it_is_the_slope_of_the_validation_loss_with_the_same_draws(how):
    """A smooth trunk with dropout; noise and gate are drawn. The whole is differenced by hand."""
    torch.manual_seed(1)
    trunk = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 3)).double()
    x, valid_x = torch.randn(2, 12, 6).double()
    y, valid_y = torch.randint(3, (2, 12))
    amount = torch.tensor(0.4).double().requires_grad_()
    probability = torch.tensor(0.6).double().requires_grad_()
    weights, lr = dict(trunk.named_parameters()), 0.3

    def augmented():
        noisy = x + amount * torch.randn_like(x)
        return gate(x, noisy, probability.expand(12))

    def inner(at, x):
        trunk.train()
        return nn.functional.cross_entropy(functional_call(trunk, at, (x,)), y)

    def outer(at):
        trunk.eval()
        return nn.functional.cross_entropy(functional_call(trunk, at, (valid_x,)), valid_y)

    def whole(value):
        torch.manual_seed(7)
        with torch.no_grad():
            amount.copy_(torch.tensor(value))
        slopes = torch.autograd.grad(inner(weights, augmented()), list(weights.values()))
        ahead = {k: w - lr * g for (k, w), g in zip(weights.items(), slopes, strict=True)}
        return float(outer(ahead))

    by_hand = (whole(0.4 + 1e-5) - whole(0.4 - 1e-5)) / 2e-5
    with torch.no_grad():
        amount.copy_(torch.tensor(0.4))
    torch.manual_seed(7)
    found = unroll(augmented(), inner, outer, weights, [amount, probability], lr, how)
    assert float(found.policy_gradient[0]) == pytest.approx(by_hand, rel=1e-3)
    after = torch.rand(1)
    torch.manual_seed(7)
    exact = unroll(augmented(), inner, outer, weights, [amount, probability], lr, "exact")
    for ours, theirs in zip(found.policy_gradient, exact.policy_gradient, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3)
    assert torch.equal(after, torch.rand(1))  # both leave the random stream where it was


def turned_task(n=64):
    """Validation windows are the training windows upside down; the other transform erases."""
    torch.manual_seed(0)
    y = torch.arange(n) % 2
    wave = torch.stack([torch.ones(8), torch.tensor([1.0, -1.0] * 4)])[y][:, None]
    x = wave + 0.3 * torch.randn(n, 1, 8)
    transforms = (
        Transform("turn", lambda x, amount: x * (1 - 2 * amount[:, None, None])),
        Transform("erase", lambda x, amount: x * (1 - amount[:, None, None])),
    )
    return Task(
        train=Split(x, y),
        valid=Split(-x, y),
        transforms={t.name: t for t in transforms},
        make_trunk=lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(8, 16), nn.Softplus(), nn.Linear(16, 2)
        ),
        classes=("a", "b"),
    )


@pytest.mark.parametrize("estimator", ["softmax", "gumbel", "relax"])
def test_adda_learns_to_turn_windows_where_validation_windows_are_turned(estimator):
    training = Training(learning_rate=0.01)
    method = ADDA(
        estimator=estimator,
        policy_lr=300,
        choice_lr=0.05,
        largest_step=None,
        temperature=1.0,
        warm_start=3,
        epochs=40,
    )
    search = method.search(turned_task(), training, seed=0)
    while not search.pretraining.done:
        search.pretraining.step()
    losses = []
    while not search.done:
        losses.append(search.step()["valid_loss"])
    turn = search.learner.choosing.relaxed.weights[..., 0].mean()
    assert float(turn.detach()) > 0.6
    assert losses[-1] < losses[0] / 2


def test_the_choices_of_adda_stay_open_at_first_and_close_at_once_with_the_rate_of_the_paper():
    entropies = {}
    for rate in (ADDA().choice_lr, None):
        method = ADDA(choice_lr=rate, warm_start=0, epochs=1)
        search = method.search(turned_task(), Training(learning_rate=0.01), seed=0)
        before = float(search.learner.entropy())
        entropies[rate] = search.step()["choice_entropy"] / before
    assert entropies[ADDA().choice_lr] > 0.8
    assert entropies[None] < 0.1


def test_a_magnitude_of_adda_changes_by_no_more_than_the_largest_step():
    method = ADDA(largest_step=0.02, policy_lr=1e9, warm_start=0, epochs=1)
    search = method.search(turned_task(8), Training(learning_rate=0.01), seed=0)
    parameters = dict(search.learner.choosing.relaxed.named_parameters())
    amounts = {k: p for k, p in parameters.items() if not k.endswith("logits")}
    before = {k: p.detach().clone() for k, p in amounts.items()}
    search.step()  # one batch
    changes = torch.stack([(p.detach() - before[k]).abs().max() for k, p in amounts.items()])
    assert changes.max() == pytest.approx(0.02, rel=1e-3)


def test_dada_learns_the_probability_of_the_right_pair():
    task = turned_task()
    erase = task.transforms["erase"]
    spoil = dataclasses.replace(erase, name="spoil")
    task = dataclasses.replace(task, transforms={**task.transforms, "spoil": spoil})
    search = DADA(policy_lr=0.03, epochs=60).search(task, Training(learning_rate=0.01), seed=0)
    while not search.done:
        search.step()
    policy = search.learner.choosing
    found = {(a.name, b.name): p for (a, b), p in zip(policy.pairs, policy.logits, strict=True)}
    assert float(found["turn", "erase"]) > float(found["erase", "spoil"])
    assert float(found["turn", "spoil"]) > float(found["erase", "spoil"])


def test_dada_has_every_pair_of_the_12_differentiable_transforms_once(tiny_task):
    pairs = Pairs(tiny_task.transforms)
    n = sum(t.differentiable for t in tiny_task.transforms.values())
    assert len(pairs.pairs) == n * (n - 1) // 2
    assert len({frozenset((a.name, b.name)) for a, b in pairs.pairs}) == len(pairs.pairs)
    with torch.no_grad():
        pairs.logits[[7, 2]] = torch.tensor([2.0, 1.0])
    first, second = pairs.freeze().subpolicies[:2]
    assert [step[0] for step in first] == [t.name for t in pairs.pairs[7]]
    assert [step[0] for step in second] == [t.name for t in pairs.pairs[2]]
