"""Hypnogram: the stages of one night, with probabilities; as a table, a CSV file and a picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sleepaug.config import ConfigError
from sleepaug.data.recording import STAGES, UNKNOWN, WINDOW_SECONDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = {"W": "#f2c14e", "R": "#d1495b", "N1": "#9fc2d9", "N2": "#4a8db7", "N3": "#1d4e79"}
DEPTH = ("W", "R", "N1", "N2", "N3")  # from top to bottom, as sleep laboratories draw it


@dataclass(frozen=True)
class Hypnogram:
    """The staging of one night.

    Attributes
    ----------
    onset : ndarray of shape (n_windows,)
        Seconds from the start of the recording.
    probabilities : ndarray of shape (n_windows, 5)
        Of W, N1, N2, N3 and R; NaN where the window was not scored.
    reason : sequence of str
        Why a window was not scored; "" where it was.
    start : datetime, optional
        Local time at which the recording starts, without a zone.
    notes : sequence of str
        What was done to the recording: channels used, filters left out.
    """

    onset: np.ndarray
    probabilities: np.ndarray
    reason: Sequence[str]
    start: datetime | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def scored(self) -> np.ndarray:
        """Which windows have a stage, shape (n_windows,)."""
        return ~np.isnan(self.probabilities).any(axis=1)

    @property
    def stages(self) -> np.ndarray:
        """The likeliest stage of each window, "?" where it was not scored, shape (n_windows,)."""
        best = np.nan_to_num(self.probabilities).argmax(axis=1)
        return np.where(self.scored, np.array(STAGES)[best], UNKNOWN)

    def table(self) -> pd.DataFrame:
        """One row for each 30-s epoch.

        Returns
        -------
        DataFrame
            Columns epoch (from 1), onset and duration (s), stage, confidence (probability of the
            stage), p_W, p_N1, p_N2, p_N3, p_R, and reason (empty where the epoch was scored).
        """
        return pd.DataFrame(
            {
                "epoch": np.arange(1, len(self) + 1),
                "onset": self.onset,
                "duration": WINDOW_SECONDS,
                "stage": self.stages,
                "confidence": self.probabilities.max(axis=1, initial=-np.inf),
                **{f"p_{stage}": self.probabilities[:, i] for i, stage in enumerate(STAGES)},
                "reason": list(self.reason),
            }
        )

    def summary(self) -> str:
        """One line: how many epochs, the share of each stage, what was not scored."""
        scored = self.stages[self.scored]
        shares = ", ".join(f"{s} {np.mean(scored == s):.0%}" for s in STAGES) if len(scored) else ""
        text = f"{len(self)} epochs of 30 s" + (f": {shares}" if shares else "")
        left = len(self) - len(scored)
        if left:
            reasons = sorted({r for r in self.reason if r})
            text += f"; {left} not scored ({', '.join(reasons)})"
        return text

    def to_csv(self, path: Path) -> None:
        """Write the table, probabilities with four decimals."""
        _into_place(path, lambda part: self.table().round(4).to_csv(part, index=False))

    def plot(self, title: str = "") -> Figure:
        """The hypnogram over the hypnodensity (the probabilities, stacked)."""
        from matplotlib.dates import DateFormatter
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11, 4.8), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        time, end = self._times()
        row = {stage: -i for i, stage in enumerate(DEPTH)}
        height = np.array([row.get(stage, np.nan) for stage in self.stages], float)
        top.step([*time, end], [*height, *height[-1:]], where="post", color="0.25", linewidth=0.9)
        for stage in STAGES:
            line = np.where(self.stages == stage, height, np.nan)
            for i in np.flatnonzero(~np.isnan(line)):
                right = time[i + 1] if i + 1 < len(time) else end
                top.plot([time[i], right], [line[i]] * 2, color=COLORS[stage], linewidth=4)
        for i in np.flatnonzero(~self.scored):
            right = time[i + 1] if i + 1 < len(time) else end
            top.axvspan(time[i], right, color="0.85", linewidth=0)
            bottom.axvspan(time[i], right, color="0.85", linewidth=0)
        top.set_yticks([row[stage] for stage in DEPTH], DEPTH)
        top.set_ylim(row["N3"] - 0.5, 0.5)
        top.set_title(title, loc="left", fontsize=11)
        edges = [*time, end]
        order = [STAGES.index(stage) for stage in reversed(DEPTH)]
        filled = np.vstack([self.probabilities, self.probabilities[-1:]])[:, order].T
        bottom.stackplot(
            edges,
            np.nan_to_num(filled),
            step="post",
            colors=[COLORS[stage] for stage in reversed(DEPTH)],
            labels=list(reversed(DEPTH)),
            linewidth=0,
        )
        bottom.set(ylim=(0, 1), ylabel="probability", xlim=(time[0], end))
        bottom.set_yticks([0, 0.5, 1])
        handles, names = bottom.get_legend_handles_labels()
        bottom.legend(
            handles[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False
        )
        if self.start is None:
            bottom.set_xlabel("hours from the start of the recording")
        else:
            bottom.xaxis.set_major_formatter(DateFormatter("%H:%M"))
            bottom.set_xlabel("time of day")
        for axis in (top, bottom):
            axis.spines[["top", "right"]].set_visible(False)
        top.grid(axis="x", color="0.9")
        return figure

    def _times(self) -> tuple[list, float | datetime]:
        """Where windows begin and where the last one ends, on the axis of the picture."""
        if self.start is None:
            return list(self.onset / 3600), float(self.onset[-1] + WINDOW_SECONDS) / 3600
        begin = [self.start + timedelta(seconds=float(onset)) for onset in self.onset]
        return begin, begin[-1] + timedelta(seconds=WINDOW_SECONDS)

    def to_png(self, path: Path, title: str = "") -> None:
        """Write the picture of `plot`."""
        figure = self.plot(title)
        _into_place(path, lambda part: figure.savefig(part, format="png", dpi=130))


def _into_place(path: Path, write: Callable[[Path], object]) -> None:
    """Write a whole file or nothing: to another name first, then moved into place."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        write(part)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}.") from error
