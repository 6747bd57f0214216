"""What several test files share: a tiny task, and the real recordings where they are at hand."""

import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sleepaug.augment import eeg_transforms
from sleepaug.data.stages import STAGES
from sleepaug.training.tasks.task import Split, Task

REAL = Path(__file__).parents[2] / "shared" / "data"
torch.set_num_threads(1)  # threads that wait for each other make tiny tensors ten times slower


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


MASS_CHANNELS = ("C3", "C4", "F3", "F4", "O1", "O2")


def write_mass_night(folder: Path, number: int, *, windows: int = 40, seed: int = 0) -> Path:
    """A little night in the MASS layout whose stages differ in their main rhythm."""
    import edfio

    random = np.random.default_rng([seed, number])
    sfreq, stages = 64, [STAGES[(i // 4 + number) % 5] for i in range(windows)]
    time = np.arange(30 * sfreq) / sfreq
    rhythm = {"W": (10, 30), "N1": (6, 15), "N2": (13, 30), "N3": (1, 70), "R": (4, 20)}
    signals = []
    for name in MASS_CHANNELS:
        windows_of = [
            rhythm[s][1] * np.sin(2 * np.pi * rhythm[s][0] * time + random.uniform(0, 6))
            + random.normal(0, 8, len(time))
            for s in stages
        ]
        signals.append(
            edfio.EdfSignal(
                np.concatenate(windows_of),
                sfreq,
                label=f"EEG {name}-CLE",
                physical_dimension="uV",
                physical_range=(-500, 500),
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    label = {"W": "W", "N1": "1", "N2": "2", "N3": "3", "R": "R"}
    scoring = [
        edfio.EdfAnnotation(30 * i, 30, f"Sleep stage {label[s]}") for i, s in enumerate(stages)
    ]
    night = folder / f"01-03-{number:04d} PSG.edf"
    begin = {
        "recording": edfio.Recording(startdate=datetime.date(2020, 5, 17)),
        "starttime": datetime.time(22, 30),
    }
    edfio.Edf(signals, **begin).write(night)
    edfio.Edf([], annotations=scoring).write(folder / f"01-03-{number:04d} Base.edf")
    return night


@pytest.fixture(scope="session")
def nights(tmp_path_factory) -> Path:
    """Five little nights of five people."""
    folder = tmp_path_factory.mktemp("nights")
    for number in range(1, 6):
        write_mass_night(folder, number)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> Path:
    """A cache of the tests' own, one for the whole session."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("SLEEPAUG_CACHE_DIR", str(folder))
    return folder
