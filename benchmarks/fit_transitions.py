"""Fit the stage-transition model of `sleepaug predict --context transitions` to real scorings.

    python benchmarks/fit_transitions.py ../shared/data/dod-hypnograms/hypnograms.csv

Reads the scorings of the Dreem Open Datasets (five experts a night, MIT licence), takes the
majority as the stage, and writes `sleepaug/staging/transitions.json`. Every third night is left
out; with how many bits a transition of these is predicted is printed.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from fit_macrostructure import consensus, read_scorings, split

from sleepaug.data.stages import STAGES
from sleepaug.staging.context import Transitions


def counts(nights: list[tuple[bool, np.ndarray]]) -> np.ndarray:
    """How often each stage followed each other in the majority's scoring."""
    total = np.zeros((len(STAGES), len(STAGES)))
    for _, scored in nights:
        stages = consensus(scored)
        np.add.at(total, (stages[:-1], stages[1:]), 1)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", type=Path)
    package = Path(__file__).parents[1] / "sleepaug" / "staging"
    parser.add_argument("-o", type=Path, default=package / "transitions.json")
    args = parser.parse_args()
    fitted, left_out = split(read_scorings(args.csv))
    n = counts(fitted)
    model = Transitions.from_counts(n)
    table = {
        "source": "Fitted to scorings of the Dreem Open Datasets "
        "(MIT, see simulation/LICENSE-dreem.txt) by benchmarks/fit_transitions.py",
        "nights": len(fitted),
        "stages": list(STAGES),
        "transitions": model.matrix.round(6).tolist(),
        "share": model.share.round(6).tolist(),
    }
    args.o.write_text(json.dumps(table, indent=1) + "\n")
    for name, part in (("fitted", n), ("left out", counts(left_out))):
        bits = -(part * np.log2(model.matrix)).sum() / part.sum()
        print(f"{name}: {bits:.3f} bits a transition")
    print(f"{args.o}: fitted to {len(fitted)} nights")


if __name__ == "__main__":
    main()
