"""Sleep statistics by hand, and against YASA where it is installed."""

import numpy as np
import pytest

from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.statistics import STATISTICS, sleep_statistics

YASA = {
    "TIB": "TIB", "TST": "TST", "SE": "SE", "SOL": "SOL", "SPT": "SPT", "wake_in_SPT": "WASO",
    "REM_latency_from_lights_off": "Lat_REM", "SME": "SME",
    "W_min": "WAKE", "N1_min": "N1", "N2_min": "N2",
    "N3_min": "N3", "R_min": "REM", "N1_percent_TST": "%N1", "N2_percent_TST": "%N2",
    "N3_percent_TST": "%N3", "R_percent_TST": "%REM",
}  # fmt: skip


def test_a_night_by_hand():
    stages = ["W", "W", "N1", "N2", "?", "N2", "W", "N2", "N3", "R", "R", "W", "W"]
    statistics = sleep_statistics(stages)
    assert statistics == {
        "TIB": 6.5, "TST": 3.5, "SE": pytest.approx(100 * 3.5 / 6.5), "SOL": 1.0,
        "N1_latency": 1.0, "N2_latency": 1.5, "N3_latency": 4.0, "SME": pytest.approx(700 / 9),
        "cycles": 0, "cycle_min": None, "REM_latency": 3.5, "REM_latency_from_lights_off": 4.5,
        "WASO": 1.5, "SPT": 4.5,
        "wake_in_SPT": 0.5, "W_min": 2.5, "N1_min": 0.5, "N2_min": 1.5, "N3_min": 0.5,
        "R_min": 1.0, "N1_percent_TST": pytest.approx(100 / 7),
        "N2_percent_TST": pytest.approx(300 / 7), "N3_percent_TST": pytest.approx(100 / 7),
        "R_percent_TST": pytest.approx(200 / 7), "awakenings": 1, "transitions": 7, "unscored": 1,
    }  # fmt: skip
    assert list(statistics) == list(STATISTICS)


@pytest.mark.parametrize("stages", [["W"], ["W"] * 4, ["?", "W", "?"]])
def test_a_night_without_sleep_has_no_latencies(stages):
    statistics = sleep_statistics(stages)
    assert statistics["TST"] == statistics["SE"] == 0
    assert statistics["SOL"] is None
    assert statistics["REM_latency"] is None
    assert statistics["N2_percent_TST"] is None


def test_equal_to_yasa():
    yasa = pytest.importorskip("yasa", reason="YASA is not installed here")
    names = {"W": "WAKE", "R": "REM", "?": "UNS"}
    for seed in range(20):
        random = np.random.default_rng(seed)
        stages = random.choice([*STAGES, "?"], 200, p=[0.3, 0.1, 0.3, 0.1, 0.15, 0.05])
        theirs = yasa.Hypnogram([names.get(s, s) for s in stages]).sleep_statistics()
        ours = sleep_statistics(stages)
        for mine, its in YASA.items():
            assert ours[mine] == pytest.approx(theirs[its], abs=1e-3), mine
