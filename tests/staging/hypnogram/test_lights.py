"""Lights off and on, as a person writes them."""

from datetime import datetime

import pytest

from sleepaug.staging.hypnogram.lights import Lights, seconds_of
from sleepaug.support.errors import ConfigError, RecordingError

START = datetime(2020, 5, 17, 22, 30, 15)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("23:00", 1785),
        ("06:30:15", 8 * 3600),
        ("22:30", 0),  # a little before the recording
        ("90", 90),
        ("90.5", 90.5),
    ],
)
def test_a_time_is_counted_from_the_start(text, seconds):
    assert seconds_of(text, START) == seconds


@pytest.mark.parametrize("text", ["25:00", "soon", "-5", "22.30h"])
def test_what_is_no_time_is_refused_with_the_name_of_its_parameter(text):
    with pytest.raises(ConfigError, match="not a time") as refused:
        Lights(on=text)
    assert refused.value.parameters == ("lights_on",)


def test_a_time_of_day_needs_a_recording_with_a_date():
    assert seconds_of("90", None) == 90
    with pytest.raises(RecordingError, match="does not say") as refused:
        Lights(off="23:00").seconds(None, 3600)
    assert refused.value.parameters == ("lights_off",)


def test_lights_go_on_after_they_go_off():
    with pytest.raises(ConfigError, match="lights on at 3 is not after lights off at 9"):
        Lights("9", "3")
    lights = Lights("23:00", "22:45")  # depends on when the recording starts
    with pytest.raises(RecordingError, match="is not after"):
        lights.seconds(START, 3600)


def test_lights_may_go_off_before_midnight_and_on_after_it():
    assert Lights("23:00", "06:30:15").seconds(START, 9 * 3600) == (1785, 8 * 3600)


def test_lights_go_off_during_the_recording():
    assert Lights("1799").seconds(START, 1800) == (1799, None)
    with pytest.raises(RecordingError, match="has ended by then, 1800 s"):
        Lights("1800").seconds(START, 1800)
