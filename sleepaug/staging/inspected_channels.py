"""What was seen of the channels of a recording, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from sleepaug.support.text import ranges

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
