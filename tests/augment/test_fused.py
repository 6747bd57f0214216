"""A layer's fused sum equals the plain weighted sum, with all its gradients, to rounding."""

from dataclasses import replace

import pytest
import torch

from sleepaug.augment import SENSORS, TIME_FREQUENCY, AugmentationLayer, Transform, eeg_transforms
from sleepaug.augment.fused import fused_sum, sensors_sum, time_frequency_sum
from sleepaug.support.errors import ConfigError
from tests.augment.conftest import CH_NAMES, draw_for

LAYERS = [
    TIME_FREQUENCY,
    *[(name,) for name in TIME_FREQUENCY],
    ("frequency_shift", "gaussian_noise"),
    ("ft_surrogate", "time_reverse", "time_masking"),
    SENSORS,
    *[(name,) for name in SENSORS],
    ("rotation_y", "sign_flip", "channels_shuffle"),
]


@pytest.mark.parametrize("n_times", [60, 61])
@pytest.mark.parametrize(
    ("names", "estimator"),
    [
        *[(names, "straight_through") for names in LAYERS],
        *[(names, "score") for names in LAYERS if "channels_shuffle" in names],
    ],
)
def test_fused_is_plain(names, n_times, estimator):
    transforms = eeg_transforms(100.0, CH_NAMES, shuffle_estimator=estimator)
    chosen = [transforms[name] for name in names]
    x = torch.randn(4, 6, n_times, dtype=torch.float64, requires_grad=True)
    weights, magnitudes = (
        torch.rand(len(names), dtype=torch.float64, requires_grad=True) for _ in range(2)
    )
    draws = {name: draw_for(name, x.detach()) for name in names}
    plain = sum(
        weights[q] * t.apply(x, (magnitudes[q] * t.amount_at_1).expand(4), draws[t.name])
        for q, t in enumerate(chosen)
    )
    fused = fused_sum(chosen)(x, chosen, weights, magnitudes, draws)
    torch.testing.assert_close(fused, plain, atol=1e-12, rtol=0)
    probe = torch.randn_like(plain)
    variables = (x, weights, magnitudes)
    for one, other in zip(
        torch.autograd.grad((fused * probe).sum(), variables),
        torch.autograd.grad((plain * probe).sum(), variables),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


def test_windows_in_parts_are_windows_at_once(monkeypatch, transforms):
    layer = AugmentationLayer([transforms[name] for name in TIME_FREQUENCY], magnitude=0.4)
    x = torch.randn(5, 6, 100, requires_grad=True)
    results = []
    for numbers in (10**6, 1300, 1):  # five windows, two, and one at a time
        monkeypatch.setattr("sleepaug.augment.time_frequency.CHUNK", numbers)
        torch.manual_seed(0)
        y = layer(x)
        gradients = torch.autograd.grad(y.square().sum(), [x, layer.logits, layer.raw_magnitudes])
        results.append((y, *gradients))
    for parts in results[1:]:
        for one, other in zip(parts, results[0], strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_fused_gradient_is_the_derivative():
    transforms = eeg_transforms(100.0, CH_NAMES)
    names = ("time_masking", "gaussian_noise", "ft_surrogate", "frequency_shift")
    chosen = [transforms[name] for name in names]
    x = torch.randn(2, 2, 20, dtype=torch.float64, requires_grad=True)
    draws = {name: draw_for(name, x.detach()) for name in names}
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64, requires_grad=True)
    magnitudes = torch.tensor([0.05, 0.3, 0.4, 0.5], dtype=torch.float64, requires_grad=True)

    def apply(x, weights, magnitudes):
        return time_frequency_sum(x, chosen, weights, magnitudes, draws)

    assert torch.autograd.gradcheck(apply, (x, weights, magnitudes), eps=1e-6, atol=1e-6)


def test_draws_are_distributed_as_those_of_the_plain_sum(transforms):
    """Mean and covariance of the change over many draws, fused against plain."""
    x = torch.randn(1, 6, 32, dtype=torch.float64).expand(8000, -1, -1)
    for names in (TIME_FREQUENCY, SENSORS):
        layer = AugmentationLayer([transforms[name] for name in names], magnitude=0.6).double()
        fused = layer(x).detach()
        layer.fused = None
        plain = layer(x).detach()
        scale = plain.std(0).clamp_min(1e-3)
        assert ((fused.mean(0) - plain.mean(0)) / scale).abs().max() < 0.09
        assert (fused.std(0) / scale - 1).abs().max() < 0.09


@pytest.mark.parametrize("names", [SENSORS, TIME_FREQUENCY], ids=["sensors", "time-frequency"])
def test_transforms_whose_weight_is_0_are_left_out(transforms, names):
    layer = AugmentationLayer([transforms[name] for name in names], magnitude=0.4)
    with torch.no_grad():
        layer.logits[2] += 5
    assert layer.weights[2] == 1
    x = torch.randn(4, 6, 100)
    torch.manual_seed(0)
    got = layer(x)
    torch.manual_seed(0)
    wanted = transforms[names[2]](x, layer.magnitudes[2])
    torch.testing.assert_close(got, wanted)
    got.square().sum().backward()
    assert layer.raw_magnitudes.grad.nonzero().tolist() == [[2]]


def test_transforms_are_fused_by_what_they_are_made_of(transforms):
    mine = Transform("sign_flip", lambda x, amount: x)
    assert fused_sum([transforms["sign_flip"]]) is sensors_sum
    assert fused_sum([transforms["time_reverse"]]) is time_frequency_sum
    assert fused_sum([transforms["sign_flip"], transforms["time_reverse"]]) is None
    assert fused_sum([transforms["rotation_x"], mine]) is None
    assert fused_sum([mine]) is None


def test_a_transform_with_a_matrix_is_fused_whoever_wrote_it(transforms):
    def matrix(amount, n_chans, draw):
        return (1 - amount)[:, None, None] * torch.eye(n_chans, dtype=amount.dtype)

    mine = Transform("fade", lambda x, amount: x * (1 - amount)[:, None, None], matrix=matrix)
    layer = AugmentationLayer([mine, transforms["sign_flip"]], magnitude=0.4)
    x = torch.randn(5, 6, 40)
    wanted = []
    for fused in (layer.fused, None):
        layer.fused = fused
        torch.manual_seed(1)
        wanted.append(layer(x))
    assert sensors_sum is fused_sum(layer.transforms)
    torch.testing.assert_close(*wanted)


def test_two_transforms_with_noise_do_not_add_up(transforms):
    noise = transforms["gaussian_noise"]
    assert fused_sum([noise, replace(noise, name="more_noise")]) is None
    other = replace(noise, name="more_noise", terms=lambda *args: noise.terms(*args))
    layer = AugmentationLayer([noise, other])
    with pytest.raises(ConfigError, match="two of a layer have noise"):
        layer(torch.randn(2, 6, 50))


@pytest.mark.parametrize("names", [SENSORS, TIME_FREQUENCY], ids=["sensors", "time-frequency"])
def test_flat_and_single_windows(names):
    transforms = eeg_transforms(100.0, CH_NAMES)
    layer = AugmentationLayer([transforms[name] for name in names])
    for x in (torch.zeros(1, 6, 50), torch.ones(2, 6, 51)):
        y = layer(x)
        y.sum().backward()
        assert y.isfinite().all()
        assert layer.raw_magnitudes.grad.isfinite().all()
