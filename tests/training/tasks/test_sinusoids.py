"""The waves have the law of Section 4.2, and the trunks the sizes of the paper."""

import numpy as np
import pytest
import torch

from sleepaug.models.small import SpectralConv1d
from sleepaug.training.tasks.sinusoids import FREQUENCIES, N_TIMES, SFREQ, Sinusoids


def peaks(x):
    """Frequency of the largest value of each wave's periodogram, in Hz."""
    n_fft = 8 * N_TIMES
    power = np.abs(np.fft.rfft(x[:, 0].numpy(), n=n_fft)) ** 2
    return np.fft.rfftfreq(n_fft, 1 / SFREQ)[power.argmax(1)]


@pytest.fixture(scope="module")
def loaded():
    return Sinusoids().load(seed=4)


def test_classes_are_frequencies_up_to_half_a_hertz(loaded):
    for split, n in ((loaded.task.train, 400), (loaded.task.valid, 400), (loaded.test, 200)):
        assert split.x.shape == (n, 1, N_TIMES)
        assert np.bincount(split.y).tolist() == [n // 4] * 4
        offset = peaks(split.x) - np.array(FREQUENCIES)[split.y]
        assert np.abs(offset).max() < 0.52  # the noise moves a peak a little
        assert offset.std() == pytest.approx(1 / np.sqrt(12), abs=0.04)  # uniform, width 1


def test_power_is_that_of_the_wave_and_the_noise(loaded):
    assert float(loaded.task.train.x.square().mean()) == pytest.approx(0.5 + 0.25, abs=0.01)


def test_a_seed_draws_everything():
    first, again, other = (Sinusoids().load(seed=s) for s in (7, 7, 8))
    assert torch.equal(first.test.x, again.test.x)
    assert not torch.equal(first.test.x, other.test.x)
    assert not torch.equal(first.test.x, first.task.valid.x)


@pytest.mark.parametrize(("phase", "share"), [("uniform", 0.5), ("official", 0.0)])
def test_phases_of_the_fastest_waves(phase, share):
    """Official phases of 8 Hz stay below pi / 2 (for its lowest: 4 pi / 8): no negative start."""
    test = Sinusoids(phase=phase, noise=0.0).load(seed=1).test
    start = test.x[test.y == 3, 0, 0]
    assert float((start < 0).float().mean()) == pytest.approx(share, abs=0.2)


def test_trunks_have_the_papers_sizes():
    def count(**options):
        return sum(p.numel() for p in Sinusoids(**options).make_trunk().parameters())

    assert count(kernel=3) == (3 * 2 + 2) + 4 + (2 * 2 * 3 + 2) + 4 + (2 * 4 + 4)
    assert count(kernel=100) == count(kernel=3) + 2 * 97
    assert count(trunk="mlp", neurons=2, layers=3) == 2002 + 6 + 6 + 12


@pytest.mark.parametrize(("n_in", "taps", "padding"), [(1, 100, 1), (3, 40, 0), (2, 5, 2)])
def test_a_convolution_by_fourier_transforms_is_a_convolution(n_in, taps, padding):
    """Values and all gradients, in double precision."""
    ours = SpectralConv1d(n_in, 2, taps, padding=padding).double()
    plain = torch.nn.Conv1d(n_in, 2, taps, padding=padding).double()
    plain.load_state_dict(ours.state_dict())
    x = torch.randn(3, n_in, 200, dtype=torch.float64, requires_grad=True)
    gradients = []
    for layer in (ours, plain):
        y = layer(x)
        gradients.append((y, *torch.autograd.grad((y**3).sum(), [x, *layer.parameters()])))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b)


def test_ranges_are_table_4s_unless_said_otherwise():
    given = Sinusoids(ranges={"frequency_shift": 2.0}).load(seed=0).task.transforms
    assert given["frequency_shift"].amount_at_1 == 2.0
    assert given["gaussian_noise"].amount_at_1 == 0.2
    assert Sinusoids(ranges={"frequency_shft": 2.0}).problems()
