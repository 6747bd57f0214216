"""Our EDF reader: samples as MNE's, headers checked, gaps found, nothing but our own errors."""

import contextlib
import datetime
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sleepaug.data.files.edf_annotations import read_edf_annotations
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.raw import read_raw
from sleepaug.data.scorings.scoring_edf import read_edf_scoring
from sleepaug.data.signals.continuous import signals
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import RecordingError


def test_samples_equal_mne(tmp_path: Path, write_edf: Callable[..., Path]) -> None:
    names = ["EEG C3-A2", "EOG", "EEG C4-A1"]
    path = write_edf(tmp_path / "night.edf", names, sfreq=128, stages=[(0, 30, "Sleep stage W")])
    edf = read_edf_header(path)
    assert edf.names == names
    assert edf.seconds == 120
    expected = mne.io.read_raw_edf(path, verbose="error").get_data(["EEG C4-A1", "EEG C3-A2"]) * 1e6
    for start, stop in [(0, 15360), (100, 101), (127, 129), (5000, 9001)]:
        samples = edf.read(["EEG C4-A1", "EEG C3-A2"], start, stop)
        np.testing.assert_allclose(samples, expected[:, start:stop], atol=1e-3)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1), ("UV", 1), ("mV", 1e3), ("V", 1e6)])
def test_units(tmp_path: Path, write_edf: Callable[..., Path], unit: str, factor: float) -> None:
    path = write_edf(tmp_path / "night.edf", unit=unit)
    digital = edfio.read_edf(path).signals[0].data
    samples = read_edf_header(path).read(["EEG C3-A2"], 0, 1000)[0]
    np.testing.assert_allclose(samples, digital[:1000] * factor, rtol=1e-4, atol=1e-3 * factor)


def test_bdf_samples_equal_mne(tmp_path: Path, noise: Callable[..., np.ndarray]) -> None:
    path = tmp_path / "night.bdf"
    x = [noise(3000, seed) for seed in range(2)]
    written = [
        edfio.BdfSignal(s, 100, label=f"C{k}", physical_dimension="uV", physical_range=(-600, 600))
        for k, s in zip((3, 4), x, strict=True)
    ]
    edfio.Bdf(written).write(path)
    samples = read_edf_header(path).read(["C4", "C3"], 150, 2000)
    np.testing.assert_allclose(samples, [x[1][150:2000], x[0][150:2000]], atol=1e-3)
    raw = mne.io.read_raw_bdf(path, verbose="error")
    np.testing.assert_allclose(samples, raw.get_data(["C4", "C3"], 150, 2000) * 1e6, atol=1e-3)


def test_large_data_records_are_read_in_parts(
    tmp_path: Path, write_edf: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    edf = read_edf_header(write_edf(tmp_path / "night.edf", ["C3", "C4"]))
    whole = edf.read(["C4", "C3"], 50, 950)
    monkeypatch.setattr("sleepaug.data.files.edf._LARGE_RECORD", 10)
    np.testing.assert_array_equal(edf.read(["C4", "C3"], 50, 950), whole)


def test_real_file_equals_mne(real_data: Path) -> None:
    path = real_data / "sleep-edf" / "short_psg.edf"
    edf = read_edf_header(path)
    raw = mne.io.read_raw_edf(path, include=["EEG Pz-Oz"], verbose="error")
    np.testing.assert_allclose(edf.read(["EEG Pz-Oz"], 0, 30000), raw.get_data() * 1e6, atol=1e-3)
    assert edf.rate("Temp rectal") == 1


def test_annotations_equal_mne(real_data: Path) -> None:
    path = real_data / "sleep-edf" / "SC4001EC-Hypnogram.edf"
    annotations = read_edf_annotations(read_edf_header(path))
    expected = mne.read_annotations(path)
    np.testing.assert_allclose([row[0] for row in annotations], expected.onset)
    np.testing.assert_allclose([row[1] for row in annotations], expected.duration)
    assert [row[2] for row in annotations] == list(expected.description)


def test_real_hypnogram_has_the_known_number_of_epochs(real_data: Path) -> None:
    scoring = read_edf_scoring((real_data / "sleep-edf" / "SC4001EC-Hypnogram.edf",))
    epochs: dict[str, float] = {}
    for duration, stage in zip(scoring.duration, scoring.stage, strict=True):
        epochs[stage] = epochs.get(stage, 0) + duration / 30
    assert epochs == {"W": 1997, "N1": 58, "N2": 250, "N3": 220, "R": 125, "?": 230}


def _discontinuous(path: Path, write_edf: Callable[..., Path]) -> Path:
    """Two minutes in records of 1 s, of which those from 60 s on are 40 s later."""
    write_edf(path, ["C3", "C4"], stages=[])
    edf = read_edf_header(path)
    data = bytearray(path.read_bytes().replace(b"EDF+C", b"EDF+D", 1))
    notes = next(c for c in edf.channels if c.is_annotation)
    size = 2 * sum(c.n_samples for c in edf.channels)
    for k in range(edf.n_records):
        at = edf.header_bytes + k * size + 2 * notes.first
        onset = k * edf.record_seconds + (40 if k * edf.record_seconds >= 60 else 0)
        data[at : at + 2 * notes.n_samples] = f"+{onset:g}\x14\x14".encode().ljust(
            2 * notes.n_samples, b"\0"
        )
    path.write_bytes(data)
    return path


def test_gaps_of_a_discontinuous_file_are_nan(
    tmp_path: Path, write_edf: Callable[..., Path]
) -> None:
    whole = read_edf_header(write_edf(tmp_path / "whole.edf", ["C3", "C4"], stages=[]))
    edf = read_edf_header(_discontinuous(tmp_path / "night.edf", write_edf))
    assert edf.seconds == 160
    assert edf.notes == ("1 gap(s) in the recording, 40 s in all.",)
    expected = np.full((2, 16000), np.nan)
    expected[:, :6000] = whole.read(["C3", "C4"], 0, 6000)
    expected[:, 10000:] = whole.read(["C3", "C4"], 6000, 12000)
    np.testing.assert_array_equal(edf.read(["C3", "C4"], 0, 16000), expected)
    for start, stop in [(5950, 6050), (9990, 10110), (7000, 8000), (15901, 15999)]:
        np.testing.assert_array_equal(edf.read(["C3", "C4"], start, stop), expected[:, start:stop])
    raw = read_raw(edf.path, ["C4"])
    np.testing.assert_allclose(raw.get_data()[0] * 1e6, expected[1], atol=1e-3)


def test_discontinuous_without_gaps_is_an_ordinary_file(
    tmp_path: Path, write_edf: Callable[..., Path], patch: Callable[..., None]
) -> None:
    path = write_edf(tmp_path / "night.edf", stages=[])
    patch(path, 192, b"EDF+D")
    assert read_edf_header(path).record_onsets is None


def test_start_and_missing_start(tmp_path: Path, write_edf: Callable[..., Path]) -> None:
    start = datetime.datetime(2021, 3, 4, 22, 15, 30)
    path = write_edf(tmp_path / "night.edf", start=start)
    assert read_edf_header(path).begins == start
    assert read_edf_header(write_edf(tmp_path / "anonymous.edf")).begins is None


def test_equal_labels_are_told_apart(tmp_path: Path, write_edf: Callable[..., Path],
                                     patch: Callable[..., None]) -> None:  # fmt: skip
    path = write_edf(tmp_path / "night.edf", ["C3", "C4"])
    expected = read_edf_header(path).read(["C4"], 0, 12000)
    patch(path, 256 + 16, b"C3")
    edf = read_edf_header(path)
    assert edf.names == ["C3-0", "C3-1"]
    np.testing.assert_array_equal(edf.read(["C3-1"], 0, 12000), expected)
    raw = read_raw(path, ["C3-1"])
    np.testing.assert_allclose(raw.get_data() * 1e6, expected, atol=1e-3)


def test_number_of_records_may_be_unknown(
    tmp_path: Path, write_edf: Callable[..., Path], patch: Callable[..., None]
) -> None:
    path = write_edf(tmp_path / "night.edf")
    patch(path, 236, b"-1      ")
    edf = read_edf_header(path)
    assert edf.seconds == 120
    assert "does not say how long" in edf.notes[0]


HEADER = {  # of a file with one signal and annotations: where, what, and what the message must say
    "records": (236, b"99999   ", "truncated; the header says 99999 data records"),
    "no number": (236, b"many    ", "number of data records reads 'many'"),
    "half a record": (236, b"1.5     ", "number of data records reads '1.5'"),
    "signals": (252, b"9999", "truncated; the header describes 9999 signals"),
    "no signals": (252, b"0   ", "number of signals reads '0'"),
    "samples": (688, b"-100    ", "samples of 'EEG C3-A2' reads '-100'"),
    "many samples": (688, b"99999999", "truncated; the header says"),
    "duration": (244, b"0       ", "a data record lasts 0 s"),
    "version": (0, b"\x89PNG    ", "not an EDF or BDF file; it begins with"),
}


@pytest.mark.parametrize("case", HEADER)
def test_lying_headers(
    tmp_path: Path, write_edf: Callable[..., Path], patch: Callable[..., None], case: str
) -> None:
    at, content, message = HEADER[case]
    path = write_edf(tmp_path / "night.edf")
    patch(path, at, content)
    for read in (read_edf_header, read_raw, lambda p: signals(p, Preprocessing(("C3",)))):
        with pytest.raises(RecordingError) as error:
            read(path)
        assert str(error.value).startswith(str(path))
        assert message in str(error.value)


@pytest.mark.parametrize("n_bytes", [0, 100, 300, 5000])
def test_empty_and_truncated(tmp_path: Path, write_edf: Callable[..., Path], n_bytes: int) -> None:
    path = write_edf(tmp_path / "night.edf")
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(RecordingError, match="empty" if n_bytes == 0 else "truncated") as error:
        read_raw(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("limit", [b"600     ", b"        ", b"nan     "])
def test_a_channel_without_limits_is_left_out_by_name(
    tmp_path: Path, write_edf: Callable[..., Path], patch: Callable[..., None], limit: bytes
) -> None:
    path = write_edf(tmp_path / "night.edf")
    patch(path, 464, limit)
    with pytest.raises(RecordingError, match=r"Left out: 'EEG C3-A2' \(equal or no limits"):
        signals(path, Preprocessing(("C3",)))
    with pytest.raises(RecordingError, match="equal or unreadable limits"):
        read_edf_header(path).read(["EEG C3-A2"], 0, 10)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, write_edf: Callable[..., Path]) -> bytes:
    folder = tmp_path_factory.mktemp("small")
    stages = [(30.0 * k, 30.0, f"Sleep stage {s}") for k, s in enumerate("W12R")]
    path = write_edf(folder / "small.edf", ["EEG C3-A2", "EEG C4-A1"], sfreq=64, stages=stages)
    _discontinuous(folder / "gaps.edf", write_edf)
    return path.read_bytes() + b"|split|" + (folder / "gaps.edf").read_bytes()


@given(
    st.integers(0, 1),
    st.lists(st.tuples(st.integers(0, 1300), st.binary(min_size=1, max_size=8)), max_size=4),
    st.lists(st.tuples(st.integers(0, 30000), st.binary(min_size=1, max_size=8)), max_size=3),
    st.one_of(st.none(), st.integers(0, 3000)),
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_files_give_our_errors_and_no_other(
    tmp_path: Path,
    small: bytes,
    which: int,
    header: list[tuple[int, bytes]],
    anywhere: list[tuple[int, bytes]],
    n_bytes: int | None,
) -> None:
    data = bytearray(small.split(b"|split|")[which])
    for at, content in (*header, *anywhere):
        data[at : at + len(content)] = content[: max(len(data) - at, 0)]
    path = tmp_path / "damaged.edf"
    path.write_bytes(data[:n_bytes])
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for use in (
            lambda: signals(path, Preprocessing(("C3",))),
            lambda: read_edf_scoring((path,)),
        ):
            with contextlib.suppress(RecordingError):
                use()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


def test_an_edf_file_of_another_ending_becomes_an_mne_object(
    tmp_path: Path, write_edf: Callable[..., Path]
) -> None:
    path = write_edf(tmp_path / "night.edf", ["C3", "C4"])
    expected = read_raw(path, ["C4"]).get_data()
    raw = read_raw(path.rename(tmp_path / "night.rec"), ["C4"])
    assert (raw.ch_names, raw.info["sfreq"]) == (["C4"], 100)
    np.testing.assert_allclose(raw.get_data(), expected, atol=1e-10)


def test_odd_signs_in_a_date_are_read_and_noted(tmp_path: Path, write_edf, patch) -> None:
    path = write_edf(tmp_path / "n.edf")
    patch(path, 168, b"02/03/2122:30:15")
    edf = read_edf_header(path)
    assert edf.start == datetime.datetime(2021, 3, 2, 22, 30, 15)
    assert "('02/03/21', '22:30:15') were read as 2021-03-02 22:30:15" in edf.notes[0]


def test_a_text_file_called_edf_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "night.edf").write_text("Epoch,Stage\r\n1,W\n2,\tN1\n" * 40)
    with pytest.raises(RecordingError, match="not an EDF or BDF file; it holds text"):
        read_edf_header(tmp_path / "night.edf")


def test_records_that_do_not_last_as_the_header_says(tmp_path: Path, write_edf, patch) -> None:
    """Times of data records and the header disagree: in all records, and in the last one only."""
    path = write_edf(tmp_path / "n.edf", seconds=60, stages=[(0, 30, "Sleep stage W")])
    record = read_edf_header(path).record_seconds
    patch(path, 244, f"{2 * record:g}".encode().ljust(8))
    with pytest.raises(RecordingError, match=f"lasts {2 * record:g} s, but the second one begins"):
        read_edf_header(path)
    patch(path, 244, f"{record:g}".encode().ljust(8))
    last = f"+{60 - record:g}".encode()
    patch(path, path.read_bytes().rindex(last + b"\x14\x14"), b"+99"[: len(last)])
    assert "says that it begins 99 s after the first" in read_edf_header(path).notes[0]
