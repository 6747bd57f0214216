"""Latencies and sleep cycles of simulated nights beside scored real ones, with their tails."""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fit_macrostructure import CODES, consensus, read_scorings
from realism_tables import table

from sleepaug.simulation.night_plan import draw_stages
from sleepaug.simulation.people import draw_person

GAP = 30  # windows without REM sleep between two periods of it


def describe(stages: np.ndarray) -> dict[str, float]:
    """Return minutes to sleep and to REM sleep, and number and length of REM periods and cycles."""
    asleep = np.flatnonzero(stages > 0)
    body = stages[asleep[0] : asleep[-1] + 1]
    rem = np.flatnonzero(body == 4)
    out = {"sleep latency (min)": asleep[0] / 2, "REM latency (min)": np.nan, "REM periods": 0.0}
    out |= {"first REM period (min)": np.nan, "cycle (min)": np.nan}
    if len(rem):
        breaks = np.flatnonzero(np.diff(rem) > GAP)
        starts, stops = np.r_[rem[0], rem[breaks + 1]], np.r_[rem[breaks], rem[-1]] + 1
        out["REM latency (min)"] = rem[0] / 2
        out["REM periods"] = float(len(starts))
        out["first REM period (min)"] = (body[starts[0] : stops[0]] == 4).sum() / 2
        if len(starts) > 1:
            out["cycle (min)"] = float(np.median(np.diff(starts))) / 2
    return {key: float(value) for key, value in out.items()}


def sleep_edf(path: Path) -> list[np.ndarray]:
    """Read the Cassette hypnograms of people whose number is not divisible by 5."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["night"].startswith("SC")]
    rows = [row for row in rows if int(row["night"][3:5]) % 5]
    return [np.array([max(CODES[code], 0) for code in row["stages"]]) for row in rows]


def boas(path: Path) -> list[np.ndarray]:
    """Read the consensus of three experts of the Bitbrain dataset."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scorer"] == "consensus3"]
    return [np.array([max(CODES[code], 0) for code in row["stages"]]) for row in rows]


def simulated(n_nights: int, seed: int, lengths: Sequence[int]) -> list[np.ndarray]:
    """Draw the stages of as many people, as long as the real nights are."""
    drawn = [
        draw_stages(seed + i, draw_person(seed + i), max(lengths[i % len(lengths)], 120))[0]
        for i in range(n_nights)
    ]
    return [stages for stages in drawn if (stages > 0).any()]


def judge_cycles(args: argparse.Namespace) -> None:
    """Print percentiles of latencies and cycles, and how many nights have REM sleep too early."""
    dod = [consensus(scored) for _, scored in read_scorings(args.dod / "hypnograms.csv")]
    sides = {"Dreem (DOD), fitted and held out": dod}
    sides["Sleep-EDF, not fitted"] = sleep_edf(args.features / "hypnograms.csv")
    if args.boas:
        sides["Bitbrain (BOAS), not fitted"] = boas(args.boas / "hypnograms.csv")
    lengths = [len(stages) for stages in dod]
    sides["simulated"] = simulated(args.people_drawn, args.seed, lengths)
    print("## Latencies and cycles: 5th, 25th, 50th, 75th, 95th percentile over nights\n")
    rows = []
    for name, nights in sides.items():
        described = [describe(stages) for stages in nights if (stages > 0).any()]
        latency = np.array([night["REM latency (min)"] for night in described])
        for key in described[0]:
            if key == "sleep latency (min)" and name.startswith("Sleep-EDF"):
                continue  # its hypnograms are cut 30 min before sleep
            values = np.array([night[key] for night in described])
            cut = np.nanpercentile(values, (5, 25, 50, 75, 95))
            rows.append((key, f"{name} ({len(described)})", " ".join(f"{v:.1f}" for v in cut)))
        early = [f"{np.mean(latency < minutes):.3f}" for minutes in (15, 30, 45)]
        never = f"{np.mean(np.isnan(latency)):.3f}"
        rows.append(
            ("share with REM within 15, 30, 45 min; never", f"{name} ({len(described)})",
             f"{', '.join(early)}; {never}")
        )  # fmt: skip
    table(("of a night", "nights", "percentiles"), sorted(rows, key=lambda row: row[0]))
