"""A hypnogram as rows of a table, one for each epoch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sleepaug.data.stages import STAGES, WINDOW_SECONDS

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram


def rows_of(night: Hypnogram) -> list[dict[str, Any]]:
    """Return one dict for each 30-s epoch; see `Hypnogram.table`. None where there is no value."""
    rank = {int(k): n for n, k in enumerate(night.look_first, start=1)}
    blank = np.isnan(night.probabilities).any(axis=1)
    stages, confidence = night.stages, night.confidence
    automatic, scorers = night.automatic, np.where(night.reviewed, "person", "model")
    rows = []
    for k, onset in enumerate(night.onset.tolist()):
        time = night.start and night.start + timedelta(seconds=onset)
        values = [None] * len(STAGES) if blank[k] else night.probabilities[k].tolist()
        review = {"automatic": str(automatic[k]), "scorer": str(scorers[k])}
        rows.append(
            {
                "epoch": k + 1,
                "onset": onset,
                "duration": WINDOW_SECONDS,
                "time": time and time.isoformat(),
                "stage": str(stages[k]),
                "confidence": None if blank[k] else float(confidence[k]),
                **{f"p_{s}": v for s, v in zip(STAGES, values, strict=True)},
                "reason": night.reason[k],
                "look_first": rank.get(k),
                **({} if night.disagree is None else {"disagree": night.disagree[k]}),
                **({} if night.by_person is None else review),
            }
        )
    return rows
