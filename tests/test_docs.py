"""What the pages say of the code holds: blocks run, links and names resolve, settings agree."""

import pkgutil
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from sleepaug.cli import main
from sleepaug.data.datasets import DATASETS
from sleepaug.models.trunks import TRUNKS
from sleepaug.training.methods import METHODS

DOCS = Path(__file__).parents[1] / "docs"
ROOMS = (
    "cli", "experiments", "staging", "training", "models", "augment", "data", "simulation",
    "support",
)  # fmt: skip
PAGES = [
    DOCS.parent / "README.md",
    *sorted(DOCS.glob("[a-z]*/[a-z]*.md")),
    *sorted(DOCS.glob("*.md")),
]


LONGEST_LINE = 110
LONGEST = 20  # lines of code that a dataset, a transform, a trunk or a method may take


@pytest.fixture
def nights(tmp_path):
    """Nights as the dataset of the page wants them."""
    from sleepaug.simulation.night import simulate_night

    rng = np.random.default_rng(0)
    for person in range(5):
        raw = simulate_night(person, hours=0.1, ch_names=["C3", "C4"])
        raw.export(tmp_path / f"p{person}_1.edf", verbose="error")
        (tmp_path / f"p{person}_1.txt").write_text(" ".join(rng.choice(list("01235"), 12)))
    return tmp_path


def test_extending_runs(nights, monkeypatch):
    monkeypatch.chdir(nights)
    text = (DOCS / "extending.md").read_text(encoding="utf-8")
    scope: dict = {"folder": nights}
    for title, block in re.findall(r"^## (.*?)$.*?```python\n(.*?)```", text, re.DOTALL | re.M):
        if title.startswith("A "):
            code = [line for line in block.splitlines() if line.strip()]
            assert len(code) <= LONGEST, title
    try:
        for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            exec(compile(block, "extending.md", "exec"), scope)
    finally:
        for registry, name in ((DATASETS, "lab"), (TRUNKS, "small"), (METHODS, "trivial")):
            registry.pop(name, None)
    assert len(scope["lab"](nights)) == 5
    assert scope["metrics"].epochs == 1
    assert scope["metrics"].test["n_windows"] > 0
    sums = scope["log_probabilities"].exp().sum(dim=1)
    assert torch.allclose(sums, torch.ones_like(sums), atol=1e-5)
    assert np.allclose(scope["probabilities"].sum(axis=1), 1, atol=1e-4)
    assert scope["augmented"].shape == scope["x"].shape
    assert np.array_equal(scope["again"].x, scope["windows"].x)
    assert np.array_equal(scope["again"].y, scope["windows"].y)


@pytest.mark.parametrize("page", ["predict.md", "api.md"])
def test_examples_of_the_page_run(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    scope: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, page, "exec"), scope)
    assert scope, "the page has no example"


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted(DOCS.glob("examples/*.py")), ids=lambda path: path.stem)
def test_examples_of_the_gallery_run(script):
    assert runpy.run_path(str(script))


def test_configuration_page_is_what_the_dataclasses_say():
    script = runpy.run_path(str(DOCS / "scripts" / "configuration.py"))
    written = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert written == script["page"](), "run `python docs/scripts/configuration.py`"


def test_every_command_has_its_page_and_the_site_runs_it():
    pages = {path.stem: path.read_text(encoding="utf-8") for path in DOCS.glob("commands/*.md")}
    contents = pages.pop("index")
    script = (DOCS / "scripts" / "commands.py").read_text(encoding="utf-8")
    assert set(pages) == set(main.commands)
    for name, text in pages.items():
        assert f"({name}.md)" in contents
        assert f'"{name}"' in script
        assert f"```{{sleepaug}} {name}" in text


def names_of_the_api():
    """The names that the page of the API lists, below `sleepaug`."""
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    return [
        name
        for block in re.findall(r":toctree: generated\n\n(.*?)```", text, flags=re.DOTALL)
        for name in block.split()
    ]


@pytest.mark.parametrize("name", names_of_the_api())
def test_every_name_of_the_api_is_there_and_documented(name):
    assert (pkgutil.resolve_name(f"sleepaug.{name}").__doc__ or "").strip()


def test_the_page_of_the_rooms_names_them_all_and_fits_a_screen():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)/` \|", text, flags=re.MULTILINE) == list(ROOMS)
    assert len(text.splitlines()) <= 19


@pytest.mark.parametrize("page", ["architecture.md", "extending.md"])
def test_every_file_that_a_page_on_the_code_names_exists(page):
    package = DOCS.parent / "sleepaug"
    text = (DOCS / page).read_text(encoding="utf-8")
    paths = [path for path in re.findall(r"`([\w/*]+(?:\.py|/))`", text) if "/" in path]
    assert len(paths) > 5
    for path in paths:
        below = [package, DOCS.parent, *(package / room for room in ROOMS)]
        assert any(list(folder.glob(path)) for folder in below), path


def headings(page):
    """What `page.md#...` may name: headings as GitHub and MyST make anchors of them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS.parent).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        linked = page.parent / target if target else page
        # The generated pages exist in the built site only, where Sphinx checks them.
        assert linked.exists() or target.startswith("gallery/"), f"{page.name}: {target}?"
        if anchor:
            assert anchor in headings(linked), f"{page.name}: {link}?"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS.parent).as_posix())
def test_no_line_of_prose_is_long(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    prose = [line for line in text.splitlines() if not line.startswith(("|", "!["))]
    assert [line for line in prose if len(line) > LONGEST_LINE] == []
