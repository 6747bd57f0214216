"""From a recording to continuous signals: choose channels, subtract, filter, resample, check.

Training and prediction load EEG through `continuous`. EDF and BDF files are read by the built-in
reader, channel by channel and block by block; everything else by MNE.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.files.open import OpenRecording, open_recording
from sleepaug.data.signals.channel_names import parse_name
from sleepaug.data.signals.channels import Source, choose
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.quality import amplitude_problems
from sleepaug.data.signals.resample import MIN_TRANSITION, lowpass_and_resample
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import RecordingError

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

MIN_SFREQ, MAX_SFREQ = 50.0, 50_000.0
"""Sampling rates in Hz that can be used."""


def signals(
    source: AnyRecording,
    preprocessing: Preprocessing,
    *,
    allow_missing: bool = False,
) -> tuple[np.ndarray, list[str]]:
    """Read the continuous signals of a recording, ready to be cut.

    Parameters
    ----------
    source : path, mne.io.BaseRaw, or whatever else `open_recording` takes
        The recording; only the channels that are needed are read.
    preprocessing : Preprocessing
        Its channels, map, reference, low-pass and rate are used.
    allow_missing : bool
        Channels that the recording lacks are zero, as long as it has one of them.

    Returns
    -------
    x : ndarray of shape (n_chans, n_times), float32
        In microvolts, NaN where samples are missing.
    notes : list of str
        What was used for each channel, and what was left out, a sentence each.

    Raises
    ------
    RecordingError
        If the file cannot be read, a channel or the reference is missing, a channel is flat, or
        the amplitude cannot be that of EEG in the stated unit.
    """
    recorded = open_recording(source)
    x, notes, sources = continuous(recorded, preprocessing, allow_missing=allow_missing)
    present = np.array([name in sources for name in preprocessing.channels])
    rows = [x[k] for k in np.flatnonzero(present)]  # not x[present], which is a copy of the night
    problems = amplitude_problems(rows, list(sources), preprocessing.n_times, recorded.unit_rule)
    for name, problem in problems.items():
        raise RecordingError(
            f"{recorded.path}: channel '{name}' {problem}", parameters=("map", "channels")
        )
    x[~present] = 0
    absent = [name for name in preprocessing.channels if name not in sources]
    notes += [f"{name}: not in the recording, it is zero." for name in absent]
    return x, notes


def continuous(
    recorded: OpenRecording,
    preprocessing: Preprocessing,
    *,
    allow_missing: bool = False,
) -> tuple[np.ndarray, list[str], dict[str, Source]]:
    """Read the signals of a recording that is open, without a look at their amplitudes.

    Parameters
    ----------
    recorded : OpenRecording
    preprocessing : Preprocessing
    allow_missing : bool
        Channels that the recording lacks have no source and are NaN.

    Returns
    -------
    x : ndarray of shape (n_chans, n_times), float32
        In microvolts, NaN where samples are missing.
    notes : list of str
    sources : dict of str to Source
        How each channel was made.
    """
    sources, notes = _sources(recorded, preprocessing, allow_missing=allow_missing)
    n_new = int(recorded.seconds * preprocessing.sfreq + 1e-6)
    if n_new < preprocessing.n_times:
        raise RecordingError(
            f"{recorded.path}: lasts {recorded.seconds:g} s; at least one window of "
            f"{WINDOW_SECONDS:g} s is needed."
        )
    groups = _by_rate(recorded, list(sources.values()))
    places = [preprocessing.channels.index(name) for name in sources]
    x = np.empty((len(preprocessing.channels), n_new), np.float32)
    x[[row for row in range(len(x)) if row not in places]] = np.nan
    for sfreq, rows in groups.items():
        lowpass = preprocessing.lowpass
        if lowpass is not None and lowpass + MIN_TRANSITION > sfreq / 2:
            notes.append(f"No {lowpass:g}-Hz low-pass: the recording's rate is {sfreq:g} Hz.")
            lowpass = None
        chosen = [list(sources.values())[row] for row in rows]
        part = x if len(rows) == len(x) else np.empty((len(rows), n_new), np.float32)
        lowpass_and_resample(
            partial(_derived, recorded, chosen),
            *(recorded.n_times(chosen[0].channel), sfreq, preprocessing.sfreq, lowpass, part),
        )
        if part is not x:
            x[[places[row] for row in rows]] = part
    return x, notes, sources


def _sources(
    recorded: OpenRecording, preprocessing: Preprocessing, *, allow_missing: bool
) -> tuple[dict[str, Source], list[str]]:
    """Choose the channels, and note what was used and what was left out."""
    reasons = unusable(recorded, preprocessing)
    left_out = "; ".join(f"'{name}' ({reason})" for name, reason in reasons.items())
    try:
        sources = choose(
            [name for name in recorded.names if name not in reasons],
            preprocessing.channels,
            preprocessing.map,
            preprocessing.reference,
            allow_missing=allow_missing,
        )
    except RecordingError as error:
        also = f" Left out: {left_out}." if left_out else ""
        raise RecordingError(
            f"{recorded.path}: {error}{also}", parameters=error.parameters
        ) from error
    notes = [*recorded.notes, *(source.sentence for source in sources.values())]
    if left_out:
        notes.append(f"Left out: {left_out}.")
    return sources, notes


def unusable(recorded: OpenRecording, preprocessing: Preprocessing) -> dict[str, str]:
    """Find the channels that could be wanted and are not to be used, and why.

    Raises
    ------
    RecordingError
        A channel is to be left out that the recording does not have.
    """
    if unknown := [name for name in preprocessing.exclude if name not in recorded.names]:
        raise RecordingError(
            f"{recorded.path}: no channel named {', '.join(map(repr, unknown))} to leave out. The "
            f"file has: {', '.join(recorded.names)}.",
            parameters=("exclude",),
        )
    mapped = {name.strip() for names in preprocessing.map.values() for name in names.split("|")}
    reasons = dict.fromkeys(preprocessing.exclude, "excluded")
    for name in recorded.names:
        if parse_name(name) is None and name not in mapped:
            continue
        if problem := recorded.problem(name):
            reasons.setdefault(name, problem)
    return reasons


def _by_rate(recorded: OpenRecording, sources: list[Source]) -> dict[float, list[int]]:
    """Group the sources by their sampling rate, or raise for one that cannot be used."""
    groups: dict[float, list[int]] = {}
    for row, source in enumerate(sources):
        rates = {name: recorded.rate(name) for name in source.needs}
        if len(set(rates.values())) > 1:
            shown = ", ".join(f"{name} {rate:g} Hz" for name, rate in rates.items())
            raise RecordingError(
                f"{recorded.path}: cannot subtract channels of different rates ({shown}). Use "
                "reference as-recorded.",
                parameters=("reference",),
            )
        rate = rates[source.channel]
        if not MIN_SFREQ <= rate <= MAX_SFREQ:
            raise RecordingError(
                f"{recorded.path}: channel '{source.channel}' is sampled at {rate:g} Hz; "
                f"{MIN_SFREQ:g} to {MAX_SFREQ:g} Hz can be used."
            )
        groups.setdefault(rate, []).append(row)
    return groups


def _derived(recorded: OpenRecording, sources: list[Source], start: int, stop: int) -> np.ndarray:
    """Make samples of the wanted channels from the recorded ones."""
    names = list(dict.fromkeys(name for source in sources for name in source.needs))
    x = dict(zip(names, recorded.read(names, start, stop), strict=True))
    references = {source.minus for source in sources if source.minus}
    means = {minus: np.mean([x[name] for name in minus], axis=0) for minus in references}
    return np.stack([x[s.channel] - means[s.minus] if s.minus else x[s.channel] for s in sources])
