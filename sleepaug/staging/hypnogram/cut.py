"""A part of a night."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram


def windows_of(night: Hypnogram, part: slice) -> Hypnogram:
    """Return the windows of a slice.

    Raises
    ------
    TypeError
        It is no slice, or has steps.
    """
    if not isinstance(part, slice) or part.step not in (None, 1):
        raise TypeError(f"a hypnogram is cut by a slice such as [10:20], not by {part!r}.")
    first, end, _ = part.indices(len(night))
    return replace(
        night,
        onset=night.onset[part],
        probabilities=night.probabilities[part],
        reason=list(night.reason)[part],
        spectrum=None if night.spectrum is None else night.spectrum[part],
        disagree=None if night.disagree is None else list(night.disagree)[part],
        by_person=None if night.by_person is None else night.by_person[part],
        excerpts=[
            replace(one, window=one.window - first)
            for one in night.excerpts
            if first <= one.window < end
        ],
    )
