"""People differ, and so do their nights: the traits of a sleeper, and what a night adds."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from sleepaug.simulation.hypnogram import N2, N3, night_covariance

STREAMS = (
    "traits",
    "night",
    "course",
    "background",
    "waves",
    "eyes",
    "muscle",
    "recorder",
    "slow",
    "scorers",
    "amplifier",
    "tonight",
)
# Share of the variance between nights' architectures that belongs to the person: of sleep
# variables 36-89 % are (Tucker et al. 2007: intraclass correlations).
OF_PERSON = 0.75
# Log-odds of changing to each stage, 25 years above the mean age: more wake, less N3 (direction:
# Ohayon et al. 2004).
AGE_EFFECT = np.array([0.2, 0.1, 0, -0.25, -0.05])
# Standard deviation of the log-power of floor, theta, sigma, beta and delta in one stage beside
# the person's in the others: of the person, and of the night. Source: Sleep-EDF, between people
# and between the two nights of each (`benchmarks/realism.py spread`).
STAGE_OF_PERSON, STAGE_OF_NIGHT = 0.15, 0.12
BANDS_OF_PERSON = np.array([0.35, 0.25, 0.5, 0.35, 0.15])  # the same, in all stages alike
BANDS_OF_NIGHT = np.array([0.25, 0.15, 0.2, 0.3, 0.15])


def stream(seed: int, part: str, channel: str = "") -> np.random.Generator:
    """Return the generator of one part of the simulation, independent of the other parts."""
    entropy = [seed, STREAMS.index(part), zlib.crc32(channel.encode())]
    return np.random.default_rng(np.random.SeedSequence(entropy))


@dataclass(frozen=True)
class Person:
    """A sleeper. Gains multiply an amplitude; 1 is average."""

    age: float
    sex: str
    apnea: bool
    gain: float  # of the whole EEG
    slope: float  # added to the exponent of the 1/f background
    alpha_hz: float
    alpha: float
    theta: float
    spindle_hz: float  # of fast spindles; slow ones are 2 Hz below
    spindle_rate: float
    spindle: float
    slow_wave: float
    beta: float
    muscle: float
    eye: float
    sweat: float
    active: float  # log-odds of moving about while awake
    heart_hz: float
    stages: np.ndarray  # (5, 5) log-power of each band in each stage
    propensity: tuple[float, ...]  # for each stage, added to log-odds


def offsets(rng: np.random.Generator, of_all: np.ndarray, of_one: float) -> np.ndarray:
    """Draw the log-power (5 stages, 5 bands) that distinguishes a person or a night."""
    drawn = of_all * rng.standard_normal(5) + of_one * rng.standard_normal((5, 5))
    drawn[N3, 4] = drawn[N2, 4]  # N3 is scored where delta is large enough: it goes with N2's
    return drawn


def draw_person(subject: int, apnea: bool | None = None) -> Person:
    """Draw the traits of a sleeper.

    Parameters
    ----------
    subject : int
        Seed of the person.
    apnea : bool, optional
        Whether the person has sleep apnea; drawn (15 %) if not given.

    Notes
    -----
    Source: slow waves lose about three quarters of their power from youth to old age (Mander et
    al. 2017); spindles become fewer and smaller with age (Purcell et al. 2017; Lacourse et al.
    2020); alpha slows down, by up to 0.05 Hz a year (Klimesch 1999; 0.02 here), with 0.9 Hz
    between persons (Grandy et al. 2013). Fast spindles have 13.5 +- 0.5 Hz (Cox et al. 2017).
    Women's EEG is a little larger (Carrier et al. 2001). How much people differ beside this was
    set by the spread of band powers between the people of Sleep-EDF (`docs/simulator.md`).
    """
    rng = stream(subject, "traits")
    age = float(np.clip(rng.normal(46, 17), 18, 90))
    female = bool(rng.random() < 0.55)
    ill = bool(rng.random() < 0.15)
    normal = rng.standard_normal(14)
    old = (age - 40) / 25  # about -1 to 2
    cov = night_covariance(ill if apnea is None else apnea) * OF_PERSON
    return Person(
        age=age,
        sex="F" if female else "M",
        apnea=ill if apnea is None else apnea,
        gain=float(np.exp(0.18 * normal[0] + 0.08 * female - 0.06 * old)),
        slope=float(0.25 * normal[1] - 0.1 * old),
        alpha_hz=float(9.9 - 0.5 * old + 0.8 * normal[2]),
        alpha=float(np.exp(0.5 * normal[3])),
        theta=float(np.exp(0.2 * normal[11])),
        spindle_hz=float(13.5 + 0.45 * normal[4] + 0.15 * female),
        spindle_rate=float(np.exp(0.3 * normal[5] - 0.3 * old)),
        spindle=float(np.exp(0.3 * normal[6] - 0.15 * old)),
        slow_wave=float(np.exp(0.08 * normal[7] - 0.14 * old + 0.06 * female)),
        beta=float(np.exp(0.3 * normal[8])),
        muscle=float(np.exp(0.4 * normal[9])),
        eye=float(np.exp(0.25 * normal[10])),
        sweat=float(np.exp(0.4 * normal[12])),
        active=float(0.6 * normal[13]),
        heart_hz=float(rng.normal(58, 7) / 60),
        stages=offsets(rng, BANDS_OF_PERSON, STAGE_OF_PERSON),
        propensity=tuple(rng.multivariate_normal(AGE_EFFECT * (age - 44.5) / 25, cov)),
    )


def tonight(person: Person, rng: np.random.Generator) -> Person:
    """Return the person as he or she is tonight: electrodes, mood and sleep are never the same.

    Notes
    -----
    Source: the spread between two nights of a person in Sleep-EDF (`docs/simulator.md`). What
    makes a person (age, frequencies) stays.
    """
    normal = rng.standard_normal(9)
    return replace(
        person,
        gain=person.gain * float(np.exp(0.1 * normal[0])),
        slope=person.slope + float(0.1 * normal[1]),
        alpha=person.alpha * float(np.exp(0.2 * normal[2])),
        theta=person.theta * float(np.exp(0.1 * normal[3])),
        slow_wave=person.slow_wave * float(np.exp(0.05 * normal[4])),
        beta=person.beta * float(np.exp(0.2 * normal[5])),
        muscle=person.muscle * float(np.exp(0.4 * normal[6])),
        eye=person.eye * float(np.exp(0.15 * normal[7])),
        sweat=person.sweat * float(np.exp(0.5 * normal[8])),
        stages=person.stages + offsets(rng, BANDS_OF_NIGHT, STAGE_OF_NIGHT),
    )
