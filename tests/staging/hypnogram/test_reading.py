"""A hypnogram is read again as it was written."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypnograms import NASTY, make

from sleepaug.staging.hypnogram.formats import write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.provenance import ModelSource, Provenance
from sleepaug.staging.hypnogram.reading import find_tables, read_hypnogram
from sleepaug.support.errors import RecordingError


@pytest.fixture
def night():
    by_person = np.full(60, "", dtype="<U2")
    by_person[[5, 7, 11]] = "N3", "?", "W"
    return make(name=NASTY, defer=0.1, lights_off=60.0, by_person=by_person)


@pytest.mark.parametrize("ending", [".hypnogram.csv", "_events.tsv"])
def test_both_scorings_come_back(tmp_path, night, ending):
    write_forms(night, tmp_path, "n", ["csv", "bids", "json"])
    stored = read_hypnogram(tmp_path / f"n{ending}").hypnogram
    assert stored.stages.tolist() == night.stages.tolist()
    assert stored.automatic.tolist() == night.automatic.tolist()
    assert stored.by_person.tolist() == night.by_person.tolist()
    np.testing.assert_allclose(stored.probabilities, night.probabilities, atol=6e-5)
    assert stored.start == night.start
    assert stored.lights_off == 60
    assert stored.statistics() == night.statistics()


def test_without_the_summary_the_table_is_enough(tmp_path, night):
    write_forms(night, tmp_path, "n", ["csv"])
    stored = read_hypnogram(tmp_path / "n.hypnogram.csv")
    assert stored.hypnogram.start == night.start
    assert stored.hypnogram.reason[10] == "C3: flat"
    assert stored.hypnogram.made == Provenance()


def test_models_and_what_they_said_come_back(tmp_path, night):
    models = (ModelSource("default", "ab12"), ModelSource("yasa", "cd34"))
    made = Provenance(models, ("C3: as recorded.",), "sleepaug predict x")
    disagree = ["default=N2 yasa=R" if k == 3 else "" for k in range(60)]
    write_forms(replace(night, made=made, disagree=disagree), tmp_path, "n", ["csv", "json"])
    stored = read_hypnogram(tmp_path / "n.hypnogram.csv").hypnogram
    assert stored.made.to_json() == made.to_json()
    assert stored.made.in_short() == made.in_short()
    assert stored.disagree == disagree


def test_of_stages_that_rounding_made_equal_the_written_one_stays(tmp_path):
    p = np.array([[0.2, 0.1, 0.30001, 0.30002, 0.09997]])
    night = Hypnogram(np.zeros(1), p, [""])
    night.save(tmp_path / "n.csv")
    stored = read_hypnogram(tmp_path / "n.csv").hypnogram
    assert stored.stages.tolist() == ["N3"]
    assert stored.by_person is None


def test_a_stage_changed_in_another_program_is_a_persons(tmp_path):
    make(n=5).save(tmp_path / "n.csv")
    lines = (tmp_path / "n.csv").read_text().splitlines()
    cells = lines[2].split(",")
    other = "W" if cells[4] != "W" else "N1"
    lines[2] = ",".join([*cells[:4], other, *cells[5:]])
    (tmp_path / "n.csv").write_text("\n".join(lines))
    stored = read_hypnogram(tmp_path / "n.csv").hypnogram
    assert stored.by_person.tolist() == ["", other, "", "", ""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("onset,stage\n0,W\n", "p_W"),
        ("onset,stage,p_W,p_N1,p_N2,p_N3,p_R\n", "no epochs"),
        ("onset,stage,p_W,p_N1,p_N2,p_N3,p_R\n0,W,1,0,x,0,0\n", "'x' in column p_N2"),
        ("onset,stage,p_W,p_N1,p_N2,p_N3,p_R\n0,N9,1,0,0,0,0\n", "N9"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, text, words):
    (tmp_path / "n.hypnogram.csv").write_text(text)
    with pytest.raises(RecordingError, match=words):
        read_hypnogram(tmp_path / "n.hypnogram.csv")


def test_a_damaged_summary_is_named(tmp_path, night):
    write_forms(replace(night, name="n"), tmp_path, "n", ["csv", "json"])
    file = tmp_path / "n.summary.json"
    facts = json.loads(file.read_text())
    file.write_text(json.dumps(facts | {"lights_off": "late"}))
    with pytest.raises(RecordingError, match="lights_off"):
        read_hypnogram(tmp_path / "n.hypnogram.csv")
    file.write_text("{")
    with pytest.raises(RecordingError, match="damaged"):
        read_hypnogram(tmp_path / "n.hypnogram.csv")


def test_of_two_tables_of_a_night_one_is_taken(tmp_path, night):
    write_forms(night, tmp_path, "sub-1_eeg", ["csv", "bids"])
    (tmp_path / "deep").mkdir()
    write_forms(night, tmp_path / "deep", "sub-1_eeg", ["bids"])
    names = [path.relative_to(tmp_path).as_posix() for path in find_tables(tmp_path)]
    assert names == ["deep/sub-1_events.tsv", "sub-1_eeg.hypnogram.csv"]
