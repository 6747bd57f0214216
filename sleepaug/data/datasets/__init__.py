"""Datasets: functions from a folder to its recordings. `DATASETS` names them."""

from __future__ import annotations

from collections.abc import Callable

from sleepaug.data.datasets.bids import bids
from sleepaug.data.datasets.dreams import dreams
from sleepaug.data.datasets.edf_folder import edf_folder
from sleepaug.data.datasets.mass import mass
from sleepaug.data.datasets.sleep_edf import sleep_edf
from sleepaug.data.recording import Recording
from sleepaug.support.plugins import plugins

DATASETS: dict[str, Callable[..., list[Recording]]] = {
    "simulated": mass,  # `sleepaug simulate` writes the MASS layout
    "mass": mass,
    "sleep-edf": sleep_edf,
    "dreams": dreams,
    "edf": edf_folder,
    "bids": bids,
}
DATASETS |= plugins("sleepaug.datasets", DATASETS)
