"""Sleep statistics of a night: durations, latencies and efficiency, by the rules of the AASM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS

EPOCH_MINUTES = WINDOW_SECONDS / 60


@dataclass(frozen=True)
class Statistic:
    """What a statistic means, and its unit ("" for a count)."""

    meaning: str
    unit: str


STATISTICS = {
    "TIB": Statistic("time in bed", "min"),
    "TST": Statistic("total sleep time", "min"),
    "SE": Statistic("sleep efficiency, TST / TIB", "%"),
    "SOL": Statistic("sleep onset latency", "min"),
    "REM_latency": Statistic("from sleep onset to the first R", "min"),
    "REM_latency_from_lights_off": Statistic("from lights off to the first R", "min"),
    "WASO": Statistic("wake after sleep onset, until lights on", "min"),
    "SPT": Statistic("sleep period: first to last epoch of sleep", "min"),
    "wake_in_SPT": Statistic("wake within the sleep period", "min"),
    **{f"{s}_min": Statistic(f"stage {s}", "min") for s in STAGES},
    **{f"{s}_percent_TST": Statistic(f"stage {s} in TST", "%") for s in STAGES[1:]},
    "awakenings": Statistic("runs of W after sleep onset that end in sleep", ""),
    "transitions": Statistic("changes of stage, lights off to lights on", ""),
    "unscored": Statistic("epochs without a stage", ""),
}
"""All statistics, in the order of tables."""


def sleep_statistics(stages: Sequence[str] | np.ndarray) -> dict[str, float | int | None]:
    """Compute the statistics of the epochs between lights off and lights on.

    Parameters
    ----------
    stages : sequence of str
        W, N1, N2, N3, R or ?, one for each epoch of 30 s.

    Returns
    -------
    dict
        The keys of `STATISTICS`, in minutes, percent or counts; None for a latency or share that
        does not exist, as in a night without sleep. Unscored epochs count only for TIB and SPT; a
        change of stage across them is not counted.

    Notes
    -----
    Source: AASM Manual for the Scoring of Sleep, version 2, section II.D (parameters to be
    reported). `wake_in_SPT` is what YASA calls WASO, `REM_latency_from_lights_off` its Lat_REM.

    Examples
    --------
    >>> night = sleep_statistics(["W", "W", "N1", "N2", "W", "N2"])
    >>> night["TST"], night["SOL"], night["WASO"]
    (1.5, 1.0, 0.5)
    """
    stage = np.asarray(stages, str)
    asleep = np.isin(stage, STAGES[1:])
    at = np.flatnonzero(asleep)
    tst = len(at) * EPOCH_MINUTES
    tib = len(stage) * EPOCH_MINUTES
    result: dict[str, float | int | None] = dict.fromkeys(STATISTICS)
    minutes = {s: float((stage == s).sum()) * EPOCH_MINUTES for s in STAGES}
    known = stage[stage != UNKNOWN]
    result |= {
        "TIB": tib,
        "TST": tst,
        "SE": 100 * tst / tib if tib else None,
        **{f"{s}_min": minutes[s] for s in STAGES},
        "transitions": int(((stage[1:] != stage[:-1]) & _both_known(stage)).sum()),
        "awakenings": 0,
        "SPT": 0.0,
        "unscored": len(stage) - len(known),
    }
    if not len(at):
        return result
    first, last = int(at[0]), int(at[-1])
    period = stage[first : last + 1]
    runs = period[period != UNKNOWN]
    rem = np.flatnonzero(stage == "R")
    result |= {
        "SOL": first * EPOCH_MINUTES,
        "WASO": float((stage[first:] == "W").sum()) * EPOCH_MINUTES,
        "SPT": len(period) * EPOCH_MINUTES,
        "wake_in_SPT": float((period == "W").sum()) * EPOCH_MINUTES,
        **{f"{s}_percent_TST": 100 * minutes[s] / tst for s in STAGES[1:]},
        "awakenings": int(((runs[1:] == "W") & (runs[:-1] != "W")).sum()),
    }
    if len(rem):
        result["REM_latency"] = float(rem[0] - first) * EPOCH_MINUTES
        result["REM_latency_from_lights_off"] = float(rem[0]) * EPOCH_MINUTES
    return result


def _both_known(stage: np.ndarray) -> np.ndarray:
    """Tell for each pair of neighbours whether both have a stage, shape (n_windows - 1,)."""
    return (stage[1:] != UNKNOWN) & (stage[:-1] != UNKNOWN)
