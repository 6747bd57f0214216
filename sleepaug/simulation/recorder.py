"""Electrodes, amplifier and converter: noise, drift, mains, pops, a loose channel, filters."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from sleepaug.simulation.course import Course

HIGH_PASS = 0.1  # Hz, first order, as the amplifiers of MASS
MAINS = 60.0  # Hz, Montreal


@dataclass
class Electrode:
    """One channel of the recorder, with its faults during one night."""

    rng: np.random.Generator
    noise: float  # uV rms
    mains: float  # uV
    mains_phase: float
    drift: float  # uV
    pops: np.ndarray  # (n, 2) seconds, uV
    loose: tuple[float, float]  # seconds, from-to
    memory: np.ndarray | None = None  # of the high-pass filter
    wander: float = 0.0

    def record(
        self, x: np.ndarray, start: float, sfreq: float, course: Course, emg: bool
    ) -> np.ndarray:
        """Return what the recorder makes of the potential `x` (uV) from `start` seconds on."""
        n = len(x)
        t = start + np.arange(n) / sfreq
        seconds = n // round(sfreq)
        x = x + self.noise * self.rng.standard_normal(n, dtype=np.float32)
        x += np.float32(self.mains) * np.sin(2 * np.pi * MAINS * t + self.mains_phase)
        moving = course.movement[int(start) : int(start) + seconds]
        steps = self.rng.standard_normal(2 * seconds) * self.drift
        steps += self.rng.standard_normal(2 * seconds) * np.repeat(moving, 2) * 40
        slow = lfilter([1], [1, -0.9], np.concatenate([[self.wander], steps]))
        self.wander = slow[-1] - steps[-1]
        if not emg:
            x += np.interp(t, start + np.arange(2 * seconds + 1) / 2, slow).astype(np.float32)
        for at, size in self.pops:
            if start <= at < start + seconds:
                x[round((at - start) * sfreq) :] += np.float32(size)
        a, b = (int((s - start) * sfreq) for s in self.loose)
        if b > 0 and a < n:
            part = slice(max(a, 0), min(b, n))
            bad = 25 * self.rng.standard_normal(part.stop - part.start, dtype=np.float32)
            x[part] = bad + 40 * np.sin(2 * np.pi * MAINS * t[part])
        c = np.tan(np.pi * HIGH_PASS / sfreq)
        gain, pole = 1 / (1 + c), (1 - c) / (1 + c)
        if self.memory is None:
            self.memory = np.array([-gain * x[0]])
        out, self.memory = lfilter([gain, -gain], [1, -pole], x, zi=self.memory)
        return out


def draw_electrode(rng: np.random.Generator, n_seconds: int, emg: bool) -> Electrode:
    """Draw how good one channel is tonight."""
    n_pops = rng.poisson(n_seconds / 3600 * 0.4)
    pops = np.stack(
        [
            rng.uniform(0, n_seconds, n_pops),
            rng.choice([-1, 1], n_pops) * rng.exponential(120, n_pops),
        ],
        1,
    )
    loose = (np.inf, np.inf)
    if rng.random() < 0.02 * n_seconds / 28800:
        at = rng.uniform(0, n_seconds)
        loose = (at, at + rng.exponential(900))
    return Electrode(
        rng=rng,
        noise=float(0.5 * rng.lognormal(0, 0.3)),
        mains=float(rng.lognormal(np.log(0.4), 0.7)),
        mains_phase=float(rng.uniform(0, 2 * np.pi)),
        drift=float(0 if emg else rng.lognormal(np.log(1.5), 0.5)),
        pops=pops,
        loose=(min(loose[0], 1e9), min(loose[1], 1e9)),
    )
