"""Lights off and lights on: from what a person writes to seconds from the start of a night."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.support.errors import ConfigError, RecordingError

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

EARLY = timedelta(hours=1)
"""Lights may go off this long before the recording starts; an earlier clock is the next day's."""


@dataclass(frozen=True)
class Lights:
    """When lights went off and on, as a person writes it.

    Attributes
    ----------
    off, on : str, optional
        Time of day, such as "23:10" or "23:10:30", or seconds from the start of the recording,
        such as "600".

    Raises
    ------
    ConfigError
        A time cannot be read, or both are in seconds and `on` is not after `off`.

    Examples
    --------
    >>> Lights("23:10", "06:30").seconds(datetime(2020, 5, 17, 22, 30), duration=9 * 3600)
    (2400.0, 28800.0)
    """

    off: str | None = None
    on: str | None = None

    def __post_init__(self) -> None:
        seconds = []
        for name, text in self._by_parameter().items():
            try:
                when = None if text is None else clock_or_seconds(text)
            except ConfigError as error:
                raise ConfigError(str(error), parameters=(name,)) from error
            if isinstance(when, float):  # a time of day depends on when a recording starts
                seconds.append(when)
        if len(seconds) == 2 and seconds[1] <= seconds[0]:
            raise ConfigError(self._not_after(), parameters=tuple(self._by_parameter()))

    def seconds(self, start: datetime | None, duration: float) -> tuple[float | None, float | None]:
        """Count lights off and on from the start of a recording.

        Parameters
        ----------
        start : datetime or None
            When the recording starts, by the clock.
        duration : float
            Seconds that it lasts.

        Returns
        -------
        off, on : float or None
            Seconds; None where not set.

        Raises
        ------
        RecordingError
            The recording does not say when it starts, or has ended when lights go off; or `on` is
            not after `off`.
        """
        seconds: list[float | None] = []
        for name, text in self._by_parameter().items():
            try:
                seconds.append(None if text is None else seconds_of(text, start))
            except RecordingError as error:
                raise RecordingError(str(error), parameters=(name,)) from error
        off, on = seconds
        if off is not None and on is not None and on <= off:
            raise RecordingError(self._not_after(), parameters=tuple(self._by_parameter()))
        if off is not None and off >= duration:
            raise RecordingError(
                f"lights off at {self.off}: the recording has ended by then, {duration:g} s from "
                "its start.",
                parameters=("lights_off",),
            )
        return off, on

    def _by_parameter(self) -> dict[str, str | None]:
        return {"lights_off": self.off, "lights_on": self.on}

    def _not_after(self) -> str:
        return f"lights on at {self.on} is not after lights off at {self.off}."


def lights_in_seconds(
    night: Hypnogram, off: float | str | None, on: float | str | None
) -> tuple[float | None, float | None]:
    """Count lights off and on of a night from its start; None stands for those that it has.

    Raises
    ------
    ConfigError, RecordingError
        A time cannot be read, or is not within the recording; see `Lights`.
    """
    if off is None and on is None:
        return night.lights_off, night.lights_on
    lights = Lights(*(value if value is None else str(value) for value in (off, on)))
    end = float(night.onset[-1]) + WINDOW_SECONDS if len(night) else 0.0
    new_off, new_on = lights.seconds(night.start, end)
    return (
        night.lights_off if off is None else new_off,
        night.lights_on if on is None else new_on,
    )


def clock_or_seconds(text: str) -> time | float:
    """Read a time such as "23:10", "23:10:30" (of day) or "600" (seconds).

    Raises
    ------
    ConfigError
        The text is not a time.
    """
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", text.strip())
    if clock is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return time(hour, minute, second)
    if re.fullmatch(r"\d{1,6}(\.\d*)?", text.strip()):
        return float(text)
    raise ConfigError(
        f"'{text}' is not a time. Write a time of day such as 23:10 or 23:10:30, or seconds from "
        "the start of the recording."
    )


def seconds_of(text: str, start: datetime | None) -> float:
    """Count a time such as "23:10", "23:10:30" or "600" in seconds from the start of a recording.

    Parameters
    ----------
    text : str
        Time of day, or seconds from the start.
    start : datetime or None
        When the recording starts, by the clock.

    Returns
    -------
    float
        At least 0.

    Raises
    ------
    ConfigError
        The text is not a time.
    RecordingError
        A time of day is given, and the recording does not say when it starts.

    Examples
    --------
    >>> seconds_of("00:30", datetime(2020, 5, 17, 22, 30))
    7200.0
    """
    when = clock_or_seconds(text)
    if isinstance(when, float):
        return when
    if start is None:
        raise RecordingError(
            f"'{text}': the recording does not say at what time it starts. Write seconds from its "
            "start instead."
        )
    moment = datetime.combine(start.date(), when, start.tzinfo)
    if moment < start - EARLY:
        moment += timedelta(days=1)
    return max((moment - start).total_seconds(), 0.0)
