import itertools
from dataclasses import fields

import numpy as np
import pytest
import torch
from scipy import signal

from sleepaug.data.signals.features import EDGES, NAMES, RHYTHMS, window_features
from sleepaug.models.familiarity import Familiarity
from sleepaug.models.recording_network import RecordingNetwork, known_quantiles
from sleepaug.training.recordings.variation import Variation, vary


@pytest.fixture(scope="module")
def eeg():
    """Twelve windows at 100 Hz whose spectrum falls as 1/f."""
    white = np.fft.rfft(np.random.default_rng(0).standard_normal(12 * 3000))
    freqs = np.arange(len(white)) + 1.0
    x = np.fft.irfft(white / np.sqrt(freqs))
    return (20 * x / x.std()).reshape(12, 3000)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return RecordingNetwork(n_features=4, n_place=2).eval()


def test_band_powers_are_those_of_scipy(eeg):
    features = window_features(eeg, 100.0)
    x = eeg - eeg.mean(axis=1, keepdims=True)
    freqs, _, power = signal.spectrogram(
        x, 100, "hann", 400, 200, detrend="constant", scaling="density"
    )
    for k, (low, high) in enumerate(itertools.pairwise(EDGES)):
        band = power[:, (freqs >= low) & (freqs < high)].mean(axis=1)
        np.testing.assert_allclose(
            features[:, k], np.log(np.median(band, axis=1) + 1e-4), rtol=1e-3
        )


def test_gain_shifts_powers_by_twice_its_logarithm_and_leaves_the_rest(eeg):
    shift = dict(
        zip(NAMES, (window_features(3 * eeg, 100) - window_features(eeg, 100)).T, strict=True)
    )
    for name in NAMES[: len(EDGES) - 1]:
        np.testing.assert_allclose(shift[name], 2 * np.log(3), atol=0.01)
    np.testing.assert_allclose(shift["amplitude"], np.log(3), atol=0.01)
    for name in ("mobility", "kurtosis", "crossings", "autocorrelation"):
        np.testing.assert_allclose(shift[name], 0, atol=0.01)


def test_features_do_not_depend_on_the_rate(eeg):
    low_passed = signal.oaconvolve(eeg.reshape(-1), signal.firwin(301, 23.5, fs=100), "same")
    slow = window_features(low_passed[::2].reshape(12, 1500), 50.0)
    fast = window_features(low_passed.reshape(12, 3000), 100.0)
    assert np.abs(slow - fast)[1:-1].max() < 0.15  # crossings; stages differ by 0.5 and more


def test_a_burst_of_sigma_raises_its_features_only(eeg):
    times = np.arange(3000) / 100
    spindles = 25 * np.sin(2 * np.pi * 13.5 * times) * (np.abs(times - 15) < 2)
    change = dict(
        zip(
            NAMES,
            (window_features(eeg + spindles, 100) - window_features(eeg, 100)).mean(0),
            strict=True,
        )
    )
    assert change["bursts sigma"] > 1
    assert all(abs(change[f"bursts {name}"]) < 0.3 for name in RHYTHMS if name != "sigma")


def test_rates_below_50_hz_are_refused(eeg):
    with pytest.raises(ValueError, match="50 Hz"):
        window_features(eeg, 40.0)


def test_absent_channels_and_their_order_change_nothing(network):
    x, place = torch.randn(1, 30, 3, 4), torch.randn(1, 3, 2)
    x[:, :, 2] = torch.nan
    expected = network(x[:, :, :2], place[:, :2])
    torch.testing.assert_close(network(x, place), expected)
    torch.testing.assert_close(network(x[:, :, [1, 2, 0]], place[:, [1, 2, 0]]), expected)


def test_a_window_without_any_channel_leaves_the_others_finite(network):
    x = torch.randn(1, 30, 2, 4)
    x[:, 10] = torch.nan
    output = network(x, torch.randn(1, 2, 2))
    assert output.isfinite().all()
    torch.testing.assert_close(output.exp().sum(-1), torch.ones(1, 30))


def test_what_is_relative_to_a_recording_ignores_its_level_the_more_the_longer(network):
    z = torch.randn(1, 400, 1, 4)
    long = (network.among_recording(z + 2) - network.among_recording(z)).abs().mean()
    short = (network.among_recording(z[:, :10] + 2) - network.among_recording(z[:, :10])).mean()
    assert long < 0.5 < short


def test_gradients_reach_all_weights(network):
    loss = network(torch.randn(2, 70, 3, 4), torch.randn(2, 3, 2))[..., 0].sum()
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_familiarity_tells_far_and_steady_recordings():
    rng = np.random.default_rng(0)
    mixing = rng.normal(0, 1, (6, 6))
    seen = Familiarity.of(rng.normal(0, 1, (5000, 6)) @ mixing, np.zeros((1, 6)))
    sleeper = rng.normal(0, 1, (200, 6)) @ mixing
    assert seen.doubts(sleeper) == []
    assert "training recordings" in seen.doubts(sleeper + 8 * mixing.std())[0]
    steady = seen.mean + 0.1 * (sleeper - seen.mean)
    assert "hardly changes" in seen.doubts(steady)[0]
    assert seen.doubts(steady[:20]) == []


def test_what_the_training_set_varies_along_is_not_strange():
    rng = np.random.default_rng(0)
    windows, way = rng.normal(0, 1, (5000, 6)), np.array([[3.0, 3, 3, 0, 0, 0]])
    seen = [Familiarity.of(windows, ways) for ways in (way, np.zeros((1, 6)))]
    moved = rng.normal(0, 1, (200, 6)) + way
    along, unknown = (float(np.median(one.distance(moved))) for one in seen)
    assert along < 1.2 < unknown
    across = rng.normal(0, 1, (200, 6)) + 3 * np.eye(6)[5]
    assert np.median(seen[0].distance(across)) > along


def test_short_recordings_are_seen_as_typical_ones_are(network):
    """Middle and spread are the recording's own by n / (n + 40), the rest is typical."""
    torch.manual_seed(0)
    z = 3 * torch.randn(1, 10, 1, 4) + 1
    low, middle, high = (z.quantile(q, dim=1, keepdim=True) for q in (0.1, 0.5, 0.9))
    own = 10 / 50
    spread = own * (high - low) + (1 - own) * network.spread
    expected = (z - own * middle) / (spread / 2.5 + 0.15)
    torch.testing.assert_close(network.among_recording(z), expected)


def test_a_softer_wake_moves_windows_of_wake_only():
    torch.manual_seed(0)
    still = {f.name: 0.0 for f in fields(Variation) if f.name != "wake"}
    variation = Variation(**still, wake=(-1.0, -1.0))
    y = torch.arange(5).repeat(64, 4)
    z = torch.zeros(64, 20, 2, 3)
    moved = vary(z, y, variation, torch.tensor([[1.0, 0.0, 2.0], [0, 0, 0]]))
    assert moved[y != 0].abs().max() == 0
    wake = moved[y == 0].reshape(64, 4, 2, 3)
    softer = wake[:, 0, 0, 0] != 0
    assert 0.4 < softer.float().mean() < 0.8
    torch.testing.assert_close(wake[softer], torch.tensor([-1.0, 0, -2]).expand(wake[softer].shape))


def test_quantiles_of_what_is_known_are_those_of_torch():
    torch.manual_seed(0)
    for shape in ((2, 101, 3, 5), (1, 40, 2, 5), (3, 1, 2, 5)):
        x = torch.randn(shape)
        x[:, ::7, 0] = torch.nan
        x[0, :, -1] = torch.nan  # nothing is known
        levels = torch.tensor([0.1, 0.5, 0.9])
        expected = x.nanquantile(levels, dim=1, keepdim=True).nan_to_num()
        assert torch.equal(torch.stack(known_quantiles(x, (0.1, 0.5, 0.9))), expected)
