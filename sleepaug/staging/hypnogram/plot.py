"""The picture of a night: hypnogram over hypnodensity over spectrogram, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import DateFormatter, date2num
from matplotlib.figure import Figure

from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.support.errors import printable
from sleepaug.support.figure_style import figure_style

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

COLORS = {"W": "#f2c14e", "R": "#d1495b", "N1": "#9fc2d9", "N2": "#4a8db7", "N3": "#1d4e79"}
DEPTH = ("W", "R", "N1", "N2", "N3")  # from top to bottom, as sleep laboratories draw it
HERTZ_PER_BIN = 0.2


@figure_style()
def draw_hypnogram(night: Hypnogram) -> Figure:
    """Draw a night.

    Parameters
    ----------
    night : Hypnogram
        At least one epoch; its name is the title.

    Returns
    -------
    Figure
    """
    n_panels = 2 if night.spectrum is None else 3
    figure = Figure(figsize=(11, 2.4 * n_panels))
    axes = figure.subplots(n_panels, 1, sharex=True, height_ratios=(3, 2, 2)[:n_panels])
    edges = time_axis(night.onset, night.start)
    draw_stages(axes[0], edges, night.stages)
    room = 6 if night.lights_off is night.lights_on is None else 16  # for their names
    title = printable(night.name)
    axes[0].set_title(title, loc="left", fontsize=11, parse_math=False, pad=room)
    _density(axes[1], edges, night.probabilities)
    if night.spectrum is not None:
        image = _spectrogram(axes[2], edges, night.spectrum)
        name = printable(night.spectrum_channel)
        axes[2].set_title(f"{name}, as recorded", loc="left", fontsize=9, parse_math=False)
        bar = axes[2].inset_axes((1.02, 0, 0.015, 1))
        figure.colorbar(image, cax=bar, label="dB (1 µV²/Hz)")
    for axis in axes[:2]:
        for begin, end in runs(~night.scored):
            axis.axvspan(edges[begin], edges[end], color="0.85", linewidth=0)
    _lights(axes[:2], night)
    label_time(axes[-1], edges, night.start)
    return figure


def _lights(axes: Sequence[Any], night: Hypnogram) -> None:
    """Mark lights off and on in all panels, with their names in the first."""
    for seconds, name in ((night.lights_off, "lights off"), (night.lights_on, "lights on")):
        if seconds is None:
            continue
        at = time_axis(np.array([seconds]), night.start)[0]
        for axis in axes:
            axis.axvline(at, color="0.3", linestyle=":", linewidth=1.2)
        place = axes[0].get_xaxis_transform()
        axes[0].text(at, 1.01, name, transform=place, ha="center", va="bottom", fontsize=8)


def time_axis(onset: np.ndarray, start: datetime | None) -> np.ndarray:
    """Return where windows begin, and where the last one ends, on the axis of time.

    Parameters
    ----------
    onset : ndarray of shape (n_windows,)
        Seconds from the start of the recording.
    start : datetime or None
        When the recording starts, by the clock.

    Returns
    -------
    ndarray of shape (n_windows + 1,)
        Hours from the start; days as matplotlib counts them where there is a clock.
    """
    seconds = np.append(onset, onset[-1] + WINDOW_SECONDS)
    if start is None:
        return seconds / 3600
    return date2num(start) + seconds / timedelta(days=1).total_seconds()


def label_time(axis: Any, edges: np.ndarray, start: datetime | None) -> None:
    """Write times of day, or hours from the start, under the lowest panel."""
    axis.set_xlim(edges[0], edges[-1])
    if start is None:
        axis.set_xlabel("hours from the start of the recording")
        return
    axis.xaxis_date()
    minutes = (edges[-1] - edges[0]) * timedelta(days=1) / timedelta(minutes=1)
    axis.xaxis.set_major_formatter(DateFormatter("%H:%M" if minutes > 10 else "%H:%M:%S"))
    axis.set_xlabel("time of day")


def runs(mask: np.ndarray) -> np.ndarray:
    """Return begin and end of each run of True in a mask (n_windows,), shape (n_runs, 2)."""
    return np.flatnonzero(np.diff(np.pad(mask, 1).astype(int))).reshape(-1, 2)


def draw_stages(axis: Any, edges: np.ndarray, stages: np.ndarray, width: float = 4) -> None:
    """Draw a hypnogram as a grey line, with each stage in its colour, `width` points thick."""
    row = {stage: -i for i, stage in enumerate(DEPTH)}
    height = np.array([row.get(stage, np.nan) for stage in stages], float)
    axis.step(edges, [*height, *height[-1:]], where="post", color="0.25", linewidth=0.22 * width)
    for stage in STAGES:
        begin, end = runs(stages == stage).T
        axis.hlines(
            np.full(len(begin), row[stage]),
            *(edges[begin], edges[end]),
            color=COLORS[stage],
            linewidth=width,
        )
    axis.set_yticks([row[stage] for stage in DEPTH], DEPTH)
    axis.set_ylim(row["N3"] - 0.5, 0.5)
    axis.grid(axis="x", color="0.9")


def _density(axis: Any, edges: np.ndarray, probabilities: np.ndarray) -> None:
    """Stack the probabilities, shape (n_windows, 5)."""
    order = [STAGES.index(stage) for stage in reversed(DEPTH)]
    top = np.nan_to_num(probabilities)[:, order].cumsum(axis=1)
    bottom = np.zeros(len(top))
    if np.isnan(probabilities).any():
        axis.fill_between(edges[:1], 0, 0, color="0.85", label="not scored")
    for k, stage in enumerate(reversed(DEPTH)):
        low, high = (np.append(v, v[-1:]) for v in (bottom, top[:, k]))
        axis.fill_between(
            edges, low, high, step="post", color=COLORS[stage], linewidth=0, label=stage
        )
        bottom = top[:, k]
    axis.set(ylim=(0, 1), ylabel="probability", yticks=[0, 0.5, 1])
    handles, names = axis.get_legend_handles_labels()
    axis.legend(handles[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))


def _spectrogram(axis: Any, edges: np.ndarray, spectrum: np.ndarray) -> Any:
    """Draw and return power (n_windows, n_freqs) in dB, between its 2nd and 98th percentile."""
    with np.errstate(divide="ignore"):
        decibel = 10 * np.log10(spectrum.T)
    usable = decibel[np.isfinite(decibel)]
    low, high = np.percentile(usable, [2, 98]) if len(usable) else (0, 1)
    top = HERTZ_PER_BIN * (len(decibel) - 0.5)
    image = axis.imshow(
        decibel,
        aspect="auto",
        origin="lower",
        extent=(edges[0], edges[-1], -HERTZ_PER_BIN / 2, top),
        cmap="viridis",
        vmin=low,
        vmax=high,
        interpolation="nearest",
    )
    axis.set(ylabel="Hz", ylim=(0, top), facecolor="0.85")
    axis.spines[:].set_visible(True)
    return image
