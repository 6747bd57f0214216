"""The channels of a recording before anything runs: header, amplitude, bad stretches, mains hum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from sleepaug.data.files.edf import MICROVOLTS, Edf
from sleepaug.data.files.open import OpenRaw
from sleepaug.data.signals.channel_names import parse_name
from sleepaug.data.signals.continuous import MAX_SFREQ
from sleepaug.data.signals.night import CLIPPED, DISCONNECTED_MICROVOLTS
from sleepaug.data.signals.quality import (
    PLAUSIBLE_MICROVOLTS,
    QualityMonitor,
    is_flat,
    unit_suggestion,
)
from sleepaug.data.signals.spectrum import frame_power
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import printable
from sleepaug.support.text import ranges

ROLES = (
    ("eog", ("eog", "e1", "e2", "loc", "roc")),
    ("emg", ("emg", "chin", "leg", "tib")),
    ("ecg", ("ecg", "ekg")),
    ("respiration", ("resp", "flow", "abdo", "thor", "nasal", "snore", "spo2", "sao2")),
)
"""Parts of names by which channels other than EEG are recognised."""
WELCH_SECONDS = 4
HUM_EVERY = 10
"""Hum is looked for in every so many-th epoch."""
HUM_MICROVOLTS = 5.0
"""Hum (root mean square) that is mentioned to a person; what is weaker is only in the JSON."""


@dataclass(frozen=True)
class EpochList:
    """Epochs that have something in common.

    Attributes
    ----------
    n : int
        How many.
    epochs : str
        Which, counted from 1.

    Examples
    --------
    >>> EpochList.of(np.array([False, True, True, False, True]))
    EpochList(n=3, epochs='2-3, 5')
    """

    n: int
    epochs: str

    @classmethod
    def of(cls, mask: np.ndarray) -> EpochList:
        """List the epochs where `mask`, of shape (n_windows,), is true."""
        return cls(int(mask.sum()), ranges(np.flatnonzero(mask) + 1))


@dataclass(frozen=True)
class SignalQuality:
    """What the samples of a channel look like.

    Attributes
    ----------
    amplitude : float or None
        Typical standard deviation of an epoch in microvolts (median over good epochs); None if
        there is no good epoch.
    flat, clipped, disconnected, missing : EpochList
        See `sleepaug.data.signals.night.find_faults`.
    line_noise : dict of str to float
        Root mean square of the hum in microvolts at "50 Hz" and "60 Hz", where the rate allows.
    """

    amplitude: float | None
    flat: EpochList
    clipped: EpochList
    disconnected: EpochList
    missing: EpochList
    line_noise: Mapping[str, float] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Say what is wrong, a line for each fault."""
        faults = {
            "flat": self.flat,
            "clipped": self.clipped,
            "disconnected": self.disconnected,
            "missing": self.missing,
        }
        lines = [f"{name}: {bad.n} epochs ({bad.epochs})" for name, bad in faults.items() if bad.n]
        lines += [
            f"{mains} hum: {microvolts:.0f} uV"
            for mains, microvolts in self.line_noise.items()
            if microvolts > HUM_MICROVOLTS
        ]
        return lines


@dataclass(frozen=True)
class InspectedChannel:
    """A channel of a recording.

    Attributes
    ----------
    name : str
        As recorded.
    role, sure : str
        See `role_of`.
    electrode, reference : str or None
        Where the name says so.
    bipolar : bool
        Whether it is the difference of two electrodes of the scalp.
    rate : float
        Hz.
    unit : str
        As in the header; "" where there is none.
    problem : str
        What is wrong with the header or the amplitude; "" if nothing.
    quality : SignalQuality or None
        None where the samples were not looked at: the channel is no voltage, or its header is
        wrong.
    """

    name: str
    role: str
    sure: str
    electrode: str | None
    reference: str | None
    bipolar: bool
    rate: float
    unit: str
    problem: str = ""
    quality: SignalQuality | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is known, ready for JSON; `problem` only if there is one."""
        values = asdict(self)
        problem, quality = values.pop("problem"), values.pop("quality")
        return values | (quality or {}) | ({"problem": problem} if problem else {})

    def lines(self) -> list[str]:
        """Describe the channel in a line, and what is wrong with it in further lines."""
        role = self.role + (f" ({self.sure})" if self.sure else "")
        if self.electrode:
            role += f" {self.electrode}, reference {self.reference or 'not named'}"
        amplitude = self.quality.amplitude if self.quality else None
        shown = "" if amplitude is None else f"{amplitude:.1f} uV"
        unit = self.unit or "no unit"
        faults = self.quality.lines() if self.quality else []
        if self.problem:
            faults.append(self.problem)
        return [f"    {self.name:<20} {role:<38} {self.rate:g} Hz  {unit:<8}{shown}"] + [
            f"      {fault}" for fault in faults
        ]


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
    words = name.lower()
    for role, parts in ROLES:
        if any(part in words for part in parts):
            return role, "likely"
    return ("eeg", "unsure") if "eeg" in words else ("unknown", "")


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
    """Amplitude (root mean square, uV) of the mains at 50 and 60 Hz, above what is around it."""
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
