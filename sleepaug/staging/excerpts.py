"""What the report of a night shows of the recording: the signals of its least certain epochs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sleepaug.staging.age import age_of
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.window_signal import Trace, WindowSignals
from sleepaug.support.errors import RecordingError

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

MOST = 6
"""Epochs that are drawn."""


@dataclass(frozen=True)
class Excerpt:
    """The signals of a window.

    Attributes
    ----------
    window : int
        Index of the window.
    traces : tuple of Trace
    """

    window: int
    traces: tuple[Trace, ...]


def with_excerpts(
    night: Hypnogram,
    recording: AnyRecording,
    *,
    map: Mapping[str, str] | None = None,
    exclude: Sequence[str] | None = None,
) -> Hypnogram:
    """Add to a night what its report shows of the recording.

    That is the age, the signals of the epochs to look at first, and the spectrum of the first EEG
    channel if it has none.

    Parameters
    ----------
    night : Hypnogram
        Those that `defer` asks for are shown, else the least certain that nobody has reviewed.
    recording : path, mne.io.BaseRaw, or whatever else `open_recording` takes
        What it was staged from.
    map, exclude
        See `WindowSignals`.

    Returns
    -------
    Hypnogram
        With a note instead of signals where no EEG channel is known by its name.
    """
    age = None
    if isinstance(recording, str | os.PathLike):
        age = age_of(Path(recording), night.start)
    try:
        signals = WindowSignals(recording, map, exclude)
    except RecordingError as error:
        note = f"The report has no signals: {error}"
        return replace(night, age=age, notes=[*night.notes, note])
    open_ones = [k for k in night.least_certain(len(night)).tolist() if not night.reviewed[k]]
    windows = [k for k in night.look_first.tolist() if k in open_ones] or open_ones
    excerpts = tuple(
        Excerpt(k, tuple(signals.window(float(night.onset[k])))) for k in windows[:MOST]
    )
    if night.spectrum is None:
        channel, spectrum = signals.spectrum(len(night))
        night = replace(night, spectrum=spectrum, spectrum_channel=channel)
    return replace(night, excerpts=excerpts, age=age)
