"""Electrodes, amplifier and filters: noise, drift, mains, pops, a loose channel.

What is added here does not come from the sleeper; each channel has its own faults tonight.
"""

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter

from sleepaug.simulation.course import Course
from sleepaug.simulation.people import stream

HIGH_PASS = 0.1  # Hz, first order
MAINS = 60.0  # Hz, Montreal
DRIFT_MEMORY = 0.9  # of the electrode potential, from one second to the next


class Recorder:
    """A polygraph with electrodes applied for one night.

    Parameters
    ----------
    seed : int
        Seed of the night; each channel has its own stream, whatever the other channels are.
    ch_names : sequence of str
        Channels.
    course : Course
        The night, for its movements.
    sfreq : float
        Sampling frequency in Hz.

    Notes
    -----
    Noise 0.5 uV rms and mains 0.4 uV are those of well-applied electrodes (below 5 kOhm);
    a pop about every 2.5 h and channel, a loose channel in one of 50 channel-nights.
    """

    def __init__(self, seed: int, ch_names: Sequence[str], course: Course, sfreq: float) -> None:
        self.course, self.sfreq = course, sfreq
        self.rngs = [stream(seed, "recorder", name) for name in ch_names]
        self.electrodes = [draw_electrode(rng, len(course.stage)) for rng in self.rngs]
        # Drift reaches skin electrodes of the head; EMG and ECG are bipolar.
        self.drifts = np.array([name.startswith(("EEG", "EOG")) for name in ch_names])
        self.level = np.zeros(len(ch_names))
        self.memory: np.ndarray | None = None

    def record(self, x: np.ndarray, start: int) -> np.ndarray:
        """Return what is recorded of the potentials from second `start` on.

        Parameters
        ----------
        x : ndarray of shape (n_chans, n_seconds * sfreq), float32
            Microvolts; changed in place.

        Returns
        -------
        ndarray of the same shape, float32
        """
        hop = round(self.sfreq)
        n_times = x.shape[1]
        n_seconds = n_times // hop
        angle = 2 * np.pi * MAINS * ((start * hop + np.arange(n_times)) % hop) / hop
        mains = np.exp(1j * angle).astype(np.complex64)
        moving = self.course.movement[start : start + n_seconds]
        ramp = np.arange(hop, dtype=np.float32) / hop
        for i, (rng, electrode) in enumerate(zip(self.rngs, self.electrodes, strict=True)):
            x[i] += np.float32(electrode["noise"]) * rng.standard_normal(n_times, dtype=np.float32)
            x[i] += np.float32(electrode["mains_cos"]) * mains.real
            x[i] += np.float32(electrode["mains_sin"]) * mains.imag
            steps = rng.standard_normal((2, n_seconds))
            if self.drifts[i]:
                steps = electrode["drift"] * steps[0] + 40 * moving * steps[1]
                slow = lfilter([1], [1, -DRIFT_MEMORY], steps, zi=[DRIFT_MEMORY * self.level[i]])[0]
                slow = np.concatenate([[self.level[i]], slow]).astype(np.float32)
                self.level[i] = slow[-1]
                x[i] += (slow[:-1, None] + np.diff(slow)[:, None] * ramp).reshape(-1)
            self._fail(x[i], electrode, rng, start, mains.imag)
        return self._high_pass(x)

    def _fail(
        self,
        x: np.ndarray,
        electrode: dict,
        rng: np.random.Generator,
        start: int,
        mains: np.ndarray,
    ) -> None:
        """Add pops and the time when the electrode is loose."""
        for at, size in electrode["pops"]:
            if start * self.sfreq <= at * self.sfreq < start * self.sfreq + len(x):
                x[round((at - start) * self.sfreq) :] += np.float32(size)
        a, b = (round((t - start) * self.sfreq) for t in electrode["loose"])
        if b > 0 and a < len(x):
            part = slice(max(a, 0), min(b, len(x)))
            noise = rng.standard_normal(part.stop - part.start, dtype=np.float32)
            x[part] = 25 * noise + 40 * mains[part]

    def _high_pass(self, x: np.ndarray) -> np.ndarray:
        """First-order high-pass, continued from call to call."""
        c = np.tan(np.pi * HIGH_PASS / self.sfreq)
        b = np.array([1, -1], np.float32) / np.float32(1 + c)
        a = np.array([1, -(1 - c) / (1 + c)], np.float32)
        if self.memory is None:
            self.memory = -b[:1] * x[:, :1]
        out, self.memory = lfilter(b, a, x, axis=1, zi=self.memory)
        return out


def draw_electrode(rng: np.random.Generator, n_seconds: int) -> dict:
    """Draw how good one channel is tonight: noise, mains, drift (uV), pops, time loose (s)."""
    n_pops = rng.poisson(n_seconds / 3600 * 0.4)
    sizes = rng.choice([-1, 1], n_pops) * rng.exponential(120, n_pops)
    pops = np.stack([rng.uniform(0, n_seconds, n_pops), sizes], 1)
    comes_loose = rng.random() < 0.02 * n_seconds / 28800
    at = rng.uniform(0, n_seconds)
    mains, phase = rng.lognormal(np.log(0.4), 0.7), rng.uniform(0, 2 * np.pi)
    return {
        "noise": 0.5 * rng.lognormal(0, 0.3),
        "mains_cos": mains * np.cos(phase),
        "mains_sin": mains * np.sin(phase),
        "drift": rng.lognormal(np.log(3), 0.5),
        "pops": pops,
        "loose": (at, at + rng.exponential(900)) if comes_loose else (-1.0, -1.0),
    }
