"""Pictures of a study: its hypnograms side by side, and its statistics by group."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from matplotlib.dates import DateFormatter, HourLocator
from matplotlib.figure import Figure

from sleepaug.staging.group.nights import GroupNight
from sleepaug.staging.group.table import nights_table
from sleepaug.staging.hypnogram.plot import draw_stages, time_axis
from sleepaug.staging.hypnogram.statistics import STATISTICS
from sleepaug.support.errors import printable
from sleepaug.support.figure_style import figure_style

COLUMNS = 3
SHOWN = ("TST", "SE", "SOL", "WASO", "REM_latency", "N1_percent_TST", "N3_percent_TST",
         "R_percent_TST")  # fmt: skip
"""Statistics that are drawn by group."""
LONGEST_NAME = 34
BROKEN = "#d1495b"


@figure_style()
def draw_hypnograms(nights: Sequence[GroupNight]) -> Figure:
    """Draw the hypnograms of a group as small panels on one axis of time.

    Parameters
    ----------
    nights : sequence of GroupNight
        At least one; a broken night is an empty panel that says so.

    Returns
    -------
    Figure
        By the clock where every night says when it starts, else in hours from the start.
    """
    n_rows = -(-len(nights) // COLUMNS)
    figure = Figure(figsize=(11, 0.95 * n_rows + 0.5))
    grid = figure.subplots(n_rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    whole = [night.hypnogram for night in nights if night.hypnogram is not None]
    by_clock = bool(whole) and all(one.start is not None for one in whole)
    limits = []
    for axis, night in zip(grid, nights, strict=False):
        if night.hypnogram is not None:
            edges = _edges(night, by_clock)
            draw_stages(axis, edges, night.hypnogram.stages, width=2)
            limits += [edges[0], edges[-1]]
        mark = " ⚠" if night.warnings else ""
        name = printable(night.name)
        short = name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
        axis.set_title(short + mark, loc="left", fontsize=8, parse_math=False, pad=2)
        axis.tick_params(labelsize=7, length=2)
        if night.hypnogram is None:
            axis.set_facecolor("#f3dfe1")
            middle = {"transform": axis.transAxes, "ha": "center", "va": "center"}
            axis.text(0.5, 0.5, "broken", color=BROKEN, fontsize=9, **middle)
    for axis in grid[len(nights) :]:
        axis.set_axis_off()
    for axis in grid[max(0, len(nights) - COLUMNS) : len(nights)]:  # the lowest of each column
        axis.tick_params(labelbottom=True)
    if limits:
        grid[0].set_xlim(min(limits), max(limits))
    if by_clock:
        hours = 24 * (max(limits) - min(limits))
        grid[0].xaxis.set_major_locator(HourLocator(interval=max(1, round(hours / 5))))
        grid[0].xaxis.set_major_formatter(DateFormatter("%H:%M"))
    figure.supxlabel("time of day" if by_clock else "hours from the start", fontsize=8)
    return figure


def _edges(night: GroupNight, by_clock: bool) -> np.ndarray:
    """Return where epochs begin: on one evening for all nights, or in hours from their start."""
    hypnogram = night.hypnogram
    assert hypnogram is not None
    if not by_clock or hypnogram.start is None:
        return time_axis(hypnogram.onset, None)
    edges = time_axis(hypnogram.onset, hypnogram.start)
    noon = np.floor(edges[0] - 0.5)  # a night belongs to the evening on which it begins
    return edges - noon + 1


@figure_style()
def draw_groups(nights: Sequence[GroupNight]) -> Figure:
    """Draw each person's statistics by group, with mean and standard deviation.

    Parameters
    ----------
    nights : sequence of GroupNight
        At least one that is not broken.

    Returns
    -------
    Figure
    """
    table = nights_table(nights)
    table["group"] = [night.group or "all" for night in nights]
    people = table.groupby(["group", "subject"])[list(SHOWN)].mean()
    groups = sorted(set(table["group"][table["status"] != "broken"]))
    figure = Figure(figsize=(11, 2.0 + 0.55 * len(groups)))
    for axis, name in zip(figure.subplots(2, 4, sharey=True).ravel(), SHOWN, strict=True):
        for row, group in enumerate(groups):
            values = people.loc[group][name].dropna().to_numpy(float)
            jitter = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
            axis.plot(values, row + jitter[: len(values)], "o", ms=3, color="#4a8db7", alpha=0.7)
            if len(values) > 1:
                axis.errorbar(
                    values.mean(), row, xerr=values.std(ddof=1), fmt="D", ms=4, capsize=3,
                    color="0.15",
                )  # fmt: skip
        axis.set_title(re.split(r" \(|, ", STATISTICS[name].name)[0], loc="left", fontsize=9)
        axis.set_xlabel(STATISTICS[name].unit, fontsize=8)
        axis.set_yticks(range(len(groups)), map(printable, groups), parse_math=False)
        axis.set_ylim(len(groups) - 0.5, -0.5)
        axis.tick_params(labelsize=8)
        axis.grid(axis="x", color="0.92")
    return figure
