"""Figures of experiments: several variants and seeds, with medians and quartiles over runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sleepaug.augment.learned import kept
from sleepaug.experiments.variants import Variant, known
from sleepaug.support.figure_style import figure_style


@figure_style()
def draw_experiment(variants: Sequence[Variant]) -> dict[str, Figure]:
    """Draw scores over epochs and at the end, and what was learned, with quartiles over runs.

    Returns
    -------
    dict of Figure
        `experiment.png`; and `learned.png` and `kept.png` where layers learned weights.
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
    dots(axes[2], variants, lambda metrics: metrics["test"]["accuracy"], "accuracy (test)")
    for j, (name, amount) in enumerate(amounts.items()):
        words = name.replace("_", " ")
        dots(
            axes[3 + 2 * j], variants, lambda m, n=name: m["invariance"][n]["median"],
            f"invariance to {words}",
        )  # fmt: skip
        panel = axes[4 + 2 * j]
        for i, variant in enumerate(variants):
            key = f"1.{name}.amount"
            if key in variant.rows[0][-1]["augmentation"]:
                band(panel, variant, lambda row, k=key, a=amount: row["augmentation"][k] / a, i)
        panel.axhline(1, color="0.6", linestyle=":")
        panel.set(xlabel="epoch", ylabel=f"amount of {words} / the true one")
    if 1 < len(variants) <= 8:  # else the labels beside the dots must do
        axes[1].legend(fontsize=7)
    chose = [variant for variant in variants if weights_of(variant)]
    if not chose:
        return {"experiment.png": figure}
    return {
        "experiment.png": figure,
        "learned.png": draw_learned(chose),
        "kept.png": draw_kept(chose, amounts),
    }


def weights_of(variant: Variant) -> list[str]:
    """Names such as "1.frequency_shift" of the transforms whose weights were learned."""
    last = variant.rows[0][-1]["augmentation"]
    return [key.removesuffix(".weight") for key in last if key.endswith(".weight")]


@figure_style()
def draw_kept(variants: Sequence[Variant], amounts: Mapping[str, float]) -> Figure:
    """How many runs kept each transform, and the last amounts of those with a known invariance."""
    names = list(dict.fromkeys(name for variant in variants for name in weights_of(variant)))
    true = {f"1.{name}": amount for name, amount in amounts.items() if f"1.{name}" in names}
    ends = [[rows[-1]["augmentation"] for rows in variant.rows] for variant in variants]
    figure = Figure(figsize=(9, 0.35 * len(variants) + 1.4))
    axes = list(figure.subplots(1, 1 + len(true), sharey=True, squeeze=False)[0])
    before = np.zeros(len(variants))
    for number, name in enumerate(names):
        counts = np.array([sum(kept(one, name) for one in runs) for runs in ends])
        label = name.replace("_", " ")
        axes[0].barh(range(len(variants)), counts, left=before, color=color_of(number), label=label)
        before += counts
    axes[0].set_yticks(range(len(variants)), [variant.name for variant in variants], fontsize=7)
    axes[0].set_xlabel("runs that kept a transform")
    axes[0].legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    axes[0].invert_yaxis()
    for axis, (name, amount) in zip(axes[1:], true.items(), strict=True):
        for i, runs in enumerate(ends):
            values = [one[f"{name}.amount"] for one in runs if kept(one, name)]
            color = color_of(names.index(name))
            axis.plot(values, [i] * len(values), "o", color=color, alpha=0.35)
        axis.axvline(amount, color="0.6", linestyle=":")
        axis.set_xlabel(f"amount of {name[2:].replace('_', ' ')} where it was kept")
    return figure


@figure_style()
def draw_learned(variants: Sequence[Variant]) -> Figure:
    """Weights and amounts over epochs, a row for each variant (as Figures 4 and B.1)."""
    figure = Figure(figsize=(9, 2.4 * len(variants) + 0.4))
    axes = figure.subplots(len(variants), 2, squeeze=False, sharex=True)
    for (left, right), variant in zip(axes, variants, strict=True):
        for i, name in enumerate(weights_of(variant)):
            series = [[row["augmentation"][f"{name}.amount"] for row in r] for r in variant.rows]
            largest = max(max(map(max, series)), 1e-12)
            label = f"{name.replace('_', ' ')} (1 is {largest:.3g})"
            weight, amount = f"{name}.weight", f"{name}.amount"
            band(left, variant, lambda row, k=weight: row["augmentation"][k], i)
            band(
                right, variant, lambda row, k=amount, a=largest: row["augmentation"][k] / a,
                i, label,
            )  # fmt: skip
        left.set(ylabel=f"{variant.name}\nweight", ylim=(-0.03, 1.03))
        right.set(ylabel="amount / its largest", ylim=(-0.03, 1.03))
        right.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    return figure


def color_of(number: int) -> tuple[float, ...]:
    """Ten strong colours, then their pale twins."""
    return colormaps["tab20"](2 * number % 20 + number // 10 % 2)


def band(axis: Axes, variant: Variant, value: Any, number: int, label: str | None = None) -> None:
    """Median over runs, and a shade between the quartiles, of a value of each epoch's row."""
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


def dots(axis: Axes, variants: Sequence[Variant], value: Any, title: str) -> None:
    """A value of every finished run, with the median, a line for each variant."""
    for i, variant in enumerate(variants):
        if values := [v for metrics in variant.metrics if (v := value(metrics)) is not None]:
            color = color_of(i)
            axis.plot(values, [i] * len(values), "o", color=color, alpha=0.35, markersize=4)
            axis.plot([np.median(values)] * 2, [i - 0.3, i + 0.3], color=color)
    axis.set_yticks(range(len(variants)), [variant.name for variant in variants], fontsize=7)
    axis.invert_yaxis()
    axis.set_xlabel(title)


@figure_style()
def draw_layers(rows: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Weights and amounts over epochs, a row of panels for each layer (as Figure B.1).

    Parameters
    ----------
    rows : sequence of dict
        Rows of a run; their `augmentation` holds ``"1.frequency_shift.weight"`` and the like.

    Returns
    -------
    Figure, or None where nothing was learned layer by layer
    """
    keys = [key for key in rows[0]["augmentation"] if key.endswith(".weight")] if rows else []
    layers = list(dict.fromkeys(key.split(".")[0] for key in keys))
    if not layers:
        return None
    figure = Figure(figsize=(10, 2.6 * len(layers)))
    axes = figure.subplots(len(layers), 2, squeeze=False, sharex=True)
    epochs = [row["epoch"] for row in rows]
    for (left, right), layer in zip(axes, layers, strict=True):
        names = [key.split(".")[1] for key in keys if key.split(".")[0] == layer]
        for i, name in enumerate(names):
            series = {
                what: [row["augmentation"][f"{layer}.{name}.{what}"] for row in rows]
                for what in ("weight", "amount")
            }
            largest = max(max(series["amount"]), 1e-12)
            chosen = kept(rows[-1]["augmentation"], f"{layer}.{name}")
            color, style = f"C{i}", "-" if chosen else ":"
            label = f"{name.replace('_', ' ')} ({series['amount'][-1]:.3g})"
            left.plot(epochs, series["weight"], color=color, linestyle=style)
            relative = [value / largest for value in series["amount"]]
            right.plot(epochs, relative, color=color, linestyle=style, label=label)
        left.set(ylabel=f"layer {layer}\nweight", ylim=(-0.03, 1.03))
        right.set(ylabel="amount / its largest", ylim=(-0.03, 1.03))
        right.legend(
            loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8,
            title="last amount", title_fontsize=8,
        )  # fmt: skip
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    return figure
