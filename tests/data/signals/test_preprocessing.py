"""The settings of preprocessing and their problems."""

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.settings import fill


def test_settings_from_a_file_and_their_problems() -> None:
    problems: list[str] = []
    values = {"channels": ["C3"], "map": {"C3": "A|B"}, "lowpass": None, "crop_wake": None}
    made = fill(Preprocessing, values, "preprocessing", problems)
    assert problems == []
    assert made == Preprocessing(("C3",), {"C3": "A|B"}, lowpass=None, crop_wake=None)
    for values in (
        {"channels": ["C3", "C3"]},
        {"channels": ["C3"], "map": {"C4": "X"}},
        {"sfreq": 100.01},
    ):
        assert fill(Preprocessing, values, "preprocessing", problems) is None
    assert [line.split(":")[0] for line in problems] == [
        "preprocessing.channels",
        "preprocessing.map.C4",
        "preprocessing.sfreq",
    ]
