"""People differ, their nights too; recorders as well."""

import numpy as np
import pytest
from scipy.signal import welch

from sleepaug.simulation.course import simulate_course
from sleepaug.simulation.hypnogram import N2, N3
from sleepaug.simulation.night import simulate_night
from sleepaug.simulation.night_plan import NightSettings
from sleepaug.simulation.people import draw_person, offsets, stream, tonight
from sleepaug.simulation.recorder import (
    MASS,
    Amplifier,
    Recorder,
    draw_amplifier,
    prefiltering,
    recorder_of,
)
from sleepaug.support.errors import ConfigError


def test_a_night_changes_a_person_less_than_another_person_would() -> None:
    people = [draw_person(k) for k in range(200)]
    for trait in ("gain", "alpha", "slow_wave", "beta", "theta"):
        own = np.log([getattr(p, trait) for p in people])
        nights = np.log(
            [getattr(tonight(p, stream(k, "tonight")), trait) for k, p in enumerate(people)]
        )
        assert 0 < (nights - own).std() < own.std()
    assert tonight(people[0], stream(0, "tonight")).alpha_hz == people[0].alpha_hz
    again = tonight(people[0], stream(0, "tonight"))
    np.testing.assert_array_equal(again.stages, tonight(people[0], stream(0, "tonight")).stages)


def test_offsets_have_the_spread_asked_for() -> None:
    rng = np.random.default_rng(0)
    drawn = np.stack([offsets(rng, np.array([1.0, 0, 0, 0, 0.5]), 0.2) for _ in range(4000)])
    np.testing.assert_allclose(
        drawn.std((0, 1)), np.sqrt([1.04, 0.04, 0.04, 0.04, 0.29]), rtol=0.05
    )
    common = drawn.mean(1).std(0)
    np.testing.assert_allclose(common, np.sqrt(np.array([1, 0, 0, 0, 0.25]) + 0.04 / 5), rtol=0.06)


def test_slow_waves_shrink_with_age() -> None:
    people = [draw_person(k) for k in range(300)]
    age = np.array([p.age for p in people])
    assert 18 <= age.min() < 30
    assert 70 < age.max() <= 90
    assert np.corrcoef(age, np.log([p.slow_wave for p in people]))[0, 1] < -0.3


def test_n2_is_deeper_near_n3() -> None:
    stages = np.full(480, N2)
    stages[200:240] = N3
    near, far = [], []
    for seed in range(15):
        course = simulate_course(stages, draw_person(1), np.random.default_rng(seed), 3)
        depth = np.log(course.depth.reshape(480, 30).mean(1))
        near.append(np.r_[depth[194:200], depth[240:246]].mean())
        far.append(np.r_[depth[:180], depth[260:]].mean())
    assert np.mean(near) > np.mean(far) + 0.05


@pytest.mark.parametrize("seed", range(8))
def test_any_recorder_is_one_of_a_laboratory(seed: int) -> None:
    amplifier = recorder_of("any", seed)
    assert amplifier == recorder_of("any", seed)
    assert 0.03 <= amplifier.high_pass <= 0.5
    assert amplifier.low_pass == 0 or 30 <= amplifier.low_pass <= 100
    assert amplifier.mains in (50, 60)


def record(amplifier: Amplifier, x: np.ndarray) -> np.ndarray:
    person = draw_person(0)
    course = simulate_course(np.full(x.shape[1] // 7680, N2), person, np.random.default_rng(0))
    recorder = Recorder(1, ["EEG C3-CLE"], course, 256.0, amplifier)
    recorder.electrodes[0] |= {"pops": np.empty((0, 2)), "loose": (-1.0, -1.0), "gain": 1.0}
    return recorder.record(x, 0)


def test_filters_cut_where_they_say() -> None:
    rng = np.random.default_rng(0)
    x = 20 * rng.standard_normal((1, 7680 * 20), dtype=np.float32)
    amplifier = Amplifier(high_pass=0.5, low_pass=35, notch=True, mains=50, mains_level=0, noise=0)
    quiet = Amplifier(high_pass=0.03, mains_level=0, noise=0)
    freqs, density = welch(record(amplifier, x.copy())[0], 256, nperseg=2560)
    _, flat = welch(record(quiet, x.copy())[0], 256, nperseg=2560)
    gain = density / flat
    for hz in (10, 35, 70):
        near = np.abs(freqs - hz) < 2
        # Butterworth of the second order, on the frequency axis of the bilinear transform.
        ratio = np.tan(np.pi * hz / 256) / np.tan(np.pi * 35 / 256)
        assert gain[near].mean() == pytest.approx(1 / (1 + ratio**4), rel=0.15)
    assert gain[np.argmin(np.abs(freqs - 50))] < 0.05
    assert gain[(freqs > 0.05) & (freqs < 0.15)].mean() < 0.2


def test_converters_have_steps() -> None:
    x = 20 * np.random.default_rng(0).standard_normal((1, 7680), dtype=np.float32)
    out = record(Amplifier(bit=0.5), x)
    np.testing.assert_allclose(out / 0.5, np.rint(out / 0.5), atol=1e-4)
    assert len(np.unique(record(MASS, x.copy()))) > 7000


def test_recorders_differ_between_nights_and_are_named() -> None:
    drawn = {draw_amplifier(np.random.default_rng(k)) for k in range(30)}
    assert len(drawn) == 30
    assert prefiltering(Amplifier(high_pass=0.3, low_pass=35)) == "HP:0.3Hz LP:35Hz"
    one, two = (
        simulate_night(1, hours=0.05, ch_names=["C3"], sfreq=64, settings=settings).get_data()
        for settings in (NightSettings(recorder="mass"), NightSettings(recorder="sleep-edf"))
    )
    assert np.abs(one - two).max() > 1e-7
    with pytest.raises(ConfigError, match="mass, sleep-edf, any"):
        simulate_night(1, hours=0.05, settings=NightSettings(recorder="tape"))
