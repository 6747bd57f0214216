"""Small recordings for the tests of `sleepaug.data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import edf_files
import numpy as np
import pytest

from sleepaug.data.recording import Recording, Scoring


@pytest.fixture(scope="session")
def write_edf() -> Callable[..., Path]:
    return edf_files.write_edf


@pytest.fixture(scope="session")
def noise() -> Callable[..., np.ndarray]:
    return edf_files.pink


def _fixed(files: tuple[Path, ...]) -> Scoring:
    """30-s windows: W N1 N2 N3 R, again and again, for two minutes."""
    return Scoring((0.0, 30.0, 60.0, 90.0), (30.0,) * 4, ("W", "N1", "N2", "R"))


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Two minutes of one channel with four stages."""
    return Recording(
        "night", "anna", (edf_files.write_edf(tmp_path / "night.edf", ["C3"]),), _fixed
    )


@pytest.fixture
def patch() -> Callable[..., None]:
    """Overwrite bytes of a file at an offset."""

    def write(path: Path, offset: int, content: bytes) -> None:
        data = bytearray(path.read_bytes())
        data[offset : offset + len(content)] = content
        path.write_bytes(data)

    return write
