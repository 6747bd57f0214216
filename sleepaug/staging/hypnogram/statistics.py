"""Sleep statistics of a night: durations, latencies and efficiency, by the rules of the AASM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS
from sleepaug.staging.hypnogram.cycles import sleep_cycles

EPOCH_MINUTES = WINDOW_SECONDS / 60


@dataclass(frozen=True)
class Statistic:
    """What a statistic is called in words, and its unit ("" for a count)."""

    name: str
    unit: str

    def named(self, *, lights_off: bool, lights_on: bool) -> str:
        """Return the name; with the start and end of a recording where lights are not known."""
        name = self.name if lights_off else self.name.replace("lights off", "the start")
        return name if lights_on else name.replace("lights on", "the end")


STATISTICS = {
    "TIB": Statistic("Time in bed", "min"),
    "TST": Statistic("Total sleep time", "min"),
    "SE": Statistic("Sleep efficiency (sleep in time in bed)", "%"),
    "SOL": Statistic("Sleep onset latency", "min"),
    **{f"{s}_latency": Statistic(f"{s} latency from lights off", "min") for s in STAGES[1:4]},
    "REM_latency": Statistic("REM latency from sleep onset", "min"),
    "REM_latency_from_lights_off": Statistic("REM latency from lights off", "min"),
    "WASO": Statistic("Wake after sleep onset, until lights on", "min"),
    "SPT": Statistic("Sleep period, first to last epoch of sleep", "min"),
    "SME": Statistic("Sleep maintenance efficiency (sleep in sleep period)", "%"),
    "wake_in_SPT": Statistic("Wake within the sleep period", "min"),
    "W_min": Statistic("Wake", "min"),
    **{f"{s}_min": Statistic(f"Stage {s}", "min") for s in STAGES[1:]},
    **{f"{s}_percent_TST": Statistic(f"Stage {s} in total sleep time", "%") for s in STAGES[1:]},
    "cycles": Statistic("Complete sleep cycles", ""),
    "cycle_min": Statistic("Mean length of a cycle", "min"),
    "awakenings": Statistic("Awakenings after sleep onset", ""),
    "transitions": Statistic("Changes of stage", ""),
    "unscored": Statistic("Epochs without a stage", ""),
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
        does not exist, as in a night without sleep, and for all but TIB and unscored where no
        epoch has a stage. Unscored epochs count only for TIB and SPT; a change of stage across
        them is not counted.

    Notes
    -----
    Source: AASM Manual for the Scoring of Sleep, version 2, section II.D (parameters to be
    reported). `wake_in_SPT` is what YASA calls WASO, `REM_latency_from_lights_off` its Lat_REM.
    Cycles are those of `sleepaug.staging.hypnogram.cycles`. An awakening is a run of W after sleep
    onset that ends in sleep.

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
    result |= {"TIB": tib, "unscored": len(stage) - len(known)}
    if not len(known):
        return result
    result |= {
        "TST": tst,
        "SE": 100 * tst / tib,
        **{f"{s}_min": minutes[s] for s in STAGES},
        "transitions": int(((stage[1:] != stage[:-1]) & _both_known(stage)).sum()),
        "awakenings": 0,
        "cycles": 0,
        "SPT": 0.0,
    }
    if not len(at):
        return result
    first, last = int(at[0]), int(at[-1])
    period = stage[first : last + 1]
    runs = period[period != UNKNOWN]
    cycles = sleep_cycles(stage)
    result |= {
        "SOL": first * EPOCH_MINUTES,
        "WASO": float((stage[first:] == "W").sum()) * EPOCH_MINUTES,
        "SPT": len(period) * EPOCH_MINUTES,
        "SME": 100 * tst / (len(period) * EPOCH_MINUTES),
        "wake_in_SPT": float((period == "W").sum()) * EPOCH_MINUTES,
        **{f"{s}_percent_TST": 100 * minutes[s] / tst for s in STAGES[1:]},
        "awakenings": int(((runs[1:] == "W") & (runs[:-1] != "W")).sum()),
        **{f"{s}_latency": _minutes_to(stage, s) for s in STAGES[1:4]},
        "REM_latency": _minutes_to(stage[first:], "R"),
        "REM_latency_from_lights_off": _minutes_to(stage, "R"),
        "cycles": len(cycles),
        "cycle_min": float(np.mean([b - a for a, b in cycles])) * EPOCH_MINUTES if cycles else None,
    }
    return result


def _minutes_to(stages: np.ndarray, wanted: str) -> float | None:
    """Return the minutes to the first window of a stage, None if there is none."""
    at = np.flatnonzero(stages == wanted)
    return float(at[0]) * EPOCH_MINUTES if len(at) else None


def _both_known(stage: np.ndarray) -> np.ndarray:
    """Tell for each pair of neighbours whether both have a stage, shape (n_windows - 1,)."""
    return (stage[1:] != UNKNOWN) & (stage[:-1] != UNKNOWN)
