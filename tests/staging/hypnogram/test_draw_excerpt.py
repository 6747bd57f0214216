"""The lines of an epoch's picture, followed back to microvolts."""

import re

import numpy as np
import pytest

from sleepaug.staging.excerpts import Excerpt
from sleepaug.staging.hypnogram.draw_excerpt import draw_excerpt
from sleepaug.staging.window_signal import Trace


def points_of(path):
    """Follow a path, as a browser does; return sample numbers and heights."""
    points = []
    for part in path.split("M")[1:]:
        moves = np.reshape([int(number) for number in re.findall(r"-?\d+", part)], (-1, 2))
        points += np.cumsum(moves, axis=0)[1:].tolist()
    return np.array(points).T


@pytest.mark.parametrize(("kind", "between"), [("eeg", 100), ("eog", 200), ("emg", 100)])
def test_a_line_is_the_signal_with_its_gaps_cut_where_it_leaves_its_place(kind, between):
    x = np.random.default_rng(0).normal(0, between / 4, 3000)
    x[[0, 1, 500, 700, 701, 702, 2999]] = np.nan
    x[501:503] = np.nan, 0.0  # a single sample between gaps
    x[1000:1100] = -5 * between
    drawing = draw_excerpt(Excerpt(0, (Trace("C3", kind, 100.0, x.astype(np.float32)),)))
    (line,) = drawing.lines
    assert line.label == f"C3 ±{between // 2} µV"
    assert drawing.seconds == 30
    assert line.seconds == 0.01
    samples, down = points_of(line.path)
    np.testing.assert_array_equal(samples, np.flatnonzero(np.isfinite(x)))
    drawn = -down / (2 * drawing.steps) * between
    most = between / 2 if kind == "emg" else between  # an EMG covers none of its neighbours
    expected = np.clip(x[samples], -most, most)
    assert np.abs(drawn - expected).max() <= between / 400 * 1.0001
