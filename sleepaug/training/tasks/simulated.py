"""The simulated nights that are used where no others are named."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from pathlib import Path

from sleepaug import __version__
from sleepaug.data import cache
from sleepaug.data.signals.preprocessing import Preprocessing

log = logging.getLogger(__name__)


def simulated_nights(cache_dir: Path | None, *, progress: bool) -> Path:
    """Return the folder of the simulated nights that are used where no others are named.

    They are made at first use, in the cache: 15 people, 4 hours each, six channels.
    """
    from sleepaug.simulation.dataset import simulate_dataset  # imports MNE
    from sleepaug.simulation.plan import SimulationSettings

    folder = cache.folder(cache_dir) / f"{cache.SIMULATED}{__version__}"
    if not folder.is_dir():
        log.info("No data_dir: 15 nights are simulated once, and stored in %s.", folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
        channels = Preprocessing.channels
        try:
            settings = SimulationSettings(nights=15, seed=0, hours=4.0, ch_names=channels)
            simulate_dataset(part, settings, progress=progress)
            with contextlib.suppress(OSError):  # another process was first, with the same nights
                part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder
