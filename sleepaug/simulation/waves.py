"""The events of sleep: spindles, K-complexes, slow oscillations, vertex and sawtooth waves.

Each event has a time, a shape, a centre on the scalp and a size; the whole night's events are
drawn first, then added to the channels chunk by chunk.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sleepaug.simulation.course import Course
from sleepaug.simulation.head import PLACES, at_places, positions, referenced
from sleepaug.simulation.hypnogram import R
from sleepaug.simulation.people import Person

Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Waves:
    """Events of one kind, in order of time."""

    shape: Shape  # (time from the centre in s, row of `params`) -> unit waveform
    centre: np.ndarray  # (n,) seconds
    length: np.ndarray  # (n,) seconds, of what is drawn
    size: np.ndarray  # (n,) uV where the event is largest
    place: np.ndarray  # (n, 3) on the unit sphere
    width: float  # degrees
    params: np.ndarray  # (n, n_params)
    speed: float = 0.0  # radians a second along the scalp; 0: everywhere at once

    def add(self, out: np.ndarray, start: float, sfreq: float, mixing: "Mixing") -> None:
        """Add to `out` (n_chans, n_times) that begins at `start` seconds, in place."""
        n_times = out.shape[1]
        stop = start + n_times / sfreq
        reach = self.length / 2 + 0.2
        chosen = np.flatnonzero((self.centre + reach > start) & (self.centre - reach < stop))
        gains, delays = mixing(self.place[chosen], self.width, self.speed)
        for i, gain, delay in zip(chosen, gains, delays, strict=True):
            a = max(0, round((self.centre[i] - reach[i] - start) * sfreq))
            b = min(n_times, round((self.centre[i] + reach[i] - start) * sfreq))
            if b <= a:
                continue
            t = np.arange(a, b, dtype=np.float32) / np.float32(sfreq)
            t -= np.float32(self.centre[i] - start)
            if self.speed:
                wave = self.shape(t - delay[:, None], self.params[i])
                out[:, a:b] += (gain * self.size[i])[:, None] * wave
            else:
                wave = self.shape(t, self.params[i])
                out[:, a:b] += np.outer(gain * self.size[i], wave)


class Mixing:
    """Gain and delay of events at the channels of a montage."""

    def __init__(self, names: list[str], reference: str) -> None:
        # The reference is linear: apply it to the identity once.
        self.montage = referenced(names, np.eye(len(PLACES)), reference)
        self.own = positions([n.partition("-")[0] for n in names])

    def __call__(
        self, place: np.ndarray, width: float, speed: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return gains and delays (s), each of shape (n_events, n_chans), float32."""
        gain = (self.montage @ at_places(place, width)).T
        delay = np.zeros_like(gain)
        if speed:
            angle = np.arccos(np.clip(place @ self.own.T, -1, 1))
            delay = angle / speed
        return gain.astype(np.float32), delay.astype(np.float32)


def spindle(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return a burst that waxes, wanes and slows down; p = duration, Hz, Hz/s, phase."""
    duration, hz, chirp, phase = p
    envelope = np.exp(-0.5 * (t / (duration / 3.2)) ** 2)
    return envelope * np.sin(2 * np.pi * (hz + chirp / 2 * t) * t + phase)


def slow_oscillation(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return a negative half-wave, a rounder positive one; p = period, positive/negative size."""
    period, positive = p
    down = np.exp(-0.5 * (t / (period * 0.16)) ** 2)
    up = np.exp(-0.5 * ((t - 0.5 * period) / (period * 0.2)) ** 2)
    before = np.exp(-0.5 * ((t + 0.42 * period) / (period * 0.18)) ** 2)
    return -down + positive * up + 0.35 * positive * before


def k_complex(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return a sharp negative wave (0.55 s after its trigger), then a slow positive one (0.9 s)."""
    stretch, positive = p
    down = np.exp(-0.5 * (t / (0.11 * stretch)) ** 2)
    up = np.exp(-0.5 * ((t - 0.36 * stretch) / (0.17 * stretch)) ** 2)
    return -down + positive * up


def vertex_wave(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return a sharp negative wave of about 0.15 s with small positive shoulders."""
    width = p[0]
    return -(1 - 0.8 * (t / width) ** 2) * np.exp(-0.5 * (t / width) ** 2)


def sawtooth(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Train of triangular waves at 2-4 Hz; p = duration, Hz."""
    duration, hz = p
    cycle = (t * hz) % 1
    wave = np.where(cycle < 0.7, cycle / 0.7, (1 - cycle) / 0.3) * 2 - 1
    return wave * np.exp(-0.5 * (t / (duration / 3)) ** 2)


def scatter(rng: np.random.Generator, centre: str, degrees: float, n: int) -> np.ndarray:
    """Return n unit vectors around an electrode, Gaussian with that spread."""
    place = positions([centre]) + rng.normal(0, np.deg2rad(degrees), (n, 3))
    return place / np.linalg.norm(place, axis=1, keepdims=True)


def poisson(rng: np.random.Generator, per_minute: np.ndarray, apart: float) -> np.ndarray:
    """Return the times (s) of a Poisson process, at least `apart` seconds from each other."""
    count = rng.poisson(np.maximum(per_minute, 0) / 60)
    times = np.sort(np.repeat(np.arange(len(count)), count) + rng.random(count.sum()))
    keep = np.ones(len(times), bool)
    last = -np.inf
    for i, time in enumerate(times):
        keep[i] = time - last >= apart
        last = time if keep[i] else last
    return times[keep]


def simulate_waves(course: Course, person: Person, rng: np.random.Generator) -> list[Waves]:
    """Draw the events of a night.

    Notes
    -----
    Source: fast spindles (about 13.5 Hz) are centro-parietal, slow ones (about 11.5 Hz) frontal
    (Cox et al. 2017), 0.5-1 s long to the eye, a few a minute in N2 (Purcell et al. 2017; Lacourse
    et al. 2020), and slow down while they last (Schoenwald et al. 2011). K-complexes come 1-2 a
    minute in N2, their negative peak 0.35 s before the positive one (Colrain 2005: 0.55 and 0.9
    s). Slow oscillations (0.5-1.25 Hz, from 75 uV in N3) begin in front and travel at 1.2-7 m/s
    (Massimini et al. 2004). Sawtooth waves: 2-4 Hz, vertex, in phasic REM sleep (AASM manual).
    What interrupts sleep stops them, phases A of the cyclic alternating pattern gather them.
    """
    calm = 1 - np.clip(course.arousal + course.movement, 0, 1)
    calm = calm * (0.6 + 2.2 * course.pulse)
    stage = course.weight * calm[:, None]
    gain = person.gain
    out = []

    for centre, hz, share, size, degrees in (
        ("Cz", person.spindle_hz, 1.0, 29.0, 28), ("Fz", person.spindle_hz - 2, 0.6, 21.0, 24),
    ):  # fmt: skip
        rate = person.spindle_rate * share * (stage @ [0, 0.15, 4.2, 2.0, 0])
        at = poisson(rng, rate, 2.0)
        n = len(at)
        duration = np.clip(rng.lognormal(np.log(0.95), 0.3, n), 0.5, 2.5)
        params = np.stack(
            [duration, rng.normal(hz, 0.35, n), rng.normal(-0.7, 0.5, n), rng.uniform(0, 6.3, n)], 1
        )
        sizes = size * gain * person.spindle * rng.lognormal(0, 0.35, n)
        place = scatter(rng, centre, degrees, n)
        out.append(Waves(spindle, at, duration * 1.6, sizes, place, 48, params))

    at = poisson(rng, stage @ [0, 0.1, 1.6, 0.8, 0], 3.0)
    n = len(at)
    sizes = 110 * gain * person.slow_wave**0.5 * rng.lognormal(0, 0.3, n)
    params = np.stack([rng.normal(1, 0.12, n), rng.uniform(0.45, 0.9, n)], 1)
    place = scatter(rng, "FCz", 12, n)
    out.append(Waves(k_complex, at, np.full(n, 2.4), sizes, place, 60, params, 9.0))

    deep = course.depth * (stage @ [0, 0, 4.5, 50.0, 0])
    at = poisson(rng, deep, 0.9)
    n = len(at)
    deepness = (stage @ [0.4, 0.4, 0.46, 1.0, 0.4])[at.astype(int)]
    sizes = 95 * gain * person.slow_wave * deepness * rng.lognormal(-0.07, 0.38, n)
    params = np.stack([rng.lognormal(np.log(1.15), 0.22, n), rng.uniform(0.5, 1.0, n)], 1)
    place = scatter(rng, "Fz", 28, n)
    length = params[:, 0] * 2.2
    out.append(Waves(slow_oscillation, at, length, sizes, place, 49, params, 9.0))

    at = poisson(rng, stage @ [0, 2.5, 0.15, 0, 0], 1.0)
    n = len(at)
    sizes = 60 * gain * rng.lognormal(0, 0.35, n)
    place = scatter(rng, "Cz", 6, n)
    params = rng.normal(0.055, 0.01, (n, 1))
    out.append(Waves(vertex_wave, at, np.full(n, 0.6), sizes, place, 42, params))

    at = poisson(rng, (0.4 + 2.5 * course.phasic) * stage[:, R], 4.0)
    n = len(at)
    duration = rng.uniform(1.5, 4, n)
    params = np.stack([duration, rng.uniform(2, 4, n)], 1)
    sizes = 16 * gain * rng.lognormal(0, 0.25, n)
    out.append(Waves(sawtooth, at, duration * 1.6, sizes, scatter(rng, "Cz", 8, n), 48, params))
    return out
