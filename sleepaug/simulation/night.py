"""One simulated night: from stages and traits to the voltages of every channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mne
import numpy as np

from sleepaug.simulation import body
from sleepaug.simulation.background import background
from sleepaug.simulation.channels import kind, resolve_channels, site
from sleepaug.simulation.course import Course, simulate_course
from sleepaug.simulation.head import PLACES, REFERENCES, background_mixing, eye_mixing, referenced
from sleepaug.simulation.hypnogram import STAGES, WINDOW, W, night_covariance, simulate_stages
from sleepaug.simulation.people import OF_PERSON, Person, draw_person, stream, tonight
from sleepaug.simulation.recorder import (
    MASS,
    RECORDERS,
    Amplifier,
    Recorder,
    RecorderName,
    recorder_of,
)
from sleepaug.simulation.waves import Mixing, simulate_waves
from sleepaug.support.errors import ConfigError

FULL_NIGHT = 960  # windows: shorter recordings are excerpts of a night of 8 hours
# Log-odds of changing to each stage in the first night in a laboratory: more wake and N1, less
# REM sleep (Agnew et al. 1966).
FIRST_NIGHT = np.array([0.3, 0.15, 0, -0.05, -0.25])
LEAST_SLEEP = 0.35  # of the night: the worst sleeper's of the 70 nights fitted to
CHUNK = 300  # seconds made at a time


@dataclass(frozen=True)
class Night:
    """What is decided about a night before its signals are made."""

    seed: int
    person: Person  # as he or she is tonight
    stages: np.ndarray  # (n_windows,), index into STAGES
    course: Course


def plan_night(
    seed: int,
    subject: int | None = None,
    hours: float = 8.0,
    apnea: bool | None = None,
    first_night: bool = False,
    wake: tuple[float, float] = (0.0, 0.0),
) -> Night:
    """Draw the sleeper, the stages and their course (see `simulate_night`).

    `wake` are the hours awake before lights out and after lights on.
    """
    n_windows = round(hours * 3600) // WINDOW
    if min(wake) < 0:
        raise ConfigError(f"wake_before, wake_after: 0 hours or more, got {wake[0]} and {wake[1]}.")
    before, after = (round(hours_awake * 3600) // WINDOW for hours_awake in wake)
    if n_windows < 1:
        raise ConfigError(f"hours: a night has at least one 30-s window; got {hours} hours.")
    person = draw_person(seed if subject is None else subject, apnea)
    stages, start = draw_stages(seed, person, n_windows, first_night)
    day = np.repeat([True, False, True], [before, n_windows, after])
    stages = np.concatenate([np.full(before, W, np.int8), stages, np.full(after, W, np.int8)])
    person = tonight(person, stream(seed, "tonight"))
    rng = stream(seed, "course")
    course = simulate_course(stages, person, rng, start * WINDOW / 3600, day)
    return Night(seed, person, stages, course)


def draw_stages(
    seed: int, person: Person, n_windows: int, first_night: bool = False
) -> tuple[np.ndarray, int]:
    """Draw the stages of a night, or of an excerpt of one if it is shorter than 8 hours.

    Returns the stages and the window of the night at which they begin.
    """
    rng = stream(seed, "night")
    cov = night_covariance(person.apnea) * (1 - OF_PERSON)
    n_full = max(n_windows, FULL_NIGHT)
    asleep = 0.0
    while asleep < LEAST_SLEEP:
        propensity = rng.multivariate_normal(person.propensity, cov) + FIRST_NIGHT * first_night
        stages = simulate_stages(n_full, rng, propensity=propensity, apnea=person.apnea)
        asleep = np.mean(stages != W)
    start = int(rng.integers(0, n_full - n_windows + 1))
    return stages[start : start + n_windows], start


def render(
    night: Night,
    ch_names: Sequence[str],
    sfreq: float,
    reference: str = "linked-ears",
    amplifier: Amplifier = MASS,
) -> Iterator[np.ndarray]:
    """Yield the signals of a planned night, `CHUNK` seconds at a time.

    Yields
    ------
    ndarray of shape (n_chans, n_times), float32
        Microvolts, channels as `ch_names`.
    """
    if reference not in REFERENCES:
        raise ConfigError(
            f"reference: unknown value {reference!r}. Allowed: {', '.join(REFERENCES)}."
        )
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
    at_ears = np.zeros(len(PLACES))
    at_ears[[list(PLACES).index(ear) for ear in ("A1", "A2")]] = rng.normal(
        0, 4, 2
    ) * rng.lognormal(0, 0.7)
    pulse = referenced(sites, at_ears, reference).astype(np.float32)  # uV of the R wave
    chins = {name: stream(seed, "muscle", name) for name in ch_names}
    recorder = Recorder(seed, ch_names, course, sfreq, amplifier)
    row = {name: i for i, name in enumerate(head)}
    activity = background(course, person, sfreq, stream(seed, "background"), CHUNK)
    for start in range(0, n_seconds, CHUNK):
        stop = min(start + CHUNK, n_seconds)
        n_times = round((stop - start) * sfreq)
        times = start + np.arange(n_times) / sfreq
        heart = body.electrocardiogram(times, beats)
        now = slice(start * body.EYE_RATE, stop * body.EYE_RATE + 1)
        at = start + np.arange(gaze[0, now].size) / body.EYE_RATE
        look = np.stack([np.interp(times, at, axis[now]) for axis in gaze]).astype(np.float32)
        x = mixing @ next(activity)
        x += eyes @ look
        x += np.outer(pulse, heart)
        for kind_of_wave in waves:
            kind_of_wave.add(x, start, sfreq, events)
        out = np.empty((len(ch_names), n_times), np.float32)
        for i, name in enumerate(ch_names):
            if name in row:
                out[i] = x[row[name]]
            elif kind(name) == "emg":
                out[i] = body.muscle(chins[name], tone[start:stop], sfreq) + 4 * heart
            else:
                out[i] = 900 * heart
        yield recorder.record(out, start)


def simulate_night(
    seed: int,
    *,
    subject: int | None = None,
    hours: float = 8.0,
    ch_names: Sequence[str] | None = None,
    sfreq: float = 256.0,
    reference: str = "linked-ears",
    apnea: bool | None = None,
    first_night: bool = False,
    wake_before: float = 0.0,
    wake_after: float = 0.0,
    recorder: RecorderName = "mass",
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
        Duration in hours, cut to whole 30-s windows. From lights off if 8 or more; a shorter
        recording is an excerpt that begins anywhere in a night of 8 hours.
    ch_names : sequence of str, optional
        Channels: any position of the 10-10 system, ears, mastoids, eyes, and the difference of two
        (`C3`, `AF7`, `Fpz-Cz`, `F4-M1`, `E1-M2`; see `channels.full_name`), `EOG horizontal`,
        `EMG Chin1` to `Chin3`, `EMG submental`, `ECG ECGI`. Default the 26 of MASS.
    sfreq : float
        Sampling frequency, a whole number of Hz.
    reference : {"linked-ears", "A2", "average"}
        Reference of EEG and EOG.
    apnea : bool, optional
        Whether the sleeper has sleep apnea; drawn (15 %) if not given.
    first_night : bool
        Whether it is the sleeper's first night in the laboratory.
    wake_before, wake_after : float
        Hours awake before lights out and after lights on, added to `hours`.
    recorder : {"mass", "sleep-edf", "any"}
        Filters, noise and steps of the recorder; `any` draws those of some laboratory.

    Returns
    -------
    mne.io.Raw
        Volts, channel types set, annotated `W N1 N2 N3 R` in 30-s windows.

    Examples
    --------
    >>> raw = simulate_night(0, hours=0.1, ch_names=["Fpz-Cz", "E1-M2"], sfreq=100, wake_before=0.1)
    >>> raw.ch_names, len(raw.annotations)
    (['EEG Fpz-Cz', 'EOG E1-M2'], 24)

    Raises
    ------
    ConfigError
        An unknown channel, reference or recorder, or an impossible duration or sampling frequency.
    """
    names = resolve_channels(ch_names)
    if recorder not in RECORDERS:
        raise ConfigError(f"recorder: unknown value {recorder!r}. Allowed: {', '.join(RECORDERS)}.")
    night = plan_night(seed, subject, hours, apnea, first_night, (wake_before, wake_after))
    data = np.empty((len(names), round(len(night.course.stage) * sfreq)))
    at = 0
    for chunk in render(night, names, sfreq, reference, recorder_of(recorder, seed)):
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
