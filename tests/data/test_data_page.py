"""The example of the page on data runs."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    scope: dict = {}
    exec(compile(block, PAGE.name, "exec"), scope)
    assert scope["raw"].ch_names == ["EEG C3-CLE"]
    assert set(scope["raw"].annotations.description) <= {*scope["STAGES"], "?"}
    assert "EEG C3-CLE, as recorded" in capsys.readouterr().out
