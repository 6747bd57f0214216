"""The style of figures: what it opens, and that the user's own settings come back."""

import matplotlib
import pytest
from matplotlib.figure import Figure

from sleepaug.support.figure_style import figure_style


def visible(axis):
    return {name for name, spine in axis.spines.items() if spine.get_visible()}


def test_axes_are_open_at_the_top_and_right():
    with figure_style():
        axis = Figure().subplots()
    assert visible(axis) == {"left", "bottom"}


def test_the_settings_of_the_caller_come_back_also_after_an_error():
    before = dict(matplotlib.rcParams)

    @figure_style()
    def draw():
        assert matplotlib.rcParams["axes.spines.top"] is False
        raise ValueError("while drawing")

    with pytest.raises(ValueError, match="while drawing"):
        draw()
    assert dict(matplotlib.rcParams) == before
    assert visible(Figure().subplots()) == {"left", "bottom", "top", "right"}
