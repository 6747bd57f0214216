"""Simulated datasets: the files that others are going to open."""

from dataclasses import replace
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest

from sleepaug.simulation.dataset import simulate_dataset
from sleepaug.simulation.plan import SimulationSettings, size_on_disk
from sleepaug.support.errors import ConfigError, OutputError

SHORT = SimulationSettings(2, 3, hours=0.02, ch_names=["C3", "O2", "EMG Chin1"], sfreq=64)


@pytest.fixture(scope="module")
def mass(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mass")
    simulate_dataset(folder, SimulationSettings(1, 0, hours=0.1))
    return folder


def test_mass_layout(mass: Path) -> None:
    assert sorted(p.name for p in mass.iterdir()) == ["01-03-0001 Base.edf", "01-03-0001 PSG.edf"]
    edf = edfio.read_edf(mass / "01-03-0001 PSG.edf")
    assert len(edf.signals) == 26
    assert edf.labels[:2] == ("EEG C3-CLE", "EEG C4-CLE")
    assert {s.sampling_frequency for s in edf.signals} == {256}
    assert {s.physical_dimension for s in edf.signals} == {"uV"}
    assert "SIMULATED" in edf.recording.additional
    assert "simulated" in edf.patient.name.lower()


def test_units_agree_between_readers(mass: Path) -> None:
    pyedflib = pytest.importorskip("pyedflib")
    path = mass / "01-03-0001 PSG.edf"
    by_mne = mne.io.read_raw_edf(path, preload=True, verbose="error")
    by_edfio = edfio.read_edf(path)
    with pyedflib.EdfReader(str(path)) as reader:
        for i, name in enumerate(("EEG C3-CLE", "EEG C4-CLE")):
            volts = by_mne.get_data([name])[0]
            np.testing.assert_allclose(volts * 1e6, by_edfio.signals[i].data, atol=1e-6)
            np.testing.assert_allclose(volts * 1e6, reader.readSignal(i), atol=1e-6)
            assert 5e-6 < np.median(np.abs(volts)) * 1.48 < 2e-4


def test_scoring_covers_the_night(mass: Path) -> None:
    scoring = mne.read_annotations(mass / "01-03-0001 Base.edf")
    np.testing.assert_array_equal(scoring.onset, np.arange(12) * 30)
    np.testing.assert_array_equal(scoring.duration, 30)
    assert set(scoring.description) <= {f"Sleep stage {s}" for s in "W123R?"}


def test_sleep_edf_layout(tmp_path: Path) -> None:
    psgs = simulate_dataset(tmp_path, SimulationSettings(3, 0, "sleep-edf", hours=0.1))
    assert [p.name for p in psgs] == ["SC4001E0-PSG.edf", "SC4002E0-PSG.edf", "SC4011E0-PSG.edf"]
    edf = edfio.read_edf(psgs[0])
    assert edf.labels[:3] == ("EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal")
    assert [s.sampling_frequency for s in edf.signals] == [100, 100, 100, 1, 1, 1, 1]
    scoring = mne.read_annotations(tmp_path / "SC4001EC-Hypnogram.edf")
    assert scoring.duration.sum() == 360
    known = {f"Sleep stage {s}" for s in "W1234R?"} | {"Movement time"}
    assert set(scoring.description) <= known


def test_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    one = simulate_dataset(tmp_path / "one", SHORT)
    two = simulate_dataset(tmp_path / "two", SHORT, jobs=2)
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    other = simulate_dataset(tmp_path / "other", replace(SHORT, seed=4))
    assert other[0].read_bytes() != one[0].read_bytes()


def test_existing_files_are_kept_unless_allowed(tmp_path: Path) -> None:
    simulate_dataset(tmp_path, SHORT)
    base = tmp_path / "01-03-0002 Base.edf"
    base.write_text("mine")
    with pytest.raises(ConfigError, match="already exists"):
        simulate_dataset(tmp_path, SHORT)
    assert base.read_text() == "mine"
    simulate_dataset(tmp_path, SHORT, overwrite=True)
    assert base.read_bytes()[:1] == b"0"


def test_an_interrupted_night_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OutputError, match="space"):
        simulate_dataset(tmp_path, SHORT)
    assert list(tmp_path.iterdir()) == []


def test_a_night_that_was_stopped_leaves_no_scoring_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sleepaug.simulation.dataset.polysomnogram", stopped)
        with pytest.raises(KeyboardInterrupt):
            simulate_dataset(tmp_path, SHORT)
    assert list(tmp_path.iterdir()) == []
    simulate_dataset(tmp_path, SHORT)


@pytest.mark.parametrize("layout", ["mass", "sleep-edf"])
def test_size_on_disk(layout: str, tmp_path: Path) -> None:
    options = {"layout": layout, "hours": 0.3, "scorers": 2, "wake_before": 0.1, "wake_after": 0.2}
    simulate_dataset(tmp_path, SimulationSettings(1, 0, **options))
    size = sum(p.stat().st_size for p in tmp_path.iterdir())
    assert size_on_disk(SimulationSettings(1, 0, **options)) == pytest.approx(size, rel=0.03)
    assert size_on_disk(SimulationSettings(62, 0)) / 62 == pytest.approx(383e6, rel=0.02)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nights": 0}, "nights"),
        ({"hours": 0.001}, "30-s"),
        ({"ch_names": ["C3", "XX"]}, "XX cannot be simulated"),
        ({"sfreq": 99.5}, "whole number"),
        ({"layout": "shhs"}, "layout"),
        ({"scorers": -1}, "scorers"),
        ({"wake_before": -1}, "wake_before"),
        ({"recorder": "tape"}, "recorder"),
    ],
)
def test_mistakes_are_explained(wrong: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        simulate_dataset(tmp_path / "new", replace(SHORT, **wrong))
    assert not (tmp_path / "new").exists()


def test_no_process_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="jobs"):
        simulate_dataset(tmp_path / "new", SHORT, jobs=0)
    assert not (tmp_path / "new").exists()


def test_scorers_are_written_beside_the_consensus(tmp_path: Path) -> None:
    settings = SimulationSettings(1, 0, hours=1, ch_names=["C3"], sfreq=64, scorers=2)
    simulate_dataset(tmp_path, settings)
    names = ("Base", "Scorer1", "Scorer2")
    said = [mne.read_annotations(tmp_path / f"01-03-0001 {name}.edf") for name in names]
    assert [len(s) for s in said] == [120] * 3
    agreement = np.mean(said[0].description == said[1].description)
    assert 0.5 < agreement < 1
    assert (said[1].description != said[2].description).any()


def test_a_full_disk_names_the_file_and_leaves_no_part(tmp_path, monkeypatch):
    def full(self, path):
        Path(path).write_bytes(b"some")
        raise OSError("Not enough free space to write 100 bytes after offset 0")

    monkeypatch.setattr(edfio.Edf, "write", full)
    with pytest.raises(OutputError, match=r"01-03-0001 Base\.edf: .* no space left on device"):
        simulate_dataset(tmp_path, SimulationSettings(1, 0, hours=0.01, ch_names=["C3"]))
    assert not list(tmp_path.iterdir())
