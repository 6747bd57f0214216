"""The course of a night: which stage each 30-s window is in.

A stage lasts or ends with a probability that depends on the stage, on how long it has
lasted, on what came before, and on the sleep cycle: a semi-Markov chain with covariates
(multinomial logistic hazards). The weights are fitted to real scorings by
`benchmarks/fit_macrostructure.py` and lie in `macrostructure.json`.
"""

import json
import math
from functools import cache
from importlib.resources import files

import numpy as np

STAGES = ("W", "N1", "N2", "N3", "R")
W, N1, N2, N3, R = range(5)
WINDOW = 30  # seconds

FEATURES = (
    "one", "log_age", "inverse_age", "hours", "hours_squared",
    "from_W", "from_N1", "from_N2", "from_N3", "from_R",
    "log_nrem_since_rem", "nrem_since_rem", "rem_recently", "rem_in_period", "n3_recently",
    "n3_so_far", "wake_recently", "before_first_rem", "log_nrem_before_first_rem",
    "apnea", "apnea_log_age", "apnea_hours", "apnea_before_first_rem",
    "too_early_for_rem", "too_soon_after_rem",
)  # fmt: skip


class History:
    """What the next stage depends on, updated window by window from the onset of sleep.

    Parameters
    ----------
    apnea : bool
        Whether the sleeper has sleep apnea.
    """

    def __init__(self, apnea: bool) -> None:
        self.apnea = float(apnea)
        self.n = self.age = 0
        self.stage = self.before = W
        self.nrem_since_rem = self.rem_recently = self.n3_recently = 0.0
        self.rem_in_period = self.n3_so_far = self.wake_recently = 0.0
        self.before_first_rem = 1.0

    def append(self, stage: int) -> None:
        """Take the stage of the next window (0-4) into account."""
        if self.n and stage == self.stage:
            self.age += 1
        else:
            self.before, self.stage, self.age = self.stage, stage, 1
        self.n += 1
        if stage == R:
            self.rem_in_period += 1
            if self.rem_in_period >= 4:
                self.nrem_since_rem = self.before_first_rem = 0.0
        elif stage in (N2, N3):
            self.nrem_since_rem += 1
            if self.nrem_since_rem > 20:
                self.rem_in_period = 0.0
        self.rem_recently += ((stage == R) - self.rem_recently) / 12
        self.n3_recently += ((stage == N3) - self.n3_recently) / 20
        self.wake_recently += ((stage == W) - self.wake_recently) / 20
        self.n3_so_far += stage == N3

    def features(self) -> list[float]:
        """Return the values of `FEATURES`, each of order one."""
        hours = min(self.n / 120, 9) / 4
        log_age = math.log(min(self.age, 60))
        log_nrem = math.log1p(self.nrem_since_rem) / 4
        first, apnea = self.before_first_rem, self.apnea
        # REM sleep does not begin within the first hour, nor soon after a period of it has ended.
        early = 4 * first * max(0.0, 1 - self.n / 120)
        over = self.nrem_since_rem > 20 and not first
        soon = math.exp(-(self.nrem_since_rem - 20) / 60) if over else 0.0
        return [
            1.0, log_age, 1 / self.age, hours, hours**2,
            *(float(self.before == s) for s in range(5)),
            log_nrem, self.nrem_since_rem / 120, self.rem_recently,
            min(self.rem_in_period, 80) / 40, self.n3_recently,
            min(self.n3_so_far, 240) / 120, self.wake_recently, first, first * log_nrem,
            apnea, apnea * log_age, apnea * hours, apnea * first, early, soon,
        ]  # fmt: skip


@cache
def macrostructure() -> dict[str, np.ndarray]:
    """Return the tables of `macrostructure.json` as arrays."""
    table = json.loads((files(__package__) / "macrostructure.json").read_text())
    if tuple(table["features"]) != FEATURES:
        raise RuntimeError("macrostructure.json was fitted for other features; fit it again")
    return {k: np.array(v) for k, v in table.items() if k not in ("features", "source")}


def night_covariance(apnea: bool) -> np.ndarray:
    """Return the covariance (5, 5) of nights' propensities to the stages."""
    return macrostructure()["night_cov"][int(apnea)]


def simulate_stages(
    n_windows: int, rng: np.random.Generator, *, propensity: np.ndarray, apnea: bool
) -> np.ndarray:
    """Draw the stages of one night, from lights off.

    Parameters
    ----------
    n_windows : int
        Number of 30-s windows.
    rng : numpy.random.Generator
        Source of randomness.
    propensity : ndarray of shape (5,)
        What distinguishes this night: added to the log-odds of changing to each stage.
    apnea : bool
        Whether the sleeper has sleep apnea.

    Returns
    -------
    ndarray of shape (n_windows,), int8
        Index into `STAGES`.
    """
    table = macrostructure()
    mean, sd = table["log_latency"][int(apnea)]
    latency = np.exp(mean + sd * np.clip(rng.standard_normal(), -1.7, 1.7))  # minutes
    onset = max(1, round(2 * latency))
    stages = np.zeros(n_windows, np.int8)
    draws = rng.random(n_windows)
    history = History(apnea)
    stage = N1
    for i in range(onset, n_windows):
        if i == onset:
            stage = int(np.searchsorted(np.cumsum(table["first_stage"]), draws[i]))
        else:
            logits = np.array(history.features()) @ table["weights"][stage]
            logits += propensity * (np.arange(5) != stage)
            p = np.exp(logits - logits.max())
            stage = min(int(np.searchsorted(np.cumsum(p) / p.sum(), draws[i])), 4)
        stages[i] = stage
        history.append(stage)
    return stages


def simulate_scorers(stages: np.ndarray, n_scorers: int, rng: np.random.Generator) -> np.ndarray:
    """Let imperfect scorers score a night.

    A scorer's stage depends on the true stage, on its neighbours (errors gather at
    transitions), on what he scored before (errors come in runs) and on his habits.

    Parameters
    ----------
    stages : ndarray of shape (n_windows,)
        True stages, 0-4.
    n_scorers : int
        Number of scorers.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_scorers, n_windows), int8
        Each scorer's stages.

    Notes
    -----
    Source: fitted to the five scorers of 70 nights (Guillot et al. 2020, Dreem Open
    Datasets), whose mean pairwise agreement is 0.79.
    """
    table = macrostructure()
    return score(stages, n_scorers, rng, table["scorer"], table["scorer_cov"])


def score(
    stages: np.ndarray,
    n_scorers: int,
    rng: np.random.Generator,
    effects: np.ndarray,
    cov: np.ndarray,
) -> np.ndarray:
    """Draw scorings given the `effects` (4, 5, 5) on log-odds of stage, neighbours, last score."""
    here, before, after, own = effects
    habits = rng.multivariate_normal(np.zeros(5), cov, size=n_scorers)
    draws = rng.random((len(stages), n_scorers))
    scored = np.empty((n_scorers, len(stages)), np.int8)
    last = np.full(n_scorers, stages[0])
    for i, stage in enumerate(stages):
        logits = here[stage] + before[stages[max(i - 1, 0)]] + habits
        logits = logits + after[stages[min(i + 1, len(stages) - 1)]] + own[last]
        p = np.exp(logits - logits.max(1, keepdims=True))
        above = draws[i][:, None] * p.sum(1, keepdims=True) > np.cumsum(p, 1)
        last = np.minimum(above.sum(1), 4)
        scored[:, i] = last
    return scored
