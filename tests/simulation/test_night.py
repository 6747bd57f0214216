"""The signals of simulated nights: units, spectra, places, and where randomness comes from."""

import mne
import numpy as np
import pytest
from scipy.signal import welch

from sleepaug.simulation.body import electrocardiogram
from sleepaug.simulation.channels import EEG
from sleepaug.simulation.head import (
    PLACES,
    at_places,
    background_mixing,
    eye_mixing,
    positions,
    referenced,
)
from sleepaug.simulation.hypnogram import STAGES
from sleepaug.simulation.night import simulate_night
from sleepaug.simulation.night_plan import NightSettings, plan_night
from sleepaug.simulation.noise import synthesize
from sleepaug.simulation.people import draw_person
from sleepaug.simulation.recorder import Recorder
from sleepaug.simulation.waves import Mixing, simulate_waves, slow_oscillation
from sleepaug.support.errors import ConfigError


@pytest.fixture(scope="module")
def night() -> mne.io.Raw:
    names = ["Fz", "C3", "Pz", "O1", "Left Horiz", "Right Horiz", "EMG Chin1"]
    return simulate_night(34, hours=3, ch_names=names, sfreq=64.0)


def power(
    raw: mne.io.Raw, channel: str, stage: str, low: float, high: float, of: int = 50
) -> float:
    """Percentile `of` windows of the mean density (uV^2/Hz) in a band."""
    (x,) = raw.get_data([name for name in raw.ch_names if channel in name]) * 1e6
    x = x.reshape(len(raw.annotations), -1)[raw.annotations.description == stage]
    freqs, density = welch(x, raw.info["sfreq"], nperseg=256)
    return float(np.percentile(density[:, (freqs >= low) & (freqs < high)].mean(1), of))


def test_same_arguments_same_samples() -> None:
    one, two = (simulate_night(5, hours=0.05, ch_names=["C3", "O1"]) for _ in range(2))
    np.testing.assert_array_equal(one.get_data(), two.get_data())
    other = simulate_night(6, hours=0.05, ch_names=["C3", "O1"])
    assert np.abs(one.get_data() - other.get_data()).max() > 1e-6


def test_a_channel_does_not_depend_on_the_others() -> None:
    alone = simulate_night(5, hours=0.1, ch_names=["C3"], sfreq=100.0)
    among = simulate_night(5, hours=0.1, sfreq=100.0)
    np.testing.assert_allclose(alone.get_data()[0], among.get_data(["EEG C3-CLE"])[0], atol=2e-10)


def test_night_is_scored_and_in_volts(night: mne.io.Raw) -> None:
    assert night.ch_names[0] == "EEG Fz-CLE"
    assert night.get_channel_types() == ["eeg"] * 4 + ["eog"] * 2 + ["emg"]
    assert len(night.annotations) * 30 * 64 == night.n_times
    assert set(night.annotations.description) == set(STAGES)
    assert "simulated" in night.info["description"]
    for name in night.ch_names[:4]:
        assert 5e-6 < night.get_data([name]).std() < 1e-4


def test_each_stage_has_its_rhythms(night: mne.io.Raw) -> None:
    delta = {s: power(night, "Fz", s, 0.5, 4) for s in STAGES}
    assert delta["N3"] > 2 * delta["N2"] > 2 * max(delta["N1"], delta["R"])
    sigma = {s: power(night, "C3", s, 12, 15) for s in STAGES}
    assert sigma["N2"] > 1.5 * sigma["R"]
    hz = draw_person(34).alpha_hz
    alpha = {c: power(night, c, "W", hz - 1, hz + 1, 80) for c in ("O1", "Fz")}
    assert alpha["O1"] > 3 * power(night, "O1", "R", hz - 1, hz + 1)
    assert alpha["O1"] > 2 * alpha["Fz"]
    tone = {s: power(night, "EMG", s, 15, 30) for s in STAGES}
    assert tone["W"] > 2 * tone["N2"] > 2 * tone["R"]


def test_slow_waves_are_frontal_and_fast_spindles_are_not(night: mne.io.Raw) -> None:
    assert power(night, "Fz", "N3", 0.5, 2) > 1.2 * power(night, "O1", "N3", 0.5, 2)
    hz = draw_person(34).spindle_hz
    frontal = power(night, "Fz", "N2", hz - 2.5, hz - 1.5) / power(
        night, "Fz", "N2", hz - 0.5, hz + 1
    )
    parietal = power(night, "Pz", "N2", hz - 2.5, hz - 1.5) / power(
        night, "Pz", "N2", hz - 0.5, hz + 1
    )
    assert frontal > 1.1 * parietal


def test_eyes_turn_together_in_rem_and_slow_waves_reach_both_in_n3(night: mne.io.Raw) -> None:
    eyes = night.get_data(["EOG Left Horiz", "EOG Right Horiz"]).reshape(2, -1, 30 * 64)
    stage = night.annotations.description
    rem, deep = (np.corrcoef(eyes[:, stage == s].reshape(2, -1))[0, 1] for s in ("R", "N3"))
    assert rem < -0.2
    assert deep > 0.05  # the recorder adds noise of its own to each eye


def test_eyes_of_most_rem_windows_are_as_calm_as_in_n2(night: mne.io.Raw) -> None:
    # In the horizontal EOG of 119 nights of Sleep-EDF, theta is 0.40 larger in N2 (log-power,
    # medians), and the standard deviation of REM windows spans 9 to 67 uV.
    left, right = night.get_data(["EOG Left Horiz", "EOG Right Horiz"]) * 1e6
    eog = (left - right).reshape(len(night.annotations), -1)
    stage = night.annotations.description
    freqs, density = welch(eog, 64, nperseg=256, average="median")
    theta = np.log(density[:, (freqs >= 4) & (freqs < 8)].mean(1))
    assert np.median(theta[stage == "R"]) < np.median(theta[stage == "N2"]) + 0.2
    low, high = np.percentile(eog[stage == "R"].std(1), (10, 90))
    assert high > 6 * low


def test_the_brain_reaches_the_canthi_less_than_the_forehead() -> None:
    canthus, forehead = (at_places(positions([name]), 34) for name in ("Left Horiz", "Fp1"))
    row = {name: k for k, name in enumerate(PLACES)}
    assert canthus[row["Left Horiz"], 0] < 0.8 * forehead[row["Fp1"], 0]


def test_synthesized_noise_has_the_density_asked_for() -> None:
    wanted = np.zeros(61, np.float32)
    wanted[10:21], wanted[40] = 4, 30  # 5-10 Hz, 20 Hz
    density = np.repeat(wanted[None], 400, 0)
    density[200:] *= 9
    noise, _ = synthesize(np.random.default_rng(0), density, 128.0, None)
    for half, factor in ((noise[: 199 * 128], 1), (noise[201 * 128 :], 9)):
        freqs, power_found = welch(half, 128, nperseg=1024)
        assert power_found[(freqs > 6) & (freqs < 9)].mean() == pytest.approx(4 * factor, rel=0.1)
        assert power_found[(freqs > 12) & (freqs < 18)].mean() < 0.01 * factor
        assert half.var() == pytest.approx((4 * 5.5 + 30 * 0.5) * factor, rel=0.1)


def test_noise_goes_on_from_chunk_to_chunk() -> None:
    density = np.full((6, 40), 2, np.float32)
    rng = np.random.default_rng(3)
    one, _ = synthesize(rng, density, 64.0, None)
    rng = np.random.default_rng(3)
    a, tail = synthesize(rng, density[:2], 64.0, None)
    b, _ = synthesize(rng, density[2:], 64.0, tail)
    np.testing.assert_allclose(np.concatenate([a, b]), one, rtol=1e-5, atol=1e-5)


def test_references() -> None:
    gain = np.random.default_rng(0).normal(size=(len(PLACES), 3))
    names = list(PLACES)
    ears = referenced(["A1", "A2"], gain, "linked-ears")
    np.testing.assert_allclose(ears.sum(0), 0, atol=1e-12)
    np.testing.assert_allclose(referenced(["A2"], gain, "A2"), 0)
    scalp = referenced(EEG, gain, "average")
    np.testing.assert_allclose(scalp.sum(0), 0, atol=1e-12)
    bipolar = referenced(["C3-A2"], gain, "average")[0]
    np.testing.assert_allclose(bipolar, gain[names.index("C3")] - gain[names.index("A2")])


def test_background_is_scaled_at_c3_and_smooth() -> None:
    mixing = background_mixing(["C3", "Cz", "C4", "O2"], "linked-ears")
    assert (mixing[0] ** 2).sum() == pytest.approx(1)
    correlation = np.corrcoef(mixing)[0]
    assert 1 > correlation[1] > correlation[2] > 0
    assert correlation[1] > correlation[3]


def test_eyes_reach_the_forehead_most() -> None:
    gain = eye_mixing(["Right Horiz", "Left Horiz", "Fp1", "Fp2", "C3", "O1"], "linked-ears")
    assert gain[0, 0] - gain[1, 0] == pytest.approx(16)
    up = np.abs(gain[:, 1])
    assert up[2] == pytest.approx(up[3])
    assert up[2] > 5 * up[4] > 5 * up[5]


def test_slow_oscillations_travel() -> None:
    mixing = Mixing(["Fz", "Cz", "Pz"], "average")
    front = np.array([[0.0, 1.0, 0.0]])
    _, delay = mixing(front, 60, 9.0)
    assert (np.diff(delay[0]) > 0).all()
    # The head's radius is about 9 cm, so 45 degrees between electrodes are 7 cm.
    speed = np.deg2rad(45) * 0.09 / np.diff(delay[0])
    assert ((speed > 0.5) & (speed < 7)).all()


def test_slow_oscillation_period() -> None:
    t = np.linspace(-1.5, 1.5, 3001)
    wave = slow_oscillation(t, np.array([1.0, 0.8]))
    assert t[wave.argmin()] == pytest.approx(0, abs=0.05)
    assert t[wave.argmax()] == pytest.approx(0.5, abs=0.05)


def test_events_come_in_their_stages_at_published_rates() -> None:
    planned = plan_night(3)
    waves = simulate_waves(planned.course, planned.person, np.random.default_rng(0))
    stage = planned.course.stage
    fast = stage[waves[0].centre.astype(int)]
    minutes = np.bincount(stage, minlength=5) / 60
    per_minute = np.bincount(fast, minlength=5) / np.maximum(minutes, 1)
    assert 0.5 < per_minute[2] < 8
    assert per_minute[4] < 0.2 > per_minute[0]
    gaps = np.diff(waves[0].centre)
    assert gaps.min() >= 2


def test_heart() -> None:
    times = np.arange(0, 3, 0.001)
    wave = electrocardiogram(times, np.array([-1.0, 0.5, 1.5, 2.5]))
    assert times[wave.argmax()] % 1 == pytest.approx(0.5, abs=0.002)
    assert wave.max() == pytest.approx(1, abs=0.02)


def test_recorder_hums_at_the_mains_and_blocks_drift() -> None:
    course = plan_night(1, hours=0.2).course
    recorder = Recorder(1, ["EEG C3-CLE"], course, 256.0)
    recorder.electrodes[0] |= {"mains_cos": 5.0, "mains_sin": 0.0, "pops": np.empty((0, 2))}
    x = np.full((1, 256 * 300), 1000, np.float32)
    out = recorder.record(x, 0)
    assert np.abs(out.mean()) < 30  # the offset of 1 mV is gone
    freqs, density = welch(out[0], 256, nperseg=2048)
    assert freqs[density[freqs > 5].argmax() + (freqs <= 5).sum()] == 60
    again = recorder.record(np.full((1, 256 * 10), 1000, np.float32), 300)
    assert abs(again[0, 0] - out[0, -1]) < 40  # no step between calls


def test_spectra_tell_people_apart() -> None:
    def spectrum(seed: int, subject: int) -> np.ndarray:
        settings = NightSettings(subject=subject)
        raw = simulate_night(seed, hours=0.25, ch_names=["C3"], sfreq=64.0, settings=settings)
        freqs, density = welch(raw.get_data()[0] * 1e6, 64, nperseg=256)
        return np.log(density[(freqs > 5) & (freqs < 25)])

    one, two = (np.array([spectrum(10 * k + j, 70 + k) for k in range(6)]) for j in (1, 2))
    within = np.abs(one - two).mean()
    between = np.mean([np.abs(one - np.roll(two, k, 0)).mean() for k in range(1, 6)])
    assert within < 0.8 * between


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ch_names": ["C9"]}, "C9 cannot be simulated"),
        ({"ch_names": ["C3", "C3"]}, "twice"),
        ({"hours": 0.0}, "30-s"),
        ({"sfreq": 12.5}, "whole number"),
        ({"settings": NightSettings(reference="nose")}, "linked-ears"),
    ],
)
def test_mistakes_are_explained(wrong: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        simulate_night(0, **{"hours": 0.01, **wrong})
