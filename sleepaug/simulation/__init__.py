"""Simulated scored polysomnograms: nobody slept.

In reading order: `hypnogram` (stages), `people`, `course` (within the windows), `head`,
`background`, `waves`, `body`, `recorder`, `night` (all of it together), `edf`, `plan`
and `dataset` (files).
"""

from sleepaug.simulation.dataset import simulate_dataset
from sleepaug.simulation.hypnogram import simulate_scorers
from sleepaug.simulation.night import simulate_night
from sleepaug.simulation.plan import SimulationSettings, size_on_disk

__all__ = [
    "SimulationSettings",
    "simulate_dataset",
    "simulate_night",
    "simulate_scorers",
    "size_on_disk",
]
