"""One row for each night, and means and spreads of each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sleepaug.staging.group.nights import GroupNight
from sleepaug.staging.hypnogram.statistics import STATISTICS

EVERYBODY = "all"


@dataclass(frozen=True)
class Spread:
    """A statistic in a group.

    Attributes
    ----------
    n : int
        People who have it.
    mean, sd : float or None
        Over people; `sd` with ``n - 1``, None with fewer than two.

    Examples
    --------
    >>> print(spread([380.0, 420.0]), spread([412.0]), spread([]))
    400.0 ± 28.3 412.0 -
    """

    n: int
    mean: float | None
    sd: float | None

    def __str__(self) -> str:
        if self.mean is None:
            return "-"
        return f"{self.mean:.1f}" + (f" ± {self.sd:.1f}" if self.sd is not None else "")


def spread(values: Sequence[float]) -> Spread:
    """Return mean and standard deviation of values that are known."""
    n = len(values)
    mean = float(np.mean(values)) if n else None
    return Spread(n, mean, float(np.std(values, ddof=1)) if n > 1 else None)


def nights_table(nights: Sequence[GroupNight]) -> pd.DataFrame:
    """Return one row for each night.

    Returns
    -------
    DataFrame
        Columns night, subject, those of the groups, status, error, model, model_hash,
        warnings, start, lights_off and lights_on (s), and the statistics, in the units of
        `STATISTICS`.
    """
    rows = []
    for night in nights:
        hypnogram = night.hypnogram
        row: dict[str, Any] = {
            "night": night.name,
            "subject": night.subject,
            **night.groups,
            "status": night.status,
            "error": night.error,
            "model": night.model,
            "model_hash": "" if hypnogram is None else hypnogram.made.model["hash"],
            "warnings": " | ".join(night.warnings),
        }
        if hypnogram is not None:
            row |= {
                "start": hypnogram.start and hypnogram.start.isoformat(),
                "lights_off": hypnogram.lights_off,
                "lights_on": hypnogram.lights_on,
                **hypnogram.statistics(),
            }
        rows.append(row)
    known = ["start", "lights_off", "lights_on", *STATISTICS]
    table = pd.DataFrame(rows, columns=[*[k for k in rows[0] if k not in known], *known])
    counts = [name for name, one in STATISTICS.items() if not one.unit]
    return table.astype(dict.fromkeys(counts, "Int64"))


def spreads(nights: Sequence[GroupNight]) -> dict[str, dict[str, Spread]]:
    """Return mean and spread of each statistic in each group and of everybody.

    A person's nights are averaged first: each person counts once.

    Returns
    -------
    dict of str to dict of str to Spread
        By group, "all" last, then by statistic.
    """
    table = nights_table(nights)
    table["group"] = [night.group for night in nights]
    table = table[table["status"] != "broken"]
    parts = {str(name): part for name, part in table.groupby("group", sort=True) if name}
    parts[EVERYBODY] = table
    return {name: _spreads(part) for name, part in parts.items()}


def _spreads(table: pd.DataFrame) -> dict[str, Spread]:
    people = table.groupby("subject")[list(STATISTICS)].mean()
    return {name: spread(people[name].dropna().tolist()) for name in STATISTICS}
