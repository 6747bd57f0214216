"""The report of a night: one page that runs nothing, whatever the names in the files are."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
from hypnograms import NASTY, make

from sleepaug.staging.hypnogram.page import html_report


class Tags(HTMLParser):
    """Collects tags, addresses and text, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href")]
        assert not [k for k, _ in attrs if k.startswith("on")]

    def handle_data(self, data):
        self.text += data


def test_the_report_is_one_page_that_runs_nothing(tmp_path):
    night = make(name=NASTY, defer=0.2)
    night.save(tmp_path / "n.html")
    text = (tmp_path / "n.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    assert not {"script", "iframe", "link", "object"} & set(page.tags)
    assert all(a.startswith("data:image/png;base64,") for a in page.addresses)
    assert len(page.addresses) == 1
    assert "default-src 'none'" in text
    assert "\x1b" not in text
    assert "<script>alert(1)</script>" in page.text  # as words
    for words in ("For research, not for diagnosis", "C3: flat", "11-13", "time in bed"):
        assert words in page.text


def test_hostile_text_of_a_reason_is_words_in_the_report():
    night = make(n=20)
    reason = [f"{text}: {NASTY}" if text else "" for text in night.reason]
    page = Tags()
    text = html_report(replace(night, reason=np.array(reason)))
    page.feed(text)
    assert "script" not in page.tags
    assert "\x1b" not in text
    assert "C3: flat: x<script>alert(1)</script>" in page.text
