"""Each transform agrees with braindecode's functional of the same name, given the same draw.

Tolerances are for windows of unit variance in float32 unless said otherwise. Not compared: the
gradient of braindecode's rotation (its backward raises), and channels dropout for draws within
0.012 of the fraction, where braindecode's threshold is soft.
"""

import math
from importlib import import_module

import mne
import numpy as np
import pytest
import torch

from sleepaug.augment.electrodes import OLD_NAMES, POSITIONS, electrode, mirrored
from sleepaug.augment.rotation import rotated, rotation_matrix, spline_matrix
from sleepaug.support.braindecode_import import braindecode  # first, so that torchaudio loads
from tests.augment.conftest import CH_NAMES, draw_for

import_module("braindecode.augmentation")
functional = braindecode.augmentation.functional
MASS = [*CH_NAMES, "Cz", "F7", "F8", "P3", "P4", "Pz", "T3", "T4", "T5", "T6"]
MASS += ["Fp1", "Fp2", "Fz", "Oz"]


@pytest.fixture(params=[300, 301], ids=["even", "odd"])
def x(request):
    return torch.randn(4, 6, request.param)


class Fixed(np.random.RandomState):
    """A generator which returns what it was given, for functionals that draw by themselves."""

    def __init__(self, values):
        super().__init__(0)
        self.values = values

    def random(self, size):
        return self.values.reshape(size)

    def uniform(self, low, high, size):
        return self.values.reshape(size)

    def normal(self, loc, scale):
        return self.values.reshape(loc.shape)


def ours(transforms, name, x, amount, draw):
    return transforms[name].apply(x, torch.full((len(x),), float(amount)), draw)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("time_reverse", lambda x: functional.time_reverse(x, None)[0]),
        ("sign_flip", lambda x: functional.sign_flip(x, None)[0]),
        (
            "channels_symmetry",
            lambda x: functional.channels_permute(x, None, permutation=[1, 0, 3, 2, 5, 4])[0],
        ),
    ],
)
def test_swaps_are_equal(transforms, x, name, wanted):
    assert torch.equal(ours(transforms, name, x, 1.0, torch.rand(4)), wanted(x))


def test_time_masking(transforms, x):
    draw = torch.rand(4)
    wanted, _ = functional.smooth_time_mask(x, None, draw * (x.shape[-1] - 80), 80)
    torch.testing.assert_close(
        ours(transforms, "time_masking", x, 80, draw), wanted, atol=1e-5, rtol=0
    )


def test_gaussian_noise(transforms, x):
    draw = draw_for("gaussian_noise", x)
    wanted, _ = functional.gaussian_noise(x, None, 0.15, Fixed(draw.numpy()))
    torch.testing.assert_close(
        ours(transforms, "gaussian_noise", x, 0.15, draw), wanted, atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("part", [0.3, 1.0])
def test_ft_surrogate(transforms, x, part):
    draw = draw_for("ft_surrogate", x)
    phases = Fixed(draw.double().numpy())
    wanted, _ = functional.ft_surrogate(x, None, part, channel_indep=False, random_state=phases)
    got = ours(transforms, "ft_surrogate", x, part * 2 * math.pi, draw)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_frequency_shift(transforms, x):
    """braindecode's phase is in float32 for float32 windows, so it is asked for float64."""
    draw = torch.rand(4)
    shift = (2 * draw.double() - 1) * 5
    wanted, _ = functional.frequency_shift(x.double(), None, shift, 100.0)
    got = ours(transforms, "frequency_shift", x, 5, draw)
    torch.testing.assert_close(got, wanted.to(got.dtype), atol=2e-5, rtol=0)


@pytest.mark.parametrize("n_times", [3000, 2001, 500])  # 500 is shorter than the filter
@pytest.mark.parametrize("width", [0.5, 2.0])
@pytest.mark.filterwarnings("ignore:filter_length")
def test_bandstop_filter(transforms, n_times, width):
    x = torch.randn(3, 6, n_times)
    draw = torch.rand(3)
    low = 1 + width / 2
    centre = low + draw.double().numpy() * (30 - 2 * low)
    wanted, _ = functional.bandstop_filter(x, None, 100.0, width, centre)
    got = ours(transforms, "bandstop_filter", x, width, draw)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_channels_dropout(transforms, x):
    draw = torch.rand(4, 6)
    draw = torch.where((draw - 0.4).abs() < 0.012, 0.9, draw)
    wanted, _ = functional.channels_dropout(x, None, 0.4, Fixed(draw.numpy()))
    torch.testing.assert_close(
        ours(transforms, "channels_dropout", x, 0.4, draw), wanted, atol=1e-4, rtol=0
    )


def test_channels_shuffle(transforms, x):
    chosen, order = torch.rand(4, 6), torch.rand(4, 6)

    class Shuffler(Fixed):
        window = -1

        def permutation(self, channels):
            self.window += 1
            keys = order[self.window][torch.as_tensor(channels)]
            return np.asarray(channels)[keys.argsort().numpy()]

    wanted, _ = functional.channels_shuffle(x, None, 0.6, Shuffler(1 - chosen.numpy()))
    got = ours(transforms, "channels_shuffle", x, 0.6, torch.stack([chosen, order]))
    assert torch.equal(got, wanted)


@pytest.mark.parametrize("axis", "xyz")
def test_rotation_matrix_before_w0_is_taken_off(transforms, x, axis):
    positions = torch.tensor([POSITIONS[name] for name in CH_NAMES], dtype=torch.float64)
    draw = torch.rand(4)
    angle = (2 * draw.double() - 1) * 30
    wanted, _ = functional.sensors_rotation(x, None, positions.T, axis, angle, True)
    raw = spline_matrix(positions, torch.deg2rad(angle), axis)
    torch.testing.assert_close(raw.float() @ x, wanted, atol=2e-5, rtol=0)
    at_0 = spline_matrix(positions, torch.zeros(1, dtype=torch.float64), axis)
    ours_ = ours(transforms, f"rotation_{axis}", x, 30, draw)
    torch.testing.assert_close(ours_, x + (raw - at_0).float() @ x, atol=2e-5, rtol=0)


@pytest.mark.parametrize("axis", "xyz")
@pytest.mark.parametrize("ch_names", [CH_NAMES, MASS], ids=["6", "20"])
def test_rotation_by_its_fourier_series_is_exact(axis, ch_names):
    electrodes = tuple(electrode(name) for name in ch_names)
    positions = torch.tensor([POSITIONS[e] for e in electrodes], dtype=torch.float64)
    angle = 2 * math.pi * torch.rand(20, dtype=torch.float64)
    degrees, draw = angle * 180 / math.pi, torch.ones(20, dtype=torch.float64)
    matrix = rotation_matrix(degrees, len(positions), draw, axes=axis, electrodes=electrodes)
    both = spline_matrix(positions, torch.cat([torch.zeros(1), angle]), axis)
    wanted = torch.eye(len(positions), dtype=torch.float64) + both[1:] - both[0]
    torch.testing.assert_close(matrix, wanted, atol=1e-9, rtol=0)


def test_positions_are_those_of_the_standard_montage():
    names = mne.channels.get_builtin_montages()
    name = "colin27_1020" if "colin27_1020" in names else "standard_1020"
    wanted = mne.channels.make_standard_montage(name).get_positions()["ch_pos"]
    for ch_name in {*POSITIONS, *OLD_NAMES}:
        ours_ = POSITIONS[electrode(ch_name)]
        np.testing.assert_allclose(ours_, 1000 * wanted[ch_name], atol=0.0051)


def test_mirrored_is_braindecodes_permutation():
    names = MASS
    symmetry = braindecode.augmentation.ChannelsSymmetry(1.0, names)
    assert list(mirrored(names)) == symmetry.permutation
    assert mirrored(["C3-A2", "C3-M2", "C4"]) == (0, 1, 2)  # no single partner


def test_rotation_turns_from_right_to_front():
    right = torch.tensor([[1.0, 0.0, 0.0]])
    quarter = torch.tensor([math.pi / 2])
    torch.testing.assert_close(rotated(right, quarter, "z"), torch.tensor([[[0.0, 1.0, 0.0]]]))
    up = rotated(torch.tensor([[0.0, 1.0, 0.0]]), quarter, "x")
    torch.testing.assert_close(up, torch.tensor([[[0.0, 0.0, 1.0]]]))
    assert rotated(right, quarter, "y")[0, 0, 2] == -1
