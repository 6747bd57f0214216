"""The ongoing EEG: 1/f activity with rhythms, its spectrum following the sleeper's state.

Noise is made in blocks of 2 s that overlap by half (`noise.synthesize`): the spectrum of each
block is that of its second, so that it may change every second.
"""

from collections.abc import Iterator

import numpy as np

from sleepaug.simulation.course import Course
from sleepaug.simulation.head import SOURCES, positions, spread
from sleepaug.simulation.hypnogram import N2, R
from sleepaug.simulation.noise import synthesize, wander
from sleepaug.simulation.people import Person

# Background of each stage (W N1 N2 N3 R): density (uV^2/Hz) at these frequencies, straight between
# them in logarithms. The slope steepens from wake to N3, REM sleep in between (Schneider et al.
# 2022). This and LEVELS were fitted by hand to the medians of Sleep-EDF and of excerpts 1-3 of
# DREAMS (`benchmarks/realism.py percentiles`).
KNOTS = (0.5, 2, 6, 10, 14, 22, 45)  # Hz
BACKGROUND = np.array(
    [
        [7.9, 4.5, 1.20, 0.62, 0.35, 0.15, 0.040],
        [8.0, 7.5, 1.75, 0.70, 0.24, 0.065, 0.010],
        [13.0, 10.5, 4.1, 1.32, 0.35, 0.056, 0.003],
        [13.0, 12.0, 4.0, 1.25, 0.30, 0.046, 0.002],
        [9.0, 8.5, 2.10, 0.83, 0.27, 0.072, 0.007],
    ]
)
# What stands out of it: a Gaussian peak (centre, width in Hz; the person's own frequency where
# None), where (height falls with the distance; `everywhere` is added to it), how fast it waxes
# and wanes, and its density (uV^2/Hz) in W N1 N2 N3 R.
ALPHA, THETA, SIGMA, BETA, DELTA, MUSCLE, SKIN, SWAY = range(8)
LEVELS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],  # alpha: by `course.alpha`
        [0.2, 0.0, 0.6, 2.0, 0.0],
        [0.0, 0.05, 0.9, 1.1, 0.03],
        [0.10, 0.10, 0.05, 0.03, 0.10],
        [1.0, 0.0, 62.0, 230.0, 2.0],
        [0.40, 0.22, 0.09, 0.05, 0.15],
        [12.0, 12.0, 12.0, 12.0, 12.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],  # sway: by `course.activity`
    ]
)
BESIDE_THE_MIDLINE = ("F3", "F4", "C3", "C4", "P3", "P4")  # where the 1/f background is strongest
FAST = np.array([0.5, 0.5, 0.9, 0.5, 1.0, 0.6, 0.5, 0.8])  # of log-power, within seconds
SLOW = np.array([0.35, 0.3, 0.55, 0.4, 0.3, 0.6, 0.5, 0.5])  # within a quarter of an hour
CALM = np.array([1.0, 1.2, 1.1, 0.6, 1.0])  # share of SLOW in each stage


def bump(freqs: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Return a Gaussian peak of height 1."""
    return np.exp(-0.5 * ((freqs - centre) / width) ** 2)


def shapes(person: Person, freqs: np.ndarray) -> np.ndarray:
    """Return the spectra (8, n_freqs) of the rhythms, of height 1."""
    return np.stack(
        [
            bump(freqs, person.alpha_hz, 0.6),
            bump(freqs, 6.0, 1.3),
            bump(freqs, person.spindle_hz - 0.8, 1.3),  # between the spindles
            bump(freqs, 20, 4),
            bump(freqs, 0.8, 0.65),
            freqs**2 / (freqs**2 + 15**2),  # of the scalp's muscles, from 15 Hz up
            bump(freqs, 0.5, 0.35),  # sweat and breath
            1 / (1 + (np.maximum(freqs, 0.25) / 0.7) ** 2.2),  # cables and electrodes move
        ]
    )


def topography() -> np.ndarray:
    """Return the share (n_sources, 8) of each rhythm's power at each source.

    Notes
    -----
    Source: alpha is occipital (Klimesch 1999), theta of N1 and delta of N3 are frontal and midline
    (Finelli et al. 2001); muscles lie over temples, forehead and neck, none at the vertex
    (Goncharova et al. 2003).
    """
    places = [
        ["Oz"],
        ["Fz", "F7", "F8", "Oz"],
        ["C3", "C4"],
        ["Fz"],
        ["F3", "F4", "F7", "F8", "Oz"],
        ["T3", "T4", "Fp1", "Fp2", "T5", "T6", "F7", "F8", "Oz"],
    ]
    everywhere = [0.01, 0.04, 0.04, 0.04, 0.45, 0.04, 1.0, 1.0]
    out = np.tile(np.array(everywhere), (len(SOURCES), 1))
    for k, centres in enumerate(places):
        width = 52 if k != MUSCLE else 30
        out[:, k] += (spread(positions(SOURCES), positions(centres), width) ** 2).sum(1)
    return out


def rhythms(course: Course, person: Person, rng: np.random.Generator) -> np.ndarray:
    """Return the density (n_seconds, 8) of each rhythm where it is strongest, uV^2/Hz.

    Notes
    -----
    Source: alpha is blocked by open eyes (Berger 1929); muscle tone and movement rise from rest to
    activity.
    """
    n = len(course.stage)
    weight = course.weight
    awake = weight[:, 0]
    power = weight @ LEVELS.T
    power[:, ALPHA] = 38 * (person.alpha * course.alpha) ** 2
    power[:, THETA] *= person.theta**2
    power[:, BETA] = (power[:, BETA] + 0.3 * course.arousal) * person.beta**2
    power[:, DELTA] *= course.depth * person.slow_wave**2
    power[:, MUSCLE] += 5.0 * course.activity**1.5 + 0.3 * course.arousal + course.movement
    power[:, MUSCLE] *= person.muscle**2
    power[:, SKIN] *= person.sweat**2
    power[:, SWAY] = awake * 0.2 * np.expm1(5.0 * np.minimum(course.activity, 1.8))
    power[:, SWAY] += 60 * course.movement
    offsets = np.exp(weight @ person.stages)
    for k, band in ((THETA, 1), (SIGMA, 2), (BETA, 3), (DELTA, 4)):
        power[:, k] *= offsets[:, band]
    calm = weight @ CALM
    for k in range(power.shape[1]):
        swing = FAST[k] * wander(rng, n, 4) + SLOW[k] * calm * wander(rng, n, 400)
        power[:, k] *= np.exp(swing - FAST[k] ** 2 / 2)
    return power * person.gain**2


def background(
    course: Course, person: Person, sfreq: float, rng: np.random.Generator, chunk: int
) -> Iterator[np.ndarray]:
    """Yield the activity of every source, `chunk` seconds at a time.

    Yields
    ------
    ndarray of shape (n_sources, chunk * sfreq), float32
        Microvolts at C3 once mixed by `background_mixing`.
    """
    n = len(course.stage)
    freqs = np.arange(0, min(70, 0.45 * sfreq) + 0.25, 0.5)
    at = np.log(np.maximum(freqs, 0.25))
    log_floor = np.stack([np.interp(at, np.log(KNOTS), row) for row in np.log(BACKGROUND)])
    log_floor += person.stages[:, :1] - person.slope * np.log(np.maximum(freqs, 3) / 19)
    log_floor[:, 0] = -14  # no offset
    shape = shapes(person, freqs).astype(np.float32)
    share = topography().astype(np.float32)
    here = np.where(np.isin(SOURCES, BESIDE_THE_MIDLINE), 3.0, 0.6).astype(np.float32)
    power = rhythms(course, person, rng).astype(np.float32)
    calm = course.weight @ CALM
    restless = 1 + 0.7 * course.weight[:, 0]
    swing = 0.32 * restless * wander(rng, n, 4) + 0.3 * calm * wander(rng, n, 300)
    # The deeper NREM sleep, the steeper its spectrum.
    steeper = 0.5 * np.log(course.depth) * course.weight[:, N2:R].sum(1)
    octaves = np.log(17 / (freqs + 1))
    swing = (np.exp(swing) * person.gain**2).astype(np.float32)

    tails: list[np.ndarray | None] = [None] * len(SOURCES)
    for start in range(0, n, chunk):
        now = slice(start, min(start + chunk, n))
        base = course.weight[now] @ log_floor + np.outer(steeper[now], octaves)
        base = np.exp(base.astype(np.float32)) * swing[now, None]
        out = []
        for s in range(len(SOURCES)):
            density = base * here[s] + (power[now] * share[s]) @ shape
            noise, tails[s] = synthesize(rng, density, sfreq, tails[s])
            out.append(noise)
        yield np.stack(out)
