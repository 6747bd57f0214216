"""Whitening: what all windows of a recording share goes, what makes one differ stays."""

import numpy as np
import pytest
from scipy import signal

from sleepaug.data.signals.scaling import whiten

SFREQ, N_TIMES = 50.0, 1500


def pink(n_windows=40, n_chans=2, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (n_windows, n_chans, N_TIMES)).astype(np.float32)
    return 10 * signal.lfilter([1], [1, -0.95], x).astype(np.float32)


def usable(x):
    return np.ones(x.shape[:2], bool)


def density(x):
    return signal.welch(x, SFREQ, nperseg=200)


def test_the_median_spectrum_is_flat_and_a_typical_window_has_unit_variance():
    y = whiten(pink(), SFREQ, usable(pink()))
    freqs, power = density(y)
    inside = (freqs >= 1) & (freqs <= 24)
    median = np.median(power[:, 0, inside], axis=0)
    assert median.max() / median.min() < 1.6  # 300 before
    assert y.std() == pytest.approx(1, abs=0.1)
    spectrum = np.abs(np.fft.rfft(y)) ** 2
    assert spectrum[..., :15].max() < 1e-6 * spectrum.max()  # below 0.5 Hz nothing is left


def test_gain_and_filter_of_the_recorder_do_not_matter():
    x = pink()
    taps = signal.firwin(31, [1.5, 15], fs=SFREQ, pass_zero=False) + 0.2 * (np.arange(31) == 15)
    filtered = 3 * signal.convolve(x, taps[None, None], mode="same").astype(np.float32)
    plain, other = whiten(x.copy(), SFREQ, usable(x)), whiten(filtered, SFREQ, usable(x))
    freqs, power = density(plain)
    _, power_of_other = density(other)
    inside = (freqs >= 1) & (freqs <= 22)
    apart = 10 * np.log10(power_of_other[..., inside] / power[..., inside])
    assert np.abs(apart).mean() < 1  # dB; about 10 before
    np.testing.assert_allclose(whiten(5 * x, SFREQ, usable(x)), plain, atol=0.02)


def test_what_makes_a_window_differ_stays():
    x = pink()
    x[7, 0] *= 4
    y = whiten(x, SFREQ, usable(x))
    assert y[7, 0].std() / np.median(y[:, 0].std(-1)) == pytest.approx(4, rel=0.15)


def test_only_usable_windows_say_what_is_typical():
    x = pink()
    clean = whiten(x[:30].copy(), SFREQ, usable(x[:30]))
    x[30:] = 0  # such as flat ones
    good = usable(x)
    good[30:] = False
    np.testing.assert_allclose(whiten(x, SFREQ, good)[:30], clean, rtol=1e-4, atol=1e-4)
    good[:, 1] = False
    y = whiten(pink(), SFREQ, good)
    assert not y[:, 1].any()
    assert y[:, 0].any()
