"""Which transforms the policies of a comparison use: a table for `docs/results.md`.

    python benchmarks/compare_learned.py runs/compare-long

Of the model of each lane that is best on the validation nights: of how many of 100 windows the
policy transforms; for AugNet, the weight of the transform in the layer where it is largest.
"""

import argparse
import json
import math
from pathlib import Path

from realism_tables import table

GROUPS = {
    "mirror image of the head": ("channels_symmetry",),
    "frequency shift": ("frequency_shift",),
    "loose electrodes": ("channels_dropout",),
    "rotation of the cap": ("rotation_x", "rotation_y", "rotation_z"),
    "noise": ("gaussian_noise",),
}


def shares(learned: dict) -> dict[str, float]:
    """Return the share of each transform, 0 to 1."""
    found: dict[str, float] = {}
    for layer in learned.get("layers", ()):
        for choice in layer:
            name = choice["transform"]
            found[name] = max(found.get(name, 0.0), choice["weight"])
    policy = learned.get("policy", ())
    for subpolicy in policy:
        for name in {name for name, _, _ in subpolicy}:
            left = math.prod(1 - p for other, p, _ in subpolicy if other == name)
            found[name] = found.get(name, 0.0) + (1 - left) / len(policy)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    lanes: dict[str, list[dict[str, float]]] = {}
    for lane in sorted((parser.parse_args().run / "lanes").iterdir()):
        rows = [json.loads(line) for line in (lane / "rows.jsonl").read_text().splitlines()]
        points = [row["point"] for row in rows if row.get("point")]
        best = max(points, key=lambda point: point["valid_balanced_accuracy"])
        if best["learned"]:
            lanes.setdefault(lane.name.rpartition("-fold")[0], []).append(shares(best["learned"]))
    cells = [
        (
            method,
            *(
                " ".join(
                    f"{100 - 100 * math.prod(1 - f.get(n, 0) for n in names):.0f}" for f in folds
                )
                for names in GROUPS.values()
            ),
        )
        for method, folds in lanes.items()
    ]
    table(("method", *GROUPS), cells)


if __name__ == "__main__":
    main()
