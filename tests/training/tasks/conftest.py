"""The settings files that ship with the project."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def config_path() -> Callable[[str], Path]:
    """A function from a name to the path in configs/."""
    return lambda name: Path(__file__).parents[3] / "configs" / name
