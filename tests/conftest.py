"""What several test files share: a tiny task, and the real recordings where they are at hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sleepaug.augment import eeg_transforms
from sleepaug.data.recording import STAGES
from sleepaug.tasks import Split, Task

REAL = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings and scorings beside the repository."""
    if not REAL.is_dir():
        pytest.skip(f"the real recordings are not here: no folder {REAL}")
    return REAL


def oscillations(n: int, seed: int) -> Split:
    """Windows of 2 channels, 3 s at 100 Hz; the class is the frequency."""
    random = np.random.default_rng(seed)
    y = random.integers(0, len(STAGES), n)
    phase = random.uniform(0, 2 * np.pi, (n, 1))
    wave = np.sin(2 * np.pi * (2 + 4 * y[:, None]) * np.arange(300) / 100 + phase)
    x = wave[:, None] + random.normal(0, 0.5, (n, 2, 300))
    return Split(torch.tensor(x, dtype=torch.float32), torch.tensor(y), np.arange(n).astype(str))


@pytest.fixture
def tiny_task() -> Task:
    """Five frequencies to tell apart, and a trunk of 300 parameters."""
    return Task(
        train=oscillations(90, 0),
        valid=oscillations(40, 1),
        transforms=eeg_transforms(100.0, ["C3", "C4"]),
        make_trunk=lambda: nn.Sequential(
            nn.Conv1d(2, 8, 25),
            nn.ReLU(),
            nn.AdaptiveMaxPool1d(1),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(8, 5),
        ),
        classes=STAGES,
    )
