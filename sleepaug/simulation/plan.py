"""What is to be simulated: the settings of a folder of nights, and the job of each night."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sleepaug.simulation.channels import SLEEP_EDF_CHANNELS, resolve_channels
from sleepaug.simulation.edf import Layout
from sleepaug.simulation.hypnogram import WINDOW
from sleepaug.simulation.night_plan import NightSettings
from sleepaug.simulation.recorder import RecorderName
from sleepaug.support.errors import ConfigError


@dataclass(frozen=True)
class SimulationSettings:
    """A folder of simulated nights; the same settings give the same files.

    Attributes
    ----------
    nights, seed : int
        How many nights, and which.
    layout : {"mass", "sleep-edf"}
        `mass`: `01-03-0001 PSG.edf` and `01-03-0001 Base.edf`, one night a person, 26 channels.
        `sleep-edf`: `SC4001E0-PSG.edf` and `SC4001EC-Hypnogram.edf`, two nights a person.
    hours : float
        Duration of each night.
    ch_names : sequence of str, optional
        EEG, EOG, EMG and ECG channels; default all of the layout.
    sfreq : float, optional
        Sampling frequency in Hz; default 256 (`mass`) or 100 (`sleep-edf`).
    scorers : int
        Imperfect scorers whose scorings to write too, as `01-03-0001 Scorer1.edf`.
    wake_before, wake_after : float
        Hours awake before lights out and after lights on, added to `hours`.
    recorder : {"mass", "sleep-edf", "any"}, optional
        Filters, noise and steps; default the layout's own. `any` draws one a night.

    Examples
    --------
    >>> SimulationSettings(nights=2, seed=0, layout="sleep-edf").rate
    100.0
    """

    nights: int
    seed: int
    layout: Layout = "mass"
    hours: float = 8.0
    ch_names: Sequence[str] | None = None
    sfreq: float | None = None
    scorers: int = 0
    wake_before: float = 0.0
    wake_after: float = 0.0
    recorder: RecorderName | None = None

    @property
    def rate(self) -> float:
        """The sampling frequency in Hz: that of the layout where none is set."""
        if self.sfreq is None:
            return 256.0 if self.layout == "mass" else 100.0
        return float(self.sfreq)

    @property
    def nights_of_a_person(self) -> int:
        """How many nights the layout has of each person."""
        return 1 if self.layout == "mass" else 2

    def channels(self) -> tuple[str, ...]:
        """Return the full names of the channels; a `ConfigError` for one that cannot be made."""
        if self.layout == "mass" or self.ch_names is not None:
            return tuple(resolve_channels(self.ch_names))
        return tuple(resolve_channels(SLEEP_EDF_CHANNELS))

    def night(self, subject: int | None = None, *, first_night: bool = False) -> NightSettings:
        """Return the settings of one of the nights."""
        return NightSettings(
            subject,
            first_night=first_night,
            wake_before=self.wake_before,
            wake_after=self.wake_after,
            recorder=self.recorder or self.layout,
        )

    def check(self) -> None:
        """Raise a `ConfigError` if the nights are impossible."""
        if self.layout not in ("mass", "sleep-edf"):
            raise ConfigError(f"layout: {self.layout!r} is neither 'mass' nor 'sleep-edf'.")
        largest = 9999 if self.layout == "mass" else 200
        if not 1 <= self.nights <= largest:
            raise ConfigError(
                f"nights: 1 to {largest} in the layout '{self.layout}', got {self.nights}."
            )
        if self.hours * 3600 < WINDOW:
            raise ConfigError(
                f"hours: a night has at least one 30-s window, got {self.hours} hours."
            )
        if self.scorers < 0:
            raise ConfigError(f"scorers: 0 or more, got {self.scorers}.")
        if self.rate != round(self.rate) or self.rate < 50:
            raise ConfigError(f"sfreq: a whole number of Hz from 50 up is needed, got {self.rate}.")
        self.night().check()
        self.channels()


@dataclass(frozen=True)
class Job:
    """One night to be written."""

    psg: Path
    hypnograms: tuple[Path, ...]  # the consensus, then each scorer's
    seed: int
    subject: int
    settings: SimulationSettings
    first_night: bool = False


def plan_files(folder: Path, settings: SimulationSettings) -> list[Job]:
    """Return what to write, or raise ConfigError."""
    settings.check()
    jobs = []
    for i in range(settings.nights):
        person, visit = divmod(i, settings.nights_of_a_person)
        if settings.layout == "mass":
            stem = f"01-03-{i + 1:04d} "
            psg, hypnogram = "PSG.edf", "Base.edf"
        else:
            stem = f"SC4{person:02d}{visit + 1}E"
            psg, hypnogram = "0-PSG.edf", "C-Hypnogram.edf"
        others = [f"{stem}Scorer{k + 1}.edf" for k in range(settings.scorers)]
        jobs.append(
            Job(
                folder / (stem + psg),
                tuple(folder / name for name in (stem + hypnogram, *others)),
                seed=derive(settings.seed, 0, i),
                subject=derive(settings.seed, 1, person),
                settings=settings,
                first_night=settings.layout == "sleep-edf" and visit == 0,
            )
        )
    return jobs


def derive(seed: int, what: int, index: int) -> int:
    """Return the seed of a night (what = 0) or of a person (1) of a dataset."""
    return int(np.random.SeedSequence([seed, what, index]).generate_state(1, np.uint64)[0])


def size_on_disk(settings: SimulationSettings) -> int:
    """Return the bytes that `simulate_dataset` is going to write (to about 1 %)."""
    settings.check()
    names = settings.channels()
    hours = (settings.wake_before, settings.hours, settings.wake_after)
    seconds = sum(int(part * 3600 / WINDOW) * WINDOW for part in hours)
    signals = sum(seconds * (1 if "submental" in name else settings.rate) for name in names)
    slow = 3 * seconds if settings.layout == "sleep-edf" else 0
    time_keeping = 8 * seconds
    scoring = 2 * seconds / WINDOW * 30 * (1 + settings.scorers)
    night = 2 * (signals + slow) + time_keeping + scoring + 256 * len(names)
    return int(settings.nights * night)
