"""What augmentation gains with how many people: paired differences of the runs of a training.

    python benchmarks/small_data.py runs/small_data

The run is one of `configs/small_data.yaml`, whole or as far as it has come: variants are called
PEOPLE_people-METHOD. Runs of the same fold and seed see the same people, and are compared.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import stats

SCORES = ("balanced_accuracy", "cohen_kappa")


def read(run: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Scores of the test people, by variant and by seed and fold."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for path in sorted(run.glob("*/seed-*/fold-*/metrics.json")):
        variant, seed, fold = path.parts[-4:-1]
        test = json.loads(path.read_text())["test"]
        scores.setdefault(variant, {})[f"{seed} {fold}"] = {name: test[name] for name in SCORES}
    return scores


def difference(these: dict, those: dict, name: str) -> str:
    """Mean difference in points, and its 95 % interval by Student's t over the shared runs."""
    shared = sorted(these.keys() & those.keys())
    d = 100 * np.array([these[key][name] - those[key][name] for key in shared])
    low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
    return f"{d.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    scores = read(parser.parse_args().run)
    columns = (
        "people|method|runs|balanced accuracy|kappa|minus none, points|kappa minus none, points"
    )
    print(f"| {' | '.join(columns.split('|'))} |\n|{'---|' * 7}")
    for variant in sorted(scores, key=lambda v: (int(v.partition("_")[0]), v)):
        people, method = variant.split("_people-")
        runs, plain = scores[variant], scores.get(f"{people}_people-none", {})
        means = [f"{np.mean([run[name] for run in runs.values()]):.3f}" for name in SCORES]
        enough = method != "none" and len(runs.keys() & plain.keys()) > 2
        gains = [difference(runs, plain, name) if enough else "" for name in SCORES]
        print(f"| {people} | {method} | {len(runs)} | {' | '.join([*means, *gains])} |")


if __name__ == "__main__":
    main()
