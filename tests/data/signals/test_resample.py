"""Filter and resampler against MNE's, in blocks of several sizes, and with missing samples."""

import mne
import numpy as np
import pytest
import scipy.signal

from sleepaug.data.signals import resample
from sleepaug.data.signals.resample import lowpass_and_resample, lowpass_taps


def run(x: np.ndarray, sfreq: float, new_sfreq: float, lowpass: float | None) -> np.ndarray:
    out = np.empty((len(x), round(x.shape[1] * new_sfreq / sfreq)), np.float32)
    lowpass_and_resample(
        lambda start, stop: x[:, start:stop], x.shape[1], sfreq, new_sfreq, lowpass, out
    )
    return out


def by_mne(x: np.ndarray, sfreq: float, new_sfreq: float, lowpass: float | None) -> np.ndarray:
    raw = mne.io.RawArray(x.astype(float), mne.create_info(len(x), sfreq, "eeg"), verbose="error")
    if lowpass is not None:
        raw.filter(None, lowpass, picks="all", verbose="error")
    return (raw if new_sfreq == sfreq else raw.resample(new_sfreq, verbose="error")).get_data()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "BLOCK_SAMPLES", 2**13)  # several blocks in a short signal


@pytest.mark.parametrize(
    ("sfreq", "new_sfreq", "lowpass"),
    [(256, 100, 30), (200, 100, 30), (100, 100, 30), (512, 128, 30), (128, 64, 20), (64, 64, 30)],
)
def test_equals_mne(noise, sfreq: float, new_sfreq: float, lowpass: float) -> None:
    x = np.stack([noise(300 * sfreq, 0) + 100, noise(300 * sfreq, 1)]).astype(np.float32)
    expected = by_mne(x, sfreq, new_sfreq, lowpass)
    error = np.abs(run(x, sfreq, new_sfreq, lowpass) - expected) / expected.std(axis=1)[:, None]
    assert error.max() < 1e-4


@pytest.mark.parametrize(
    ("sfreq", "new_sfreq", "lowpass"),
    [(500, 100, 30), (199.9, 100, 30), (64, 100, 25), (1000, 128, 30), (250, 100, 40)],
)
def test_equals_mne_and_scipy(noise, sfreq: float, new_sfreq: float, lowpass: float) -> None:
    # MNE pads to a power of two; where that is no multiple of the ratio's denominator, its result
    # is late or early by half a sample. So SciPy resamples here, on a signal that fades in
    # and out, because SciPy takes it for periodic.
    n = round(300 * sfreq)
    fade = scipy.signal.windows.tukey(n, 0.2)
    x = np.stack([fade * noise(n, seed) for seed in (0, 1)]).astype(np.float32)
    filtered = by_mne(x, sfreq, sfreq, lowpass)
    expected = scipy.signal.resample(filtered, round(300 * new_sfreq), axis=1)
    error = np.abs(run(x, sfreq, new_sfreq, lowpass) - expected) / expected.std(axis=1)[:, None]
    assert error.max() < 1e-4


@pytest.mark.parametrize(("sfreq", "new_sfreq"), [(50, 100), (256, 100), (100, 100)])
def test_without_low_pass(noise, sfreq: float, new_sfreq: float) -> None:
    # what lies at the edge of the band reaches beyond any overlap, so the tolerance is wider
    x = np.stack([noise(300 * sfreq, 0), noise(300 * sfreq, 1)]).astype(np.float32)
    expected = by_mne(x, sfreq, new_sfreq, None)
    error = np.abs(run(x, sfreq, new_sfreq, None) - expected) / expected.std(axis=1)[:, None]
    assert np.sqrt((error**2).mean()) < 5e-3
    assert error.max() < 0.02


def test_taps_equal_mne() -> None:
    for sfreq, lowpass in [(256, 30), (100, 30), (62, 30), (1000, 0.5), (512, 30)]:
        expected = mne.filter.create_filter(None, sfreq, None, lowpass, verbose="error")
        taps = lowpass_taps(sfreq, lowpass)
        zeros = (len(expected) - len(taps)) // 2
        np.testing.assert_allclose(np.pad(taps, zeros), expected, atol=1e-12)


@pytest.mark.parametrize(("frequency", "gain"), [(0.2, 1), (10, 1), (29, 1), (38, 0), (60, 0)])
def test_gain_of_a_sine(frequency: float, gain: float) -> None:
    t = np.arange(40 * 256) / 256
    y = run(np.sin(2 * np.pi * frequency * t)[None].astype(np.float32), 256, 100, 30)[0, 500:-500]
    assert np.sqrt(2) * y.std() == pytest.approx(gain, abs=4e-3)
    if gain:  # and no delay
        expected = np.sin(2 * np.pi * frequency * np.arange(500, 3500) / 100)
        np.testing.assert_allclose(y, expected, atol=8e-3)


def test_blocks_do_not_show(noise, monkeypatch: pytest.MonkeyPatch) -> None:
    x = noise(100_000)[None].astype(np.float32)
    in_blocks = run(x, 256, 100, 30)
    monkeypatch.setattr(resample, "BLOCK_SAMPLES", 2**19)
    np.testing.assert_allclose(in_blocks, run(x, 256, 100, 30), atol=30 * 2e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 100, 5000])
def test_short_signals(noise, n: int) -> None:
    x = noise(n + 10)[None, :n].astype(np.float32)
    y = run(x, 100, 100, 30)
    assert y.shape == (1, n)
    assert np.isfinite(y).all()


def test_missing_samples_stay_where_they_are(noise) -> None:
    x = np.stack([noise(60 * 256, 0), noise(60 * 256, 1)]).astype(np.float32)
    clean = run(x, 256, 100, 30)
    x[0, 20 * 256 : 25 * 256] = np.nan
    x[0, 40 * 256] = np.inf
    y = run(x, 256, 100, 30)
    missing = np.isnan(y[0])
    t = np.arange(6000) / 100
    np.testing.assert_array_equal(y[1], clean[1])
    assert missing[(t >= 20) & (t < 25)].all()
    assert missing[4000]
    near = ((t > 19.7) & (t < 25.3)) | (np.abs(t - 40) < 0.3)
    assert not missing[~near].any()
    np.testing.assert_allclose(y[0, ~missing], clean[0, ~missing], atol=0.01)


def test_all_missing() -> None:
    assert np.isnan(run(np.full((1, 3000), np.nan, np.float32), 100, 100, 30)).all()
