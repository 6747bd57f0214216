"""Experiments of several variants and seeds: their runs, summed up by medians and quartiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.augment.learned import kept
from sleepaug.experiments.metrics import Metrics
from sleepaug.experiments.settings import Config, load_config, members
from sleepaug.training.runs import RunFolder

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Variant:
    """The runs of one variant, which differ only in their seed or fold.

    Attributes
    ----------
    name : str
    rows : list of list of dict
        The epochs of each run.
    metrics : list of Metrics
        The results of each finished run.
    """

    name: str
    rows: list[Rows]
    metrics: list[Metrics]


def read_variants(run: Path) -> list[Variant]:
    """Read the variants of an experiment that have runs; without variants, one of no name.

    Parameters
    ----------
    run : Path
        The folder of an experiment, which may still be running.
    """
    config = load_config(run / "config.yaml")
    each = members(config) if config.run.variants else {"": config}
    variants = []
    for name, member in each.items():
        folders = [RunFolder(path) for path in leaves(member, run / name)]
        metrics = [Metrics.read(folder / "metrics.json") for folder in folders if folder.finished]
        rows = [rows for folder in folders if (rows := folder.rows())]
        variants.append(Variant(name, rows, metrics))
    return [variant for variant in variants if variant.rows]


def leaves(config: Config, folder: Path) -> list[Path]:
    """List the folders of the single runs that a config stands for."""
    inner = members(config)
    if not inner:
        return [folder]
    return [path for name, member in inner.items() for path in leaves(member, folder / name)]


def quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    """Compute the median, the first and the third quartile.

    Examples
    --------
    >>> quartiles([4, 1, 3, 2, 5])
    (3.0, 2.0, 4.0)
    """
    first, median, third = np.percentile(list(values), [25, 50, 75])
    return float(median), float(first), float(third)


def spread(values: Sequence[float]) -> str:
    """Write the median and the quartiles.

    Examples
    --------
    >>> spread([0.4, 0.1, 0.3, 0.2, 0.5])
    '0.300 [0.200, 0.400]'
    """
    return "{:.3f} [{:.3f}, {:.3f}]".format(*quartiles(values))


def experiment_text(variants: Sequence[Variant]) -> str:
    """Write the scores of each variant and what its runs learned."""
    lines = ["medians over runs, and quartiles"]
    for variant in variants:
        label = f"{variant.name}: " if variant.name else ""
        done = f"{len(variant.metrics)} of {len(variant.rows)} runs finished"
        lines.append(f"{label}{done}")
        if splits := [one.splits for one in variant.metrics]:
            accuracy = [each["test"]["accuracy"] or 0.0 for each in splits]
            lines.append(f"  accuracy (test) {spread(accuracy)}, lowest {min(accuracy):.3f}")
            balanced = {
                part: spread([each[part]["balanced_accuracy"] or 0.0 for each in splits])
                for part in ("valid", "test")
            }
            shown = ", ".join(f"{part} {text}" for part, text in balanced.items())
            lines.append(f"  balanced accuracy {shown}")
        for name in known(variant):
            medians = [metrics.invariance[name]["median"] for metrics in variant.metrics]
            measured = [value for value in medians if value is not None]  # None: collapsed
            if measured:
                words = f"invariance to {name.replace('_', ' ')} {spread(measured)}"
                some = f", {len(measured)} runs" if None in medians else ""
                lines.append(f"  {words}{some}")
        lines += [f"  {line}" for line in learned_lines(variant)]
    return "\n".join(lines)


def known(variant: Variant) -> dict[str, float]:
    """Return the amounts of the task's known invariances, by transform."""
    invariance = variant.metrics[0].invariance if variant.metrics else {}
    return {name: entry["amount"] for name, entry in invariance.items()}


def learned_lines(variant: Variant) -> list[str]:
    """Write for each transform of each layer how many runs kept it, and up to which amount."""
    last = [rows[-1]["augmentation"] for rows in variant.rows]
    lines = []
    for key in last[0]:
        name, _, quantity = key.rpartition(".")
        if quantity != "amount" or f"{name}.probability" in last[0]:  # steps of a fixed policy
            continue
        amounts = [augmentation[key] for augmentation in last if kept(augmentation, name)]
        chosen = f"kept by {len(amounts)} of {len(last)}"
        if amounts:
            low, high = min(amounts), max(amounts)
            chosen += f", amount {spread(amounts)}, from {low:.3f} to {high:.3f}"
        lines.append(f"{name.replace('.', ' ').replace('_', ' ')}: {chosen}")
    return lines
