"""What is done to a recording before it is cut into windows: the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from sleepaug.data.signals.channels import Reference
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import ConfigError
from sleepaug.support.settings import NotNegative, Positive


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
        Upper edge of the pass band in Hz (FIR of zero phase; there is no high-pass). Where half the
        recording's rate is not at least 1 Hz above it there is no filter, and a note says so.
    sfreq : float
        Sampling rate of the result in Hz.
    crop_wake : float or None
        Minutes of wake kept before the first and after the last epoch of sleep; None keeps all.
    unknown : "drop" or "wake"
        What becomes of epochs which the scorer left open.
    normalize : "window", "recording" or "none"
        Zero mean and unit variance for each window and channel; each channel filtered so that its
        median spectrum over the recording is flat (`scaling.whiten`); or microvolts.

    Examples
    --------
    >>> Preprocessing(channels=("C3", "C4"), sfreq=50.0).n_times
    1500
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
        """List the settings that contradict each other, a sentence each."""
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
