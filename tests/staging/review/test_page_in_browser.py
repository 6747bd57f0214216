"""The page of a review in a real browser: keys, order, saving, hostile names."""

import pytest
from browser import DRIVER, Browser

from sleepaug.staging.review.session import Review

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DRIVER is None, reason="chromedriver is not installed"),
]
LOADED = "night !== null && document.querySelectorAll('#uncertain li').length === 11"


@pytest.fixture(scope="module")
def browser():
    with Browser() as window:
        yield window


@pytest.fixture
def page(browser, server):
    browser.open(server.url)
    browser.wait(LOADED)
    yield browser
    browser.run("unsaved = false")  # or the next page would wait for an answer


def test_keys_give_stages_in_the_order_of_doubt_and_saving_writes_them(page, review):
    order = page.run("night.uncertain")
    assert page.run("at") == order[0]
    page.press("3")
    assert page.run("at") == order[1]
    page.press("r")
    page.press("Space")
    assert page.run("at") == order[3]
    assert "2 epochs reviewed" in page.text("#progress")
    assert "Not saved" in page.text("#state")
    page.press("s")
    page.wait("document.querySelector('#state').textContent.startsWith('Saved')")
    stored = Review(review.nights, review.settings).hypnogram(0)
    assert stored.by_person[order[0]] == "N3"
    assert stored.by_person[order[1]] == "R"
    assert stored.reviewed.sum() == 2
    assert page.errors() == []


def test_arrows_move_and_a_stage_goes_on_to_the_neighbour(page):
    page.run("go(4, false)")
    page.press("Right", "Right", "Left")
    assert page.run("at") == 5
    page.press("w")
    assert page.run("[at, night.person[5]]") == [6, "W"]
    page.press("Left", "Delete")
    assert page.run("[at, night.person[5]]") == [5, ""]
    for key, stage in (("1", "N1"), ("2", "N2"), ("?", "?")):
        page.run("go(5, false)")
        page.press(key)
        assert page.run("night.person[5]") == stage
    page.run("go(0, false)")
    page.press("Left")
    assert page.run("at") == 0
    page.run("go(11, false)")
    page.press("Right")
    assert page.run("at") == 11


def test_names_in_files_are_words(page):
    assert page.run("document.querySelectorAll('img').length") == 0
    assert "<img src=x onerror=alert(1)>" in page.text("#night")
    assert "<script>alert(2)</script>" in page.text("#warnings")
    page.run("go(3, false)")
    assert "<b>C3</b>: flat" in page.text("#where")
    assert page.errors() == []


def test_the_signals_are_drawn(page):
    page.wait("signals.toDataURL().length > 20000")
    first = page.run("signals.toDataURL()")
    page.press("Right")
    page.wait(f"signals.toDataURL().length > 20000 && signals.toDataURL() !== {first!r}")


def test_a_night_that_cannot_be_read_says_so_and_others_open(page):
    page.run("(document.querySelector('#night').selectedIndex = 2, open(2))")
    page.wait("document.querySelector('#message').textContent.includes('no hypnogram')")
    assert page.run("document.querySelector('main').hidden")
    page.run("open(1)")
    page.wait(LOADED)
    assert page.run("night.name") == "x/b"


def test_a_night_saved_from_another_page_is_not_overwritten(page, review):
    review.save(0, {0: "W"}, 0)
    page.press("1", "s")
    page.wait("document.querySelector('#message').textContent.includes('another page')")
    assert review.hypnogram(0).by_person.tolist()[0] == "W"


def test_another_page_cannot_reach_the_server(browser, server):
    browser.open("data:text/html,<title>other</title>")
    for options in ("{}", "{mode: 'no-cors', method: 'POST', body: '{}'}"):
        browser.run(f"window.answer = '', fetch('{server.url}night/0', {options})"
                    ".then((a) => a.text()).then((t) => { window.answer = 'got' + t; })"
                    ".catch((e) => { window.answer = 'no'; })")  # fmt: skip
        browser.wait("window.answer !== ''")
        assert browser.run("window.answer") in ("no", "got")
    assert not server.review.settings.output.exists()
