"""The spectrum of a recording as it is, whatever the model's filter."""

import mne
import numpy as np
import pytest
from scipy.signal import welch

from sleepaug.data.files.open import open_recording
from sleepaug.data.signals.channels import Source
from sleepaug.data.signals.night import night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.spectrogram import recorded_spectrum

SFREQ = 200.0


def recording(x, names):
    info = mne.create_info(list(names), SFREQ, "eeg")
    return mne.io.RawArray(np.atleast_2d(x) * 1e-6, info, verbose="error")


def test_it_is_welchs_spectrum_of_the_unfiltered_signal():
    x = np.random.default_rng(0).normal(0, 20, round(70 * 30 * SFREQ))  # more than one block
    spectrum = recorded_spectrum(open_recording(recording(x, ["C3"])), Source("C3", (), ""), 70)
    assert spectrum.shape == (70, 151)
    for k in (0, 59, 60, 69):
        window = x[round(k * 30 * SFREQ) :][: round(30 * SFREQ)]
        _, expected = welch(
            window, SFREQ, np.hanning(1000), noverlap=0, detrend="constant", scaling="density"
        )
        np.testing.assert_allclose(spectrum[k, 1:], expected[1:151], rtol=1e-3)


def test_a_reference_is_subtracted():
    x = np.random.default_rng(0).normal(0, 20, (2, round(60 * SFREQ)))
    raw = recording(np.stack([x[0] + x[1], x[1]]), ["C3", "A2"])
    spectrum = recorded_spectrum(open_recording(raw), Source("C3", ("A2",), ""), 2)
    alone = recorded_spectrum(open_recording(recording(x[0], ["C3"])), Source("C3", (), ""), 2)
    np.testing.assert_allclose(spectrum, alone, rtol=1e-3, atol=1e-4)


def test_a_night_shows_what_the_low_pass_of_the_model_takes_away():
    t = np.arange(round(120 * SFREQ)) / SFREQ
    x = 10 * np.sin(2 * np.pi * 26 * t) + np.random.default_rng(0).normal(0, 10, len(t))
    settings = Preprocessing(channels=("C3",), lowpass=15.0, sfreq=50.0)
    night = night_windows(recording(x, ["EEG C3-A2"]), settings)
    assert night.spectrum_channel == "EEG C3-A2"
    assert (night.spectrum.argmax(axis=1) == 26 * 5).all()
    assert night.spectrum[1].sum() * 0.2 == pytest.approx(50 + 100 * 0.3, rel=0.1)


def test_the_channel_with_the_fewest_faults_is_shown():
    x = np.random.default_rng(0).normal(0, 20, (2, round(120 * SFREQ)))
    x[0, : round(30 * SFREQ)] = 0
    settings = Preprocessing(channels=("C3", "C4"), normalize="none")
    night = night_windows(recording(x, ["C3", "C4"]), settings, allow_missing=True)
    assert night.spectrum_channel == "C4"
    assert np.isfinite(night.spectrum).all()
