"""Staging a night: channels left out, probabilities calibrated and smoothed."""

import edfio
import mne
import numpy as np
import pytest
import torch
from model_file import CHANNELS, write_model

import sleepaug
from sleepaug.data.signals.night import night_windows
from sleepaug.staging.context import Transitions, smooth
from sleepaug.staging.stager import Stager
from sleepaug.support.errors import RecordingError


def test_the_shipped_model_is_used_where_none_is_named(installed, night):
    stager = sleepaug.load_model()
    assert stager.allow_missing
    assert len(stager.predict(night)) == 40


@pytest.mark.parametrize("present", [["C4"], ["O1", "F3"]])
def test_any_subset_of_channels_is_staged_as_if_the_others_were_zero(
    installed, night, tmp_path, present
):
    stager = sleepaug.load_model()
    signals = edfio.read_edf(night).signals
    part = [s for s in signals if s.label.split()[1].split("-")[0] in present]
    edfio.Edf(part).write(tmp_path / "part.edf")
    hypnogram = stager.predict(tmp_path / "part.edf", context="none")
    x = night_windows(night, stager.preprocessing).x.copy()
    x[:, [k for k, name in enumerate(CHANNELS) if name not in present]] = 0
    with torch.no_grad():
        expected = (stager.model(torch.from_numpy(x)) / 2.0).softmax(-1).numpy()
    np.testing.assert_allclose(hypnogram.probabilities, expected, atol=1e-4)
    absent = [note for note in hypnogram.notes if "not in the recording" in note]
    assert len(absent) == 6 - len(present)


def test_a_mapped_channel_must_be_in_the_recording(installed, night, tmp_path):
    edfio.Edf([edfio.read_edf(night).signals[0]]).write(tmp_path / "x.edf")
    with pytest.raises(RecordingError, match="mapped to X"):
        sleepaug.load_model().predict(tmp_path / "x.edf", map={"O2": "X"})


def test_a_model_that_needs_all_its_channels_refuses_a_subset(tmp_path, night):
    stager = sleepaug.load_model(write_model(tmp_path / "m.safetensors", missing_channels="refuse"))
    edfio.Edf([edfio.read_edf(night).signals[0]]).write(tmp_path / "x.edf")
    with pytest.raises(RecordingError, match=r"'C4', 'F3', 'F4', 'O1', 'O2' not found\. All of C3"):
        stager.predict(tmp_path / "x.edf")


def test_temperature_and_context_are_those_of_the_file(installed, night):
    stager = sleepaug.load_model()
    logits = stager.log_probabilities(night_windows(night, stager.preprocessing).x)
    by = {t: torch.tensor(logits / t).softmax(-1).numpy() for t in (2.0, 3.0)}
    alone = stager.predict(night, context="none").probabilities
    np.testing.assert_allclose(alone, by[2.0], atol=1e-6)
    together = stager.predict(night).probabilities
    np.testing.assert_allclose(
        together, smooth(by[3.0], Transitions.shipped().tempered()), atol=1e-6
    )


def test_several_recordings_give_a_list_in_their_order(installed, nights):
    stager, paths = sleepaug.load_model(), sorted(nights.glob("*PSG.edf"))[:2]
    for several in (paths, tuple(map(str, paths))):
        first, second = stager.predict(several, context="none")
        assert [first.name, second.name] == [path.stem for path in paths]
        np.testing.assert_array_equal(
            second.probabilities, stager.predict(paths[1], context="none").probabilities
        )
    assert stager.predict([]) == []


def test_a_list_names_the_element_that_is_wrong(installed, night, monkeypatch):
    stager = sleepaug.load_model()
    info = mne.create_info(["X"], 100.0, "eeg")
    unknown = mne.io.RawArray(np.zeros((1, 6000)), info, verbose="error")
    with pytest.raises(RecordingError, match=r"Element 1 of a list of 2: recording: none of"):
        stager.predict([night, unknown])
    monkeypatch.setattr(Stager, "stage", None)  # what is no recording is found before any is staged
    with pytest.raises(TypeError, match="got NoneType as element 1 of a list of 2"):
        stager.predict([night, None])
    with pytest.raises(RecordingError, match=r"absent\.edf: no such file"):
        stager.predict([night, "absent.edf"])
