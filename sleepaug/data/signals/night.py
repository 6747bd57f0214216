"""All windows of a night, for prediction: from its first sample on, and what is wrong with each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.files.open import open_recording
from sleepaug.data.signals.channels import Source
from sleepaug.data.signals.continuous import continuous
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.quality import amplitude_problems, is_flat
from sleepaug.data.signals.quality_monitor import QualityMonitor
from sleepaug.data.signals.resample import MIN_TRANSITION
from sleepaug.data.signals.scaling import scale
from sleepaug.data.signals.spectrogram import recorded_spectrum
from sleepaug.data.stages import WINDOW_SECONDS

if TYPE_CHECKING:
    from sleepaug.data.files.open import AnyRecording

DISCONNECTED_MICROVOLTS = 0.5
IMPLAUSIBLE_MICROVOLTS = 1000.0
CLIPPED, SATURATED = 0.05, 0.5
"""Shares of a window at the limits of the amplifier."""
HUM = 10.0
"""Times the EEG: with so much above the pass band there is no electrode on a head."""


@dataclass(frozen=True)
class Night:
    """All windows of a night, scored or not.

    Attributes
    ----------
    x : ndarray of shape (n_windows, n_chans, n_times), float32
        Scaled as asked for; zero where a channel cannot be used, so finite everywhere.
    onset : ndarray of shape (n_windows,), float64
        Seconds from the start of the recording.
    faults : ndarray of shape (n_windows, n_chans), str
        What is wrong with a channel in a window; "" where nothing is.
    reason : list of str
        Why a window cannot be scored; "" where it can.
    channels : tuple of str
        Channels that the recording has, of those that were wanted.
    used : tuple of str
        How each of these was made, a sentence each.
    notes : list of str
        Which channels were used and what was left out, a sentence each.
    start : datetime or None
        Local time at which the recording begins, if the file says.
    spectrum : ndarray of shape (n_windows, n_freqs), float32
        Power of the channel with the fewest faults as recorded, in uV^2/Hz, from 0 to 30 Hz, or to
        half the rate if that is less; NaN where it is faulty.
    spectrum_channel : str
        What that channel is called in the recording.
    """

    x: np.ndarray
    onset: np.ndarray
    faults: np.ndarray
    reason: list[str]
    channels: tuple[str, ...]
    used: tuple[str, ...]
    notes: list[str]
    start: datetime | None
    spectrum: np.ndarray
    spectrum_channel: str


def night_windows(
    source: AnyRecording,
    preprocessing: Preprocessing,
    *,
    allow_missing: bool = False,
) -> Night:
    """Cut a whole recording into windows from its first sample on, without a scoring.

    Parameters
    ----------
    source : path, mne.io.BaseRaw, or whatever else `open_recording` takes
        The recording.
    preprocessing : Preprocessing
        As in training; `crop_wake` and `unknown` do not apply.
    allow_missing : bool
        Go on without channels that the recording lacks, or that are faulty in a window, as long as
        one is left; they are zero.

    Returns
    -------
    Night
        Every full window, the last one included.
    """
    recorded = QualityMonitor(open_recording(source))
    signal, notes, sources = continuous(recorded, preprocessing, allow_missing=allow_missing)
    n_times = preprocessing.n_times
    n = signal.shape[1] // n_times
    x = signal[:, : n * n_times].reshape(len(signal), n, n_times).transpose(1, 0, 2)
    faults = np.full((n, len(preprocessing.channels)), "not recorded", object)
    present = [preprocessing.channels.index(name) for name in sources]
    recorded_x = x if len(present) == len(signal) else x[:, present]
    faults[:, present] = find_faults(recorded_x, recorded, sources, preprocessing)
    rows = [signal[k] for k in present]
    problems = amplitude_problems(rows, list(sources), n_times, recorded.unit_rule)
    for name, problem in problems.items():
        notes.append(f"Warning: channel '{name}' {problem}")
        column = faults[:, preprocessing.channels.index(name)]
        column[column == ""] = "implausible amplitude"
    reason = _reasons(faults, preprocessing.channels, present, allow_missing=allow_missing)
    notes += _left_out(faults, preprocessing.channels, present) if allow_missing else []
    best = present[int((faults[:, present] != "").sum(axis=0).argmin())]
    source = sources[preprocessing.channels[best]]
    spectrum = recorded_spectrum(recorded.recorded, source, n)
    spectrum[faults[:, best] != ""] = np.nan
    scale(x, preprocessing, faults == "")
    x[faults != ""] = 0
    onset = np.arange(n) * WINDOW_SECONDS
    used = tuple(s.sentence for s in sources.values())
    facts = (tuple(sources), used, notes, recorded.begins)
    return Night(x, onset, faults, reason, *facts, spectrum, source.channel)


def find_faults(
    x: np.ndarray,
    recorded: QualityMonitor,
    sources: dict[str, Source],
    preprocessing: Preprocessing,
) -> np.ndarray:
    """Say what is wrong with each channel in each window.

    Parameters
    ----------
    x : ndarray of shape (n_windows, n_chans, n_times)
        In microvolts, filtered; NaN where samples are missing.
    recorded : QualityMonitor
        From which it was read.
    sources : dict of str to Source
        How each channel was made.
    preprocessing : Preprocessing
        How it was filtered.

    Returns
    -------
    ndarray of shape (n_windows, n_chans), object
        Sentences; "" where nothing is wrong.
    """
    faults = np.full(x.shape[:2], "", object)
    for row, source in enumerate(sources.values()):
        windows, fault = x[:, row], faults[:, row]
        limits = recorded.at_limits(source.needs)[:, : len(x)].max(axis=0)
        amplitude = windows.std(axis=1)
        fault[limits >= CLIPPED] = "clipped"
        fault[limits >= SATURATED] = "saturated"
        fault[amplitude > IMPLAUSIBLE_MICROVOLTS] = "implausible amplitude"
        fault[amplitude < DISCONNECTED_MICROVOLTS] = "disconnected (hardly any signal)"
        lowpass, rate = preprocessing.lowpass, recorded.rate(source.channel)
        if lowpass is not None and lowpass + MIN_TRANSITION <= rate / 2 and not source.minus:
            # hum that a channel shares with its reference goes with the subtraction
            whole = recorded.standard_deviation(source.channel)[: len(x)]
            fault[(whole > HUM * amplitude) & (fault == "")] = "disconnected (mains hum)"
        dead = np.all([recorded.is_flat(name)[: len(x)] for name in source.needs], axis=0)
        fault[dead | is_flat(windows)] = "flat"
        fault[np.isnan(windows).any(axis=1)] = "samples missing"
    return faults


def _reasons(
    faults: np.ndarray, channels: Sequence[str], present: Sequence[int], *, allow_missing: bool
) -> list[str]:
    """Say why each window cannot be scored, naming channels; "" where it can."""
    reasons = []
    for row in faults[:, present]:
        named = [f"{channels[k]}: {fault}" for k, fault in zip(present, row, strict=True) if fault]
        usable = len(named) < len(present) if allow_missing else not named
        reasons.append("" if usable else ", ".join(named))
    return reasons


def _left_out(faults: np.ndarray, channels: Sequence[str], present: Sequence[int]) -> list[str]:
    """Name channels that were left out of some windows, or of all, a sentence each."""
    notes = []
    for k, name in enumerate(channels):
        if k not in present:
            notes.append(f"{name}: not in the recording, the model goes without it.")
        elif counts := Counter(fault for fault in faults[:, k] if fault):
            each = ", ".join(f"{fault} {n}" for fault, n in counts.most_common())
            notes.append(f"{name}: left out of {counts.total()} of {len(faults)} epochs ({each}).")
    return notes
