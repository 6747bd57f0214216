"""RELAX against enumeration, and against REINFORCE."""

import pytest
import torch
from scipy.stats import ks_2samp

from sleepaug.training.methods.relax import Relax, conditional

VALUES = torch.tensor([0.55, 0.45])


def gradients(relax, logits, n):
    rows = []
    for _ in range(n):
        choice, z = relax.draw(logits)
        rows.append(relax.gradient(logits, choice, z, VALUES[choice[0]]))
    return torch.stack(rows)[:, 0]


def test_it_is_unbiased_and_varies_less_than_reinforce():
    torch.manual_seed(0)
    logits = torch.tensor([[0.4, -0.3]])
    p = torch.softmax(logits[0], 0)
    expected = p * (VALUES - p @ VALUES)
    relax = Relax(1, 2, lr=0.02)
    gradients(relax, logits, 300)
    assert float(relax.network[-1].weight.detach().abs().max()) > 1e-3  # it did learn
    relax.optimizer.param_groups[0]["lr"] = 0.0  # and is left as it is
    estimates = gradients(relax, logits, 800)
    error = estimates.std(0) / len(estimates) ** 0.5
    assert bool(((estimates.mean(0) - expected).abs() < 4 * error).all())
    choices = torch.multinomial(p, 800, replacement=True)
    score = torch.nn.functional.one_hot(choices, 2) - p
    reinforce = VALUES[choices][:, None] * score
    assert float(estimates.var(0).sum()) < 0.5 * float(reinforce.var(0).sum())


def test_before_it_has_learned_it_is_reinforce():
    torch.manual_seed(1)
    logits = torch.tensor([[0.0, 1.0, -1.0], [0.3, 0.3, 0.3]])
    relax = Relax(2, 3)
    choice, z = relax.draw(logits)
    gradient = relax.gradient(logits, choice, z, torch.tensor(-2e-4))
    score = torch.nn.functional.one_hot(choice, 3) - torch.softmax(logits, -1)
    assert torch.allclose(gradient, -2e-4 * score, rtol=1e-4)


def test_the_conditional_draw_agrees_with_the_choice_and_has_the_law_of_z():
    torch.manual_seed(2)
    relax = Relax(1, 3)
    logits = torch.tensor([[0.7, 0.0, -1.2]])
    log_p = torch.log_softmax(logits, -1)
    drawn, redrawn, choices = [], [], []
    for _ in range(800):
        choice, z = relax.draw(logits)
        again = conditional(log_p, choice)
        assert int(again.argmax()) == int(choice)
        drawn.append(z[0])
        redrawn.append(again[0])
        choices.append(choice)
    shares = torch.bincount(torch.cat(choices), minlength=3) / 800
    assert torch.allclose(shares, log_p.exp()[0], atol=0.07)
    for a, b in zip(torch.stack(drawn).T, torch.stack(redrawn).T, strict=True):
        assert ks_2samp(a.numpy(), b.numpy()).pvalue > 1e-3


def test_saturated_logits_give_numbers():
    relax = Relax(1, 3)
    logits = torch.tensor([[0.0, -1e5, 1e5]])
    choice, z = relax.draw(logits)
    assert int(choice) == 2
    gradient = relax.gradient(logits, choice, z, torch.tensor(0.1))
    assert bool(torch.isfinite(gradient).all())
    assert float(gradient.abs().max()) == pytest.approx(0, abs=1e-6)
