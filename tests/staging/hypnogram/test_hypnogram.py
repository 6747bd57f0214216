"""A hypnogram in numbers."""

import json
import sys
from dataclasses import replace

import mne
import numpy as np
import pytest
from hypnograms import NASTY, make

from sleepaug.staging.hypnogram.formats import summary
from sleepaug.support.errors import ConfigError, RecordingError


def test_lights_decide_what_statistics_are_of():
    night = make()
    assert night.statistics()["TIB"] == 30
    assert "start of the recording" in night.span()
    cut = replace(night, lights_off=600.0, lights_on=1200.0)
    assert cut.statistics()["TIB"] == 10
    assert cut.span() == "from lights off to lights on"
    numbers = summary(cut)
    assert numbers["statistics_are"] == cut.span()
    assert json.loads(json.dumps(numbers))["stages"]["?"] == 3


def test_statistics_of_other_lights_are_those_of_a_night_with_them():
    night = make(lights_off=600.0)
    assert night.statistics(lights_on=1200.0)["TIB"] == 10
    assert night.statistics(lights_off="23:04:30")["TIB"] == 25  # the recording starts 22:59:30
    assert night.statistics(lights_off=0)["TIB"] == 30
    assert night.lights_off == 600
    with pytest.raises(ConfigError, match="not a time"):
        night.statistics(lights_off="soon")
    with pytest.raises(RecordingError, match="ended"):
        night.statistics(lights_off=99999)


def test_a_slice_is_a_night_of_these_windows():
    by_person = np.full(60, "", dtype="<U2")
    by_person[21] = "W"
    whole = make(lights_off=660.0, by_person=by_person)
    part = whole[20:30]
    assert part.stages.tolist() == whole.stages[20:30].tolist()
    assert part.table().time[0] == whole.table().time[20]
    assert part.statistics()["TIB"] == 4
    assert part.by_person[1] == "W"
    assert len(part.spectrum) == 10
    assert len(whole[-5:]) == 5
    assert len(whole[50:20]) == 0
    assert whole[5:5].statistics()["TIB"] == 0
    assert "0 epochs" in repr(whole[5:5])
    for wrong in (3, slice(0, 10, 2), "N2"):
        with pytest.raises(TypeError, match=r"\[10:20\]"):
            whole[wrong]


def test_a_persons_stage_comes_before_the_models():
    by_person = np.full(60, "", dtype="<U2")
    by_person[[0, 11, 20]] = "N3", "W", "?"
    night = make(by_person=by_person)
    assert night.stages[[0, 11, 20]].tolist() == ["N3", "W", "?"]
    assert night.automatic[11] == "?"
    assert night.scored.sum() == 60 - 3 + 1 - 1
    table = night.table()
    assert table.scorer[[0, 1, 11]].tolist() == ["person", "model", "person"]
    assert table.automatic.tolist() == make().stages.tolist()
    assert "scorer" not in make().table()


def test_python_shows_a_night_in_a_line():
    text = repr(make(name="night 1"))
    assert text.startswith("<Hypnogram 'night 1', 60 epochs from 2021-03-04 22:59:30: W ")
    assert len(text) < 120


def test_a_notebook_shows_names_of_files_as_words():
    text = make(name=NASTY)._repr_html_()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert 'src="data:image/png;base64,' in text


def test_annotations_are_those_of_the_edf_form(tmp_path):
    night = make()
    night.save(tmp_path / "n.edf")
    written, made = mne.read_annotations(tmp_path / "n.edf"), night.to_annotations()
    assert made.onset.tolist() == written.onset.tolist()
    assert made.duration.tolist() == written.duration.tolist()
    assert made.description.tolist() == written.description.tolist()


def test_yasa_gets_the_stages_and_their_probabilities():
    pytest.importorskip("yasa", reason="YASA is not installed here")
    night = make()
    theirs = night.to_yasa()
    assert theirs.sleep_statistics()["TST"] == pytest.approx(night.statistics()["TST"])
    assert theirs.start.isoformat()[:19] == night.start.isoformat()
    assert theirs.proba is None
    proba = night[:10].to_yasa().proba
    np.testing.assert_allclose(proba["REM"], night.probabilities[:10, 4], atol=1e-6)


def test_without_yasa_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "yasa", None)
    with pytest.raises(ConfigError, match="pip install yasa"):
        make().to_yasa()
