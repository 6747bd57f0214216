"""The one spectrum of the package: power density of Hann-windowed frames."""

import numpy as np
import pytest
from scipy import signal

from sleepaug.data.signals.spectrum import frame_power


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("sfreq", [50.0, 100.0, 128.0])
def test_parity_with_scipy(sfreq, periodic):
    x = np.random.default_rng(0).normal(5, 20, (3, round(30 * sfreq)))
    size, hop = round(4 * sfreq), round(2 * sfreq)
    expected_freqs, _, expected = signal.spectrogram(
        *(x, sfreq, signal.get_window("hann", size, fftbins=periodic)),
        noverlap=size - hop,
        detrend="constant",
    )
    power, freqs = frame_power(x, sfreq, 4, hop_seconds=2, periodic=periodic)
    np.testing.assert_allclose(freqs, expected_freqs)
    inside = slice(1, -1)  # one-sided: SciPy counts 0 Hz and half the rate once
    np.testing.assert_allclose(
        power[..., inside], expected.swapaxes(-1, -2)[..., inside], rtol=1e-9
    )


def test_frames_follow_each_other_and_what_fills_none_is_not_used():
    x = np.random.default_rng(0).normal(0, 20, 1290)
    power, _ = frame_power(x, 100, 5)
    assert len(power) == 2
    for frame, start in zip(power, (0, 500), strict=True):
        np.testing.assert_array_equal(frame, frame_power(x[start : start + 500], 100, 5)[0][0])


def test_the_highest_frequency_is_returned_where_the_signal_has_it():
    x = np.zeros(1500)
    assert frame_power(x, 50, 5, highest=30)[1][-1] == 25
    assert frame_power(x, 100, 5, highest=30)[1][-1] == 30


def test_a_sine_has_the_power_of_its_amplitude_in_single_precision_too():
    x = 20 * np.sin(2 * np.pi * 10 * np.arange(3000) / 100)
    for dtype in (np.float32, np.float64):
        power, freqs = frame_power(x.astype(dtype), 100, 5)
        assert power.dtype == dtype
        np.testing.assert_allclose(power.sum(axis=-1) * freqs[1], 20**2 / 2, rtol=1e-5)
