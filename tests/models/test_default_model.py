"""The model that ships: it stages a night from any of its channels, at any rate from 50 Hz up."""

import numpy as np
import pytest

import sleepaug
from sleepaug.data.stages import STAGES
from sleepaug.models.cards import find_model, read_card
from sleepaug.simulation import simulate_night
from sleepaug.training.metrics import confusion_matrix, recalls


@pytest.mark.parametrize(("channel", "sfreq"), [("C4", 50.0), ("O1", 128.0)])
def test_one_channel_is_enough(channel, sfreq):
    """Four hours of a person it was not trained on; chance is 0.2."""
    raw = simulate_night(987, hours=4.0, ch_names=[channel], sfreq=sfreq)
    night = sleepaug.load_model().predict(raw)
    assert night.scored.all()
    y = np.array([STAGES.index(stage) for stage in raw.annotations.description])
    staged = np.array([STAGES.index(stage) for stage in night.stages])
    assert np.nanmean(recalls(confusion_matrix(y, staged, 5))) > 0.6
    assert sum("the model goes without it" in note for note in night.notes) == 5
    assert not any("are few" in note for note in night.notes)
    short = sleepaug.load_model().predict(raw.crop(0, 599.9))
    assert any("19 epochs are few" in note for note in short.notes)


def test_it_says_what_it_is():
    card = read_card(find_model())
    assert card.description.trained_on.data == "simulated"
    assert card.description.missing_channels == "zero"
    assert card.description.preprocessing.map == {}
    assert "For research, not for diagnosis" in card.text
    assert set(card.description.temperature) == {"none", "transitions"}
