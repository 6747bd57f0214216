"""The spectral trunk: what it measures, and that channels may be missing."""

import itertools

import numpy as np
import pytest
import torch
from scipy import signal

from sleepaug.data.signals.scaling import EDGES
from sleepaug.models.spectral import FLOOR, TYPICAL, SpectralStager
from sleepaug.models.trunks import make_trunk
from sleepaug.support.errors import ConfigError

SHAPE = {"n_chans": 3, "n_times": 1500, "sfreq": 50.0}


@pytest.fixture
def trunk():
    torch.manual_seed(0)
    trunk = make_trunk("spectral", **SHAPE, n_classes=5, n_hidden=8).eval()
    torch.nn.init.normal_(trunk.place)
    return trunk


def test_log_power_is_that_of_scipy(trunk):
    x = np.random.default_rng(0).normal(0, 2, (4, 1500))
    freqs, _, power = signal.spectrogram(x, 50, "hann", 100, 50, detrend="constant")
    edges = [edge for edge in EDGES if edge <= 22]
    expected = [power[:, (freqs >= a) & (freqs < b)].mean(1) for a, b in itertools.pairwise(edges)]
    expected = np.log10((np.stack(expected, 1) + FLOOR) / TYPICAL)
    power = trunk.log_power(torch.tensor(x, dtype=torch.float32))
    np.testing.assert_allclose(power, expected, atol=1e-3)


def test_a_missing_channel_counts_for_nothing(trunk):
    x = torch.randn(5, 3, 1500)
    x[:, 1:] = 0
    alone = SpectralStager(**{**SHAPE, "n_chans": 1}, n_hidden=8).eval()
    weights = {k: v[:1] if k == "place" else v for k, v in trunk.state_dict().items()}
    alone.load_state_dict(weights)
    torch.testing.assert_close(trunk(x), alone(x[:, :1]))
    assert torch.isfinite(trunk(torch.zeros(2, 3, 1500))).all()


def test_the_same_signal_on_more_channels_is_the_same_if_places_are_alike(trunk):
    torch.nn.init.zeros_(trunk.place)
    x = torch.randn(5, 1, 1500).expand(-1, 3, -1).clone()
    one = x.clone()
    one[:, 1:] = 0
    torch.testing.assert_close(trunk(x), trunk(one))


def test_gradients_are_finite_and_reach_all(trunk):
    x = torch.randn(4, 3, 1500, requires_grad=True)
    masked = x * torch.tensor([1.0, 0.0, 1.0])[:, None]
    trunk(masked).square().sum().backward()
    assert torch.isfinite(x.grad).all()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in trunk.parameters())


def test_too_low_a_rate_is_refused():
    with pytest.raises(ConfigError, match="at least 44 Hz"):
        SpectralStager(n_chans=1, n_times=900, sfreq=30.0)
