"""Recordings in, windows out: datasets, channels, preprocessing, cache, folds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sleepaug.data.dreams import dreams
from sleepaug.data.edf_folder import edf_folder
from sleepaug.data.mass import mass
from sleepaug.data.recording import STAGES, UNKNOWN, WINDOW_SECONDS, Recording, RecordingError
from sleepaug.data.sleep_edf import sleep_edf

__all__ = ["DATASETS", "STAGES", "UNKNOWN", "WINDOW_SECONDS", "Recording", "RecordingError"]

DATASETS: dict[str, Callable[[str | Path], list[Recording]]] = {
    "simulated": mass,  # `sleepaug simulate` writes the MASS layout
    "mass": mass,
    "sleep-edf": sleep_edf,
    "dreams": dreams,
    "edf": edf_folder,
}
