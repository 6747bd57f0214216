"""Tables and intervals of the judges of `realism.py`."""

from collections.abc import Sequence

import numpy as np

STAGES = ("W", "N1", "N2", "N3", "R")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        cells = [f"{c:.3f}" if isinstance(c, float) else str(c) for c in row]
        print("| " + " | ".join(cells) + " |")
    print()


def span(values: Sequence[float]) -> str:
    """Return median and range (10th to 90th percentile; all values if fewer than 5)."""
    if not len(values):
        return "-"
    low, high = np.percentile(values, (10, 90) if len(values) > 4 else (0, 100))
    return f"{np.median(values):.2f} ({low:.2f} to {high:.2f})"
