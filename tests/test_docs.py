"""The Python blocks of the pages that say they are run, run; links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"
