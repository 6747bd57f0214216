"""What is decided about a simulated night before its signals: sleeper, stages and course."""

from dataclasses import dataclass

import numpy as np

from sleepaug.simulation.course import Course, simulate_course
from sleepaug.simulation.head import REFERENCES
from sleepaug.simulation.hypnogram import WINDOW, W, night_covariance, simulate_stages
from sleepaug.simulation.people import OF_PERSON, Person, draw_person, stream, tonight
from sleepaug.simulation.recorder import RECORDERS, RecorderName
from sleepaug.support.errors import ConfigError

FULL_NIGHT = 960  # windows: shorter recordings are excerpts of a night of 8 hours
# Log-odds of changing to each stage in the first night in a laboratory: more wake and N1, less
# REM sleep (Agnew et al. 1966).
FIRST_NIGHT = np.array([0.3, 0.15, 0, -0.05, -0.25])
LEAST_SLEEP = 0.35  # of the night: the worst sleeper's of the 70 nights fitted to


@dataclass(frozen=True)
class NightSettings:
    """Who sleeps in a simulated night, and how it is recorded.

    Attributes
    ----------
    subject : int, optional
        Seed of the sleeper: nights of one subject resemble each other. By default each night is
        of another person.
    apnea : bool, optional
        Whether the sleeper has sleep apnea; drawn (15 %) if not given.
    first_night : bool
        Whether it is the sleeper's first night in the laboratory.
    wake_before, wake_after : float
        Hours awake before lights out and after lights on, added to those of the night.
    reference : {"linked-ears", "A2", "average"}
        Reference of EEG and EOG.
    recorder : {"mass", "sleep-edf", "any"}
        Filters, noise and steps of the recorder; `any` draws those of some laboratory.

    Examples
    --------
    >>> NightSettings(subject=7, recorder="any").check()
    """

    subject: int | None = None
    apnea: bool | None = None
    first_night: bool = False
    wake_before: float = 0.0
    wake_after: float = 0.0
    reference: str = "linked-ears"
    recorder: RecorderName = "mass"

    def check(self) -> None:
        """Raise a `ConfigError` if there is no such night."""
        for name, value, allowed in (
            ("reference", self.reference, REFERENCES),
            ("recorder", self.recorder, RECORDERS),
        ):
            if value not in allowed:
                raise ConfigError(
                    f"{name}: unknown value {value!r}. Allowed: {', '.join(allowed)}."
                )
        if min(self.wake_before, self.wake_after) < 0:
            raise ConfigError(
                "wake_before, wake_after: 0 hours or more, got "
                f"{self.wake_before} and {self.wake_after}."
            )


USUAL_NIGHT = NightSettings()


@dataclass(frozen=True)
class Night:
    """What is decided about a night before its signals are made."""

    seed: int
    person: Person  # as he or she is tonight
    stages: np.ndarray  # (n_windows,), index into STAGES
    course: Course


def plan_night(seed: int, hours: float = 8.0, settings: NightSettings = USUAL_NIGHT) -> Night:
    """Draw the sleeper, the stages and their course (see `simulate_night`)."""
    settings.check()
    n_windows = round(hours * 3600) // WINDOW
    if n_windows < 1:
        raise ConfigError(f"hours: a night has at least one 30-s window; got {hours} hours.")
    before, after = (
        round(hours_awake * 3600) // WINDOW
        for hours_awake in (settings.wake_before, settings.wake_after)
    )
    subject = seed if settings.subject is None else settings.subject
    person = draw_person(subject, settings.apnea)
    stages, start = draw_stages(seed, person, n_windows, settings.first_night)
    day = np.repeat([True, False, True], [before, n_windows, after])
    stages = np.concatenate([np.full(before, W, np.int8), stages, np.full(after, W, np.int8)])
    person = tonight(person, stream(seed, "tonight"))
    rng = stream(seed, "course")
    course = simulate_course(stages, person, rng, start * WINDOW / 3600, day)
    return Night(seed, person, stages, course)


def draw_stages(
    seed: int, person: Person, n_windows: int, first_night: bool = False
) -> tuple[np.ndarray, int]:
    """Draw the stages of a night, or of an excerpt of one if it is shorter than 8 hours.

    Returns the stages and the window of the night at which they begin.
    """
    rng = stream(seed, "night")
    cov = night_covariance(person.apnea) * (1 - OF_PERSON)
    n_full = max(n_windows, FULL_NIGHT)
    asleep = 0.0
    while asleep < LEAST_SLEEP:
        propensity = rng.multivariate_normal(person.propensity, cov) + FIRST_NIGHT * first_night
        stages = simulate_stages(n_full, rng, propensity=propensity, apnea=person.apnea)
        asleep = np.mean(stages != W)
    start = int(rng.integers(0, n_full - n_windows + 1))
    return stages[start : start + n_windows], start
