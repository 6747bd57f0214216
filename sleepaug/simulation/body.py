"""What the body adds: eye movements and blinks, muscle, heart."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sleepaug.simulation.course import Course
from sleepaug.simulation.noise import synthesize, wander
from sleepaug.simulation.people import Person
from sleepaug.simulation.waves import poisson

EYE_RATE = 64  # Hz, of the traces of the gaze


def simulate_gaze(course: Course, person: Person, rng: np.random.Generator) -> np.ndarray:
    """Draw where the eyes look.

    Returns
    -------
    ndarray of shape (2, n_seconds * EYE_RATE), float32
        Degrees to the right and up, times the strength of the person's corneo-retinal dipole. A
        blink counts as a short look up (lid and globe together; Iwasaki et al. 2005).

    Notes
    -----
    Source: with open eyes 15-20 blinks a minute, and large glances (the small saccades between
    them, 1-2 a second, are left out); slow rolling movements
    (0.2-0.6 Hz) from closed eyes to N1; bursts of rapid movements in phasic REM sleep
    (AASM manual; Takahashi and Atsumi 1997), which are slower than those of wake. How many there
    are, and how large, was set by the horizontal EOG of Sleep-EDF, stage by stage
    (`benchmarks/realism.py percentiles`, `spread`), where most windows of REM sleep have few.
    """
    n = len(course.stage)
    gaze = np.zeros((2, n * EYE_RATE), np.float32)
    times = np.arange(n * EYE_RATE) / EYE_RATE

    drowsy = np.clip(course.weight[:, 1] + 0.5 * course.weight[:, 0] * (1 - course.eyes_open), 0, 1)
    hz = np.clip(0.32 + 0.1 * wander(rng, n, 10), 0.12, 0.7)
    rolling = drowsy * np.clip(18 + 4 * wander(rng, n, 60), 0, None)
    rolling += 0.5 * (course.weight[:, 2] + course.weight[:, 3])
    seconds = np.arange(n)
    phase = 2 * np.pi * np.interp(times, seconds, np.cumsum(hz))
    size = np.interp(times, seconds, rolling)
    gaze[0] += size * np.sin(phase)
    gaze[1] += 0.12 * size * np.sin(phase + 0.7)

    for rate, spread, duration in (
        (30 * course.eyes_open, (20.0, 9.0), 0.03),
        (28 * course.phasic + 7 * course.weight[:, 4], (13.0, 3.5), 0.055),
        (6 * course.weight[:, 0] + 2 * course.weight[:, 1], (3.0, 2.0), 0.03),
    ):
        at = poisson(rng, rate, 0.12)
        target = rng.normal(0, 1, (2, len(at))) * np.array(spread)[:, None]
        target *= np.minimum(1, np.diff(at, append=np.inf) < 6)  # looks back in the end
        held = np.searchsorted(at, times, side="right")
        trace = np.concatenate([np.zeros((2, 1)), target], 1)[:, held]
        gaze += gaussian_filter1d(trace, duration * EYE_RATE, axis=1)

    at = poisson(rng, (10 + 12 * course.activity) * course.eyes_open, 0.5)
    pulse = np.zeros(n * EYE_RATE)
    np.add.at(pulse, (at * EYE_RATE).astype(int), rng.lognormal(np.log(14), 0.25, len(at)))
    gaze[1] += gaussian_filter1d(pulse, 0.06 * EYE_RATE) * 0.06 * EYE_RATE * 2.5
    return gaze * np.float32(person.eye)


def muscle_tone(course: Course, person: Person, rng: np.random.Generator) -> np.ndarray:
    """Return the chin EMG's rms (uV) at each second: high awake, lowest in REM sleep."""
    tone = np.exp(course.weight @ np.log([13.0, 6.0, 4.5, 3.8, 1.7]))
    tone *= 1 + 0.7 * course.eyes_open + 4 * course.arousal + 12 * course.movement
    tone *= np.exp(0.25 * wander(rng, len(tone), 60))
    twitch = (rng.random(len(tone)) < 0.08) * course.phasic * rng.exponential(8, len(tone))
    return person.muscle * tone + twitch + 0.7


def muscle(rng: np.random.Generator, tone: np.ndarray, sfreq: float) -> np.ndarray:
    """Return a chin EMG (n_seconds * sfreq,) of 10-120 Hz with that rms at each second."""
    freqs = np.arange(0, 0.5 * sfreq, 0.5)
    shape = (freqs / 20) ** 2 / (1 + (freqs / 20) ** 2) / (1 + (freqs / 90) ** 4)
    shape /= shape.sum() * 0.5
    density = (tone[:, None] ** 2 * shape).astype(np.float32)
    return synthesize(rng, density, sfreq, None)[0]


def heart_beats(person: Person, n_seconds: int, rng: np.random.Generator) -> np.ndarray:
    """Return the times (s) of the R waves, the rate varying with breath and mood."""
    n = int(n_seconds * person.heart_hz * 1.4) + 10
    breath = 0.03 * np.sin(2 * np.pi * 0.25 / person.heart_hz * np.arange(n))
    interval = (1 + breath + 0.05 * wander(rng, n, 120) + 0.015 * rng.standard_normal(n)).clip(0.6)
    return np.cumsum(interval / person.heart_hz) - 2


def electrocardiogram(times: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Return P, Q, R, S and T waves, R of height 1, at `times` (s)."""
    k = np.clip(np.searchsorted(beats, times + 0.3, side="right") - 1, 0, len(beats) - 1)
    t = (times - beats[k]).astype(np.float32)
    out = np.zeros_like(t)
    for at, height, width in (
        (-0.17, 0.12, 0.025), (-0.025, -0.12, 0.009), (0, 1.0, 0.011), (0.028, -0.25, 0.010),
        (0.27, 0.28, 0.045),
    ):  # fmt: skip
        out += np.float32(height) * np.exp(-0.5 * ((t - np.float32(at)) / np.float32(width)) ** 2)
    return out
