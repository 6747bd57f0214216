"""Augment, forward, aggregate."""

import pytest
import torch
from torch import nn

from sleepaug.augment import (
    Augmentation,
    AugmentationModule,
    AugmentedModel,
    Identity,
    Policy,
    augnet_layers,
    eeg_transforms,
)
from sleepaug.support.errors import ConfigError
from tests.augment.conftest import CH_NAMES


class Signs(Augmentation):
    """A transformation with two outcomes, so that its average can be written down."""

    at_inference = True

    def forward(self, x):
        return x * (2 * torch.randint(2, (len(x), 1)) - 1)


@pytest.fixture
def trunk():
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4))


def test_copies_are_unbiased_before_renormalising(trunk):
    """Whatever the number of copies, the mean over draws is the average over the group."""
    x = torch.randn(1, 3)
    brute_force = torch.stack([trunk(s * x).log_softmax(-1) for s in (1, -1)]).mean(0)[0]
    many = x.expand(8000, -1)
    for n_copies in (1, 2, 5):
        model = AugmentedModel(Signs(), trunk, n_copies_eval=n_copies).eval()
        with torch.no_grad():
            draws = model.average(many)
        error = draws.std(0) / 8000**0.5
        assert ((draws.mean(0) - brute_force).abs() < 4.5 * error + 1e-6).all()


def test_average_is_the_mean_of_the_copies(trunk):
    x = torch.randn(5, 3)
    model = AugmentedModel(Signs(), trunk, n_copies_eval=4, n_copies_train=4)
    for mode in (model.eval(), model.train()):
        torch.manual_seed(3)
        got = mode.average(x)
        torch.manual_seed(3)
        copies = trunk(Signs()(x.repeat(4, 1))).log_softmax(-1)
        torch.testing.assert_close(
            got, (copies[:5] + copies[5:10] + copies[10:15] + copies[15:]) / 4
        )
        torch.manual_seed(3)
        out = mode(x)
        torch.testing.assert_close(out, got.log_softmax(-1))
        torch.testing.assert_close(out.exp().sum(-1), torch.ones(5))


def test_memory_is_bounded_by_chunks(trunk):
    sizes = []
    trunk.register_forward_hook(lambda module, args, out: sizes.append(len(out)))
    model = AugmentedModel(Signs(), trunk, n_copies_eval=4, chunk_size=12).eval()
    assert model(torch.randn(10, 3)).shape == (10, 4)
    assert sizes == [12, 12, 12, 4]
    sizes.clear()
    model = AugmentedModel(Signs(), trunk, n_copies_eval=20, chunk_size=12).eval()
    assert model(torch.randn(2, 3)).shape == (2, 4)
    assert sizes == [20, 20]  # one window with all its copies is the least


def test_each_copy_draws_its_own_transform():
    transforms = eeg_transforms(100.0, CH_NAMES, official=True)
    augment = AugmentationModule.of(transforms, [["sign_flip", "gaussian_noise"]], magnitude=1.0)
    seen = []

    def trunk(x):
        seen.append(x)
        return x.mean(-1)

    model = AugmentedModel(augment, nn.Identity(), n_copies_eval=50)
    model.trunk = nn.Identity()
    model.trunk.forward = trunk
    model.eval()(torch.ones(4, 6, 10))
    flipped = (seen[0] == -1).all(-1).all(-1).reshape(50, 4).float()
    assert (flipped.mean(0) - 0.5).abs().max() < 0.3
    assert flipped.std(0).min() > 0.3


def test_policies_are_for_training_only(trunk):
    transforms = eeg_transforms(100.0, CH_NAMES)
    net = nn.Sequential(nn.Flatten(), nn.Linear(60, 4))
    model = AugmentedModel(Policy([[("gaussian_noise", 1.0, 1.0)]], transforms), net)
    x = torch.randn(3, 6, 10)
    plain = net(x).log_softmax(-1)
    torch.testing.assert_close(model.eval()(x), plain)
    assert not torch.allclose(model.train()(x), plain)
    none = AugmentedModel(Identity(), net)
    for mode in (none.train(), none.eval()):
        torch.testing.assert_close(mode(x), plain)


def test_evaluation_repeats_under_a_seed_and_leaves_the_stream_alone():
    transforms = eeg_transforms(100.0, CH_NAMES)
    augment = AugmentationModule.of(transforms, augnet_layers(transforms))
    model = AugmentedModel(augment, nn.Sequential(nn.Flatten(), nn.Linear(600, 5))).eval()
    x = torch.randn(6, 6, 100)

    def evaluate():
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            return model(x)

    state = torch.get_rng_state()
    first = evaluate()
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert torch.equal(first, evaluate())
    assert not torch.equal(first, model(x))


def test_a_trunk_may_give_log_probabilities(trunk):
    x = torch.randn(5, 3)
    one = AugmentedModel(Identity(), trunk)
    other = AugmentedModel(Identity(), nn.Sequential(trunk, nn.LogSoftmax(-1)))
    torch.testing.assert_close(one(x), other(x))


def test_bad_numbers(trunk):
    with pytest.raises(ConfigError, match="n_copies_eval"):
        AugmentedModel(Identity(), trunk, n_copies_eval=0)
