"""Augerino: matrix exponentials against closed forms, and what is learned."""

import math

import pytest
import torch

from sleepaug.augment import Augerino
from sleepaug.augment.augerino import GENERATORS
from sleepaug.support.errors import ConfigError


def matrix(name, step):
    """The matrix which one generator gives for a step, through the module."""
    augment = Augerino(half_width=1.0).double()
    draw = torch.full((1, 6), 0.5, dtype=torch.float64)
    draw[0, list(GENERATORS).index(name)] += step / 2
    return augment.matrices(draw)[0].detach()


def test_closed_forms():
    a = 0.7
    wanted = {
        "rotation": [[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]],
        "translation_x": [[1, 0, 0.1 * a], [0, 1, 0], [0, 0, 1]],
        "translation_y": [[1, 0, 0], [0, 1, 0.1 * a], [0, 0, 1]],
        "scale": [[math.exp(a), 0, 0], [0, math.exp(a), 0], [0, 0, 1]],
        "stretch": [[math.exp(a), 0, 0], [0, math.exp(-a), 0], [0, 0, 1]],
        "shear": [[math.cosh(a), math.sinh(a), 0], [math.sinh(a), math.cosh(a), 0], [0, 0, 1]],
    }
    for name, rows in wanted.items():
        torch.testing.assert_close(matrix(name, a), torch.tensor(rows, dtype=torch.float64))


def test_widths_start_where_asked_and_describe_in_units():
    augment = Augerino()
    torch.testing.assert_close(augment.widths, torch.full((6,), math.pi / 4))
    described = augment.describe()
    assert described["1.rotation.amount"] == pytest.approx(22.5)
    assert described["1.translation_x.amount"] == pytest.approx(math.pi / 80)
    wanted = -math.sqrt(6) * math.pi / 4
    assert augment.regularizer().item() == pytest.approx(wanted)


def test_a_quarter_turn_is_a_quarter_turn():
    """Only the rotation's width is open, and its draw is fixed to its end."""
    augment = Augerino()
    with torch.no_grad():
        augment.raw_widths.fill_(-50.0)
        augment.raw_widths[2] = math.log(math.expm1(math.pi))
    x = torch.rand(1, 3, 9, 9)
    torch.manual_seed(0)
    draw = torch.ones(1, 6)
    grid = torch.nn.functional.affine_grid(
        augment.matrices(draw)[:, :2], list(x.shape), align_corners=True
    )
    y = torch.nn.functional.grid_sample(x, grid, align_corners=True)
    torch.testing.assert_close(y, x.rot90(1, (2, 3)), atol=1e-4, rtol=0)


def test_gradient_reaches_every_width_and_small_widths_are_the_identity():
    augment = Augerino()
    x = torch.rand(16, 3, 16, 16)
    augment(x).square().sum().backward()
    assert (augment.raw_widths.grad != 0).all()
    narrow = Augerino(half_width=1e-6)
    torch.testing.assert_close(narrow(x), x, atol=1e-4, rtol=0)
    augment.zero_grad()
    augment.regularizer().backward()
    assert (augment.raw_widths.grad < 0).all()


def test_draws_are_within_the_width_and_differ_between_images():
    augment = Augerino(half_width=0.3)
    with torch.no_grad():
        augment.raw_widths[torch.arange(6) != 2] = -50.0
    angles = augment.matrices(torch.rand(4000, 6))
    angles = torch.atan2(angles[:, 1, 0], angles[:, 0, 0])
    assert angles.abs().max() <= 0.3
    assert angles.std().item() == pytest.approx(0.6 / math.sqrt(12), rel=0.05)


def test_refuses_what_is_not_an_image():
    with pytest.raises(ConfigError, match=r"got shape \(4, 6, 100\)"):
        Augerino()(torch.randn(4, 6, 100))
    with pytest.raises(ConfigError, match="above 0"):
        Augerino(half_width=0.0)
