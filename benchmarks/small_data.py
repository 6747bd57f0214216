"""What augmentation gains with how many people: paired differences of the runs of a training.

    python benchmarks/small_data.py docs/tables/small_data.csv --run runs/small_data \
        --figure docs/images/small_data.png

The run is one of `configs/small_data.yaml`, whole or as far as it has come: variants are called
PEOPLE_people-METHOD. Its scores are added to the table, which also holds those of other machines.
Runs of the same fold and seed see the same people, and are compared.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from sleepaug.support.figure_style import figure_style

RUN = ["people", "method", "seed", "fold"]
SCORES = ["balanced_accuracy", "cohen_kappa"]
IN_FIGURE = ("none", "fixed", "augnet")


def read(run: Path) -> pd.DataFrame:
    """Scores of the test people of each run, and how long it trained."""
    rows = []
    for path in sorted(run.glob("*/seed-*/fold-*/metrics.json")):
        variant, seed, fold = path.parts[-4:-1]
        people, method = variant.split("_people-")
        metrics = json.loads(path.read_text())
        numbers = [int(part.partition("-")[2]) for part in (seed, fold)]
        scores = [round(metrics["test"][name], 4) for name in SCORES]
        rows.append([int(people), method, *numbers, metrics["epochs"], *scores])
    return pd.DataFrame(rows, columns=[*RUN, "epochs", *SCORES])


def difference(these: pd.Series, those: pd.Series) -> str:
    """Mean difference in points, and its 95 % interval by Student's t over the shared runs."""
    d = 100 * (these - those).dropna().to_numpy()
    low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
    return f"{d.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def print_table(table: pd.DataFrame) -> None:
    """Print the mean scores of each method and number of people, and what it gains."""
    gains = " | ".join(f"{name} minus none, points" for name in ("balanced accuracy", "kappa"))
    print(f"| people | method | runs | epochs | balanced accuracy | kappa | {gains} |")
    print(f"|{'---|' * 8}")
    for (people, method), runs in table.groupby(["people", "method"]):
        plain = table.query("people == @people and method == 'none'").set_index(RUN[2:])
        own = runs.set_index(RUN[2:])
        paired = method != "none" and len(own.index.intersection(plain.index)) > 2
        gains = [difference(own[name], plain[name]) if paired else "" for name in SCORES]
        means = [f"{own[name].mean():.3f}" for name in SCORES]
        middle = f"{own['epochs'].median():.0f}"
        print(f"| {' | '.join([str(people), method, str(len(own)), middle, *means, *gains])} |")


@figure_style()
def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw balanced accuracy against people: each run a dot, means a line."""
    figure = Figure(figsize=(6, 3.6), dpi=110)
    axes = figure.subplots()
    for k, method in enumerate(IN_FIGURE):
        runs = table[table["method"] == method]
        aside = 1.05 ** (k - 1)  # so that dots do not hide each other
        (dots,) = axes.plot(runs["people"] * aside, runs[SCORES[0]], "o", ms=3, alpha=0.4)
        means = runs.groupby("people")[SCORES[0]].mean()
        axes.plot(means.index * aside, means, color=dots.get_color(), label=method)
    people = sorted(table["people"].unique())
    axes.set_xscale("log")
    axes.set_xticks(people, [str(n) for n in people])
    axes.minorticks_off()
    axes.set(xlabel="people trained on", ylabel="balanced accuracy, test people")
    axes.legend()
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    parts = [pd.read_csv(args.table)] if args.table.exists() else []
    parts += [read(args.run)] if args.run else []
    table = pd.concat(parts).drop_duplicates(RUN, keep="last").sort_values(RUN)
    table.to_csv(args.table, index=False)
    print_table(table)
    if args.figure:
        draw(table, args.figure)


if __name__ == "__main__":
    main()
