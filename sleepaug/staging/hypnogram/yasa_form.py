"""A hypnogram as YASA has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.stages import STAGES, UNKNOWN
from sleepaug.support.errors import ConfigError

if TYPE_CHECKING:
    import yasa

    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

NAMES = {"W": "WAKE", "N1": "N1", "N2": "N2", "N3": "N3", "R": "REM", UNKNOWN: "UNS"}


def to_yasa(night: Hypnogram) -> yasa.Hypnogram:
    """Return a hypnogram of YASA, with probabilities where all epochs have them.

    Raises
    ------
    ConfigError
        YASA is not installed.
    """
    try:
        import yasa
    except ImportError as error:
        raise ConfigError("YASA is not installed: pip install yasa.") from error
    import pandas as pd

    whole = not np.isnan(night.probabilities).any()
    return yasa.Hypnogram(
        [NAMES[stage] for stage in night.stages],
        freq="30s",
        start=night.start and night.start.isoformat(),
        scorer="sleepaug",
        proba=pd.DataFrame(night.probabilities, columns=[NAMES[s] for s in STAGES])
        if whole
        else None,
    )
