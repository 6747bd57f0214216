"""Electrodes, amplifier and filters: noise, drift, mains, pops, a loose channel.

What is added here does not come from the sleeper; each channel has its own faults tonight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import butter, iirnotch, lfilter, sosfilt, sosfilt_zi, tf2sos

from sleepaug.simulation.course import Course
from sleepaug.simulation.people import stream

DRIFT_MEMORY = 0.9  # of the electrode potential, from one second to the next

RecorderName = Literal["mass", "sleep-edf", "any"]


@dataclass(frozen=True)
class Amplifier:
    """What a laboratory's recorder does to every channel.

    Frequencies are in Hz; `noise` and `eog_noise` are
    in uV rms between 0 and 50 Hz; `gain` is an
    error of calibration; `bit` the smallest step in uV (0: left to the file); `low_pass` and
    `notch` 0 for none.
    """

    high_pass: float = 0.1
    low_pass: float = 0.0
    notch: bool = False
    mains: float = 60.0
    mains_level: float = 0.4  # uV, of a median electrode
    noise: float = 0.5
    eog_noise: float = 0.5
    gain: float = 1.0
    bit: float = 0.0


# MASS was recorded in Montreal; Sleep-EDF on cassettes, whose noise is larger (Kemp et al. 2000).
MASS = Amplifier()
SLEEP_EDF = Amplifier(high_pass=0.5, mains=50.0, mains_level=0.2, noise=1.0, eog_noise=3.0)
RECORDERS = ("mass", "sleep-edf", "any")


def draw_amplifier(rng: np.random.Generator) -> Amplifier:
    """Draw the recorder of some laboratory.

    Notes
    -----
    Source: the AASM manual asks for 0.3-35 Hz (EEG and EOG); archives keep high-passes of 0.03 to
    0.5 Hz, low-passes from 30 Hz to none, and converters of 12 to 24 bits.
    """
    return Amplifier(
        high_pass=float(rng.choice([0.03, 0.1, 0.16, 0.3, 0.3, 0.5])),
        low_pass=float(rng.choice([0, 0, 35, 35, 45, 70, 100])),
        notch=bool(rng.random() < 0.4),
        mains=float(rng.choice([50, 60])),
        mains_level=float(rng.lognormal(np.log(0.4), 0.7)),
        noise=float(rng.lognormal(np.log(0.6), 0.4)),
        eog_noise=float(rng.lognormal(np.log(1.0), 0.8)),
        gain=float(rng.lognormal(0, 0.06)),
        bit=float(rng.choice([0.0, 0.02, 0.1, 0.1, 0.25, 0.5])),
    )


def recorder_of(name: str, seed: int) -> Amplifier:
    """Return the amplifier of a name in `RECORDERS`; `any` depends on the night."""
    if name == "any":
        return draw_amplifier(stream(seed, "amplifier"))
    return MASS if name == "mass" else SLEEP_EDF


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
    amplifier : Amplifier
        Filters, noise and steps.

    Notes
    -----
    Noise 0.5 uV rms and mains 0.4 uV are those of well-applied electrodes (below 5 kOhm);
    a pop about every 2.5 h and channel, a loose channel in one of 50 channel-nights.
    """

    def __init__(
        self,
        seed: int,
        ch_names: Sequence[str],
        course: Course,
        sfreq: float,
        amplifier: Amplifier = MASS,
    ) -> None:
        self.course, self.sfreq, self.amplifier = course, sfreq, amplifier
        self.rngs = [stream(seed, "recorder", name) for name in ch_names]
        self.electrodes = [draw_electrode(rng, len(course.stage)) for rng in self.rngs]
        # Drift reaches skin electrodes of the head; EMG and ECG are bipolar.
        self.drifts = np.array([name.startswith(("EEG", "EOG")) for name in ch_names])
        rms = [amplifier.eog_noise if n.startswith("EOG") else amplifier.noise for n in ch_names]
        self.noise = np.array(rms) * np.sqrt(sfreq / 100)
        self.level = np.zeros(len(ch_names))
        self.filters = design(amplifier, sfreq)
        self.memory: list[np.ndarray] | None = None

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
        amplifier = self.amplifier
        times = start + np.arange(n_times) / self.sfreq
        mains = np.exp(2j * np.pi * amplifier.mains * times).astype(np.complex64)
        mains *= np.float32(amplifier.mains_level)
        moving = self.course.movement[start : start + n_seconds]
        ramp = np.arange(hop, dtype=np.float32) / hop
        for i, (rng, electrode) in enumerate(zip(self.rngs, self.electrodes, strict=True)):
            x[i] *= np.float32(amplifier.gain * electrode["gain"])
            own = np.float32(self.noise[i] * electrode["noise"])
            x[i] += own * rng.standard_normal(n_times, dtype=np.float32)
            if amplifier.mains < self.sfreq / 2:
                x[i] += np.float32(electrode["mains_cos"]) * mains.real
                x[i] += np.float32(electrode["mains_sin"]) * mains.imag
            steps = rng.standard_normal((2, n_seconds))
            if self.drifts[i]:
                steps = electrode["drift"] * steps[0] + electrode["sway"] * moving * steps[1]
                slow = lfilter([1], [1, -DRIFT_MEMORY], steps, zi=[DRIFT_MEMORY * self.level[i]])[0]
                slow = np.concatenate([[self.level[i]], slow]).astype(np.float32)
                self.level[i] = slow[-1]
                x[i] += (slow[:-1, None] + np.diff(slow)[:, None] * ramp).reshape(-1)
            self._fail(x[i], electrode, rng, start, mains.imag)
        return self._convert(x)

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
            x[part] = 25 * noise + 100 * mains[part]

    def _convert(self, x: np.ndarray) -> np.ndarray:
        """Filter, continued from call to call, and round to the converter's steps."""
        if self.memory is None:  # as if the first sample had lasted for ever
            self.memory = []
            level = x[:, :1].copy()
            for sos in self.filters:
                zi = sosfilt_zi(sos).astype(np.float32)
                self.memory.append(zi[:, None] * level[None])
                level = level * np.float32(np.prod(sos[:, :3].sum(1) / sos[:, 3:].sum(1)))
        for k, sos in enumerate(self.filters):
            x, self.memory[k] = sosfilt(sos, x, axis=1, zi=self.memory[k])
        if self.amplifier.bit:
            x = np.rint(x / np.float32(self.amplifier.bit)) * np.float32(self.amplifier.bit)
        return x


def design(amplifier: Amplifier, sfreq: float) -> list[np.ndarray]:
    """Return the filters as second-order sections: high-pass, low-pass, notch.

    The high-pass is of the first order, the low-pass of the second (Butterworth); a low-pass or
    notch at or above half the sampling frequency is left out.
    """
    out = [butter(1, amplifier.high_pass, "highpass", fs=sfreq, output="sos")]
    if 0 < amplifier.low_pass < 0.45 * sfreq:
        out.append(butter(2, amplifier.low_pass, fs=sfreq, output="sos"))
    if amplifier.notch and amplifier.mains < 0.48 * sfreq:
        out.append(tf2sos(*iirnotch(amplifier.mains, 30, sfreq)))
    return [sos.astype(np.float32) for sos in out]


def prefiltering(amplifier: Amplifier) -> str:
    """Return the filters as EDF headers have them.

    Examples
    --------
    >>> prefiltering(Amplifier(high_pass=0.3, low_pass=35, notch=True, mains=50))
    'HP:0.3Hz LP:35Hz N:50Hz'
    """
    parts = [f"HP:{amplifier.high_pass:g}Hz"]
    if amplifier.low_pass:
        parts.append(f"LP:{amplifier.low_pass:g}Hz")
    if amplifier.notch:
        parts.append(f"N:{amplifier.mains:g}Hz")
    return " ".join(parts)


def draw_electrode(rng: np.random.Generator, n_seconds: int) -> dict:
    """Draw how good one channel is tonight: gain, noise, mains, drift (uV), pops, time loose (s).

    Gain is what a centimetre more or less between the electrodes makes, sway (uV) the steps of a
    moving sleeper.
    """
    n_pops = rng.poisson(n_seconds / 3600 * 0.4)
    sizes = rng.choice([-1, 1], n_pops) * rng.exponential(120, n_pops)
    pops = np.stack([rng.uniform(0, n_seconds, n_pops), sizes], 1)
    comes_loose = rng.random() < 0.02 * n_seconds / 28800
    at = rng.uniform(0, n_seconds)
    mains, phase = rng.lognormal(0, 0.7), rng.uniform(0, 2 * np.pi)
    return {
        "gain": rng.lognormal(0, 0.12),
        "noise": rng.lognormal(0, 0.4),
        "mains_cos": mains * np.cos(phase),
        "mains_sin": mains * np.sin(phase),
        "drift": rng.lognormal(np.log(3), 0.5),
        "sway": rng.lognormal(np.log(65), 0.6),
        "pops": pops,
        "loose": (at, at + rng.exponential(900)) if comes_loose else (-1.0, -1.0),
    }
