"""The figures of a comparison: accuracy over time, and differences from the reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sleepaug.experiments.comparison.results import Results, curve
from sleepaug.experiments.comparison.settings import FLOOR
from sleepaug.experiments.comparison.tables import FEW
from sleepaug.support.figure_style import figure_style
from sleepaug.support.text import duration_text

UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def unit_of(budget: float) -> tuple[float, str]:
    """Choose the unit that suits a budget: how many seconds it has, and its name.

    Examples
    --------
    >>> unit_of(12 * 3600)
    (3600.0, 'hours')
    """
    return next((size, name) for size, name in UNITS if budget >= 2 * size or size == 1.0)


def colors(results: Results) -> dict[str, str]:
    """Choose a colour for each method, the same in all figures; the floor is grey."""
    others = [name for name in results.comparison.methods if name != FLOOR]
    cycle = [f"C{i}" for i in (1, 0, 2, 3, 4, 5, 6, 8, 9)]  # C7 is grey
    return {FLOOR: "0.35", **{name: cycle[i % len(cycle)] for i, name in enumerate(others)}}


@figure_style()
def draw_accuracy_over_time(results: Results) -> Figure:
    """Draw Figure 8 of the paper: median over folds against the time of a model.

    At least 5 folds are shown by their quartiles, fewer by a thin line each.

    A curve begins where every fold has a model. A method without a model on some fold within the
    budget is named in the corner instead. Before the end, only folds that all methods have ended
    are shown, as soon as there is one.
    """
    n_lanes, results = len(results.lanes), results.of_ended_folds()
    budget = results.comparison.compare.seconds
    size, unit = unit_of(budget)
    figure = Figure(figsize=(8.2, 4.6))
    axes = figure.subplots()
    ends, without = [], []
    for method, color in colors(results).items():
        seconds, scores = curve(results.of(method), budget)
        complete = ~np.isnan(scores).any(axis=1)
        if not complete.any():
            without.append(method)
            continue
        x, scores = seconds[complete] / size, scores[complete]
        low, middle, high = np.percentile(scores, [25, 50, 75], axis=1)
        style = "--" if method == FLOOR else "-"
        if scores.shape[1] >= FEW:
            axes.fill_between(x, low, high, color=color, alpha=0.12, step="post", linewidth=0)
        elif scores.shape[1] > 1:
            each = axes.plot(x, scores, color=color, linestyle=style, linewidth=0.6, alpha=0.5)
            for line in each:
                line.set_drawstyle("steps-post")
        axes.plot(x, middle, color=color, linestyle=style, drawstyle="steps-post", linewidth=1.8)
        axes.plot(x[:1], middle[:1], "o", color=color, markersize=4)
        ends.append((middle[-1], method, color))
    axes.set(
        xlabel=f"{unit} of device time: pretraining + search so far + training of this model",
        ylabel="balanced accuracy on the test nights",
        xlim=(0, budget / size),
    )
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
    _name_curves(axes, ends)
    if len(results.lanes) < n_lanes:
        methods = len(results.comparison.methods)
        text = f"so far: {len(results.lanes) // methods} of {n_lanes // methods} folds (and seeds)"
        axes.set_title(text, loc="left", color="0.35", fontsize=9)
    if without:
        text = "no model on every fold within the budget: " + ", ".join(without)
        axes.text(0.99, 0.02, text, transform=axes.transAxes, ha="right", color="0.35", fontsize=8)
    return figure


def _name_curves(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write each name beside the end of its curve, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    gap = 0.048 * (high - low)
    ends = sorted(ends, key=lambda end: end[0])
    heights = [end[0] for end in ends]
    for _ in range(200):
        for i in range(len(heights) - 1):
            lack = gap - (heights[i + 1] - heights[i])
            if lack > 1e-9:
                heights[i] -= lack / 2
                heights[i + 1] += lack / 2
    right = axes.get_xlim()[1]
    for height, (value, method, color) in zip(heights, ends, strict=True):
        axes.annotate(
            f"{method} {value:.3f}",
            xy=(right, height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=color,
            fontsize=9,
            annotation_clip=False,
        )


@figure_style()
def draw_differences(results: Results, table: pd.DataFrame) -> Figure:
    """Draw each method minus the reference at parts of the budget, with 95 % intervals.

    Parameters
    ----------
    results : Results
    table : DataFrame
        As `tables.differences_to_reference` gives it.
    """
    settings = results.comparison.compare
    methods = list(dict.fromkeys(table["method"]))
    reached = table.groupby("budget_s")["n_folds"].sum()
    budgets = [
        budget
        for budget in sorted(reached.index)
        if reached[budget] or budget == table["budget_s"].max()
    ]
    figure = Figure(figsize=(8.2, 1.2 + 0.42 * len(methods)))
    panels = figure.subplots(1, len(budgets), sharex=True, sharey=True, squeeze=False)[0]
    palette = colors(results)
    for axes, budget in zip(panels, budgets, strict=True):
        axes.axvline(0, color="0.35", linewidth=1)
        for i, method in enumerate(methods):
            row = table[(table["method"] == method) & (table["budget_s"] == budget)].iloc[0]
            if not row["n_folds"]:
                axes.text(0, i, " no model", va="center", fontsize=7, color="0.5")
                continue
            points = 100 * row[["difference", "low", "high"]].astype(float)
            if not points.isna().any():  # too few test nights for an interval
                axes.plot(points[["low", "high"]], [i, i], color=palette[method], linewidth=2)
            axes.plot(points["difference"], i, "o", color=palette[method], markersize=5)
        axes.set_title(f"after {duration_text(budget)}", fontsize=9)
        axes.grid(axis="x", color="0.92")
        axes.set_axisbelow(True)
    panels[0].set_yticks(range(len(methods)), methods)
    panels[0].set_ylim(len(methods) - 0.4, -0.6)
    figure.supxlabel(
        f"balanced accuracy minus that of {settings.reference}, percentage points", fontsize=9
    )
    return figure
