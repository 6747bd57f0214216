"""One simulated night: from stages and traits to the voltages of every channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mne
import numpy as np

from sleepaug.config import ConfigError
from sleepaug.simulation import body
from sleepaug.simulation.background import background
from sleepaug.simulation.course import Course, simulate_course
from sleepaug.simulation.head import (
    ANGLES,
    REFERENCES,
    background_mixing,
    eye_mixing,
    referenced,
)
from sleepaug.simulation.hypnogram import STAGES, WINDOW, macrostructure, simulate_stages
from sleepaug.simulation.people import Person, draw_person, stream
from sleepaug.simulation.recorder import draw_electrode
from sleepaug.simulation.waves import Mixing, simulate_waves

EEG = (
    "C3", "C4", "Cz", "F3", "F4", "F7", "F8", "O1", "O2", "P3", "P4", "Pz", "T3", "T4", "T5", "T6",
    "Fp1", "Fp2", "Fz", "Oz",
)  # fmt: skip
MASS_CHANNELS = (
    *(f"EEG {name}-CLE" for name in EEG), "EOG Left Horiz", "EOG Right Horiz",
    "EMG Chin1", "EMG Chin2", "EMG Chin3", "ECG ECGI",
)  # fmt: skip
SLEEP_EDF_CHANNELS = ("EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal", "EMG submental")
# The order decides which random numbers a channel's recorder gets: append only.
CHANNELS = (*MASS_CHANNELS, "EEG A1-CLE", "EEG A2-CLE", *SLEEP_EDF_CHANNELS)
CHUNK = 300  # seconds made at a time


@dataclass(frozen=True)
class Night:
    """What is decided about a night before its signals are made."""

    seed: int
    person: Person
    stages: np.ndarray  # (n_windows,), index into STAGES
    course: Course


def plan_night(
    seed: int, subject: int | None = None, hours: float = 8.0, apnea: bool | None = None
) -> Night:
    """Draw the sleeper, the stages and their course (see `simulate_night`)."""
    n_windows = int(hours * 3600 / WINDOW)
    if n_windows < 1:
        raise ConfigError(f"hours: a night has at least one 30-s window; got {hours} hours.")
    person = draw_person(seed if subject is None else subject, apnea)
    rng = stream(seed, "night")
    tonight = rng.multivariate_normal(np.zeros(5), macrostructure()["night_cov"] * 0.4)
    propensity = np.array(person.propensity) + tonight
    stages = simulate_stages(n_windows, rng, propensity=propensity, apnea=person.apnea)
    course = simulate_course(stages, person, stream(seed, "course"))
    return Night(seed, person, stages, course)


def kind(name: str) -> str:
    """Return `eeg`, `eog`, `emg` or `ecg`."""
    return name.partition(" ")[0].lower()


def site(name: str) -> str:
    """Return the electrode (or `X-Y`) of an EEG or EOG channel as `head.ANGLES` has it."""
    name = name.partition(" ")[2]
    if name == "horizontal":
        return "Right Horiz-Left Horiz"
    return name.removesuffix("-CLE").removesuffix("-LER")


def resolve_channels(ch_names: Sequence[str] | None) -> list[str]:
    """Return full channel names; `C3` may stand for `EEG C3-CLE`; None for all of MASS."""
    if ch_names is None:
        return list(MASS_CHANNELS)
    known = {name: name for name in CHANNELS}
    known |= {site(name): name for name in known}
    wrong = [name for name in ch_names if name not in known]
    if wrong or len(set(ch_names)) < len(ch_names):
        raise ConfigError(
            f"channels: {', '.join(wrong) or 'a channel twice'} cannot be simulated. "
            f"There are: {', '.join(MASS_CHANNELS)}."
        )
    return [known[name] for name in ch_names]


def render(
    night: Night, ch_names: Sequence[str], sfreq: float, reference: str = "linked-ears"
) -> Iterator[np.ndarray]:
    """Yield the signals of a planned night, `CHUNK` seconds at a time.

    Yields
    ------
    ndarray of shape (n_chans, n_times)
        Microvolts, channels as `ch_names`.
    """
    if reference not in REFERENCES:
        raise ConfigError(f"reference: {reference!r} is none of {', '.join(REFERENCES)}.")
    if sfreq != round(sfreq) or sfreq < 50:
        raise ConfigError(f"sfreq: a whole number of Hz from 50 up is needed, got {sfreq}.")
    seed, person, course = night.seed, night.person, night.course
    n_seconds = len(course.stage)
    head = [name for name in ch_names if kind(name) in ("eeg", "eog")]
    sites = [site(name) for name in head]
    mixing = background_mixing(sites, reference).astype(np.float32)
    eyes = eye_mixing(sites, reference).astype(np.float32)
    waves = simulate_waves(course, person, stream(seed, "waves"))
    events = Mixing(sites, reference)
    gaze = body.simulate_gaze(course, person, stream(seed, "eyes"))
    rng = stream(seed, "muscle")
    tone = body.muscle_tone(course, person, rng)
    beats = body.heart_beats(person, n_seconds, rng)
    at_ears = np.zeros(len(ANGLES))
    at_ears[[list(ANGLES).index(ear) for ear in ("A1", "A2")]] = rng.normal(0, 5, 2)
    pulse = referenced(sites, at_ears, reference).astype(np.float32)  # uV of the R wave
    rngs = dict(zip(CHANNELS, stream(seed, "recorder").spawn(len(CHANNELS)), strict=True))
    chins = dict(zip(CHANNELS, stream(seed, "muscle").spawn(len(CHANNELS)), strict=True))
    electrodes = {
        name: draw_electrode(rngs[name], n_seconds, kind(name) in ("emg", "ecg"))
        for name in ch_names
    }
    row = {name: i for i, name in enumerate(head)}
    activity = background(course, person, sfreq, stream(seed, "background"), CHUNK)
    for start in range(0, n_seconds, CHUNK):
        stop = min(start + CHUNK, n_seconds)
        n_times = round((stop - start) * sfreq)
        times = start + np.arange(n_times) / sfreq
        heart = body.electrocardiogram(times, beats)
        look = np.stack(
            [np.interp(times, np.arange(gaze.shape[1]) / body.EYE_RATE, axis) for axis in gaze]
        ).astype(np.float32)
        x = mixing @ next(activity)
        x += eyes @ look
        x += np.outer(pulse, heart)
        for kind_of_wave in waves:
            kind_of_wave.add(x, start, sfreq, events)
        out = np.empty((len(ch_names), n_times))
        for i, name in enumerate(ch_names):
            if name in row:
                signal = x[row[name]]
            elif kind(name) == "emg":
                signal = body.muscle(chins[name], tone[start:stop], sfreq) + 4 * heart
            else:
                signal = 900 * heart
            quiet = kind(name) in ("emg", "ecg")
            out[i] = electrodes[name].record(signal, start, sfreq, course, quiet)
        yield out


def simulate_night(
    seed: int,
    *,
    subject: int | None = None,
    hours: float = 8.0,
    ch_names: Sequence[str] | None = None,
    sfreq: float = 256.0,
    reference: str = "linked-ears",
    apnea: bool | None = None,
) -> mne.io.Raw:
    """Simulate a scored polysomnogram of one night. It is simulated: nobody slept.

    Parameters
    ----------
    seed : int
        The night; the same arguments give the same samples.
    subject : int, optional
        Seed of the sleeper: nights of one subject resemble each other. By default each seed is
        another person.
    hours : float
        Duration in hours, from lights off; cut to whole 30-s windows.
    ch_names : sequence of str, optional
        Channels as in MASS (`EEG C3-CLE`, or `C3` for short); default all 26.
    sfreq : float
        Sampling frequency, a whole number of Hz.
    reference : {"linked-ears", "A2", "average"}
        Reference of EEG and EOG.
    apnea : bool, optional
        Whether the sleeper has sleep apnea; drawn if not given.

    Returns
    -------
    mne.io.Raw
        Volts, channel types set, annotated `W N1 N2 N3 R` in 30-s windows.

    Raises
    ------
    ConfigError
        An unknown channel or reference, or an impossible duration or sampling frequency.
    """
    names = resolve_channels(ch_names)
    night = plan_night(seed, subject, hours, apnea)
    data = np.empty((len(names), round(len(night.course.stage) * sfreq)))
    at = 0
    for chunk in render(night, names, sfreq, reference):
        np.multiply(chunk, 1e-6, out=data[:, at : at + chunk.shape[1]])
        at += chunk.shape[1]
    info = mne.create_info(names, sfreq, [kind(name) for name in names])
    info["description"] = f"simulated night, seed {seed}; not a real recording"
    raw = mne.io.RawArray(data, info, verbose="error")
    onset = np.arange(len(night.stages)) * WINDOW
    raw.set_annotations(
        mne.Annotations(onset, float(WINDOW), [STAGES[s] for s in night.stages]), verbose="error"
    )
    return raw
