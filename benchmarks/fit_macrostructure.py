"""Fit the simulator's tables of sleep architecture to real scorings.

    python benchmarks/fit_macrostructure.py ../shared/data/dod-hypnograms/hypnograms.csv

Reads the scorings of the Dreem Open Datasets (five experts a night, MIT licence), takes
the majority as the stage, leaves every third night out for testing, and writes
`sleepaug/simulation/macrostructure.json`. With `--compare` it fits nothing and prints the
held-out nights beside simulated ones.
"""

import argparse
import csv
import itertools
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from scipy.stats import ks_2samp

from sleepaug.simulation.hypnogram import FEATURES, STAGES, History, score, simulate_scorers
from sleepaug.simulation.night_plan import draw_stages
from sleepaug.simulation.people import draw_person

CODES = {"W": 0, "1": 1, "2": 2, "3": 3, "R": 4, "?": -1}


def read_scorings(path: Path) -> list[tuple[bool, np.ndarray]]:
    """Return (apnea, stages of shape (n_scorers, n_windows), -1 unscored) of each night."""
    nights: dict[tuple[str, str], list[list[int]]] = defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            stages = [CODES[code] for code in row["stages"]]
            nights[row["dataset"], row["night"]].append(stages)
    return [(key[0] == "dodo", np.array(rows)) for key, rows in sorted(nights.items())]


def consensus(scored: np.ndarray) -> np.ndarray:
    """Majority stage of each window, unscored ends cut, unscored gaps filled by the last stage.

    A tie goes to the scorer who agrees most with the others.
    """
    votes = np.stack([(scored == s).sum(0) for s in range(5)])
    agreement = [votes[row, np.arange(len(row))][row >= 0].mean() for row in scored]
    best = scored[int(np.argmax(agreement))]
    votes = votes + 0.5 * (best == np.arange(5)[:, None])
    stages = np.where((scored >= 0).sum(0) >= 3, votes.argmax(0), -1)
    known = np.flatnonzero(stages >= 0)
    stages = stages[known[0] : known[-1] + 1]
    last = np.maximum.accumulate(np.where(stages >= 0, np.arange(len(stages)), 0))
    return stages[last]


def split(nights: list) -> tuple[list, list]:
    """Return the nights fitted to and those held out (every third)."""
    return [n for i, n in enumerate(nights) if i % 3 != 2], nights[2::3]


def fit_random_effects(
    design: list[torch.Tensor],
    target: torch.Tensor,
    group: torch.Tensor,
    exposed: torch.Tensor,
    kind: torch.Tensor,
    ridge: float,
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Multinomial logistic regression with a random intercept a group and class.

    `design` holds matrices (n, F_k) whose products with weights (F_k, 5) are added; `exposed`
    (n, 5) is 1 where the intercept of the class counts; `kind` (n_groups,) says which groups share
    a covariance. Returns the weights and the covariances (n_kinds, 5, 5) of the intercepts (EM with
    Laplace's approximation).
    """
    weights = [torch.zeros(d.shape[1], 5, dtype=torch.float64) for d in design]
    n_groups = int(group.max()) + 1
    u = torch.zeros(n_groups, 5, dtype=torch.float64)
    n_kinds = int(kind.max()) + 1
    cov = torch.eye(5, dtype=torch.float64).repeat(n_kinds, 1, 1) * 0.1

    def logits() -> torch.Tensor:
        fixed = sum(d @ w for d, w in zip(design, weights, strict=True))
        return fixed + u[group] * exposed

    for _ in range(6):
        params = [p.requires_grad_(True) for p in [*weights, u]]
        precision = torch.linalg.inv(cov)
        optimizer = torch.optim.LBFGS(params, max_iter=150, line_search_fn="strong_wolfe")

        def loss(
            optimizer: torch.optim.Optimizer = optimizer, precision: torch.Tensor = precision
        ) -> torch.Tensor:
            optimizer.zero_grad()
            total = torch.nn.functional.cross_entropy(logits(), target, reduction="sum")
            total = total + ridge * sum((w**2).sum() for w in weights)
            total = total + 0.5 * torch.einsum("ni,nij,nj->", u, precision[kind], u)
            total.backward()
            return total

        optimizer.step(loss)
        with torch.no_grad():
            p = logits().softmax(1)
            outer = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
            outer = outer * exposed[:, :, None] * exposed[:, None, :]
            fisher = torch.zeros(n_groups, 5, 5, dtype=torch.float64).index_add_(0, group, outer)
            spread = torch.linalg.inv(fisher + precision[kind]) + u[:, :, None] * u[:, None, :]
            cov = torch.stack([spread[kind == k].mean(0) for k in range(n_kinds)])
            cov = cov + 1e-3 * torch.eye(5, dtype=torch.float64)
    return [w.detach() for w in weights], cov


def fit_stages(nights: list[tuple[bool, np.ndarray]]) -> dict[str, list]:
    """Fit sleep latency, the first stage and the hazards; each night has its propensities."""
    x, stage, y, night = [], [], [], []
    log_latency: tuple[list[float], list[float]] = ([], [])
    first = np.zeros(5)
    for i, (apnea, scored) in enumerate(nights):
        history = History(apnea)
        stages = consensus(scored)
        onset = int(np.argmax(stages > 0))
        log_latency[apnea].append(np.log(max(onset, 1) / 2))
        first[stages[onset]] += 1
        for now, then in itertools.pairwise(stages[onset:]):
            history.append(int(now))
            x.append(history.features())
            stage.append(now)
            y.append(then)
            night.append(i)
    features = torch.tensor(np.array(x))
    now = torch.tensor(np.array(stage))
    n_features = features.shape[1]
    design = torch.zeros(len(features), 5, n_features, dtype=torch.float64)
    design[torch.arange(len(now)), now] = features
    exposed = 1 - torch.eye(5, dtype=torch.float64)[now]
    kind = torch.tensor([int(apnea) for apnea, _ in nights])
    target = torch.tensor(np.array(y))
    (weights,), cov = fit_random_effects(
        [design.flatten(1)], target, torch.tensor(night), exposed, kind, ridge=0.5
    )
    return {
        "log_latency": [[round(np.mean(v), 3), round(np.std(v), 3)] for v in log_latency],
        "first_stage": (first / first.sum()).round(4).tolist(),
        "weights": weights.reshape(5, n_features, 5).numpy().round(3).tolist(),
        "night_cov": cov.numpy().round(4).tolist(),
    }


def fit_scorers(nights: list[tuple[bool, np.ndarray]]) -> dict[str, list]:
    """Fit a scorer's stage given the majority of the others, its neighbours and his last stage."""
    parts: list[list[np.ndarray]] = [[], [], [], []]
    y, who = [], []
    n = 0
    for _, scored in nights:
        for k in range(len(scored)):
            votes = np.stack([(scored == s).sum(0) for s in range(5)])
            truth = np.where((scored >= 0).sum(0) >= 3, votes.argmax(0), -1)
            own = scored[k]
            ok = (own[1:-1] >= 0) & (own[:-2] >= 0)
            ok &= (truth[1:-1] >= 0) & (truth[:-2] >= 0) & (truth[2:] >= 0)
            for part, v in zip(parts, (truth[1:-1], truth[:-2], truth[2:], own[:-2]), strict=True):
                part.append(v[ok])
            y.append(own[1:-1][ok])
            who.append(np.full(ok.sum(), n))
            n += 1
    onehot = [torch.eye(5, dtype=torch.float64)[np.concatenate(part)] for part in parts]
    target = torch.tensor(np.concatenate(y))
    exposed = torch.ones(len(target), 5, dtype=torch.float64)
    scorer = torch.tensor(np.concatenate(who))
    kind = torch.zeros(n, dtype=torch.int64)
    weights, cov = fit_random_effects(onehot, target, scorer, exposed, kind, ridge=0.5)
    effects, habits = np.stack([w.numpy() for w in weights]), cov[0].numpy()
    sharper = sharpen(nights, effects, habits)
    return {
        "scorer": (effects * sharper).round(3).tolist(),
        "scorer_cov": habits.round(4).tolist(),
    }


def agreement(scored: np.ndarray) -> float:
    """Return the mean agreement of pairs of scorers (n_scorers, n_windows)."""
    pairs = itertools.combinations(scored, 2)
    return float(np.mean([(a == b)[(a >= 0) & (b >= 0)].mean() for a, b in pairs]))


def sharpen(
    nights: list[tuple[bool, np.ndarray]], effects: np.ndarray, habits: np.ndarray
) -> float:
    """Return the factor on `effects` with which simulated scorers agree as often as real ones.

    Real scorers see the same doubtful windows, simulated ones err independently, which lowers
    their agreement.
    """
    wanted = np.mean([agreement(scored) for _, scored in nights])
    factors = np.arange(1, 1.31, 0.02)
    got = []
    for factor in factors:
        rng = np.random.default_rng(0)
        drawn = [score(consensus(scored), 5, rng, effects * factor, habits) for _, scored in nights]
        got.append(np.mean([agreement(scored) for scored in drawn]))
    return float(factors[np.argmin(np.abs(np.array(got) - wanted))])


def describe(stages: np.ndarray) -> dict[str, float]:
    """Return sleep statistics of a night: minutes, and shares of the time from onset to waking."""
    asleep = np.flatnonzero(stages > 0)
    body = stages[asleep[0] : asleep[-1] + 1]
    bouts = np.split(body, np.flatnonzero(np.diff(body)) + 1)
    third = len(body) // 3
    out = {"sleep latency": asleep[0] / 2, "wake after onset": (body == 0).sum() / 2}
    out["REM latency"] = np.argmax(body == 4) / 2 if (body == 4).any() else np.nan
    for s, name in enumerate(STAGES):
        lengths = [len(bout) / 2 for bout in bouts if bout[0] == s]
        out[f"share of {name}"] = float(np.mean(body == s))
        out[f"mean bout of {name}"] = float(np.mean(lengths)) if lengths else np.nan
    n3, rem = np.flatnonzero(body == 3), np.flatnonzero(body == 4)
    out["N3 in the first third"] = np.mean(n3 < third) if len(n3) else np.nan
    out["R in the last third"] = np.mean(rem >= len(body) - third) if len(rem) else np.nan
    return {key: float(value) for key, value in out.items()}


def compare(nights: list[tuple[bool, np.ndarray]]) -> None:
    """Print held-out nights beside simulated ones of the same lengths and health."""
    real = [consensus(scored) for _, scored in nights]
    sim, scorers = [], []
    for i, stages in enumerate(real * 5):
        person = draw_person(10_000 + i, nights[i % len(nights)][0])
        sim.append(draw_stages(10_000 + i, person, len(stages))[0])
        scorers.append(agreement(simulate_scorers(sim[-1], 5, np.random.default_rng(i))))
    print(
        f"| {len(real)} held-out nights | real, median (quartiles) | simulated | KS distance | p |"
    )
    print("|---|---|---|---|---|")
    sides = [[describe(stages) for stages in side] for side in (real, sim)]
    for key in sides[0][0]:
        cells = []
        values = [np.array([night[key] for night in side]) for side in sides]
        values = [v[~np.isnan(v)] for v in values]
        for v in values:
            low, middle, high = np.percentile(v, (25, 50, 75))
            cells.append(f"{middle:.2f} ({low:.2f} to {high:.2f})")
        test = ks_2samp(*values)
        print(f"| {key} | {cells[0]} | {cells[1]} | {test.statistic:.2f} | {test.pvalue:.2f} |")
    agreed = np.mean([agreement(scored) for _, scored in nights])
    print(f"| agreement of two scorers | {agreed:.3f} | {np.mean(scorers):.3f} | | |")


def main() -> None:
    """Fit and write the table, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--compare", action="store_true")
    package = Path(__file__).parents[1] / "sleepaug" / "simulation"
    parser.add_argument("-o", type=Path, default=package / "macrostructure.json")
    args = parser.parse_args()
    fitted, held = split(read_scorings(args.csv))
    if args.compare:
        compare(held)
        return
    table = {
        "source": "Fitted to scorings of the Dreem Open Datasets (MIT, see LICENSE-dreem.txt)",
        "features": list(FEATURES),
        **fit_stages(fitted),
        **fit_scorers(fitted),
    }
    args.o.write_text(json.dumps(table) + "\n")
    print(f"{args.o}: fitted to {len(fitted)} nights")


if __name__ == "__main__":
    main()
