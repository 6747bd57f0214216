"""One simulated night: from stages and traits to the voltages of every channel."""

from collections.abc import Iterator, Sequence

import mne
import numpy as np

from sleepaug.simulation import body
from sleepaug.simulation.background import background
from sleepaug.simulation.channels import kind, resolve_channels, site
from sleepaug.simulation.head import PLACES, background_mixing, eye_mixing, referenced
from sleepaug.simulation.hypnogram import STAGES, WINDOW
from sleepaug.simulation.night_plan import USUAL_NIGHT, Night, NightSettings, plan_night
from sleepaug.simulation.people import stream
from sleepaug.simulation.recorder import MASS, Amplifier, Recorder, recorder_of
from sleepaug.simulation.waves import Mixing, simulate_waves
from sleepaug.support.errors import ConfigError

CHUNK = 300  # seconds made at a time


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
    hours: float = 8.0,
    ch_names: Sequence[str] | None = None,
    sfreq: float = 256.0,
    settings: NightSettings = USUAL_NIGHT,
) -> mne.io.Raw:
    """Simulate a scored polysomnogram of one night. It is simulated: nobody slept.

    Parameters
    ----------
    seed : int
        The night; the same arguments give the same samples.
    hours : float
        Duration in hours, cut to whole 30-s windows. From lights off if 8 or more; a shorter
        recording is an excerpt that begins anywhere in a night of 8 hours.
    ch_names : sequence of str, optional
        Channels: any position of the 10-10 system, ears, mastoids, eyes, and the difference of two
        (`C3`, `AF7`, `Fpz-Cz`, `F4-M1`, `E1-M2`; see `channels.full_name`), `EOG horizontal`,
        `EMG Chin1` to `Chin3`, `EMG submental`, `ECG ECGI`. Default the 26 of MASS.
    sfreq : float
        Sampling frequency, a whole number of Hz.
    settings : NightSettings
        Who sleeps, hours of wake around the night, reference and recorder.

    Returns
    -------
    mne.io.Raw
        Volts, channel types set, annotated `W N1 N2 N3 R` in 30-s windows.

    Examples
    --------
    >>> raw = simulate_night(0, hours=0.1, ch_names=["Fpz-Cz", "E1-M2"], sfreq=100,
    ...                      settings=NightSettings(wake_before=0.1))
    >>> raw.ch_names, len(raw.annotations)
    (['EEG Fpz-Cz', 'EOG E1-M2'], 24)

    Raises
    ------
    ConfigError
        An unknown channel, reference or recorder, or an impossible duration or sampling frequency.
    """
    names = resolve_channels(ch_names)
    night = plan_night(seed, hours, settings)
    amplifier = recorder_of(settings.recorder, seed)
    data = np.empty((len(names), round(len(night.course.stage) * sfreq)))
    at = 0
    for chunk in render(night, names, sfreq, settings.reference, amplifier):
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
