"""What the pages say of the code holds: blocks run, links lead somewhere, settings are all said."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    DOCS.parent / "README.md",
    *sorted(DOCS.glob("[a-z]*/[a-z]*.md")),
    *sorted(DOCS.glob("*.md")),
]


def test_extending_runs():
    text = (DOCS / "extending.md").read_text(encoding="utf-8")
    scope: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, "extending.md", "exec"), scope)
    sums = scope["log_probabilities"].exp().sum(dim=1)
    assert torch.allclose(sums, torch.ones_like(sums), atol=1e-5)
    assert np.allclose(scope["probabilities"].sum(axis=1), 1, atol=1e-4)
    assert scope["augmented"].shape == scope["x"].shape
    assert np.array_equal(scope["again"].x, scope["windows"].x)
    assert np.array_equal(scope["again"].y, scope["windows"].y)


def test_configuration_page_is_what_the_dataclasses_say():
    script = runpy.run_path(str(DOCS / "scripts" / "configuration.py"))
    written = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert written == script["page"](), "run `python docs/scripts/configuration.py`"


def headings(page):
    """What `page.md#...` may name: headings as GitHub and MyST make anchors of them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS.parent).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        there = page.parent / target if target else page
        # The generated pages exist in the built site only, where Sphinx checks them.
        assert there.exists() or target.startswith("gallery/"), f"{page.name}: {target}?"
        if anchor:
            assert anchor in headings(there), f"{page.name}: {link}?"
