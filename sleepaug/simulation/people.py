"""People differ: the traits of a simulated sleeper, and what a single night adds."""

import zlib
from dataclasses import dataclass

import numpy as np

from sleepaug.simulation.hypnogram import night_covariance

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
)
# Share of the variance between nights' architectures that belongs to the person: of sleep
# variables 36-89 % are (Tucker et al. 2007: intraclass correlations).
OF_PERSON = 0.75
# Log-odds of changing to each stage, 25 years above the mean age: more wake, less N3 (direction:
# Ohayon et al. 2004).
AGE_EFFECT = np.array([0.2, 0.1, 0, -0.25, -0.05])


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
    spindle_hz: float  # of fast spindles; slow ones are 2 Hz below
    spindle_rate: float
    spindle: float
    slow_wave: float
    beta: float
    muscle: float
    eye: float
    heart_hz: float
    propensity: tuple[float, ...]  # for each stage, added to log-odds


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
    Women's EEG is a little larger (Carrier et al. 2001).
    """
    rng = stream(subject, "traits")
    age = float(rng.uniform(20, 69))
    female = bool(rng.random() < 0.55)
    ill = bool(rng.random() < 0.15)
    normal = rng.standard_normal(11)
    old = (age - 40) / 25  # about -1 to 1
    cov = night_covariance(ill if apnea is None else apnea) * OF_PERSON
    return Person(
        age=age,
        sex="F" if female else "M",
        apnea=ill if apnea is None else apnea,
        gain=float(np.exp(0.22 * normal[0] + 0.08 * female - 0.1 * old)),
        slope=float(0.12 * normal[1] - 0.1 * old),
        alpha_hz=float(9.9 - 0.5 * old + 0.8 * normal[2]),
        alpha=float(np.exp(0.45 * normal[3])),
        spindle_hz=float(13.5 + 0.45 * normal[4] + 0.15 * female),
        spindle_rate=float(np.exp(0.3 * normal[5] - 0.3 * old)),
        spindle=float(np.exp(0.25 * normal[6] - 0.15 * old)),
        slow_wave=float(np.exp(0.15 * normal[7] - 0.3 * old + 0.06 * female)),
        beta=float(np.exp(0.3 * normal[8])),
        muscle=float(np.exp(0.4 * normal[9])),
        eye=float(np.exp(0.25 * normal[10])),
        heart_hz=float(rng.normal(58, 7) / 60),
        propensity=tuple(rng.multivariate_normal(AGE_EFFECT * (age - 44.5) / 25, cov)),
    )
