"""What happens within the windows agrees with their stage."""

import numpy as np
import pytest

from sleepaug.simulation.course import Course, simulate_course
from sleepaug.simulation.hypnogram import N2, N3, WINDOW, R, W
from sleepaug.simulation.night_plan import NightSettings, plan_night
from sleepaug.simulation.noise import bursts, wander
from sleepaug.simulation.people import draw_person


@pytest.fixture(scope="module")
def night() -> tuple[np.ndarray, Course]:
    planned = plan_night(8, settings=NightSettings(apnea=False))
    return planned.stages, planned.course


def test_a_window_is_scored_by_its_majority(night: tuple[np.ndarray, Course]) -> None:
    stages, course = night
    seconds = course.stage.reshape(len(stages), WINDOW)
    assert (((seconds == stages[:, None]).sum(1)) >= WINDOW / 2).mean() > 0.97
    assert (seconds != stages[:, None]).any()  # but boundaries leave the grid


def test_weights_are_shares(night: tuple[np.ndarray, Course]) -> None:
    _, course = night
    np.testing.assert_allclose(course.weight.sum(1), 1, atol=1e-9)
    assert course.weight.min() >= 0
    # Sleep deepens over tens of seconds, but one wakes within a few.
    partly = (course.weight > 0.1) & (course.weight < 0.9)
    assert partly[:, N3].sum() > 0 < partly[:, N2].sum()


def test_what_belongs_to_a_stage_stays_there(night: tuple[np.ndarray, Course]) -> None:
    _, course = night
    asleep = np.isin(course.stage, (N2, N3))
    assert course.eyes_open[asleep].mean() < 0.02 < course.eyes_open[course.stage == W].mean()
    assert course.phasic[asleep].mean() < 0.02 < course.phasic[course.stage == R].mean()
    assert course.pulse[course.stage == R].mean() < 0.02 < course.pulse[asleep].mean()


def test_arousals_are_as_frequent_as_published() -> None:
    stages = np.full(960, N2)
    for age, low, high in ((25, 7, 20), (65, 15, 40)):
        person = next(
            p for p in (draw_person(s, apnea=False) for s in range(500)) if abs(p.age - age) < 2
        )
        course = simulate_course(stages, person, np.random.default_rng(0))
        onsets = (np.diff((course.arousal > 0.5).astype(int)) == 1).sum()
        assert low < onsets / 8 < high


def test_slow_wave_pressure_falls_over_the_night() -> None:
    person = draw_person(1)
    course = simulate_course(np.full(960, N3), person, np.random.default_rng(1))
    assert course.depth[:3600].mean() > 1.3 * course.depth[-3600:].mean()
    late = simulate_course(np.full(120, N3), person, np.random.default_rng(1), hours_before=7)
    assert late.depth.mean() < 0.8 * course.depth[:3600].mean()


def test_wander_has_unit_variance_and_its_memory() -> None:
    x = wander(np.random.default_rng(0), 200_000, 10)
    assert x.var() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(x[:-10], x[10:])[0, 1] == pytest.approx(np.exp(-1), abs=0.03)


def test_bursts_come_at_their_rate_and_last() -> None:
    rate = np.full(100_000, 1 / 100)
    x = bursts(np.random.default_rng(0), rate, 3, 7)
    lengths = np.diff(np.flatnonzero(np.diff(np.r_[0, x, 0])))[::2]
    assert lengths.min() >= 3
    assert x.mean() == pytest.approx(1 - np.exp(-7 / 100), rel=0.15)
