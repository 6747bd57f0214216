"""The critic's penalty is one norm a window, and the policy keeps what looks real."""

import dataclasses

import pytest
import torch
from torch import nn

from sleepaug.augment import Transform
from sleepaug.support.errors import ConfigError
from sleepaug.training.fit import Training
from sleepaug.training.methods import FasterAutoAugment
from sleepaug.training.methods.faster_aa import Critic, gradient_penalty


class Linear(nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        return None, (x * self.slope).sum((1, 2))


def test_the_penalty_is_on_the_norm_over_a_whole_window():
    slope = torch.tensor([[3.0, 0.0], [0.0, 4.0]])  # norm 5; by time point 3 and 4
    penalty = gradient_penalty(Linear(slope), torch.randn(6, 2, 2), torch.randn(6, 2, 2))
    assert float(penalty) == pytest.approx(16.0)


def test_the_critic_judges_the_features_before_the_last_layer(tiny_task):
    trunk = tiny_task.make_trunk()
    critic = Critic(trunk)
    x = tiny_task.valid.x[:7]
    logits, judged = critic(x)
    features = trunk[:-1](x)
    assert torch.allclose(judged, critic.judge(features)[:, 0])
    assert torch.allclose(logits, trunk[-1](features))
    assert torch.equal(critic(x)[1], judged)  # no dropout in it


def test_a_trunk_without_a_linear_layer_is_refused():
    with pytest.raises(ConfigError, match="last layer is linear"):
        Critic(nn.Conv1d(2, 5, 3))


def test_the_policy_prefers_what_looks_real(tiny_task):
    transforms = {
        "harmless": Transform("harmless", lambda x, amount: x),
        "blow_up": Transform("blow_up", lambda x, amount: x * (1 + 9 * amount[:, None, None])),
    }
    task = dataclasses.replace(tiny_task, transforms=transforms)
    method = FasterAutoAugment(epochs=20, learning_rate=1e-2)
    search = method.search(task, Training(), seed=1)
    policy = search.learner.relaxed

    def damage():
        product = policy.weights * policy.magnitudes * policy.probabilities
        return float(product[..., 1].sum().detach())

    before = damage()
    while not search.done:
        search.step()
    assert damage() < before / 2
