"""Folders of simulated nights: real EDF+ files, as MASS or Sleep-EDF distribute theirs."""

import datetime
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import edfio
import numpy as np
from tqdm import tqdm

from sleepaug.config import ConfigError
from sleepaug.simulation.course import wander
from sleepaug.simulation.hypnogram import N3, STAGES, WINDOW
from sleepaug.simulation.night import (
    SLEEP_EDF_CHANNELS,
    Night,
    kind,
    plan_night,
    render,
    resolve_channels,
)
from sleepaug.simulation.people import stream
from sleepaug.simulation.recorder import HIGH_PASS

Layout = Literal["mass", "sleep-edf"]
LABELS = dict(zip(STAGES, ("W", "1", "2", "3", "R"), strict=True))
# Largest physical value (uV) and its digital value; those of Sleep-EDF are from its headers.
LIMITS: dict[Layout, dict[str, tuple[float, int]]] = {
    "mass": dict.fromkeys(("eeg", "eog", "emg", "ecg"), (3276.7, 32767)),
    "sleep-edf": {
        "eeg": (192.0, 2047), "eog": (1009.0, 2047), "emg": (500.0, 32767), "ecg": (3276.7, 32767),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One night to be written."""

    psg: Path
    hypnogram: Path
    seed: int
    subject: int
    hours: float
    ch_names: tuple[str, ...]
    sfreq: float
    layout: Layout


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
    planned = plan_files(
        Path(folder), nights, seed, layout, subjects, hours, ch_names, default_sfreq(layout, sfreq)
    )
    if jobs < 1:
        raise ConfigError(f"jobs: at least 1 is needed, got {jobs}.")
    if not overwrite:
        there = [path for job in planned for path in (job.psg, job.hypnogram) if path.exists()]
        if there:
            raise ConfigError(
                f"{there[0]}: the file exists. Choose another folder or allow overwriting."
            )
    Path(folder).mkdir(parents=True, exist_ok=True)
    bar = tqdm(total=nights, unit="night", desc="simulating", disable=not progress)
    with bar:
        if jobs == 1:
            for job in planned:
                write_night(job)
                bar.update()
        else:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(jobs, mp_context=context) as pool:
                for _ in pool.map(write_night, planned):
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
    (job,) = plan_files(Path(), 1, 0, layout, None, hours, ch_names, sfreq)
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
) -> list[Job]:
    """Return what to write, or raise ConfigError."""
    per_subject = 1 if layout == "mass" else 2
    implied = -(-nights // per_subject)
    largest = 9999 if layout == "mass" else 200
    if not 1 <= nights <= largest:
        raise ConfigError(f"nights: 1 to {largest} in the layout '{layout}', got {nights}.")
    if hours * 3600 < WINDOW:
        raise ConfigError(f"hours: a night has at least one 30-s window, got {hours} hours.")
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
            files = (f"01-03-{i + 1:04d} PSG.edf", f"01-03-{i + 1:04d} Base.edf")
        else:
            night = f"SC4{person:02d}{visit + 1}E"
            files = (f"{night}0-PSG.edf", f"{night}C-Hypnogram.edf")
        jobs.append(
            Job(
                folder / files[0],
                folder / files[1],
                seed=derive(seed, 0, i),
                subject=derive(seed, 1, person),
                hours=hours,
                ch_names=tuple(names),
                sfreq=sfreq,
                layout=layout,
            )
        )
    return jobs


def derive(seed: int, what: int, index: int) -> int:
    """Return the seed of a night (what = 0) or of a person (1) of a data set."""
    return int(np.random.SeedSequence([seed, what, index]).generate_state(1, np.uint64)[0])


def write_night(job: Job) -> None:
    """Simulate one night and write its two files, the recording last."""
    night = plan_night(job.seed, job.subject, job.hours)
    head = {
        "patient": edfio.Patient(
            code="SIMULATED", sex=night.person.sex, name="Simulated_night_no_real_person"
        ),
        "recording": edfio.Recording(
            startdate=datetime.date(2000, 1, 1),
            equipment_code="sleepaug_simulator",
            additional=("SIMULATED", "not_a_real_recording"),
        ),
        "starttime": datetime.time(22, 30),
    }
    scoring = edfio.Edf([], annotations=annotations(night, job.layout), **head)
    write(scoring, job.hypnogram)
    write(edfio.Edf(signals(night, job), data_record_duration=1, annotations=(), **head), job.psg)


def write(edf: edfio.Edf, path: Path) -> None:
    """Write under a temporary name, then move into place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        edf.write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def annotations(night: Night, layout: Layout) -> list[edfio.EdfAnnotation]:
    """Return the scoring as the layout writes it.

    MASS: one annotation a window. Sleep-EDF: one a bout, N3 split into stages 3 and 4 by depth
    (Rechtschaffen and Kales), `Movement time` where the sleeper moved most of the window.
    """
    stages = [f"Sleep stage {LABELS[STAGES[s]]}" for s in night.stages]
    depth = night.course.depth.reshape(len(stages), -1).mean(1)
    moved = (night.course.movement.reshape(len(stages), -1) > 0.5).mean(1)
    if layout == "mass":
        return [
            edfio.EdfAnnotation(i * WINDOW, WINDOW, label if moved[i] < 0.6 else "Sleep stage ?")
            for i, label in enumerate(stages)
        ]
    bouts: list[edfio.EdfAnnotation] = []
    for i, label in enumerate(stages):
        if night.stages[i] == N3 and depth[i] > 1:
            label = "Sleep stage 4"
        if moved[i] >= 0.6:
            label = "Movement time"
        onset, duration = i * WINDOW, WINDOW
        if bouts and bouts[-1].text == label:
            last = bouts.pop()
            onset, duration = last.onset, last.duration + WINDOW
        bouts.append(edfio.EdfAnnotation(onset, duration, label))
    return bouts


def signals(night: Night, job: Job) -> list[edfio.EdfSignal]:
    """Simulate the signals and convert them to 16 bits (12 in Sleep-EDF)."""
    n_seconds = len(night.course.stage)
    limits = LIMITS[job.layout]
    digital = np.empty((len(job.ch_names), round(n_seconds * job.sfreq)), np.int16)
    at = 0
    for chunk in render(night, job.ch_names, job.sfreq):
        for i, name in enumerate(job.ch_names):
            physical, steps = limits[kind(name)]
            x = np.rint(chunk[i] * (steps / physical))
            digital[i, at : at + len(x)] = np.clip(x, -steps, steps)
        at += chunk.shape[1]
    out = []
    for i, name in enumerate(job.ch_names):
        physical, steps = limits[kind(name)]
        counts, sfreq = digital[i], job.sfreq
        if name == "EMG submental":  # kept once a second, as the cassette recorder did
            power = (counts.reshape(n_seconds, -1) * (physical / steps)) ** 2
            physical, steps, sfreq = 5.0, 2500, 1.0
            counts = np.clip(np.sqrt(power.mean(1)) * 50, 0, steps).astype(np.int16)
        out.append(
            edfio.EdfSignal.from_digital(
                counts,
                sfreq,
                label=name,
                transducer_type="simulated electrode",
                physical_dimension="uV",
                physical_range=(-physical, physical),
                digital_range=(-steps, steps),
                prefiltering=f"HP:{HIGH_PASS}Hz",
            )
        )
    return out if job.layout == "mass" else out + slow_signals(night)


def slow_signals(night: Night) -> list[edfio.EdfSignal]:
    """Return breath, rectal temperature and event marker, one sample a second, of Sleep-EDF."""
    n = len(night.course.stage)
    t = np.arange(n)
    rng = stream(night.seed, "slow")
    breath = 600 * np.sin(2 * np.pi * np.cumsum(0.25 + 0.02 * wander(rng, n, 30)))
    temperature = 36.7 + 0.25 * np.cos(2 * np.pi * t / 86400 + 0.4) + 0.01 * wander(rng, n, 600)
    return [
        edfio.EdfSignal(
            x, 1, label=label, physical_dimension=unit, physical_range=limits,
            digital_range=(-2047, 2047),
        )
        for x, label, unit, limits in (
            (breath, "Resp oro-nasal", "", (-2048, 2047)),
            (temperature, "Temp rectal", "DegC", (34, 40)),
            (np.zeros(n), "Event marker", "", (-2047, 2047)),
        )
    ]  # fmt: skip
