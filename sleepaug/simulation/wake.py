"""What people do while they are awake: rest, watch, move and talk.

Wake is the stage that varies most. Behind closed eyes it is all alpha; with open eyes come blinks
and glances, and whoever gets up, eats or talks adds muscle and the sway of cables and electrodes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sleepaug.simulation.hypnogram import WINDOW, W
from sleepaug.simulation.noise import wander

REST, WATCH, ACT = range(3)
# Shares of the kinds with the lights out and on, as log-odds; each night adds its own.
SHARES = np.log([[0.50, 0.34, 0.16], [0.12, 0.38, 0.50]])
HABIT = 1.1  # standard deviation of a night's log-odds
LASTS = np.array([120.0, 90.0, 120.0])  # seconds, median
BRISK = np.array([0.05, 0.40, 1.0])  # activity of each kind
GETS_UP = 0.35  # share of the wakes of at least 5 min in which the light goes on


@dataclass(frozen=True)
class Wakefulness:
    """What a waking sleeper does at each second; meaningless where the stage is not W."""

    kind: np.ndarray  # (n_seconds,) REST, WATCH or ACT
    eyes_open: np.ndarray  # 0-1
    activity: np.ndarray  # 0 at rest, about 1 in action


def lights(stages: np.ndarray, day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return at each window whether the light is on: by day, and in some long wakes.

    Parameters
    ----------
    stages : ndarray of shape (n_windows,)
        Stages, 0-4.
    day : ndarray of bool, shape (n_windows,)
        Windows before lights out and after lights on.
    rng : numpy.random.Generator
        Source of randomness.
    """
    on = day.copy()
    edges = np.flatnonzero(np.diff(np.r_[False, (stages == W) & ~day, False]))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= 10 and rng.random() < GETS_UP:
            on[start + 2 : stop - 2] = True
    return on


def simulate_wake(
    stages: np.ndarray, day: np.ndarray, active: float, rng: np.random.Generator
) -> Wakefulness:
    """Draw what the sleeper does while awake.

    Parameters
    ----------
    stages, day
        See `lights`.
    active : float
        The person's log-odds of moving about.
    rng : numpy.random.Generator
        Source of randomness.
    """
    on = lights(stages, day, rng)
    n = len(stages) * WINDOW
    odds = SHARES + HABIT * rng.standard_normal(3) + np.array([0, 0, active])
    shares = np.cumsum(np.exp(odds) / np.exp(odds).sum(1, keepdims=True), 1)
    kind = np.empty(n, np.int8)
    at = 0
    while at < n:
        now = int(np.searchsorted(shares[int(on[at // WINDOW])], rng.random()))
        now = min(now, ACT)
        lasts = max(10, round(LASTS[now] * rng.lognormal(0, 0.9)))
        kind[at : at + lasts] = now
        at += lasts
    closes = wander(rng, n, 25) > np.array([-1.6, 1.6, 2.2])[kind]  # blinks of a few seconds
    level = BRISK[kind] * np.exp(0.4 * wander(rng, n, 40) + 0.25 * rng.standard_normal())
    return Wakefulness(
        kind=kind,
        eyes_open=gaussian_filter1d((~closes).astype(float), 0.7),
        activity=gaussian_filter1d(level, 3.0),
    )
