"""Folders of simulated nights: real EDF+ files, as MASS or Sleep-EDF distribute theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sleepaug.simulation.channels import SLEEP_EDF_CHANNELS, resolve_channels
from sleepaug.simulation.edf import Layout, polysomnogram, scoring
from sleepaug.simulation.hypnogram import WINDOW, simulate_scorers
from sleepaug.simulation.night import plan_night
from sleepaug.simulation.people import stream
from sleepaug.simulation.recorder import RECORDERS, RecorderName
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import into_place, make_folder, refuse_existing
from sleepaug.support.processes import parallel


@dataclass(frozen=True)
class Job:
    """One night to be written."""

    psg: Path
    hypnograms: tuple[Path, ...]  # the consensus, then each scorer's
    seed: int
    subject: int
    hours: float
    ch_names: tuple[str, ...]
    sfreq: float
    layout: Layout
    first_night: bool = False
    wake_before: float = 0.0
    wake_after: float = 0.0
    recorder: RecorderName | None = None  # the layout's own


def simulate_dataset(
    folder: Path,
    *,
    nights: int,
    seed: int,
    layout: Layout = "mass",
    subjects: int | None = None,
    hours: float = 8.0,
    ch_names: Sequence[str] | None = None,
    sfreq: float | None = None,
    scorers: int = 0,
    wake_before: float = 0.0,
    wake_after: float = 0.0,
    recorder: RecorderName | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    progress: bool = False,
) -> list[Path]:
    """Write simulated nights as EDF+ files with a scoring beside each.

    The files depend on the arguments alone, not on `jobs`. Their headers say that they are
    simulated.

    Parameters
    ----------
    folder : Path
        Where to write; made if missing.
    nights, seed : int
        How many nights, and which.
    layout : {"mass", "sleep-edf"}
        `mass`: `01-03-0001 PSG.edf` and `01-03-0001 Base.edf`, one night a person, 26 channels.
        `sleep-edf`: `SC4001E0-PSG.edf` and `SC4001EC-Hypnogram.edf`, two nights a person.
    subjects : int, optional
        Number of people. The layout decides it: `nights`, or half of them rounded up.
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
    jobs : int
        Processes.
    overwrite : bool
        Replace files that exist.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    list of Path
        The polysomnograms, in order.

    Raises
    ------
    ConfigError
        An impossible argument, or a file that exists while `overwrite` is false.
    """
    sfreq = default_sfreq(layout, sfreq)
    planned = plan_files(
        Path(folder), nights, seed, layout, subjects, hours, ch_names, sfreq, scorers
    )
    if recorder is not None and recorder not in RECORDERS:
        raise ConfigError(f"recorder: unknown value {recorder!r}. Allowed: {', '.join(RECORDERS)}.")
    if min(wake_before, wake_after) < 0:
        raise ConfigError(
            f"wake_before, wake_after: 0 hours or more, got {wake_before} and {wake_after}."
        )
    planned = [
        replace(job, wake_before=wake_before, wake_after=wake_after, recorder=recorder)
        for job in planned
    ]
    if jobs < 1:
        raise ConfigError(f"jobs: at least 1 is needed, got {jobs}.")
    if not overwrite:
        refuse_existing(path for job in planned for path in (job.psg, *job.hypnograms))
    make_folder(Path(folder))
    bar = tqdm(total=nights, unit="night", desc="simulating", disable=not progress or None)
    with bar:
        if jobs == 1:
            for job in planned:
                write_night(job)
                bar.update()
        else:
            for _ in parallel(write_night, planned, jobs):
                bar.update()
    return [job.psg for job in planned]


def size_on_disk(
    nights: int,
    *,
    layout: Layout = "mass",
    hours: float = 8.0,
    ch_names: Sequence[str] | None = None,
    sfreq: float | None = None,
) -> int:
    """Return the bytes that `simulate_dataset` is going to write (to about 1 %)."""
    sfreq = default_sfreq(layout, sfreq)
    (job,) = plan_files(Path(), 1, 0, layout, None, hours, ch_names, sfreq, 0)
    seconds = int(hours * 3600 / WINDOW) * WINDOW
    signals = sum(seconds * (1 if "submental" in n else sfreq) for n in job.ch_names)
    slow = 3 * seconds if layout == "sleep-edf" else 0
    time_keeping = 8 * seconds
    scoring = 2 * seconds / WINDOW * 30
    return int(nights * (2 * (signals + slow) + time_keeping + scoring + 256 * len(job.ch_names)))


def default_sfreq(layout: Layout, sfreq: float | None) -> float:
    """Return the sampling frequency of a layout unless one is given."""
    if layout not in ("mass", "sleep-edf"):
        raise ConfigError(f"layout: {layout!r} is neither 'mass' nor 'sleep-edf'.")
    if sfreq is None:
        return 256.0 if layout == "mass" else 100.0
    return float(sfreq)


def plan_files(
    folder: Path,
    nights: int,
    seed: int,
    layout: Layout,
    subjects: int | None,
    hours: float,
    ch_names: Sequence[str] | None,
    sfreq: float,
    scorers: int,
) -> list[Job]:
    """Return what to write, or raise ConfigError."""
    per_subject = 1 if layout == "mass" else 2
    implied = -(-nights // per_subject)
    largest = 9999 if layout == "mass" else 200
    if not 1 <= nights <= largest:
        raise ConfigError(f"nights: 1 to {largest} in the layout '{layout}', got {nights}.")
    if hours * 3600 < WINDOW:
        raise ConfigError(f"hours: a night has at least one 30-s window, got {hours} hours.")
    if scorers < 0:
        raise ConfigError(f"scorers: 0 or more, got {scorers}.")
    if sfreq != round(sfreq) or sfreq < 50:
        raise ConfigError(f"sfreq: a whole number of Hz from 50 up is needed, got {sfreq}.")
    if subjects not in (None, implied):
        raise ConfigError(
            f"subjects: the layout '{layout}' has {per_subject} night(s) a person, so {nights} "
            f"nights are of {implied}; got {subjects}."
        )
    if layout == "mass":
        names = resolve_channels(ch_names)
    else:
        names = resolve_channels(SLEEP_EDF_CHANNELS if ch_names is None else ch_names)
    jobs = []
    for i in range(nights):
        person, visit = divmod(i, per_subject)
        if layout == "mass":
            stem = f"01-03-{i + 1:04d} "
            psg, hypnogram = "PSG.edf", "Base.edf"
        else:
            stem = f"SC4{person:02d}{visit + 1}E"
            psg, hypnogram = "0-PSG.edf", "C-Hypnogram.edf"
        others = [f"{stem}Scorer{k + 1}.edf" for k in range(scorers)]
        jobs.append(
            Job(
                folder / (stem + psg),
                tuple(folder / name for name in (stem + hypnogram, *others)),
                seed=derive(seed, 0, i),
                subject=derive(seed, 1, person),
                hours=hours,
                ch_names=tuple(names),
                sfreq=sfreq,
                layout=layout,
                first_night=layout == "sleep-edf" and visit == 0,
            )
        )
    return jobs


def derive(seed: int, what: int, index: int) -> int:
    """Return the seed of a night (what = 0) or of a person (1) of a dataset."""
    return int(np.random.SeedSequence([seed, what, index]).generate_state(1, np.uint64)[0])


def write_night(job: Job) -> None:
    """Simulate one night and write its files, the recording last."""
    night = plan_night(
        job.seed,
        job.subject,
        job.hours,
        first_night=job.first_night,
        wake_before=job.wake_before,
        wake_after=job.wake_after,
    )
    others = simulate_scorers(night.stages, len(job.hypnograms) - 1, stream(job.seed, "scorers"))
    for path, stages in zip(job.hypnograms, (night.stages, *others), strict=True):
        into_place(path, scoring(night, stages, job.layout).write)
    psg = polysomnogram(night, job.layout, job.ch_names, job.sfreq, job.recorder)
    into_place(job.psg, psg.write)
