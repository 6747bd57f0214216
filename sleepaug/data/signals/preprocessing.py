"""From a recording to continuous signals: pick, derive, filter, resample, check.

`signals` is the one door through which training and prediction load EEG. EDF and BDF files are
read by our own reader, channel by channel and block by block; everything else by MNE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from sleepaug.data.files.edf import Edf
from sleepaug.data.files.open import OpenRaw, open_recording
from sleepaug.data.signals.channels import Reference, Source, choose, parse_name
from sleepaug.data.signals.quality import amplitude_problems
from sleepaug.data.signals.resample import MIN_TRANSITION, lowpass_and_resample
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.settings import NotNegative, Positive

if TYPE_CHECKING:
    import mne

    from sleepaug.data.signals.quality import QualityMonitor

MIN_SFREQ = 50.0
MAX_SFREQ = 50_000.0


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a night before it is cut into windows.

    Attributes
    ----------
    channels : tuple of str
        Wanted channels, in this order.
    map : dict of str to str
        Recorded names for wanted channels, alternatives separated by ``|``.
    exclude : tuple of str
        Recorded channels that are not to be used, such as one whose electrode fell off.
    reference : "as-recorded", "A2", "average" or "contralateral"
        What the EEG is measured against.
    lowpass : float or None
        Upper edge of the pass band in Hz (FIR of zero phase; there is no high-pass). It is left
        out, and said, where half the recording's rate is not at least 1 Hz above it.
    sfreq : float
        Sampling rate of the result in Hz.
    crop_wake : float or None
        Minutes of wake kept before the first and after the last epoch of sleep; None keeps all.
    unknown : "drop" or "wake"
        What becomes of epochs which the scorer left open.
    normalize : "window", "recording" or "none"
        Zero mean and unit variance for each window and channel; each channel filtered so that its
        median spectrum over the recording is flat (`whitening`); or microvolts.
    """

    channels: tuple[str, ...] = ("C3", "C4", "F3", "F4", "O1", "O2")
    map: dict[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    reference: Reference = "as-recorded"
    lowpass: Positive | None = 30.0
    sfreq: Positive = 100.0
    crop_wake: NotNegative | None = 30.0
    unknown: Literal["drop", "wake"] = "drop"
    normalize: Literal["window", "recording", "none"] = "window"

    def problems(self) -> list[str]:
        """Settings that no type can rule out."""
        lines = []
        if not self.channels or len(set(self.channels)) < len(self.channels):
            lines.append(
                f"channels: expected different names, at least one, got {self.channels!r}."
            )
        lines += [
            f"map.{name}: no such channel is asked for. Allowed: {', '.join(self.channels)}."
            for name in self.map
            if name not in self.channels
        ]
        if not (self.sfreq * WINDOW_SECONDS).is_integer():
            lines.append(
                f"sfreq: a window of {WINDOW_SECONDS:g} s must hold a whole number of samples, "
                f"got {self.sfreq:g} Hz."
            )
        return lines

    def with_overrides(
        self,
        map: Mapping[str, str] | None = None,
        reference: str | None = None,
        exclude: Sequence[str] | None = None,
    ) -> Preprocessing:
        """Take another map or reference than the model was trained with.

        Parameters
        ----------
        map : dict of str to str, optional
            Added to `map`, in place of the entries of the same channels.
        reference : str, optional
            In place of `reference`.
        exclude : sequence of str, optional
            In place of `exclude`.

        Raises
        ------
        ConfigError
            The map names a channel that is not wanted.
        """
        changed = replace(
            self,
            map={**self.map, **(map or {})},
            reference=cast(Reference, reference or self.reference),
            exclude=self.exclude if exclude is None else tuple(exclude),
        )
        problems = changed.problems()
        if problems:
            raise ConfigError("\n".join(problems))
        return changed

    @property
    def n_times(self) -> int:
        """Samples of a window."""
        return round(WINDOW_SECONDS * self.sfreq)


def signals(
    source: str | Path | mne.io.BaseRaw,
    preprocessing: Preprocessing,
    *,
    allow_missing: bool = False,
) -> tuple[np.ndarray, list[str]]:
    """Continuous signals of a recording, ready to be cut.

    Parameters
    ----------
    source : path or mne.io.BaseRaw
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
    problems = amplitude_problems(rows, list(sources), preprocessing.n_times)
    for name, problem in problems.items():
        raise RecordingError(f"{recorded.path}: channel '{name}' {problem}")
    x[~present] = 0
    absent = [name for name in preprocessing.channels if name not in sources]
    notes += [f"{name}: not in the recording, it is zero." for name in absent]
    return x, notes


def continuous(
    recorded: Edf | OpenRaw | QualityMonitor,
    preprocessing: Preprocessing,
    *,
    allow_missing: bool = False,
) -> tuple[np.ndarray, list[str], dict[str, Source]]:
    """`signals` of a recording that is open, unchecked, and how each channel was made.

    With `allow_missing`, a channel that the recording lacks has no source and is NaN.
    """
    left = unusable(recorded, preprocessing)
    left_out = "; ".join(f"'{name}' ({why})" for name, why in left.items())
    try:
        sources = choose(
            [name for name in recorded.names if name not in left],
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
    notes = [*recorded.notes, *(s.sentence for s in sources.values())]
    if left_out:
        notes.append(f"Left out: {left_out}.")
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


def unusable(
    recorded: Edf | OpenRaw | QualityMonitor, preprocessing: Preprocessing
) -> dict[str, str]:
    """Channels that could be wanted and are not to be used, and why."""
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


def _by_rate(
    recorded: Edf | OpenRaw | QualityMonitor, sources: list[Source]
) -> dict[float, list[int]]:
    """Indices of the sources for each sampling rate; an error for rates that cannot be used."""
    groups: dict[float, list[int]] = {}
    for row, source in enumerate(sources):
        rates = {name: recorded.rate(name) for name in source.needs}
        if len(set(rates.values())) > 1:
            shown = ", ".join(f"{name} {rate:g} Hz" for name, rate in rates.items())
            raise RecordingError(
                f"{recorded.path}: cannot subtract channels of different rates ({shown}). Use "
                "--reference as-recorded."
            )
        rate = rates[source.channel]
        if not MIN_SFREQ <= rate <= MAX_SFREQ:
            raise RecordingError(
                f"{recorded.path}: channel '{source.channel}' is sampled at {rate:g} Hz; "
                f"{MIN_SFREQ:g} to {MAX_SFREQ:g} Hz can be used."
            )
        groups.setdefault(rate, []).append(row)
    return groups


def _derived(
    recorded: Edf | OpenRaw | QualityMonitor, sources: list[Source], start: int, stop: int
) -> np.ndarray:
    """Samples of the wanted channels, made from the recorded ones."""
    names = list(dict.fromkeys(name for source in sources for name in source.needs))
    x = dict(zip(names, recorded.read(names, start, stop), strict=True))
    references = {source.minus for source in sources if source.minus}
    means = {minus: np.mean([x[name] for name in minus], axis=0) for minus in references}
    return np.stack([x[s.channel] - means[s.minus] if s.minus else x[s.channel] for s in sources])
