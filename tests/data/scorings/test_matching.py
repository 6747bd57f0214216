"""Files of one night find each other, whatever a laboratory calls them."""

from pathlib import Path

import pytest

from sleepaug.data.datasets.edf_folder import edf_folder
from sleepaug.data.scorings.matching import is_hidden, night_name, nights_in, scorings_beside
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.support.errors import RecordingError

PAIRS = {  # a recording, and its scoring
    "plain": ("night.edf", "night.csv"),
    "hypnogram": ("X_psg.edf", "X_hypnogram.txt"),
    "MASS": ("01-03-0001 PSG.edf", "01-03-0001 Base.edf"),
    "Sleep-EDF": ("SC4001E0-PSG.edf", "SC4001EC-Hypnogram.edf"),
    "HMC": ("SN001.edf", "SN001_sleepscoring.edf"),
    "ISRUC": ("1.rec", "1_1.txt"),
    "DCSM": ("psg.edf", "hypnogram.ids"),
    "BIDS": ("sub-01_ses-1_task-sleep_eeg.edf", "sub-01_ses-1_task-sleep_events.tsv"),
    "our own BIDS": ("sub-01_task-sleep_eeg.edf", "sub-01_task-sleep_eeg_events.tsv"),
    "NSRR": ("shhs1-200001.edf", "shhs1-200001-nsrr.xml"),
    "DREAMS": ("excerpt3.edf", "Hypnogram_excerpt3.txt"),
    "Dreem": ("a4568951.edf", "a4568951.json"),
    "Domino": ("S01.edf", "S01 Schlafprofil.txt"),
    "YASA": ("night.edf", "night_hypno_30s.txt"),
    "UCD": ("ucddb002.rec", "ucddb002_stage.txt"),
    "CAP": ("n1.edf", "n1.txt"),
    "BOAS": ("sub-1_task-Sleep_acq-psg_eeg.edf", "sub-1_task-Sleep_acq-psg_events.tsv"),
    "upper case": ("NIGHT.EDF", "night.HYPNOGRAM.CSV"),
}


@pytest.mark.parametrize("names", PAIRS.values(), ids=PAIRS)
def test_a_recording_finds_its_scoring(names, tmp_path: Path, write_edf) -> None:
    recording, scoring = (tmp_path / "tp1" / name for name in names)
    recording.parent.mkdir()
    write_edf(tmp_path / "signals.edf").rename(recording)
    if scoring.suffix == ".edf":
        write_edf(tmp_path / "other.edf", [], stages=[(0, 30, "Sleep stage W")]).rename(scoring)
    else:
        scoring.write_text("W\nN1\n")
    (recording.parent / f"._{scoring.name}").write_bytes(b"\0\5\x16\7")
    (recording.parent / "another.csv").write_text("W\n")
    assert scorings_beside(recording) == [scoring]
    assert nights_in(tmp_path)[night_name(recording)] == (recording, scoring)


def test_two_scorings_of_a_night_are_an_error(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "n.csv").write_text("W\n")
    with pytest.raises(RecordingError, match="two scorings of one night"):
        nights_in(tmp_path)


def test_hidden_files_are_known() -> None:
    assert is_hidden(Path("x/._night.edf"))
    assert not is_hidden(Path("x/night.edf"))


def test_two_forms_of_one_scoring_are_one(tmp_path: Path, write_edf) -> None:
    """HMC has every scoring as EDF+ and as text."""
    recording = write_edf(tmp_path / "SN001.edf")
    stages = [(30 * k, 30, f"Sleep stage {s}") for k, s in enumerate("W123")]
    scoring = write_edf(tmp_path / "SN001_sleepscoring.edf", [], stages=stages)
    (tmp_path / "SN001_sleepscoring.txt").write_text("W\n")
    assert scorings_beside(recording) == [scoring]
    assert nights_in(tmp_path)["sn001"] == (recording, scoring)
    notes = read_scoring((recording, scoring)).notes
    assert "SN001_sleepscoring.edf was read, not SN001_sleepscoring.txt beside it." in notes


def test_scorings_of_the_nsrr_lie_in_a_folder_of_their_own(tmp_path: Path, write_edf) -> None:
    recording = write_edf(tmp_path / "edfs" / "mesa-sleep-0001.edf")
    for kind in ("nsrr", "profusion"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"mesa-sleep-0001-{kind}.xml").write_text("<a/>")
    (night,) = edf_folder(tmp_path)
    assert night.files == (recording, tmp_path / "nsrr" / "mesa-sleep-0001-nsrr.xml")
