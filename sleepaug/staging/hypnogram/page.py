"""The report of a night: one page that needs no network, no scripts and no other file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.statistics import STATISTICS, Statistic
from sleepaug.support.text import html_template, ranges

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram


@dataclass(frozen=True)
class StatisticRow:
    """A statistic as the page shows it."""

    name: str
    value: str
    about: Statistic


@dataclass(frozen=True)
class UncertainRow:
    """An epoch that a person should look at: its number from 1, time, stage, probabilities."""

    epoch: int
    time: str
    stage: str
    probabilities: list[float]


def html_report(night: Hypnogram) -> str:
    """Write the report of a night as HTML.

    Parameters
    ----------
    night : Hypnogram
        Text from files (its name, notes and reasons) is escaped.

    Returns
    -------
    str
        The page, with the picture in it.
    """
    return html_template(Path(__file__).with_name("page.html")).render(
        night=night,
        picture=base64.b64encode(night.png).decode("ascii") if len(night) else "",
        statistics=_statistics(night),
        uncertain=_uncertain(night),
        unscored=_unscored(night),
        stages=STAGES,
    )


def _statistics(night: Hypnogram) -> list[StatisticRow]:
    rows = []
    for name, value in night.statistics().items():
        shown = "-" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)
        rows.append(StatisticRow(name, shown, STATISTICS[name]))
    return rows


def _uncertain(night: Hypnogram) -> list[UncertainRow]:
    """Rows of the epochs that `Hypnogram.defer` asks for."""
    rows, stages = [], night.stages
    for k in night.look_first.tolist():
        onset = timedelta(seconds=float(night.onset[k]))
        time = str(onset) if night.start is None else f"{night.start + onset:%H:%M:%S}"
        rows.append(UncertainRow(k + 1, time, str(stages[k]), night.probabilities[k].tolist()))
    return rows


def _unscored(night: Hypnogram) -> dict[str, str]:
    """Epochs without a stage, as text, by the reason."""
    epochs: dict[str, list[int]] = {}
    for number, reason in enumerate(night.reason, start=1):
        if reason:
            epochs.setdefault(reason, []).append(number)
    return {reason: ranges(epochs[reason]) for reason in sorted(epochs)}
