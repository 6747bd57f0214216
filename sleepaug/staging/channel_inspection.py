"""The channels of a recording before anything runs: header, amplitude, bad stretches, mains hum."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sleepaug.data.files.edf import MICROVOLTS, Edf
from sleepaug.data.files.open import OpenRaw
from sleepaug.data.signals.channel_names import parse_name
from sleepaug.data.signals.continuous import MAX_SFREQ
from sleepaug.data.signals.montage import EYE, MUSCLE
from sleepaug.data.signals.night import CLIPPED, DISCONNECTED_MICROVOLTS
from sleepaug.data.signals.quality import PLAUSIBLE_MICROVOLTS, is_flat, unit_suggestion
from sleepaug.data.signals.quality_monitor import QualityMonitor
from sleepaug.data.signals.spectrum import frame_power
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.staging.inspected_channels import EpochList, InspectedChannel, SignalQuality
from sleepaug.support.errors import printable

ROLES = (
    ("eog", EYE),
    ("emg", re.compile(rf"{MUSCLE.pattern}|leg|tib", re.IGNORECASE)),
    ("ecg", re.compile("ecg|ekg", re.IGNORECASE)),
    ("respiration", re.compile("resp|flow|abdo|thor|nasal|snore|spo2|sao2", re.IGNORECASE)),
)
"""Parts of names by which channels other than EEG are recognised."""
WELCH_SECONDS = 4
HUM_EVERY = 10
"""Hum is looked for in every so many-th epoch."""


def role_of(name: str) -> tuple[str, str]:
    """Tell what a channel seems to be by its name, and how sure that is.

    Returns
    -------
    role : str
        eeg, eog, emg, ecg, respiration or unknown.
    sure : str
        sure, likely or unsure; "" for unknown.

    Examples
    --------
    >>> role_of("EEG C3-A2"), role_of("Chin EMG"), role_of("X7")
    (('eeg', 'sure'), ('emg', 'likely'), ('unknown', ''))
    """
    parsed = parse_name(name)
    if parsed is not None:
        return "eeg", "sure" if parsed.reference else "likely"
    words = name.replace("_", " ")
    for role, pattern in ROLES:
        if pattern.search(words):
            return role, "likely"
    return ("eeg", "unsure") if "eeg" in words.lower() else ("unknown", "")


def inspect_channels(recorded: Edf | OpenRaw) -> list[InspectedChannel]:
    """Look at the header of every channel, and at the samples of those in a unit of voltage."""
    channels = {name: _header(recorded, name) for name in recorded.names}
    by_rate: dict[float, list[str]] = {}
    for name, channel in channels.items():
        if not channel.problem and channel.unit.lower() in MICROVOLTS:
            by_rate.setdefault(recorded.rate(name), []).append(name)
    for names in by_rate.values():
        for name, quality in _qualities(QualityMonitor(recorded), names).items():
            problem = _amplitude_problem(channels[name].role, quality.amplitude)
            channels[name] = replace(channels[name], quality=quality, problem=problem)
    return list(channels.values())


def _header(recorded: Edf | OpenRaw, name: str) -> InspectedChannel:
    """Read what the name and the header say of a channel."""
    role, sure = role_of(name)
    parsed = parse_name(name)
    unit = recorded.channel(name).unit if isinstance(recorded, Edf) else "uV"
    problem = ""
    if not 1 <= recorded.rate(name) <= MAX_SFREQ:
        problem = f"its rate is not between 1 and {MAX_SFREQ:g} Hz: not looked at"
    elif isinstance(recorded, Edf):
        if role == "eeg" and unit.lower() not in MICROVOLTS:
            header = f"the unit is {unit!r}" if unit else "there is no unit in the header"
            problem = f"{header}, and {recorded.unit_by_amplitude(name)}"
        elif unit.lower() in MICROVOLTS and not recorded.has_scale(name):
            problem = "equal or impossible limits in the header: its samples have no scale"
    return InspectedChannel(
        name=printable(name),
        role=role,
        sure=sure,
        electrode=parsed.electrode if parsed else None,
        reference=(parsed.reference or None) if parsed else None,
        bipolar=bool(parsed and parsed.is_bipolar),
        rate=round(recorded.rate(name), 6),
        unit=printable(unit),
        problem=problem,
    )


def _qualities(monitor: QualityMonitor, names: Sequence[str]) -> dict[str, SignalQuality]:
    """Measure amplitude, bad stretches and hum of channels that share a rate, in one pass."""
    rate, n = monitor.rate(names[0]), monitor.n_windows
    flat, missing = (np.zeros((len(names), n), bool) for _ in range(2))
    amplitude = np.zeros((len(names), n))
    hums: list[list[dict[str, float]]] = [[] for _ in names]
    edges = np.rint(np.arange(n + 1) * WINDOW_SECONDS * rate).astype(int)
    for k in range(n):
        x = monitor.read(names, edges[k], edges[k + 1])
        missing[:, k], flat[:, k] = np.isnan(x).any(axis=1), is_flat(x)
        amplitude[:, k] = x.std(axis=1)
        if k % HUM_EVERY == 0:
            for good_row in np.flatnonzero(~(missing[:, k] | flat[:, k])):
                hums[good_row].append(_line_noise(x[good_row], rate))
    limits = monitor.at_limits(names) if n else np.zeros((len(names), 0))
    qualities = {}
    for row, name in enumerate(names):
        good = ~(flat[row] | missing[row])
        qualities[name] = SignalQuality(
            amplitude=round(float(np.median(amplitude[row, good])), 3) if good.any() else None,
            flat=EpochList.of(flat[row]),
            clipped=EpochList.of(limits[row] >= CLIPPED),
            disconnected=EpochList.of(good & (amplitude[row] < DISCONNECTED_MICROVOLTS)),
            missing=EpochList.of(missing[row]),
            line_noise={
                mains: round(float(np.median([hum[mains] for hum in hums[row]])), 3)
                for mains in (hums[row][0] if hums[row] else ())
            },
        )
    return qualities


def _amplitude_problem(role: str, amplitude: float | None) -> str:
    """Say what is wrong with an EEG channel whose typical amplitude is not that of EEG."""
    lowest, highest = PLAUSIBLE_MICROVOLTS
    if role != "eeg" or amplitude is None or lowest <= amplitude <= highest:
        return ""
    return (
        f"typical amplitude {amplitude:.3g} uV, EEG has {lowest:g} to {highest:g}. "
        f"{unit_suggestion(amplitude)}"
    )


def _line_noise(x: np.ndarray, rate: float) -> dict[str, float]:
    """Measure the mains (root mean square, uV) at 50 and 60 Hz, above what is around them."""
    density, frequency = frame_power(x.astype(float), rate, WELCH_SECONDS, periodic=False)
    power = density.mean(axis=0) * frequency[1]  # of each bin, in uV^2
    hum = {}
    for mains in (50, 60):
        if rate / 2 > mains + 2:
            near = np.abs(frequency - mains) <= 1
            around = (np.abs(frequency - mains) <= 4) & ~near
            above = power[near].sum() - np.median(power[around]) * near.sum()
            hum[f"{mains} Hz"] = float(np.sqrt(max(above, 0)))
    return hum
