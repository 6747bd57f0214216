"""Image transforms against pixels moved by hand, and Mario-Iggy images against templates."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner

from sleepaug.augment.image import image_transforms, random_crop
from sleepaug.cli import main
from sleepaug.models.small import preact_resnet18, sprite_cnn
from sleepaug.support.errors import ConfigError
from sleepaug.training.tasks.mario_iggy import TILT, MarioIggy, sprites

TRANSFORMS = image_transforms()


@pytest.fixture(scope="module")
def x():
    return torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def apply(name, x, amount, draw=1.0):
    """A transform with its amount in units, and the same draw for all images."""
    amounts = torch.full((len(x),), float(amount), dtype=x.dtype)
    return TRANSFORMS[name].apply(x, amounts, torch.full_like(amounts, draw))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_magnitude_0_is_the_identity(name, x):
    assert torch.allclose(TRANSFORMS[name](x, 0.0), x, atol=1e-5)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_magnitude_1_changes_images_and_keeps_their_shape(name, x):
    torch.manual_seed(0)
    out = TRANSFORMS[name](x, 1.0)
    assert out.shape == x.shape
    assert not torch.allclose(out, x, atol=0.01)


def test_turns_by_right_angles(x):
    assert torch.allclose(apply("rotation", x, 180), x.flip(-1, -2), atol=1e-4)
    quarter = apply("rotation", x, 90)
    either = [torch.rot90(x, k, (-2, -1)) for k in (1, 3)]
    assert sum(torch.allclose(quarter, r, atol=1e-4) for r in either) == 1
    back = apply("rotation", x, 90, draw=0.0)  # draw 0 turns the other way
    assert torch.allclose(torch.rot90(back, 2, (-2, -1)), quarter, atol=1e-4)


@pytest.mark.parametrize(("name", "dim"), [("translate_x", -1), ("translate_y", -2)])
def test_half_the_image_is_moved_away(name, dim, x):
    out = apply(name, x, 0.5)
    assert torch.allclose(out.narrow(dim, 0, 16), x.narrow(dim, 16, 16), atol=1e-5)
    assert not out.narrow(dim, 16, 16).any()


def test_shear_moves_rows_by_their_height():
    """At height y (in half images from the middle) a column is sampled a * y to the right."""
    place = (torch.arange(32) + 0.5) / 16 - 1
    ramp = place.expand(1, 3, 32, 32).clone()
    out = apply("shear_x", ramp, 0.25)
    inside = slice(8, 24)  # away from the black beyond the edges
    expected = place + 0.25 * place[:, None]
    assert torch.allclose(out[0, 0, inside, inside], expected[inside, inside], atol=1e-5)
    sideways = apply("shear_y", ramp.mT.contiguous(), 0.25)
    assert torch.allclose(sideways, out.mT, atol=1e-5)


def test_colours(x):
    assert torch.allclose(apply("brightness", x, 0.4), 0.6 * x, atol=1e-6)
    assert torch.allclose(apply("brightness", x, 0.4, draw=0.0), (1.4 * x).clamp(max=1), atol=1e-6)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    grey = (x * weights).sum(1).mean((1, 2))[:, None, None, None]
    assert torch.allclose(apply("contrast", x, 1.0), grey.expand_as(x), atol=1e-5)
    wide = (grey + 1.5 * (x - grey)).clamp(0, 1)
    assert torch.allclose(apply("contrast", x, 0.5, draw=0.0), wide, atol=1e-5)


def test_pairs(x):
    partner = torch.arange(6).roll(1)
    out = TRANSFORMS["sample_pairing"].apply(x, torch.full((6,), 0.3), partner)
    assert torch.allclose(out, 0.7 * x + 0.3 * x.roll(1, 0), atol=1e-6)


def test_crops_are_cut_from_a_padded_image(x):
    draw = torch.tensor([[0.0, 0.999], [0.5, 0.5]]).repeat(3, 1)
    out = random_crop(x, torch.full((6,), 4.0), draw)
    padded = F.pad(x, (4, 4, 4, 4))
    assert torch.equal(out[0], padded[0, :, :32, 8:])
    assert torch.equal(out[1], x[1])


@pytest.mark.parametrize(
    "name", [name for name, t in image_transforms().items() if t.differentiable]
)
def test_gradients_equal_finite_differences(name):
    """On a smooth image; the draws are held fixed."""
    place = torch.linspace(-3, 3, 32, dtype=torch.float64)
    smooth = (torch.sin(place)[:, None] * torch.cos(place) + 2) / 5
    x = torch.stack([smooth, smooth.T, 1 - smooth]).expand(2, 3, 32, 32).clone()
    x[1] *= 0.8
    draw = {"sample_pairing": torch.tensor([1, 0])}.get(name, torch.tensor([0.9, 0.3]).double())
    weight = torch.randn(x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def value(magnitude):
        amount = (magnitude * TRANSFORMS[name].amount_at_1).expand(2)
        return (weight * TRANSFORMS[name].apply(x, amount, draw)).sum()

    m = torch.tensor(0.21, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(value(m), m)
    step = 1e-7
    with torch.no_grad():
        expected = (value(m + step) - value(m - step)) / (2 * step)
    assert float(slope) == pytest.approx(float(expected), rel=1e-3, abs=1e-4)


def test_sprites_have_no_symmetry():
    for figure in sprites():
        others = [
            figure.flip(-1),
            figure.flip(-2),
            *(torch.rot90(figure, k, (1, 2)) for k in (1, 2, 3)),
        ]
        assert min(float((figure - other).abs().mean()) for other in others) > 0.05


def test_labels_say_which_figure_and_which_way_up():
    """The nearest of templates turned in steps of 5 degrees has the same label, and its angle."""
    test = MarioIggy(n_train=1, n_valid=1, n_test=200).load(seed=3).test
    angles = np.arange(-180, 180, 5)
    templates = torch.cat([apply("rotation", sprites(), a) for a in angles]).flatten(1)
    nearest = torch.cdist(test.x.flatten(1), templates).argmin(1).numpy()
    figure, angle = nearest % 2, angles[nearest // 2]
    upside_down = np.abs(angle) > 90
    assert np.array_equal(2 * figure + upside_down, test.y.numpy())
    from_upright = np.where(upside_down, 180 - np.abs(angle), np.abs(angle))
    assert from_upright.max() <= TILT
    assert from_upright.mean() == pytest.approx(TILT / 2, abs=3)


def test_figures_of_ones_own(tmp_path):
    path = tmp_path / "figures.npz"
    images = np.random.default_rng(0).random((2, 1, 3, 32, 32)).astype(np.float32)
    np.savez(path, mario=images[0], iggy=images[1])
    assert MarioIggy(images=path, n_train=4, n_valid=4, n_test=4).load(seed=0).test.x.shape[1:] == (
        3,
        32,
        32,
    )
    np.savez(path, mario=255 * images[0], iggy=images[1])
    with pytest.raises(ConfigError, match="values from 0 to 1"):
        MarioIggy(images=path).load(seed=0)
    np.savez(path, mario=images[0])
    with pytest.raises(ConfigError, match="two images"):
        MarioIggy(images=path).load(seed=0)
    with pytest.raises(ConfigError, match="cannot be read"):
        MarioIggy(images=tmp_path / "none.npz").load(seed=0)


def test_the_command_line_takes_figures(tmp_path, config_path):
    config, missing = str(config_path("mario_iggy_small.yaml")), str(tmp_path / "none.npz")
    result = CliRunner().invoke(main, ["train", config, "--images", missing, "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert "none.npz cannot be read" in result.output.replace("\n", " ")


def test_trunks_have_the_sizes_of_the_literature():
    def count(trunk):
        return sum(p.numel() for p in trunk.parameters())

    convolutions = sum(9 * a * b + b for a, b in ((3, 32), (32, 64), (64, 128), (128, 256)))
    assert count(sprite_cnn(4)) == convolutions + 2 * (32 + 64 + 128 + 256) + 4 * 257
    assert count(preact_resnet18(10)) == 11_171_146  # without a last normalisation
    assert preact_resnet18(10, 4)(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert sprite_cnn(4, 4)(torch.zeros(2, 3, 32, 32)).shape == (2, 4)
