"""The algebra of AugNet: layers (eq. 2), the selective regularizer (eq. 3), what they learn."""

import math

import pytest
import torch
from torch import nn

from sleepaug.augment import (
    AugmentationLayer,
    AugmentationModule,
    AugmentedModel,
    Identity,
    Transform,
    augnet_layers,
    eeg_transforms,
)
from sleepaug.support.errors import ConfigError
from tests.augment.conftest import CH_NAMES


def add(name, amount=1.0):
    """A transform that adds its amount, without randomness: the algebra can be seen."""
    return Transform(name, lambda x, a: x + a.reshape(-1, *[1] * (x.ndim - 1)), amount, "units")


def with_state(layer, weights=None, magnitudes=None):
    with torch.no_grad():
        if weights is not None:
            layer.logits.copy_(torch.tensor(weights).log() * layer.temperature)
        if magnitudes is not None:
            layer.raw_magnitudes.copy_(torch.tensor(magnitudes))
    return layer


@pytest.mark.parametrize("shape", [(7,), (6, 50), (3, 8, 8)])
def test_training_is_the_weighted_average(shape):
    layer = AugmentationLayer([add("a"), add("b", 10.0), add("c", 100.0)])
    with_state(layer, [0.2, 0.3, 0.5], [1.0, 0.5, 0.25])
    torch.testing.assert_close(layer.weights, torch.tensor([0.2, 0.3, 0.5]))
    x = torch.randn(4, *shape)
    torch.testing.assert_close(layer(x), x + 0.2 * 1 + 0.3 * 5 + 0.5 * 25)


def test_weights_start_uniform_and_temperature_sharpens():
    layer = AugmentationLayer([add("a"), add("b")], temperature=0.01)
    assert layer.weights.tolist() == [0.5, 0.5]
    with torch.no_grad():
        layer.logits[0] += 0.01
    torch.testing.assert_close(layer.weights[0] / layer.weights[1], torch.tensor(math.e))


def test_inference_draws_one_transform_for_each_example():
    layer = AugmentationLayer([add("a"), add("b", 10.0), add("c", 100.0)]).eval()
    with_state(layer, [0.2, 0.3, 0.5], [1.0, 1.0, 1.0])
    added = layer(torch.zeros(20_000, 2))
    assert torch.equal(added[:, 0], added[:, 1])
    shares = [(added[:, 0] == value).float().mean().item() for value in (1, 10, 100)]
    assert sum(shares) == pytest.approx(1)
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.02)
    assert not added.requires_grad


def test_each_transform_sees_only_its_windows_at_inference():
    seen = []

    def watch(name):
        def apply(x, amount):
            seen.append(len(x))
            return x

        return Transform(name, apply)

    layer = AugmentationLayer([watch("a"), watch("b"), watch("c")]).eval()
    layer(torch.zeros(300, 2))
    assert sum(seen) == 300
    assert len(seen) == 3


def test_a_weight_of_exactly_0_costs_nothing_and_changes_nothing():
    calls = []

    def apply(x, amount):
        calls.append(1)
        return x * torch.nan  # would spoil the sum if it were computed

    layer = AugmentationLayer([add("a"), Transform("b", apply)], temperature=0.01)
    with torch.no_grad():
        layer.logits[0] += 5.0
    assert layer.weights.tolist() == [1.0, 0.0]
    y = layer(torch.zeros(3, 2))
    y.sum().backward()
    assert not calls
    assert layer.logits.grad.tolist() == [0.0, 0.0]
    assert layer.raw_magnitudes.grad.tolist() == [6.0, 0.0]


def test_regularizers_by_hand():
    def module(kind):
        layers = [
            with_state(AugmentationLayer([add("a"), add("b")]), [0.25, 0.75], [0.4, 0.8]),
            with_state(AugmentationLayer([add("a")]), None, [0.5]),
        ]
        return AugmentationModule(layers, regularizer=kind)

    selective = -math.sqrt((0.25 * 0.4) ** 2 + (0.75 * 0.8) ** 2 + 0.5**2)
    assert module("selective").regularizer().item() == pytest.approx(selective)
    magnitudes = -math.sqrt(0.4**2 + 0.8**2 + 0.5**2)
    assert module("magnitudes").regularizer().item() == pytest.approx(magnitudes)
    assert module("none").regularizer().item() == 0
    with pytest.raises(ConfigError, match="selective, magnitudes, none are allowed, got 'both'"):
        module("both")


def test_corrected_gradient_of_the_regularizer():
    """d R^2 / d w1 = 2 w1 (mu1^2 + mu2^2) - 2 mu2^2, and its softmax form."""
    mu = torch.tensor([0.3, 0.7], dtype=torch.float64)
    w1 = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    squared = torch.stack([w1 * mu[0], (1 - w1) * mu[1]]).square().sum()
    (grad,) = torch.autograd.grad(squared, w1)
    torch.testing.assert_close(grad, 2 * w1 * mu.square().sum() - 2 * mu[1] ** 2)

    temperature = 0.5
    layer = AugmentationLayer([add("a"), add("b"), add("c")], temperature=temperature).double()
    with_state(layer, [0.2, 0.5, 0.3], [0.9, 0.4, 0.6])
    module = AugmentationModule([layer])
    (grad,) = torch.autograd.grad(module.regularizer() ** 2, layer.logits)
    w, mu = layer.weights, layer.magnitudes
    wanted = 2 * w / temperature * (w * mu**2 - (w**2 * mu**2).sum())
    torch.testing.assert_close(grad, wanted)


@pytest.mark.parametrize(("mu", "winner"), [((0.8, 0.3), 0), ((0.3, 0.8), 1)])
def test_two_transforms_with_bounds_end_one_hot_at_the_larger(mu, winner):
    """Figure 2: magnitudes may grow up to their bound; the regularizer alone then selects."""
    layer = AugmentationLayer([add("a"), add("b")], magnitude=0.05, temperature=0.1)
    module = AugmentationModule([layer])
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    bounds = torch.tensor(mu)
    for _ in range(400):
        optimizer.zero_grad()
        module.regularizer().backward()
        optimizer.step()
        with torch.no_grad():
            layer.raw_magnitudes.copy_(layer.raw_magnitudes.minimum(bounds))
    assert layer.weights[winner] > 0.99
    torch.testing.assert_close(layer.magnitudes.detach()[winner], bounds[winner])


def test_projection_keeps_the_gradient_alive():
    layer = AugmentationLayer([add("a"), add("b")], magnitude=0.5)
    module = AugmentationModule([layer])
    with torch.no_grad():
        layer.raw_magnitudes.copy_(torch.tensor([-0.4, 1.7]))
    module.project_()
    assert layer.magnitudes.tolist() == [0.0, 1.0]
    module.regularizer().backward()
    assert layer.raw_magnitudes.grad[1] < 0
    layer(torch.zeros(2, 3)).sum().backward()
    assert layer.raw_magnitudes.grad[0] != 0


def test_a_step_with_only_the_regularizer_moves_the_trained_magnitudes():
    transforms = eeg_transforms(100.0, CH_NAMES)
    augment = AugmentationModule.of(transforms, augnet_layers(transforms))
    model = AugmentedModel(augment, nn.Sequential(nn.Flatten(), nn.Linear(6 * 50, 5)))
    before = [p.clone() for p in model.trunk.parameters()]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    x = torch.randn(4, 6, 50)
    for _ in range(3):
        optimizer.zero_grad()
        (0 * model(x).sum() + model.augment.regularizer()).backward()
        optimizer.step()
        augment.project_()
    for layer in augment.layers:
        assert (layer.magnitudes > 0.2).all()
    assert all(torch.equal(a, b) for a, b in zip(before, model.trunk.parameters(), strict=True))


def test_frozen_probabilities_stay_where_they_began():
    transforms = eeg_transforms(100.0, CH_NAMES, official=True)
    layer = AugmentationLayer(
        [transforms["sign_flip"], transforms["channels_dropout"]],
        magnitude=0.1,
        freeze_probabilities=True,
    )
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1, weight_decay=1.0)
    for _ in range(3):
        optimizer.zero_grad()
        layer(torch.randn(8, 6, 20)).square().sum().backward()
        optimizer.step()
    frozen, learned = layer.magnitudes.tolist()
    assert frozen == pytest.approx(0.1)
    assert abs(learned - 0.1) > 0.05


def test_describe_and_learned():
    transforms = eeg_transforms(100.0, CH_NAMES)
    module = AugmentationModule.of(
        transforms, [["sign_flip", "rotation_z"], ["frequency_shift"]], magnitude=0.5
    )
    with_state(module.layers[0], [0.2, 0.8], [0.5, 1.0])
    described = module.describe()
    assert list(described) == [
        "1.sign_flip.weight",
        "1.sign_flip.amount",
        "1.rotation_z.weight",
        "1.rotation_z.amount",
        "2.frequency_shift.weight",
        "2.frequency_shift.amount",
    ]
    assert list(described.values()) == pytest.approx([0.2, 0.25, 0.8, 30, 1, 2.5])


def test_state_dict_is_all_there_is(transforms):
    names = [["sign_flip", "rotation_z"], ["frequency_shift", "time_masking"]]
    module = AugmentationModule.of(transforms, names, magnitude=0.5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_()
    other = AugmentationModule.of(transforms, names)
    other.load_state_dict(module.state_dict())
    assert other.describe() == module.describe()
    x = torch.randn(8, 6, 100)
    results = []
    for augment in (module.eval(), other.eval()):
        torch.manual_seed(0)
        results.append(augment(x))
    assert torch.equal(*results)
    assert all(isinstance(value, torch.Tensor) for value in module.state_dict().values())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "at least one"),
        (["sign_flip", "sign_flip"], "each name once"),
        (["sign_flip", "bandstop_filter"], "no gradient reaches the amount of bandstop_filter"),
    ],
)
def test_bad_layers(transforms, names, message):
    with pytest.raises(ConfigError, match=message):
        AugmentationLayer([transforms[name] for name in names])


def test_identity_is_nothing():
    augment = Identity()
    x = torch.randn(2, 3)
    assert augment(x) is x
    assert augment.regularizer() == 0
    assert augment.describe() == {}
    assert not augment.at_inference
    augment.project_()
