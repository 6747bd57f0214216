"""Cycles of NREM and REM sleep, counted by hand."""

import pytest

from sleepaug.staging.hypnogram.cycles import sleep_cycles
from sleepaug.staging.hypnogram.statistics import sleep_statistics


def night(text):
    """Spell a night as runs, such as "W10 N2:40"."""
    stages = []
    for run in text.split():
        stage, n = run.split(":")
        stages += [stage] * int(n)
    return stages


@pytest.mark.parametrize(
    ("text", "cycles"),
    [
        ("W:20 N2:30 R:1 N2:60", [(20, 51)]),  # the first REM period may be short
        ("W:20 N2:29 R:20", []),  # less than 15 min of NREM before it
        ("N2:40 R:10 N2:40 R:9 N2:40", [(0, 50)]),  # the second has less than 5 min
        ("N2:40 R:10 N2:40 R:10", [(0, 50), (50, 100)]),
        ("N2:40 R:10 N2:29 R:10", [(0, 89)]),  # one period of REM sleep, interrupted
        ("N2:40 R:10 W:40 R:10", [(0, 100)]),  # by wake, however long
        ("N2:20 W:60 N2:10 R:5", [(0, 95)]),
        ("R:20 N2:40 R:10", [(20, 70)]),  # REM sleep at the onset ends no cycle
        ("W:50", []),
        ("N2:200", []),
    ],
)
def test_cycles_by_hand(text, cycles):
    assert sleep_cycles(night(text)) == cycles


def test_statistics_have_number_and_mean_length():
    statistics = sleep_statistics(night("W:10 N2:40 R:10 N2:60 R:10 N3:30"))
    assert statistics["cycles"] == 2
    assert statistics["cycle_min"] == pytest.approx((50 + 70) / 2 / 2)
