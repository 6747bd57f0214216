"""Any recording's channels: which tell stages, and where they sit."""

from pathlib import Path

import numpy as np
import pytest

from sleepaug.data.files.open import open_recording
from sleepaug.data.signals.montage import channel_place, montage
from sleepaug.support.errors import RecordingError


def names_of(tmp_path, write_edf, channels, **options):
    path = write_edf(tmp_path / "night.edf", channels, seconds=30)
    return montage(open_recording(path), **options).names


LABORATORIES = {
    "AASM": (["F4-M1", "C4-M1", "O2-M1", "E1-M2", "E2-M2", "Chin1"], 6),
    "MASS": (["EEG C3-CLE", "EEG C4-CLE", "EOG Left Horiz", "EMG Chin1", "ECG ECGI"], 4),
    "Sleep-EDF": (["EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal", "Resp oro-nasal"], 3),
    "legs first": (["C3-M2", "Leg EMG", "Chin EMG"], 2),
    "eyes up and down first": (["C3-M2", "Vert EOG", "VEOG", "EOG_L", "REOG"], 3),
    "headband": (["AF7-Fpz", "AF8-Fpz", "TP9"], 3),
    "electrodes beside the montage": (["C3", "C3-M2", "M2", "M1"], 1),
}


@pytest.mark.parametrize(("channels", "n"), LABORATORIES.values(), ids=LABORATORIES)
def test_channels_of_many_laboratories_are_found(channels, n, tmp_path: Path, write_edf) -> None:
    names = names_of(tmp_path, write_edf, channels)
    assert len(names) == n
    assert set(names.values()) <= set(channels)


def test_of_one_place_the_channel_against_an_ear_is_taken(tmp_path: Path, write_edf) -> None:
    assert names_of(tmp_path, write_edf, ["C3", "C3-M2", "M2"]) == {"C3-M2": "C3-M2"}


def test_neither_legs_nor_lids_are_taken_for_chin_or_eyes(tmp_path: Path, write_edf) -> None:
    channels = ["C3-M2", "EMG Leg", "Tib EMG", "EMG RAT", "EMGLAT", "EMG intercostal", "PLM EMG"]
    channels += ["Vert EOG", "EOG vertical", "Chin EMG", "LEOG"]
    assert list(names_of(tmp_path, write_edf, channels)) == ["C3-M2", "LEOG", "Chin EMG"]


def test_of_an_eye_with_several_channels_one_is_taken(tmp_path: Path, write_edf) -> None:
    channels = ["C3-M2", "E1", "E1-M2", "E2", "E2-M1", "E2-Fpz"]
    assert list(names_of(tmp_path, write_edf, channels)) == ["C3-M2", "E1-M2", "E2-M1"]
    for eyes in (
        *(["EOG1-A1", "EOG2-A1"], ["EOG dx", "EOG sin"], ["EOG links", "EOG rechts"]),
        *(["EOG li", "EOG re"], ["Lt EOG", "Rt EOG"], ["EOG-1", "EOG-2"], ["EOG a", "EOG b"]),
        *(["EOG izq", "EOG der"], ["EOG_L", "EOG_R"]),
    ):
        channels = ["C3-M2", "EOG V", "EOGV", *eyes]
        assert list(names_of(tmp_path, write_edf, channels)) == ["C3-M2", *eyes]


@pytest.mark.parametrize(
    "right", ["REOG", "R-EOG", "EOG_R", "EOG R", "ROC", "E2", "EOG2", "EOG Right"]
)
def test_the_side_of_an_eye_is_read(right: str) -> None:
    left = right.replace("Right", "Left").replace("R", "L").replace("2", "1")
    a, b = channel_place(right, "eog"), channel_place(left, "eog")
    assert b[3] < 0 < a[3]
    np.testing.assert_array_equal(a[6:], b[6:])
    assert channel_place("EOG horizontal", "eog")[6] < 0
    assert channel_place("EOG G-A2", "eog")[3] < 0 < channel_place("EOGD-A1", "eog")[3]


def test_at_most_eight_eeg_channels_of_both_sides(tmp_path: Path, write_edf) -> None:
    channels = [f"{row}{n}-M1" for row in ("F", "C", "P", "O") for n in (1, 2) if row != "O"]
    channels += ["O1-M1", "O2-M1", "F3-M1", "F4-M1", "C3-M1", "C4-M1"]
    names = list(names_of(tmp_path, write_edf, channels))
    assert len(names) == 8
    assert names[:2] == ["C1-M1", "C2-M1"] or {"C3-M1", "C4-M1"} <= set(names)


def test_a_map_and_what_is_excluded(tmp_path: Path, write_edf) -> None:
    channels = ["EEG 4", "C4-A1", "O2-A1"]
    names = names_of(tmp_path, write_edf, channels, map={"C3": "EEG 4"}, exclude=["O2-A1"])
    assert names == {"C3": "EEG 4", "C4-A1": "C4-A1"}


def test_without_a_known_name_all_are_listed(tmp_path: Path, write_edf) -> None:
    with pytest.raises(RecordingError, match=r"one is enough. The file has: EEG1, EEG3") as error:
        names_of(tmp_path, write_edf, ["EEG1", "EEG3"])
    assert error.value.parameters == ("map",)


def test_places_are_mirrored_across_the_head_and_synonyms_are_one() -> None:
    left, right = channel_place("C3-M2", "eeg"), channel_place("C4-M1", "eeg")
    mirror = np.array([1, 1, 1, -1, 1, 1, -1, 1, 1])
    np.testing.assert_allclose(left * mirror, right, atol=1e-6)
    np.testing.assert_array_equal(channel_place("T7-A2", "eeg"), channel_place("T3-A2", "eeg"))
    assert not channel_place("Chin", "emg")[3:].any()
    e1, e2 = channel_place("E1-M2", "eog"), channel_place("ROC-A1", "eog")
    assert e1[3] < 0 < e2[3]
    assert np.linalg.norm(channel_place("Fpz-Cz", "eeg")[6:]) == pytest.approx(1)
