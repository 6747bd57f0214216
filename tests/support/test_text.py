"""Numbers as text, and pages of HTML."""

import re

import jinja2
import numpy as np
import pytest

from sleepaug.support.text import duration_text, html_template, ranges


def test_ranges_of_numbers():
    assert ranges([]) == ""
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
    assert re.fullmatch(r"\d+", ranges(np.array([4])))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0.4 s"), (9.96, "10 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"),
        (7200, "2 h"), (45_000, "12 h"), (172_800, "2 days"), (900_000, "10 days"),
    ],
)  # fmt: skip
def test_a_length_of_time_has_the_unit_that_fits(seconds, text):
    assert duration_text(seconds) == text


def test_a_page_inserts_text_as_words_and_misses_no_name(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<p>{{ text }}</p>{{ drawing|safe }}")
    page = html_template(path).render(text="<b>\x1b[31m\n&", drawing="<svg></svg>")
    assert page == "<p>&lt;b&gt;\N{REPLACEMENT CHARACTER}[31m\n&amp;</p><svg></svg>"
    with pytest.raises(jinja2.UndefinedError, match="drawing"):
        html_template(path).render(text="")
