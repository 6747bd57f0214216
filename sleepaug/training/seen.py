"""Which nights a model has seen in its training: they are known again by their scoring."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from sleepaug.data.windows import Windows
from sleepaug.models.description import TrainedOn

MOST_NAMED = 8
"""Subjects that a warning names."""
FEWEST_CHANGES = 4
"""Changes of stage: short recordings with fewer may be scored alike by chance."""


def fingerprint(windows: Windows, recording: str) -> str:
    """Return a short hash of one night's scoring, by which the night is known under any name."""
    mask = windows.recording == recording
    scoring = windows.y[mask].astype(np.int8).tobytes() + windows.onset[mask].astype(int).tobytes()
    return hashlib.sha256(scoring).hexdigest()[:16]


def _is_distinctive(y: np.ndarray) -> bool:
    """Tell whether a scoring changes stage so often that no other night has the same."""
    return bool(np.count_nonzero(np.diff(y)) >= FEWEST_CHANGES)


def seen_in_training(sources: Sequence[TrainedOn], data: str, windows: Windows) -> list[str]:
    """Name the subjects of a dataset that the model was trained or selected on.

    A subject is recognised by name within one dataset, and a night by its scoring whatever the
    dataset is called, if its stage changes often enough. Simulated subjects are numbered alike in
    every simulation, so only the scoring tells them apart.

    Parameters
    ----------
    sources : sequence of TrainedOn
        What the model, or each of several, was trained on.
    data : str
        Name of the dataset.
    windows : Windows

    Returns
    -------
    list of str
        One sentence, or none.
    """
    scorings = {scoring for one in sources for scoring in one.scorings}
    names = {name for one in sources if one.data == data != "simulated" for name in one.subjects}
    seen, subjects = [], np.unique(windows.subject)
    for subject in subjects:
        nights = np.unique(windows.recording[windows.subject == subject])
        same_night = any(
            _is_distinctive(windows.y[windows.recording == night])
            and fingerprint(windows, night) in scorings
            for night in nights
        )
        if same_night or subject in names:
            seen.append(str(subject))
    if not seen:
        return []
    more = len(seen) - MOST_NAMED
    named = ", ".join(seen[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return [
        f"the model was trained on {len(seen)} of the {len(subjects)} subjects, whose scores "
        f"are therefore too good: {named}."
    ]
