"""Small EDF files for tests, written with edfio."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import edfio
import numpy as np


def pink(n_times: int, seed: int = 0, sd: float = 30.0) -> np.ndarray:
    """Noise with a falling spectrum, in microvolts."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n_times))
    x = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), n_times)
    return sd * x / x.std()


def write_edf(
    path: Path,
    channels: Sequence[str] | dict[str, np.ndarray] = ("EEG C3-A2",),
    sfreq: float = 100.0,
    seconds: float = 120.0,
    stages: Sequence[tuple[float, float, str]] | None = None,
    unit: str = "uV",
    start: datetime.datetime | None = None,
) -> Path:
    """Write signals (pink noise if only names are given), with annotations if there are any."""
    if not isinstance(channels, dict):
        n = round(seconds * sfreq)
        channels = {name: pink(n, seed) for seed, name in enumerate(channels)}
    signals = [
        edfio.EdfSignal(x, sfreq, label=name, physical_dimension=unit, physical_range=(-600, 600))
        for name, x in channels.items()
    ]
    notes = [edfio.EdfAnnotation(o, d or None, text) for o, d, text in stages or ()]
    header = {}
    if start is not None:
        header["recording"] = edfio.Recording(startdate=start.date())
        header["starttime"] = start.time()
    path.parent.mkdir(parents=True, exist_ok=True)
    edfio.Edf(signals, annotations=notes if stages is not None else (), **header).write(path)
    return path
