"""The signals of a window as they are drawn."""

import mne
import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from sleepaug.staging.window_signal import WindowSignals, zero_phase_bandpass

SFREQ = 250.0


def recording(x, names=("C3", "EOG horizontal", "EMG chin")):
    info = mne.create_info(list(names), SFREQ, "eeg")
    return mne.io.RawArray(x * 1e-6, info, verbose="error")


def sine(hz, microvolts, seconds=120.0):
    return microvolts * np.sin(2 * np.pi * hz * np.arange(round(seconds * SFREQ)) / SFREQ)


def test_a_wave_of_the_band_is_drawn_where_it_was_recorded():
    x = sine(2, 60) + 500  # an offset goes
    traces = WindowSignals(recording(np.stack([x, x, x]))).window(60.0)
    assert [(t.name, t.kind) for t in traces] == [
        *(("C3", "eeg"), ("EOG horizontal", "eog"), ("EMG chin", "emg")),
    ]
    eeg, _, emg = traces
    assert eeg.sfreq == 125
    assert len(eeg.microvolts) == 30 * 125
    expected = sine(2, 60)[round(60 * SFREQ) : round(90 * SFREQ) : 2]
    np.testing.assert_allclose(eeg.microvolts, expected, atol=1.5)  # not shifted, not damped
    assert np.abs(emg.microvolts).max() < 5


@pytest.mark.parametrize("onset", [0.0, 90.0])
def test_windows_at_the_ends_are_whole(onset):
    traces = WindowSignals(recording(sine(10, 40)[None], ["C3"])).window(onset)
    assert len(traces[0].microvolts) == 30 * 125
    assert traces[0].microvolts[1000:2000].std() == pytest.approx(40 / 2**0.5, rel=0.03)


def test_missing_samples_stay_missing_and_harm_no_others():
    x = sine(10, 40)
    raw = recording(x[None], ["C3"])
    raw.set_annotations(mne.Annotations([70.0], [5.0], ["BAD"]))
    (trace,) = WindowSignals(raw).window(60.0)
    missing = np.isnan(trace.microvolts)
    assert missing.sum() == pytest.approx(5 * 125, abs=1)
    assert missing[1250:1870].all()
    assert np.nanmax(np.abs(trace.microvolts[:1100])) < 42


def test_a_slow_recording_is_drawn_up_to_its_own_limit():
    info = mne.create_info(["C3"], 64.0, "eeg")
    raw = mne.io.RawArray(np.zeros((1, 64 * 60)), info, verbose="error")
    assert WindowSignals(raw).window(30.0)[0].sfreq == 64


@pytest.mark.parametrize(("low", "high", "rate"), [(0.3, 35.0, 256.0), (10.0, 45.0, 100.0)])
def test_the_filter_is_that_of_scipy_forwards_and_backwards(low, high, rate):
    x = np.random.default_rng(0).normal(size=round(90 * rate))
    sos = butter(2, (low, high), "bandpass", fs=rate, output="sos")
    middle = slice(round(20 * rate), round(70 * rate))
    expected = sosfiltfilt(sos, x)[middle]
    np.testing.assert_allclose(zero_phase_bandpass(x, low, high, rate)[middle], expected, atol=1e-6)
