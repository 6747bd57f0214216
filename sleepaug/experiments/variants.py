"""Reports of experiments: several variants and seeds in words, with medians and quartiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.augment.learned import kept
from sleepaug.experiments.settings import Config, load_config, members
from sleepaug.support.files import read_json
from sleepaug.training.runs import RunFolder

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Variant:
    """The runs of one variant, which differ in their seed (or fold) only.

    Attributes
    ----------
    name : str
    rows : list of list of dict
        The epochs of each run.
    metrics : list of dict
        The results of each run that is finished.
    """

    name: str
    rows: list[Rows]
    metrics: list[dict[str, Any]]


def read_variants(run: Path) -> list[Variant]:
    """The variants of an experiment, as far as they were run; one without a name if it has none."""
    config = load_config(run / "config.yaml")
    each = members(config) if config.run.variants else {"": config}
    found = []
    for name, one in each.items():
        folders = [RunFolder(path) for path in leaves(one, run / name)]
        metrics = [read_json(folder / "metrics.json") for folder in folders if folder.finished]
        rows = [rows for folder in folders if (rows := folder.rows())]
        found.append(Variant(name, rows, metrics))
    return [variant for variant in found if variant.rows]


def leaves(config: Config, folder: Path) -> list[Path]:
    """The folders of the single runs that a config stands for."""
    inner = members(config)
    if not inner:
        return [folder]
    return [path for name, one in inner.items() for path in leaves(one, folder / name)]


def quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    """Median, first and third quartile."""
    first, median, third = np.percentile(list(values), [25, 50, 75])
    return float(median), float(first), float(third)


def spread(values: Sequence[float]) -> str:
    """Median and quartiles as text."""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*quartiles(values))


def experiment_text(variants: Sequence[Variant]) -> str:
    """Scores of each variant and what its runs learned."""
    lines = ["medians over runs, and quartiles"]
    for variant in variants:
        label = f"{variant.name}: " if variant.name else ""
        done = f"{len(variant.metrics)} of {len(variant.rows)} runs finished"
        lines.append(f"{label}{done}")
        if variant.metrics:
            accuracy = [metrics["test"]["accuracy"] for metrics in variant.metrics]
            lines.append(f"  accuracy (test) {spread(accuracy)}, lowest {min(accuracy):.3f}")
            balanced = {
                part: spread([metrics[part]["balanced_accuracy"] for metrics in variant.metrics])
                for part in ("valid", "test")
            }
            each = ", ".join(f"{part} {text}" for part, text in balanced.items())
            lines.append(f"  balanced accuracy {each}")
        for name in known(variant):
            found = [metrics["invariance"][name]["median"] for metrics in variant.metrics]
            if values := [value for value in found if value is not None]:  # None: a collapsed model
                words = f"invariance to {name.replace('_', ' ')} {spread(values)}"
                lines.append(f"  {words}, {len(values)} runs" if None in found else f"  {words}")
        lines += [f"  {line}" for line in learned_lines(variant)]
    return "\n".join(lines)


def known(variant: Variant) -> dict[str, float]:
    """The amounts of the task's known invariances, by transform."""
    found = variant.metrics[0].get("invariance", {}) if variant.metrics else {}
    return {name: entry["amount"] for name, entry in found.items()}


def learned_lines(variant: Variant) -> list[str]:
    """For each transform of each layer: how many runs kept it, and up to which amount."""
    last = [rows[-1]["augmentation"] for rows in variant.rows]
    lines = []
    for key in last[0]:
        name, _, what = key.rpartition(".")
        if what != "amount" or f"{name}.probability" in last[0]:  # steps of a fixed policy
            continue
        amounts = [one[key] for one in last if kept(one, name)]
        chosen = f"kept by {len(amounts)} of {len(last)}"
        if amounts:
            low, high = min(amounts), max(amounts)
            chosen += f", amount {spread(amounts)}, from {low:.3f} to {high:.3f}"
        lines.append(f"{name.replace('.', ' ').replace('_', ' ')}: {chosen}")
    return lines
