"""Simulated scored polysomnograms: nobody slept, but sleep stagers find their way.

In reading order: `hypnogram` (stages), `people`, `course` (within the windows), `head`,
`background`, `waves`, `body`, `recorder`, `night` (all of it together), `edf`, `dataset`
(files).
"""

from sleepaug.simulation.dataset import simulate_dataset, size_on_disk
from sleepaug.simulation.hypnogram import simulate_scorers
from sleepaug.simulation.night import simulate_night

__all__ = ["simulate_dataset", "simulate_night", "simulate_scorers", "size_on_disk"]
