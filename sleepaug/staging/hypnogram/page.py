"""The report of a night: one page that needs no network, no scripts and no other file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.cycles import sleep_cycles
from sleepaug.staging.hypnogram.draw_excerpt import Drawing, draw_excerpt
from sleepaug.staging.hypnogram.norms import CHANGES_SOURCE, SOURCE, norms_at
from sleepaug.staging.hypnogram.notes import is_warning, unmarked
from sleepaug.staging.hypnogram.rounding import rounded_to_sum
from sleepaug.staging.hypnogram.statistics import STATISTICS
from sleepaug.support.text import html_template, ranges

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

DURATIONS = ("TIB", "SPT", "TST", "WASO", "SE", "SME", "awakenings", "transitions")
LATENCIES = (
    *("SOL", "N1_latency", "N2_latency", "N3_latency"),
    *("REM_latency_from_lights_off", "REM_latency"),
)
SHOWN = 12
"""Epochs to look at first that the page lists where no share of them was asked for."""


@dataclass(frozen=True)
class Row:
    """A statistic in words: value, unit, and what healthy people of each group have of it."""

    name: str
    value: str
    unit: str
    norms: list[str]


@dataclass(frozen=True)
class StageRow:
    """A stage in words: minutes, share of the sleep time, and that of healthy people."""

    name: str
    minutes: str
    percent: str
    norms: list[str]


@dataclass(frozen=True)
class CycleRow:
    """A sleep cycle: when it begins and ends, and its minutes."""

    begin: str
    end: str
    minutes: str


@dataclass(frozen=True)
class UncertainRow:
    """An epoch that a person should look at: its number from 1, time, stage, probabilities."""

    epoch: int
    time: str
    stage: str
    probabilities: list[float]
    drawing: Drawing | None = None


def html_report(night: Hypnogram) -> str:
    """Write the report of a night as HTML.

    Parameters
    ----------
    night : Hypnogram
        Text from files (its name, notes and reasons) is escaped.

    Returns
    -------
    str
        The page, with the pictures in it.
    """
    norms = norms_at(night.age)
    return html_template(Path(__file__).with_name("page.html")).render(
        night=night,
        warnings=[unmarked(note) for note in night.notes if is_warning(note)],
        notes=[note for note in night.notes if not is_warning(note)],
        lights=_lights(night),
        picture=base64.b64encode(night.png).decode("ascii") if len(night) else "",
        norm_groups=list(norms),
        norm_sources=[SOURCE, CHANGES_SOURCE] if norms else [],
        durations=_rows(night, DURATIONS),
        latencies=_rows(night, LATENCIES),
        stage_rows=_stages(night),
        cycles=_cycles(night),
        uncertain=_uncertain(night),
        unscored=_unscored(night),
        stages=STAGES,
    )


def _rows(night: Hypnogram, keys: tuple[str, ...]) -> list[Row]:
    values, norms = night.statistics(), norms_at(night.age)
    known = {"lights_off": night.lights_off is not None, "lights_on": night.lights_on is not None}
    return [
        Row(
            STATISTICS[key].named(**known),
            _number(values[key]),
            STATISTICS[key].unit,
            [str(group[key]) if key in group else "" for group in norms.values()],
        )
        for key in keys
    ]


def _number(value: float | int | None) -> str:
    return "-" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def _stages(night: Hypnogram) -> list[StageRow]:
    """Make rows of the stages of sleep, whose shares add up to 100.0, and of their sum."""
    values, norms = night.statistics(), norms_at(night.age)
    minutes = [float(values[f"{stage}_min"] or 0) for stage in STAGES[1:]]
    total = sum(minutes)
    shares = [100 * m / total for m in minutes] if total else []
    percents = [f"{p:.1f}" for p in rounded_to_sum(shares, 100.0)] or ["-"] * len(STAGES[1:])
    rows = [StageRow("Wake", _number(values["W_min"]), "", [""] * len(norms))]
    for stage, percent in zip(STAGES[1:], percents, strict=True):
        key = f"{stage}_percent_TST"
        own = [str(group[key]) if key in group else "" for group in norms.values()]
        rows.append(StageRow(f"Stage {stage}", _number(values[f"{stage}_min"]), percent, own))
    whole = "100.0" if total else "-"
    return [*rows, StageRow("All sleep", _number(values["TST"]), whole, [""] * len(norms))]


def _cycles(night: Hypnogram) -> list[CycleRow]:
    """Make rows of the complete sleep cycles."""
    counted = np.flatnonzero(night.counted)
    rows = []
    for first, end in sleep_cycles(night.stages[counted]):
        begin, last = counted[first], counted[end - 1]
        seconds = 30.0 * (end - first)
        rows.append(
            CycleRow(
                night.clock(night.onset[begin]),
                night.clock(night.onset[last] + 30),
                f"{seconds / 60:.1f}",
            )
        )
    return rows


def _lights(night: Hypnogram) -> str:
    """Say when lights went off and on."""
    parts = [
        f"{name} {night.clock(seconds)}"
        for name, seconds in (("Lights off", night.lights_off), ("lights on", night.lights_on))
        if seconds is not None
    ]
    return f"{', '.join(parts)}." if parts else ""


def _uncertain(night: Hypnogram) -> list[UncertainRow]:
    """Make rows of the epochs that `Hypnogram.defer` asks for, else of the least certain ones."""
    drawings = {one.window: draw_excerpt(one) for one in night.excerpts}
    open_ones = [k for k in night.least_certain(len(night)).tolist() if not night.reviewed[k]]
    chosen = night.look_first.tolist() or open_ones[:SHOWN]
    windows = dict.fromkeys([*drawings, *chosen])
    stages = night.stages
    return [
        UncertainRow(
            k + 1,
            night.clock(night.onset[k]),
            str(stages[k]),
            night.probabilities[k].tolist(),
            drawings.get(k),
        )
        for k in windows
    ]


def _unscored(night: Hypnogram) -> dict[str, str]:
    """List epochs without a stage, as text, by the reason."""
    epochs: dict[str, list[int]] = {}
    for number, reason in enumerate(night.reason, start=1):
        if reason:
            epochs.setdefault(reason, []).append(number)
    return {reason: ranges(epochs[reason]) for reason in sorted(epochs)}
