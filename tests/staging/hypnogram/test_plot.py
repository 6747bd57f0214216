"""The picture of a night."""

import numpy as np
import pytest
from hypnograms import NASTY, make

from sleepaug.staging.hypnogram.hypnogram import Hypnogram

DEPTH = ["W", "R", "N1", "N2", "N3"]


def test_pictures_are_written_as_png_and_svg_without_scripts(tmp_path):
    night = make(name=NASTY)
    for name in ("n.png", "n.svg"):
        night.save(tmp_path / name)
    assert (tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")
    assert "<script" not in (tmp_path / "n.svg").read_text()


def test_the_line_of_the_hypnogram_goes_through_the_stages():
    night = make()
    panels = night.plot().axes
    assert len(panels) == 3
    line = panels[0].lines[0].get_ydata()
    assert np.isnan(line[10:13]).all()
    scored = np.flatnonzero(night.scored)
    assert [DEPTH[int(-line[k])] for k in scored] == night.stages[scored].tolist()


def test_the_spectrogram_names_its_channel_and_its_unit():
    panel = make().plot().axes[2]
    assert panel.get_title("left") == "EEG C3-$A2$, as recorded"
    (bar,) = panel.child_axes
    assert bar.get_ylabel() == "dB (1 µV²/Hz)"


def test_lights_are_named():
    axis = make(lights_off=300.0, lights_on=1500.0).plot().axes[0]
    assert [text.get_text() for text in axis.texts] == ["lights off", "lights on"]
    off, on = (text.get_position()[0] for text in axis.texts)
    assert (on - off) * 24 * 60 == pytest.approx(20)


def test_the_legend_names_every_stage():
    legend = make().plot().axes[1].get_legend()
    assert [text.get_text() for text in legend.texts] == [*DEPTH, "not scored"]


def test_times_of_a_minute_differ():
    figure = make(2).plot()
    figure.canvas.draw()
    times = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert len(set(times)) == len(times)


def test_a_night_of_one_epoch_without_a_stage_is_drawn():
    night = Hypnogram(np.array([0.0]), np.full((1, 5), np.nan), ["C3: flat"])
    assert len(night.plot().axes) == 2
