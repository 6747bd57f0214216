"""A hypnogram in numbers."""

import json
from dataclasses import replace

from hypnograms import make

from sleepaug.staging.hypnogram.formats import summary


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
