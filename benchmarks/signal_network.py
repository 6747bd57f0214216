"""Score the networks of `configs/signal_network.yaml` on real recordings, with and without AugNet.

    python benchmarks/signal_network.py runs/signal DREAMS

DREAMS is a folder with excerpts of DREAMS. Windows are staged one by one (`context none`), and with
the table of transitions; the differences are of networks from the same seed.
"""

import argparse
from pathlib import Path

import numpy as np
from realism_tables import table
from small_data import difference

from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model

SCORES = ("cohen_kappa", "balanced_accuracy")


def main() -> None:
    """Print means over seeds, and what AugNet changes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("dreams", type=Path)
    args = parser.parse_args()
    rows = []
    for context in ("none", "transitions"):
        settings = EvaluationSettings(data="dreams", data_dir=args.dreams, context=context)
        for trunk in ("chambon2018", "spectral"):
            scores = {
                method: {
                    seed.name: evaluate_model(seed, settings).scores
                    for seed in sorted((args.run / f"{trunk}-{method}").glob("seed-*"))
                }
                for method in ("none", "augnet")
            }
            for method, runs in scores.items():
                means = [float(np.mean([run[name] for run in runs.values()])) for name in SCORES]
                gains = ["", ""]
                if method != "none":
                    gains = [difference(runs, scores["none"], name) for name in SCORES]
                rows.append((context, trunk, method, len(runs), *means, *gains))
    head = "context|trunk|method|seeds|kappa|balanced accuracy|kappa minus none, points|"
    table((head + "balanced accuracy minus none, points").split("|"), rows)


if __name__ == "__main__":
    main()
