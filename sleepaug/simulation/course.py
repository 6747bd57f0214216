"""What happens within the windows: the state of the sleeper, second by second.

A scored window is the majority of what happens in it. Here the boundaries of stages leave the
30-s grid, changes of depth take their time, arousals interrupt, wake has open and closed
eyes, drowsiness waxes and wanes, and REM sleep has phasic and tonic stretches.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from sleepaug.simulation.hypnogram import N1, N2, N3, WINDOW, R, W
from sleepaug.simulation.noise import bursts, wander
from sleepaug.simulation.people import Person
from sleepaug.simulation.wake import ACT, simulate_wake

AROUSALS_PER_HOUR = np.array([0.0, 35.0, 14.0, 4.0, 16.0])


@dataclass(frozen=True)
class Course:
    """State of the sleeper at each second; all arrays have shape (n_seconds, ...)."""

    stage: np.ndarray  # (n_seconds,) the stage at this second
    weight: np.ndarray  # (n_seconds, 5) share of each stage, sums to 1
    depth: np.ndarray  # slow-wave pressure, 1 on average in N3
    alpha: np.ndarray  # amplitude of posterior alpha, 0-1
    eyes_open: np.ndarray  # 0-1
    arousal: np.ndarray  # 0-1
    phasic: np.ndarray  # of REM sleep, 0-1
    movement: np.ndarray  # of the body, 0-1
    activity: np.ndarray  # of a waking sleeper: 0 at rest, about 1 in action
    pulse: np.ndarray  # phases A of the cyclic alternating pattern of NREM sleep, 0-1


def simulate_course(
    stages: np.ndarray,
    person: Person,
    rng: np.random.Generator,
    hours_before: float = 0.0,
    day: np.ndarray | None = None,
) -> Course:
    """Draw what happens within the windows of a night.

    Parameters
    ----------
    stages : ndarray of shape (n_windows,)
        Scored stages, 0-4.
    person : Person
        The sleeper.
    rng : numpy.random.Generator
        Source of randomness.
    hours_before : float
        Hours of the night before the first window.
    day : ndarray of bool, shape (n_windows,), optional
        Windows before lights out and after lights on; default none.

    Notes
    -----
    Source: slow-wave pressure falls exponentially over the night (Achermann et al. 1993).
    Arousals last 3 s and more, 14.7 an hour in young and 27.1 in old adults, most in N1 and N2
    (Boselli et al. 1998). Alpha covers less than half of N1 (AASM manual). NREM sleep alternates
    between activated (A) and quiet (B) phases with a period of 20-40 s for about a third of the
    time (cyclic alternating pattern; Terzano and Parrino 2000).
    """
    n = len(stages) * WINDOW
    stage = second_by_second(stages, rng)
    weight, awake_sharp = stage_weights(stage, rng)
    cycle = np.cumsum(1 / np.clip(28 + 6 * wander(rng, n, 60), 15, 60)) % 1
    pulse = (cycle < 0.3) * (wander(rng, n, 180) > 0.2) * (weight[:, N2] + 0.5 * weight[:, N3])
    pulse = gaussian_filter1d(pulse, 1.0)

    rate = AROUSALS_PER_HOUR[stage] * (2.2 if person.apnea else 1) / 3600
    rate = rate * np.exp(0.012 * (person.age - 40))
    arousal = gaussian_filter1d(bursts(rng, rate, 3, 7), 0.8)
    awake = weight[:, W]
    day = np.zeros(len(stages), bool) if day is None else day
    wake = simulate_wake(stages, day, person.active, rng)
    # Eyes and limbs are at rest where wake and N1 mix.
    eyes_open = wake.eyes_open * awake_sharp
    activity = wake.activity * awake_sharp
    drowsy = wander(rng, n, 8)
    alpha = awake * (1 - eyes_open) * np.clip(0.85 + 0.25 * wander(rng, n, 6), 0.15, 1.5)
    alpha = alpha + weight[:, N1] * 0.7 * (drowsy > 0.7) + 0.5 * arousal * (1 - awake)
    alpha = gaussian_filter1d(alpha, 0.7)

    hours = hours_before + np.cumsum(~np.repeat(day, WINDOW)) / 3600
    swing = 0.3 * wander(rng, n, 60) + 0.4 * wander(rng, n, 600)
    depth = swing * (weight @ np.array([1, 1, 1.2, 0.5, 1]))
    # N2 that leads to N3 is deeper than N2 that does not.
    around = gaussian_filter1d((stages == N3).astype(float), 5)
    depth += 0.6 * (np.repeat(around, WINDOW) - 0.25) * (weight[:, N2] + 0.5 * weight[:, N3])
    # What is deeper or lighter than its stage would have been scored as another.
    firm = weight[:, N2] * np.maximum(depth - 0.1, 0) + weight[:, N3] * np.minimum(depth + 0.1, 0)
    depth = np.exp(depth - 0.9 * firm) * (0.8 + 0.5 * np.exp(-hours / 2.5))
    phasic = (wander(rng, n, 15) > 0.35) * weight[:, R]
    per_hour = np.array([60.0, 8, 1.5, 0.7, 3])[stage] * (1 + 3 * (wake.kind == ACT))
    moving = bursts(rng, per_hour / 3600, 2, 7)
    moving = np.maximum(moving, (arousal > 0.5) * (uniform_filter1d(rng.random(n), 5) > 0.6))
    return Course(
        stage=stage,
        weight=weight,
        depth=depth,
        alpha=alpha,
        eyes_open=eyes_open,
        arousal=arousal,
        phasic=gaussian_filter1d(phasic.astype(float), 1),
        movement=gaussian_filter1d(moving, 0.6),
        activity=activity,
        pulse=pulse,
    )


def second_by_second(stages: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the stage of each second, whose changes lie off the grid of windows by up to 13 s."""
    edges = np.arange(1, len(stages)) * WINDOW
    shift = np.rint(rng.triangular(-13, 0, 13, len(edges))).astype(int)
    shift[stages[1:] == stages[:-1]] = 0
    stage = np.repeat(stages, WINDOW).astype(int)
    for k in np.flatnonzero(shift):
        a, b = sorted((edges[k], edges[k] + shift[k]))
        stage[a:b] = stages[k + 1] if shift[k] < 0 else stages[k]
    return stage


def stage_weights(stage: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each second is in each stage, (n_seconds, 5), and in wake before it leans."""
    onehot = np.eye(5)[stage]
    sharp = gaussian_filter1d(onehot, 1.2, axis=0)
    slow = gaussian_filter1d(onehot, 12, axis=0)
    # Between N2 and N3 sleep deepens slowly; all other changes take seconds.
    weight = sharp.copy()
    nrem = sharp[:, N2] + sharp[:, N3]
    share = slow[:, N3] / np.maximum(slow[:, N2] + slow[:, N3], 1e-9)
    weight[:, N3], weight[:, N2] = nrem * share, nrem * (1 - share)

    # Sleep is not deep or light by steps: N1 leans to wake or N2, wake and N2 at times to N1.
    lean = wander(rng, len(stage), 30)
    for source, target, share in (
        (N1, N2, 0.4 * lean), (N1, W, -0.4 * lean),
        (W, N1, 0.3 * wander(rng, len(stage), 40) - 0.1),
        (N2, N1, 0.3 * wander(rng, len(stage), 60) - 0.1),
    ):  # fmt: skip
        moved = np.clip(share, 0, 0.6) * onehot[:, source] * weight[:, source]
        weight[:, source] -= moved
        weight[:, target] += moved
    return weight, sharp[:, W]
