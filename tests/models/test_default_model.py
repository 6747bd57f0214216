"""The model that ships: it stages recordings of any montage, at any rate from 50 Hz up."""

import mne
import numpy as np
import pytest

import sleepaug
from sleepaug.data.stages import STAGES
from sleepaug.models.cards import find_model, read_card
from sleepaug.simulation.night import simulate_night
from sleepaug.training.metrics import confusion_matrix, recalls


@pytest.mark.parametrize(("channel", "sfreq"), [("C4", 50.0), ("Fpz-Cz", 128.0)])
def test_one_channel_is_enough(channel, sfreq):
    """Four hours of a person it was not trained on; chance is 0.2."""
    raw = simulate_night(987, hours=4.0, ch_names=[channel], sfreq=sfreq)
    night = sleepaug.load_model().predict(raw)
    assert night.scored.mean() > 0.9
    y = np.array([STAGES.index(stage) for stage in raw.annotations.description])[night.scored]
    predicted = np.array([STAGES.index(stage) for stage in night.stages[night.scored]])
    assert np.nanmean(recalls(confusion_matrix(y, predicted, 5))) > 0.5
    assert not any("are few" in note for note in night.notes)
    short = sleepaug.load_model().predict(raw.crop(0, 599.9))
    assert any("19 epochs are few" in note for note in short.notes)


def test_noise_is_doubted():
    x = np.random.default_rng(0).normal(0, 30e-6, (1, 100 * 3600))
    raw = mne.io.RawArray(x, mne.create_info(["C3-A2"], 100, "eeg"), verbose="error")
    night = sleepaug.load_model().predict(raw)
    assert not night.scored.any() or any(note.startswith("Warning") for note in night.notes)


def test_a_wrong_gain_is_doubted():
    raw = simulate_night(5, hours=0.5, ch_names=["C3"], sfreq=100.0)
    stager = sleepaug.load_model()
    assert not any("gain or unit" in note for note in stager.predict(raw).notes)
    louder = raw.copy().apply_function(lambda x: 20 * x, picks="eeg")
    assert any("gain or unit may be wrong. Do not trust" in n for n in stager.predict(louder).notes)


def test_it_says_what_it_is():
    card = read_card(find_model())
    assert card.description.trained_on.data == "simulated, partly YASA-labelled"
    assert "For research, not for diagnosis" in card.text
    assert "those of YASA were" in card.text
