"""Simulated nights and scorers beside real scorings that the tables were not fitted to."""

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from sleepaug.simulation.hypnogram import (
    FEATURES,
    N3,
    STAGES,
    History,
    R,
    W,
    simulate_scorers,
    simulate_stages,
)
from sleepaug.simulation.night_plan import draw_stages
from sleepaug.simulation.people import draw_person

SCORINGS = Path(__file__).parents[2] / "../shared/data/dod-hypnograms/hypnograms.csv"
needs_scorings = pytest.mark.skipif(
    not SCORINGS.exists(), reason=f"no real scorings at {SCORINGS.name}"
)


def read_nights() -> list[tuple[bool, np.ndarray]]:
    """Return (apnea, scorings (5, n_windows)) in the order in which every third is held out."""
    nights = defaultdict(list)
    with open(SCORINGS, newline="") as file:
        for row in csv.DictReader(file):
            codes = ["W123R?".index(code) for code in row["stages"]]
            nights[row["dataset"], row["night"]].append(codes)
    return [(key[0] == "dodo", np.array(rows)) for key, rows in sorted(nights.items())]


def majority(scored: np.ndarray) -> np.ndarray:
    votes = np.stack([(scored == s).sum(0) for s in range(5)])
    return votes.argmax(0)[votes.sum(0) >= 3]


def describe(stages: np.ndarray) -> dict[str, float]:
    """Sleep statistics of one night, in minutes and shares."""
    asleep = np.flatnonzero(stages != W)
    onset, end = asleep[0], asleep[-1] + 1
    body = stages[onset:end]
    third = len(body) // 3
    out = {f"share {name}": np.mean(body == s) for s, name in enumerate(STAGES)}
    bouts = np.split(body, np.flatnonzero(np.diff(body)) + 1)
    for s, name in enumerate(STAGES):
        lengths = [len(b) / 2 for b in bouts if b[0] == s]
        out[f"bout {name}"] = np.mean(lengths) if lengths else np.nan
    out["sleep latency"] = onset / 2
    out["wake after onset"] = (body == W).sum() / 2
    out["rem latency"] = np.argmax(body == R) / 2 if (body == R).any() else np.nan
    out["early N3"] = (body[:third] == N3).sum() / max((body == N3).sum(), 1)
    out["late R"] = (body[-third:] == R).sum() / max((body == R).sum(), 1)
    return out


@pytest.fixture(scope="module")
def nights() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Held-out real nights, and simulated ones of the same lengths and health."""
    held = read_nights()[2::3]
    real = [majority(scored) for _, scored in held]
    sim = []
    for i in range(3):
        for j, ((apnea, _), stages) in enumerate(zip(held, real, strict=True)):
            hours = len(stages) / 120
            sim.append(plan_stages(1000 * i + j, hours, apnea))
    return real, sim


def plan_stages(
    seed: int, hours: float, apnea: bool | None, subject: int | None = None
) -> np.ndarray:
    """Draw the stages of a night as `plan_night` does, without its course."""
    person = draw_person(seed if subject is None else subject, apnea)
    return draw_stages(seed, person, round(hours * 120))[0]


@needs_scorings
def test_distributions_match_held_out_nights(nights: tuple) -> None:
    real, sim = ([describe(stages) for stages in side] for side in nights)
    far = {}
    for key in real[0]:
        a = np.array([night[key] for night in real])
        b = np.array([night[key] for night in sim])
        distance = ks_2samp(a[~np.isnan(a)], b[~np.isnan(b)])
        if distance.pvalue < 0.002 or distance.statistic > 0.42:
            far[key] = (distance.statistic, np.nanmedian(a), np.nanmedian(b))
    assert not far


@needs_scorings
def test_transitions_match_held_out_nights(nights: tuple) -> None:
    def transitions(side: list[np.ndarray]) -> np.ndarray:
        counts = np.zeros((5, 5))
        for stages in side:
            np.add.at(counts, (stages[:-1], stages[1:]), 1)
        np.fill_diagonal(counts, 0)
        return counts / counts.sum()

    real, sim = map(transitions, nights)
    assert np.abs(real - sim).sum() / 2 < 0.12  # total variation of where changes lead


@needs_scorings
def test_scorers_disagree_as_real_ones_do(nights: tuple) -> None:
    def agree(scorings: np.ndarray) -> float:
        pairs = combinations(scorings, 2)
        return float(np.mean([np.mean((a == b)[(a < 5) & (b < 5)]) for a, b in pairs]))

    real = np.mean([agree(scored) for _, scored in read_nights()])
    sim = nights[1][:40]
    scored = [simulate_scorers(s, 5, np.random.default_rng(i)) for i, s in enumerate(sim)]
    assert real == pytest.approx(0.79, abs=0.01)
    assert np.mean([agree(s) for s in scored]) == pytest.approx(real, abs=0.03)
    right = np.zeros((2, 5))
    for truth, scorings in zip(sim, scored, strict=True):
        for s in range(5):
            right[0, s] += (scorings[:, truth == s] == s).sum()
            right[1, s] += 5 * (truth == s).sum()
    recall = right[0] / right[1]
    assert recall.argmin() == STAGES.index("N1")
    assert 0.55 < recall[1] < 0.78


def test_a_night_begins_awake_and_drifts_from_n3_to_rem() -> None:
    nights = np.stack([plan_stages(seed, 8, False) for seed in range(25)])
    assert (nights[:, 0] == W).all()
    early, late = nights[:, :320], nights[:, -320:]
    assert (early == N3).mean() > 1.5 * (late == N3).mean()
    assert (late == R).mean() > 1.5 * (early == R).mean()


def test_propensity_moves_the_stage_it_names() -> None:
    def share(extra: float) -> float:
        more = np.array([0, 0, 0, extra, 0])
        drawn = [
            simulate_stages(960, np.random.default_rng(k), propensity=more, apnea=False)
            for k in range(15)
        ]
        return float(np.mean(np.concatenate(drawn) == N3))

    assert share(1.0) > 1.2 * share(0.0) > 1.2**2 * share(-1.0)


def test_history_counts_what_it_says() -> None:
    history = History(apnea=True)
    for stage in (1, 2, 2, 3, 3, 3, 4, 4, 4, 4):
        history.append(stage)
    assert (history.stage, history.before, history.age, history.n) == (R, N3, 4, 10)
    assert history.n3_so_far == 3
    assert history.before_first_rem == 0 == history.nrem_since_rem
    features = dict(zip(FEATURES, history.features(), strict=True))
    assert features["apnea"] == 1.0
    assert features["from_N3"] == 1.0
    assert features["too_early_for_rem"] == 0  # the first REM sleep has been


def test_subjects_keep_their_architecture() -> None:
    def shares(seed: int, subject: int) -> np.ndarray:
        return np.bincount(plan_stages(seed, 8, False, subject), minlength=5) / 960

    one, two = (np.array([shares(2 * k + j, 9000 + k) for k in range(40)]) for j in (0, 1))
    distance = np.abs(one[:, None] - two[None]).sum(2)
    assert np.diag(distance).mean() < 0.9 * distance.mean()


def test_rem_sleep_does_not_begin_at_once() -> None:
    """The tail that a Kolmogorov-Smirnov test does not see; real nights: 0 and 0.013."""
    drawn = [plan_stages(20_000 + k, 8, None) for k in range(150)]
    nights = [stages[np.argmax(stages != W) :] for stages in drawn]
    latency = np.array([np.argmax(n == R) / 2 if (n == R).any() else np.inf for n in nights])
    assert (latency < 15).mean() <= 0.02
    assert (latency < 45).mean() < 0.10
    assert 60 < np.median(latency) < 160


def test_rem_periods_are_a_cycle_apart() -> None:
    """The time from one period's end to the next one's start falls below 30 min in few cycles."""
    gaps = []
    for k in range(60):
        rem = np.flatnonzero(plan_stages(30_000 + k, 8, False) == R)
        breaks = np.diff(rem)
        gaps += list(breaks[breaks > 30] / 2)
    assert np.mean(np.array(gaps) < 30) < 0.25
