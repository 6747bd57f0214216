"""The hypergradient: a closed form, and finite differences of the whole."""

import pytest
import torch
from torch import nn
from torch.func import functional_call

from sleepaug.augment.transform import gate
from sleepaug.training.methods.hypergradient import Losses, unroll

HOW = pytest.mark.parametrize("how", ["exact", "finite"])


@HOW
def test_the_gradient_of_a_quadratic_problem(how):
    """inner = |Aw - Ba|^2 / 2, outer = |w' - c|^2 / 2: dF/da = lr B'A (w' - c)."""
    torch.manual_seed(0)
    a, w = torch.randn(3).double().requires_grad_(), torch.randn(4).double().requires_grad_()
    matrix_a, matrix_b = torch.randn(6, 4).double(), torch.randn(6, 3).double()
    c, lr = torch.randn(4).double(), 0.1
    losses = Losses(
        inner=lambda at, x: (matrix_a @ at["w"] - x).square().sum() / 2,
        outer=lambda at: (at["w"] - c).square().sum() / 2,
    )
    step = unroll(matrix_b @ a, losses, {"w": w}, [a], lr, how)
    slope = matrix_a.T @ (matrix_a @ w - matrix_b @ a)
    ahead = w - lr * slope
    expected = lr * matrix_b.T @ matrix_a @ (ahead - c)
    assert torch.allclose(step.policy_gradient[0], expected.detach(), rtol=1e-8)
    assert torch.allclose(step.trunk_gradient["w"], slope.detach())
    assert float(step.valid_loss) == pytest.approx(float((ahead - c).detach().square().sum() / 2))


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
    losses, policy = Losses(inner, outer), [amount, probability]
    step = unroll(augmented(), losses, weights, policy, lr, how)
    assert float(step.policy_gradient[0]) == pytest.approx(by_hand, rel=1e-3)
    after = torch.rand(1)
    torch.manual_seed(7)
    exact = unroll(augmented(), losses, weights, policy, lr, "exact")
    for ours, theirs in zip(step.policy_gradient, exact.policy_gradient, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3)
    assert torch.equal(after, torch.rand(1))  # both leave the random stream where it was
