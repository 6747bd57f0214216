"""A hypnogram whose texts a browser, a terminal or matplotlib might obey."""

import datetime
from typing import Any

import numpy as np

from sleepaug.staging.hypnogram.hypnogram import Hypnogram

START = datetime.datetime(2021, 3, 4, 22, 59, 30)
NASTY = 'x<script>alert(1)</script>"\x1b[31m$a_$'


def make(n: int = 60, start: datetime.datetime | None = START, **more: Any) -> Hypnogram:
    """Make a hypnogram of `n` epochs, of which those from 10 to 12 have no stage."""
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.full(5, 0.3), n)
    probabilities[10:13] = np.nan
    reason = ["C3: flat" if 10 <= k < 13 else "" for k in range(n)]
    spectrum = random.gamma(2, 1, (n, 151)).astype(np.float32)
    spectrum[10:13] = np.nan
    notes = [f"C3: {NASTY}, as recorded"]
    basis = (30.0 * np.arange(n), probabilities, reason, start, notes, spectrum)
    return Hypnogram(*basis, spectrum_channel="EEG C3-$A2$", **more)
