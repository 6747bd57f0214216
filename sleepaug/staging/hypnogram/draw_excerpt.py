"""The picture of one epoch: its signals, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import printable
from sleepaug.support.figure_style import figure_style

if TYPE_CHECKING:
    from sleepaug.staging.excerpts import Excerpt

MICROVOLTS = {"eeg": 50, "eog": 100, "emg": 25}
"""Half of what lies between two channels."""


@figure_style()
def draw_excerpt(excerpt: Excerpt) -> Figure:
    """Draw the signals of a window over 30 s, each with its scale."""
    n = len(excerpt.traces)
    inches = 0.4 + 0.5 * n
    figure = Figure(figsize=(10, inches))
    figure.set_layout_engine("none")
    axis = figure.add_axes((0.14, 0.33 / inches, 0.85, 0.5 * n / inches))
    seconds = np.arange(WINDOW_SECONDS + 1)
    axis.vlines(seconds, -n, 1, color=np.where(seconds % 5, "0.92", "0.75"), linewidth=0.5)
    labels = []
    for row, trace in enumerate(excerpt.traces):
        microvolts = MICROVOLTS[trace.kind]
        time = np.arange(len(trace.microvolts)) / trace.sfreq
        height = np.clip(trace.microvolts / (2 * microvolts), -1, 1)  # covers neighbours, no more
        axis.plot(time, height - row, color="#123", linewidth=0.5)
        labels.append(f"{printable(trace.name)[:18]} ±{microvolts} µV")
    axis.set_yticks(-np.arange(n), labels, fontsize=7, parse_math=False)
    axis.set_xticks(seconds[::5], [f"{k:.0f} s" for k in seconds[::5]])
    axis.tick_params(labelsize=7, length=2)
    axis.set(xlim=(0, WINDOW_SECONDS), ylim=(0.6 - n, 0.6))
    return figure
