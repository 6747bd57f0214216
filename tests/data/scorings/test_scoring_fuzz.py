"""Damaged scorings are read rightly or refused, and what others write comes back the same."""

import datetime
import random
from pathlib import Path

import edfio
import mne
import numpy as np
import pyedflib
import pyedflib.highlevel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoring_texts import BEGINS, FORMS

from sleepaug.data.recording import Scoring
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent
from sleepaug.data.stages import STAGES, UNKNOWN
from sleepaug.support.errors import SleepaugError

XML = (
    '<?xml version="1.0"?>\n<PSGAnnotation><ScoredEvents><ScoredEvent><EventType>Stages|Stages'
    "</EventType><EventConcept>Wake|0</EventConcept><Start>0</Start><Duration>60.0</Duration>"
    "</ScoredEvent></ScoredEvents></PSGAnnotation>",
    "<CMPStudyConfig><EpochLength>30</EpochLength><SleepStages><SleepStage>0</SleepStage>"
    "<SleepStage>5</SleepStage></SleepStages></CMPStudyConfig>",
    '<PatientStudy><UserStaging><NeuroAdultAASMStaging><Stage Type="Wake" Start="0"/><Stage '
    'Type="N2" Start="30"/></NeuroAdultAASMStaging></UserStaging></PatientStudy>',
)
PIECES = (
    *("\0", "\n", "\r", "\t", ";", ",", ":", "-", "+", ".", '"', "é", "\ufeff", "nan", "inf"),
    *("1e309", "-1", "4", "N9", "W", "Sleep stage", "24:61:61", "9999999999999999", "<", "[", "{"),
)  # fmt: skip
FUZZ = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def edf_bytes() -> bytes:
    notes = [edfio.EdfAnnotation(30 * k, 30, f"Sleep stage {s}") for k, s in enumerate("W123R?")]
    return edfio.Edf([], annotations=notes).to_bytes()


SOURCES = [text.encode() for text in (*FORMS.values(), *XML)] + [edf_bytes()]


def mutated(source: bytes, seed: int) -> bytes:
    """Cut, repeat, swap and replace parts of a file, a few times."""
    rng, data = random.Random(seed), bytearray(source)
    for _ in range(rng.randint(1, 6)):
        if not data:
            break
        at = rng.randrange(len(data))
        end = min(at + rng.choice((1, 2, 10, 100)), len(data))
        kind = rng.randrange(6)
        if kind == 0:
            del data[at:end]
        elif kind == 1:
            data[at:at] = data[at:end]
        elif kind == 2:
            data[at] = rng.randrange(256)
        elif kind == 3:
            data[at:at] = rng.choice(PIECES).encode()
        elif kind == 4:
            lines = bytes(data).split(b"\n")
            rng.shuffle(lines)
            data = bytearray(b"\n".join(lines))
        else:
            del data[at:]
    return bytes(data)


def check(path: Path, content: bytes, seconds: float | None, codes: str | None) -> None:
    """A scoring that makes sense, or an error of ours that can be printed."""
    path.write_bytes(content)
    try:
        scoring = read_scoring((path,), codes=codes, extent=Extent(seconds, BEGINS))
    except SleepaugError as error:
        message = str(error)
    else:
        check_scoring(scoring)
        return
    assert all(line.isprintable() for line in message.split("\n"))
    assert len(message) > 20


def check_scoring(scoring: Scoring) -> None:
    """Stages in order, that last some time and do not overlap."""
    assert isinstance(scoring, Scoring)
    assert set(scoring.stage) <= {*STAGES, UNKNOWN}
    assert len(scoring.onset) == len(scoring.duration) == len(scoring.stage) > 0
    onset, duration = np.array(scoring.onset), np.array(scoring.duration)
    assert np.isfinite([onset, duration]).all()
    assert (duration >= 0).all()
    assert (np.diff(onset) >= 0).all()
    assert (onset[1:] >= (onset + duration)[:-1] - 0.5).all()
    assert all(note and "\n" not in note for note in scoring.notes)


MUTATIONS = {
    "source": st.sampled_from(SOURCES),
    "seed": st.integers(0, 2**32),
    "seconds": st.sampled_from([None, 600.0, 60.0, 28800.0]),
    "codes": st.sampled_from([None, None, "aasm", "yasa", "dreams"]),
}


@given(**MUTATIONS)
@settings(FUZZ, max_examples=50)
def test_a_damaged_scoring_is_right_or_refused(source, seed, seconds, codes, tmp_path):
    check(tmp_path / "scoring.data", mutated(source, seed), seconds, codes)


@pytest.mark.slow
@given(**MUTATIONS)
@settings(FUZZ, max_examples=5000)
def test_thousands_of_damaged_scorings_are(source, seed, seconds, codes, tmp_path):
    check(tmp_path / "scoring.data", mutated(source, seed), seconds, codes)


CELLS = st.one_of(
    st.sampled_from(["W", "N1", "REM", "?", "", "n/a", "0", "30", "30,0", "23:59:30", *PIECES]),
    st.floats(allow_nan=False, width=32).map(str),
    st.text(max_size=4),
)
HEADS = st.lists(
    st.sampled_from(["onset", "duration", "stage", "end", "Start (min)", "Epoch", "event", "x"]),
    max_size=5,
)
TABLES = {
    "head": HEADS,
    "rows": st.lists(st.lists(CELLS, max_size=5), max_size=8),
    "delimiter": st.sampled_from(["\t", ";", "|", ",", " "]),
}


def generated(head, rows, delimiter) -> bytes:
    lines = [delimiter.join(row) for row in [head, *rows]]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


@given(**TABLES)
@settings(FUZZ, max_examples=50)
def test_any_table_is_right_or_refused(head, rows, delimiter, tmp_path):
    check(tmp_path / "scoring.data", generated(head, rows, delimiter), 600.0, None)


@pytest.mark.slow
@given(**TABLES)
@settings(FUZZ, max_examples=5000)
def test_thousands_of_tables_are(head, rows, delimiter, tmp_path):
    check(tmp_path / "scoring.data", generated(head, rows, delimiter), 600.0, None)


def by_mne(stages, path: Path) -> Path:
    notes = mne.Annotations(30 * np.arange(len(stages)), 30, [f"Sleep stage {s}" for s in stages])
    notes.save(path, overwrite=True, verbose="error")
    return path


def by_edfio(stages, path: Path) -> Path:
    notes = [edfio.EdfAnnotation(30 * k, 30, f"Sleep stage {s}") for k, s in enumerate(stages)]
    start = {"recording": edfio.Recording(startdate=datetime.date(2020, 1, 1))}
    edfio.Edf([], annotations=notes, starttime=datetime.time(23, 50), **start).write(path)
    return path


def by_pyedflib(stages, path: Path) -> Path:
    writer = pyedflib.EdfWriter(str(path), 1)
    writer.setSignalHeader(0, pyedflib.highlevel.make_signal_header("C3", sample_frequency=10))
    writer.writeSamples([np.zeros(300 * len(stages))])
    for k, stage in enumerate(stages):
        writer.writeAnnotation(30 * k, 30, f"Sleep stage {stage}")
    writer.close()
    return path


def by_luna(stages, path: Path) -> Path:
    rows = [f"{s}\t.\t.\t{30 * k:.3f}\t{30 * k + 30:.3f}\t." for k, s in enumerate(stages)]
    classes = [f"# {s}" for s in dict.fromkeys(stages)]
    head = "class\tinstance\tchannel\tstart\tstop\tmeta"
    path.write_text("\n".join([*classes, head, *rows]) + "\n")
    return path


def by_luna_in_epochs(stages, path: Path) -> Path:
    path.write_text("\n".join(stages) + "\n")
    return path


def by_yasa(stages, path: Path) -> Path:
    yasa = pytest.importorskip("yasa")
    names = {"W": "WAKE", "R": "REM", "?": "UNS"}
    hypnogram = yasa.Hypnogram([names.get(s, s) for s in stages], freq="30s")
    hypnogram.hypno.to_csv(path)
    return path


def by_yasa_in_bids(stages, path: Path) -> Path:
    yasa = pytest.importorskip("yasa")
    names = {"W": "WAKE", "R": "REM", "?": "UNS"}
    hypnogram = yasa.Hypnogram([names.get(s, s) for s in stages], freq="30s")
    hypnogram.as_events().to_csv(path, sep="\t")
    return path


WRITERS = {
    "MNE, .csv": (by_mne, "n.csv"),
    "MNE, .txt": (by_mne, "n.txt"),
    "edfio": (by_edfio, "n.edf"),
    "pyEDFlib": (by_pyedflib, "n.edf"),
    "Luna, .annot": (by_luna, "n.annot"),
    "Luna, .eannot": (by_luna_in_epochs, "n.eannot"),
    "YASA": (by_yasa, "n.csv"),
    "YASA, events": (by_yasa_in_bids, "n_events.tsv"),
}


@pytest.mark.parametrize("writer", WRITERS)
@given(stages=st.lists(st.sampled_from(["W", "N1", "N2", "N3", "R", "?"]), min_size=6, max_size=30))
@settings(FUZZ, max_examples=10)
def test_what_others_write_comes_back(writer, stages, tmp_path):
    write, name = WRITERS[writer]
    stages = ["W", *stages]
    path = write(stages, tmp_path / name)
    scoring = read_scoring((path,), extent=Extent(30.0 * len(stages)))
    assert list(scoring.stage) == stages
    assert scoring.onset == pytest.approx(30 * np.arange(len(stages)))
    assert scoring.duration == pytest.approx([30] * len(stages))
