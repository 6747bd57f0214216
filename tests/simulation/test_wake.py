"""Wake: what people do, by day and by night, and what the electrodes make of it."""

import numpy as np
import pytest

from sleepaug.simulation.hypnogram import N2, STAGES, WINDOW, W
from sleepaug.simulation.night import simulate_night
from sleepaug.simulation.night_plan import NightSettings, plan_night
from sleepaug.simulation.wake import ACT, REST, lights, simulate_wake
from sleepaug.support.errors import ConfigError


def test_the_light_is_on_by_day_and_in_some_long_wakes() -> None:
    stages = np.full(4000, W)
    stages[::41] = N2  # wakes of 20 min
    day = np.zeros(4000, bool)
    day[:100] = True
    on = lights(stages, day, np.random.default_rng(0))
    assert on[day].all()
    assert 0.15 < on[~day].mean() < 0.5
    assert not on[np.roll(stages == N2, 1) & ~day].any()  # nobody wakes up into bright light


def test_people_are_active_by_day_and_rest_by_night() -> None:
    def kinds(day: bool) -> np.ndarray:
        drawn = [
            simulate_wake(np.full(9, W), np.full(9, day), 0.0, np.random.default_rng(k)).kind
            for k in range(60)
        ]
        return np.bincount(np.concatenate(drawn), minlength=3) / (60 * 9 * WINDOW)

    by_day, by_night = kinds(True), kinds(False)
    assert by_day[ACT] > 1.5 * by_night[ACT]
    assert by_night[REST] > 2 * by_day[REST]


def test_active_people_act_more() -> None:
    def share(active: float) -> float:
        drawn = [
            simulate_wake(np.full(40, W), np.ones(40, bool), active, np.random.default_rng(k))
            for k in range(20)
        ]
        return float(np.mean([wake.kind == ACT for wake in drawn]))

    assert share(1.5) > share(0) + 0.1 > share(-1.5) + 0.2


def test_wake_around_the_night_is_added_to_it() -> None:
    plain = plan_night(4, hours=1)
    settings = NightSettings(wake_before=0.5, wake_after=0.25)
    longer = plan_night(4, hours=1, settings=settings)
    assert len(longer.stages) == 60 + 120 + 30
    np.testing.assert_array_equal(longer.stages[60:180], plain.stages)
    assert (longer.stages[:60] == W).all()
    assert (longer.stages[180:] == W).all()
    with pytest.raises(ConfigError, match="0 hours or more"):
        plan_night(4, hours=1, settings=NightSettings(wake_before=-1))


def test_wake_varies_more_than_any_other_stage() -> None:
    """Within real nights log-powers vary most in wake (Sleep-EDF)."""
    spread: dict[str, list[float]] = {"W": [], "N2": []}
    settings = NightSettings(wake_before=0.5, wake_after=0.5)
    for seed in (1, 2, 3):
        raw = simulate_night(seed, hours=2, ch_names=["Fpz-Cz"], sfreq=64, settings=settings)
        x = np.log(raw.get_data().reshape(len(raw.annotations), -1).std(1))
        for stage, deviations in spread.items():
            of_stage = x[raw.annotations.description == stage]
            if len(of_stage) > 10:
                deviations.append(of_stage.std())
    assert np.mean(spread["W"]) > 1.2 * np.mean(spread["N2"])
    assert set(raw.annotations.description) <= set(STAGES)
