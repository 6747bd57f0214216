"""Hypnograms that are doubtful by what they look like, whichever model made them."""

from __future__ import annotations

from dataclasses import replace

from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.notes import WARNING

ONE_STAGE = 0.9
"""Share of the epochs that one stage may have without a warning."""
MOST_REM, HOUR = 0.6, 120
"""Share of REM sleep in a recording of an hour or more (in windows) that brings a warning."""
FEWEST_STAGES, FEW_WINDOWS = 3, 40
"""Stages that an hour has at least; fewer windows than these say nothing."""
UNSTAGED = 0.1
"""Share of the counted epochs without a stage that brings a warning."""


def with_doubts(night: Hypnogram) -> Hypnogram:
    """Add warnings of what the stages make doubtful."""
    return _warned(night, _of_stages(night))


def with_gaps(night: Hypnogram) -> Hypnogram:
    """Add a warning where epochs without a stage spoil the statistics, for these lights."""
    return _warned(night, _of_gaps(night))


def _warned(night: Hypnogram, doubts: list[str]) -> Hypnogram:
    notes = [*night.notes, *(WARNING + doubt for doubt in doubts)]
    return replace(night, notes=notes) if doubts else night


def _of_stages(night: Hypnogram) -> list[str]:
    stages = night.stages[night.scored]
    if len(stages) < FEW_WINDOWS:
        return []
    counts = {stage: int((stages == stage).sum()) for stage in STAGES}
    most = max(counts, key=lambda stage: counts[stage])
    if counts[most] >= ONE_STAGE * len(stages):
        return [
            f"{counts[most]} of {len(stages)} epochs are staged {most}. Recordings of one stage "
            "are rare: look at it before you trust this."
        ]
    if len(stages) < HOUR:
        return []
    rem = counts["R"] / len(stages)
    if rem > MOST_REM:
        return [
            f"{rem:.0%} of the epochs are staged R, more than people have. Is it EEG of a sleeper?"
        ]
    absent = [stage for stage, n in counts.items() if not n]
    if len(STAGES) - len(absent) < FEWEST_STAGES:
        return [
            f"none of {len(stages)} epochs is staged {', '.join(absent)}: few recordings lack "
            f"{len(absent)} stages. Look at it before you trust this."
        ]
    return []


def _of_gaps(night: Hypnogram) -> list[str]:
    counted = night.scored[night.counted]
    n = len(counted) - int(counted.sum())
    if n < UNSTAGED * len(counted) or not n or not night.scored.any():
        return []
    return [
        f"{n} of {len(counted)} epochs {night.span()} have no stage. Total sleep time and sleep "
        "efficiency count them as if they were not sleep."
    ]
