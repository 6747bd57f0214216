"""The ongoing EEG: 1/f activity with rhythms, its spectrum following the sleeper's state.

Noise is made in blocks of 2 s that overlap by half (weighted overlap-add): the spectrum of
each block is that of its second, so that it may change every second.
"""

from collections.abc import Iterator

import numpy as np
from scipy.fft import irfft

from sleepaug.simulation.course import Course, wander
from sleepaug.simulation.head import SOURCES, positions, spread
from sleepaug.simulation.people import Person

# Background of each stage at C3 against an ear: density at 19 Hz (uV^2/Hz), exponent and knee
# (Hz) of density / (knee^e + f^e). The slope steepens from wake to N3, REM sleep in between
# (Schneider et al. 2022).
BACKGROUND = np.array(
    [[0.52, 1.4, 1.0], [0.5, 2.4, 4.3], [0.38, 3.3, 6.3], [0.38, 3.3, 5.8], [0.38, 2.2, 3.0]]
)


def synthesize(
    rng: np.random.Generator, density: np.ndarray, sfreq: float, tail: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Make noise whose power spectral density changes every second.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    density : ndarray of shape (n_seconds, n_freqs), float32
        Power spectral density, one row a second, at multiples of 0.5 Hz from 0 up.
    sfreq : float
        Sampling frequency, a whole number of Hz.
    tail : ndarray of shape (sfreq,), optional
        Half of the block before, from the call before.

    Returns
    -------
    noise : ndarray of shape (n_seconds * sfreq,), float32
    tail : ndarray of shape (sfreq,)
        For the next call.
    """
    hop = round(sfreq)
    n_seconds, n_freqs = density.shape
    z = rng.standard_normal((n_seconds, 2 * n_freqs), dtype=np.float32).view(np.complex64)
    z *= np.sqrt(
        density * np.float32(sfreq * hop / 2)
    )  # E|z|^2 was 2, becomes density * sfreq * hop
    blocks = irfft(z, 2 * hop, axis=1)
    blocks *= np.sin(np.pi * (np.arange(2 * hop, dtype=np.float32) + 0.5) / (2 * hop))
    noise = blocks[:, :hop].copy()
    noise[1:] += blocks[:-1, hop:]
    if tail is not None:
        noise[0] += tail
    return noise.reshape(-1), blocks[-1, hop:]


def bump(freqs: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Return a Gaussian peak of height 1."""
    return np.exp(-0.5 * ((freqs - centre) / width) ** 2)


def rhythms(
    course: Course, person: Person, freqs: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what stands out of the 1/f background: alpha, theta, sigma, beta, delta, muscle, skin.

    Returns
    -------
    shape : ndarray of shape (7, n_freqs)
        Spectral shapes of height 1.
    power : ndarray of shape (n_seconds, 7)
        Density at the peak where the rhythm is strongest, uV^2/Hz.
    topography : ndarray of shape (n_sources, 7)
        Share of that power at each source.

    Notes
    -----
    Source: alpha is occipital, at a person's own frequency, and blocked by open eyes (Berger
    1929; Klimesch 1999); theta of N1 and delta of N3 are frontal and midline (Finelli et al. 2001).
    Levels were set so that band powers agree with published spectra and with real excerpts
    (`docs/simulator.md`).
    """
    n = len(course.stage)
    weight = course.weight
    shape = np.stack(
        [
            bump(freqs, person.alpha_hz, 0.6),
            bump(freqs, 6.0, 1.3),
            bump(freqs, person.spindle_hz - 0.8, 1.3),  # between the spindles
            bump(freqs, 20, 4),
            bump(freqs, 1.9, 1.1),
            bump(freqs, 40, 60),
            bump(freqs, 0.5, 0.35),  # sweat and breath
        ]
    )
    power = np.stack(
        [
            45 * (person.alpha * course.alpha) ** 2,
            weight @ [0.3, 1.5, 0.8, 0.8, 1.2],
            weight @ [0.0, 0.05, 1.1, 1.8, 0.03],
            (weight @ [0.3, 0.15, 0.05, 0.03, 0.1] + 0.3 * course.arousal) * person.beta,
            weight @ [2.0, 2.5, 24.0, 150.0, 3.0] * course.depth * person.slow_wave**2,
            0.12 * (course.eyes_open + 0.4 * weight[:, 0]) + course.movement * 1.0,
            25 * np.exp(0.8 * rng.standard_normal() + 0.7 * wander(rng, n, 300)),
        ],
        1,
    )
    for k in range(power.shape[1]):  # rhythms wax and wane, delta most
        fast = 1.2 if k == 4 else 0.5
        power[:, k] *= np.exp(fast * wander(rng, n, 4) + 0.3 * wander(rng, n, 90) - fast**2 / 2)
    topography = spread(positions(SOURCES), positions(["Oz", "Fz", "Cz", "Fz", "Fz", "T3"]), 52)
    topography = np.column_stack([topography**2, np.ones(len(SOURCES))])
    topography[:, 5] += spread(positions(SOURCES), positions(["T4"]), 52)[:, 0] ** 2
    topography += [0.01, 0.04, 0.04, 0.04, 0.34, 0.04, 0.04]
    return shape, power, topography


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
    at_19, exponent, knee = BACKGROUND.T[:, :, None]
    exponent = exponent + person.slope
    floor = at_19 * (knee**exponent + 19**exponent) / (knee**exponent + freqs**exponent)
    floor[:, 0] = 0
    log_floor = np.log(np.maximum(floor, 1e-6)).astype(np.float32)
    shape, power, topography = rhythms(course, person, freqs, rng)
    shape = shape.astype(np.float32)
    restless = 1 + 0.7 * course.weight[:, 0]
    swing = 0.32 * restless * wander(rng, n, 4) + 0.25 * restless * wander(rng, n, 120)
    swing = (np.exp(swing) * person.gain**2).astype(np.float32)
    power = (power * person.gain**2).astype(np.float32)

    tails: list[np.ndarray | None] = [None] * len(SOURCES)
    for start in range(0, n, chunk):
        now = slice(start, min(start + chunk, n))
        base = np.exp(course.weight[now].astype(np.float32) @ log_floor) * swing[now, None]
        out = []
        for s in range(len(SOURCES)):
            density = base + (power[now] * topography[s].astype(np.float32)) @ shape
            noise, tails[s] = synthesize(rng, density, sfreq, tails[s])
            out.append(noise)
        yield np.stack(out)
