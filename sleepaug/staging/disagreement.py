"""Pictures of two scorings: one over the other, confusion matrix, limits of agreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sleepaug.data.stages import STAGES
from sleepaug.staging.agreement import Agreement, shortened
from sleepaug.staging.bland_altman import LimitsOfAgreement
from sleepaug.staging.hypnogram.plot import draw_stages, label_time, runs, time_axis
from sleepaug.staging.hypnogram.statistics import STATISTICS
from sleepaug.staging.scoring_pairs import ScoringPair
from sleepaug.support.errors import printable
from sleepaug.support.figure_style import figure_style

RED, BLUE = "#d1495b", "#4a8db7"


@figure_style()
def draw_night(pair: ScoringPair, names: tuple[str, str]) -> Figure:
    """Draw A over B, with the epochs of disagreement marked between them, by the clock if known."""
    figure = Figure(figsize=(11, 3.6))
    top, strip, bottom = figure.subplots(3, 1, height_ratios=(5, 1, 5))
    edges = time_axis(pair.onset, pair.start)
    for axis, stages, name in ((top, pair.a, names[0]), (bottom, pair.b, names[1])):
        draw_stages(axis, edges, stages)
        label = printable(shortened(name, 22))
        axis.set_ylabel(label, fontsize=8, parse_math=False)
    for begin, end in runs(pair.both & (pair.a != pair.b)):
        strip.axvspan(edges[begin], edges[end], color=RED, linewidth=0)
    for begin, end in runs(~pair.both):
        strip.axvspan(edges[begin], edges[end], color="0.85", linewidth=0)
    share = (pair.a == pair.b)[pair.both].mean()
    strip.set(yticks=[])
    strip.set_ylabel("differ", fontsize=8)
    strip.spines[:].set_visible(True)
    title = f"{printable(pair.name)}: {share:.0%} alike"
    top.set_title(title, loc="left", fontsize=11, parse_math=False)
    for axis in (top, strip, bottom):
        label_time(axis, edges, pair.start)
        if axis is not bottom:
            axis.set_xlabel("")
            axis.tick_params(labelbottom=False)
    return figure


@figure_style()
def draw_agreement(agreement: Agreement) -> Figure:
    """Draw the confusion matrix; beside it Bland-Altman plots where there are several nights."""
    if not agreement.limits:
        figure = Figure(figsize=(4.6, 4.2))
        _confusion(figure.subplots(), agreement)
        return figure
    figure = Figure(figsize=(12.5, 5.4))
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(4.7, 7.8))[0]
    _confusion(left.subplots(), agreement)
    axes = right.subplots(2, 2).ravel()
    for axis, (name, limits) in zip(axes, agreement.limits.items(), strict=True):
        _bland_altman(axis, STATISTICS[name].name.split(",")[0], limits)
    names = (printable(shortened(name)) for name in (agreement.a, agreement.b))
    right.supylabel(" minus ".join(names) + ", min", fontsize=9, parse_math=False)
    right.supxlabel("mean of both, min", fontsize=9)
    return figure


def _confusion(axis: Any, agreement: Agreement) -> None:
    """Draw counts as squares, coloured by their share of the stage in B."""
    counts = np.array(agreement.confusion)
    share = counts / np.maximum(counts.sum(axis=0), 1)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        text = f"{share[row, column]:.0%}\n{counts[row, column]}"
        color = "white" if share[row, column] > 0.6 else "0.15"
        axis.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    axis.set_xticks(range(len(STAGES)), STAGES)
    axis.set_yticks(range(len(STAGES)), STAGES)
    axis.set_xlabel(printable(shortened(agreement.b)), parse_math=False)
    axis.set_ylabel(printable(shortened(agreement.a)), parse_math=False)
    axis.set_title("Epochs, and share of each column", loc="left", fontsize=9)
    axis.spines[:].set_visible(True)


def _bland_altman(axis: Any, name: str, limits: LimitsOfAgreement) -> None:
    """Draw the difference of each night over the mean, with bias and limits and their intervals."""
    axis.plot(limits.mean, limits.difference, "o", ms=4, color=BLUE, alpha=0.8)
    axis.set_title(name, loc="left", fontsize=9)
    axis.axhline(0, color="0.8", linewidth=0.8)
    axis.tick_params(labelsize=8)
    if limits.low is None:
        axis.text(0.02, 0.04, "too few nights for limits", transform=axis.transAxes, fontsize=8)
        return
    lines: Mapping[float | None, tuple[str, float | None]] = {
        limits.bias: ("-", limits.bias_margin),
        limits.low: ("--", limits.limit_margin),
        limits.high: ("--", limits.limit_margin),
    }
    for value, (style, margin) in lines.items():
        if value is None or margin is None:
            continue
        axis.axhspan(value - margin, value + margin, color=RED, alpha=0.08, linewidth=0)
        axis.axhline(value, color=RED, linestyle=style, linewidth=1)
        axis.annotate(
            f"{value:+.1f}", (1.01, value), xycoords=("axes fraction", "data"), va="center",
            fontsize=8, color=RED,
        )  # fmt: skip
