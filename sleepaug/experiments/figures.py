"""Figures of experiments: several variants and seeds, with medians and quartiles over runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sleepaug.augment.learned import UNDECIDED, kept
from sleepaug.experiments.metrics import Metrics
from sleepaug.experiments.variants import Variant, known
from sleepaug.support.figure_style import figure_style

Value = Callable[[Mapping[str, Any]], float | None]
Result = Callable[[Metrics], float | None]


@figure_style()
def draw_experiment(variants: Sequence[Variant]) -> dict[str, Figure]:
    """Draw scores over epochs and at the end, and what was learned, with quartiles over runs.

    Parameters
    ----------
    variants : sequence of Variant
        At least one, each with at least one run.

    Returns
    -------
    dict of Figure
        By file name: `experiment.png`; and `learned.png` and `kept.png` where layers learned
        weights.
    """
    amounts = next((known(v) for v in variants if known(v)), {})
    n_panels = 3 + 2 * len(amounts)
    width, height = 3.6 * n_panels, max(3.2, 0.28 * len(variants) + 1)
    figure = Figure(figsize=(width, height))
    axes = list(figure.subplots(1, n_panels))
    for i, variant in enumerate(variants):
        band(axes[0], variant, lambda row: row["train_loss"], i)
        band(axes[1], variant, lambda row: row["valid_balanced_accuracy"], i)
    axes[0].set(xlabel="epoch", ylabel="cross-entropy (train, augmented)")
    axes[1].set(xlabel="epoch", ylabel="balanced accuracy (valid)")
    dots(axes[2], variants, lambda metrics: metrics.test["accuracy"], "accuracy (test)")
    for j, (name, amount) in enumerate(amounts.items()):
        draw_invariance(axes[3 + 2 * j], axes[4 + 2 * j], variants, name, amount)
    if 1 < len(variants) <= 8:  # more would not fit; the labels beside the dots name them too
        axes[1].legend(fontsize=7)
    with_weights = [variant for variant in variants if weights_of(variant)]
    if not with_weights:
        return {"experiment.png": figure}
    return {
        "experiment.png": figure,
        "learned.png": draw_learned(with_weights),
        "kept.png": draw_kept(with_weights, amounts),
    }


def draw_invariance(
    left: Axes, right: Axes, variants: Sequence[Variant], name: str, amount: float
) -> None:
    """Draw how invariant the models are to a transform, and what they learned of its `amount`."""
    words = name.replace("_", " ")
    dots(left, variants, lambda m: m.invariance[name]["median"], f"invariance to {words}")
    key = f"1.{name}.amount"
    for i, variant in enumerate(variants):
        if key in variant.rows[0][-1]["augmentation"]:
            band(right, variant, augmentation_value(key, amount), i)
    right.axhline(1, color="0.6", linestyle=":")
    right.set(xlabel="epoch", ylabel=f"{words} / true amount")


def weights_of(variant: Variant) -> list[str]:
    """Name the transforms whose weights were learned, such as "1.frequency_shift"."""
    last = variant.rows[0][-1]["augmentation"]
    return [key.removesuffix(".weight") for key in last if key.endswith(".weight")]


@figure_style()
def draw_kept(variants: Sequence[Variant], amounts: Mapping[str, float]) -> Figure:
    """Draw how many runs kept each transform, and how far those with a known invariance went.

    Parameters
    ----------
    variants : sequence of Variant
        Variants whose layers learned weights.
    amounts : dict of float
        The true amounts of the known invariances, by transform.
    """
    names = list(dict.fromkeys(name for variant in variants for name in weights_of(variant)))
    true = {f"1.{name}": amount for name, amount in amounts.items() if f"1.{name}" in names}
    ends = [[rows[-1]["augmentation"] for rows in variant.rows] for variant in variants]
    figure = Figure(figsize=(9, 0.35 * len(variants) + 1.4))
    axes = list(figure.subplots(1, 1 + len(true), sharey=True, squeeze=False)[0])
    before = np.zeros(len(variants))
    for number, name in enumerate(names):
        counts = np.array([sum(kept(end, name) for end in runs) for runs in ends])
        label = name.replace("_", " ")
        axes[0].barh(range(len(variants)), counts, left=before, color=color_of(number), label=label)
        before += counts
    axes[0].set_yticks(range(len(variants)), [variant.name for variant in variants], fontsize=7)
    axes[0].set_xlabel("runs that kept a transform")
    axes[0].legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    axes[0].invert_yaxis()
    for axis, (name, amount) in zip(axes[1:], true.items(), strict=True):
        for i, runs in enumerate(ends):
            values = [end[f"{name}.amount"] for end in runs if kept(end, name)]
            color = color_of(names.index(name))
            axis.plot(values, [i] * len(values), "o", color=color, alpha=0.35)
        axis.axvline(amount, color="0.6", linestyle=":")
        axis.set_xlabel(f"amount of {name[2:].replace('_', ' ')} where it was kept")
    return figure


@figure_style()
def draw_learned(variants: Sequence[Variant]) -> Figure:
    """Draw weights and amounts over epochs, a row for each variant (as Figures 4 and B.1)."""
    figure = Figure(figsize=(9, 2.4 * len(variants) + 0.4))
    axes = figure.subplots(len(variants), 2, squeeze=False, sharex=True)
    for (left, right), variant in zip(axes, variants, strict=True):
        for i, name in enumerate(weights_of(variant)):
            series = [[row["augmentation"][f"{name}.amount"] for row in r] for r in variant.rows]
            largest = max(max(map(max, series)), 1e-12)
            band(left, variant, augmentation_value(f"{name}.weight"), i)
            ends = [rows[-1]["augmentation"][f"{name}.weight"] for rows in variant.rows]
            words = name.replace("_", " ")
            if max(ends) < UNDECIDED:
                right.plot([], [], color=color_of(i), label=f"{words} (not used)")
                continue
            amount = augmentation_value(f"{name}.amount", largest)
            band(right, variant, amount, i, f"{words} (1 is {largest:.3g})")
        left.set(ylabel=f"{variant.name}\nweight", ylim=(-0.03, 1.03))
        right.set(ylabel="amount / its largest", ylim=(-0.03, 1.03))
        right.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    return figure


def augmentation_value(key: str, unit: float = 1.0) -> Value:
    """Return a function that takes a value of the augmentation, in this unit, from a row."""
    return lambda row: row["augmentation"][key] / unit


def color_of(number: int) -> tuple[float, ...]:
    """Choose one of ten strong colours, then one of their pale versions."""
    return colormaps["tab20"](2 * number % 20 + number // 10 % 2)


def band(
    axis: Axes,
    variant: Variant,
    value: Value,
    number: int,
    label: str | None = None,
) -> None:
    """Draw the median over runs, and a shade between the quartiles, of a value over epochs.

    Parameters
    ----------
    axis : Axes
    variant : Variant
    value : callable
        Takes the row of an epoch.
    number : int
        Chooses the colour.
    label : str, optional
        By default the name of the variant.
    """
    n_epochs = min(map(len, variant.rows))
    table = np.array(
        [
            [np.nan if (v := value(row)) is None else v for row in rows[:n_epochs]]
            for rows in variant.rows
        ]
    )
    first, median, third = np.nanpercentile(table, [25, 50, 75], axis=0)
    epochs, color = range(1, n_epochs + 1), color_of(number)
    axis.plot(epochs, median, color=color, label=variant.name if label is None else label)
    axis.fill_between(epochs, first, third, color=color, alpha=0.2, linewidth=0)


def dots(
    axis: Axes,
    variants: Sequence[Variant],
    value: Result,
    title: str,
) -> None:
    """Draw a value of every finished run, with the median, a line for each variant.

    Parameters
    ----------
    axis : Axes
    variants : sequence of Variant
    value : callable
        Takes the metrics of a run; None where the run has no such value.
    title : str
        What the value is.
    """
    for i, variant in enumerate(variants):
        if values := [v for metrics in variant.metrics if (v := value(metrics)) is not None]:
            color = color_of(i)
            axis.plot(values, [i] * len(values), "o", color=color, alpha=0.35, markersize=4)
            axis.plot([np.median(values)] * 2, [i - 0.3, i + 0.3], color=color)
    axis.set_yticks(range(len(variants)), [variant.name for variant in variants], fontsize=7)
    axis.invert_yaxis()
    axis.set_xlabel(title)
