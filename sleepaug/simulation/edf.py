"""A simulated night as EDF+: headers, signals in 16 bits, scorings, as either layout has them."""

import datetime
from collections.abc import Sequence
from typing import Literal

import edfio
import numpy as np

from sleepaug.simulation.channels import kind
from sleepaug.simulation.hypnogram import N3, WINDOW
from sleepaug.simulation.night import render
from sleepaug.simulation.night_plan import Night
from sleepaug.simulation.noise import wander
from sleepaug.simulation.people import stream
from sleepaug.simulation.recorder import Amplifier, RecorderName, prefiltering, recorder_of

Layout = Literal["mass", "sleep-edf"]
LABELS = "W123R"
LIGHTS_OFF = datetime.time(22, 30)
# Largest physical value (uV) and its digital value; those of Sleep-EDF are from its headers.
LIMITS: dict[Layout, dict[str, tuple[float, int]]] = {
    "mass": dict.fromkeys(("eeg", "eog", "emg", "ecg"), (3276.7, 32767)),
    "sleep-edf": {
        "eeg": (192.0, 2047), "eog": (1009.0, 2047), "emg": (500.0, 32767), "ecg": (3276.7, 32767),
    },
}  # fmt: skip


def polysomnogram(
    night: Night,
    layout: Layout,
    ch_names: Sequence[str],
    sfreq: float,
    recorder: RecorderName,
) -> edfio.Edf:
    """Simulate the signals of a night.

    Parameters
    ----------
    night : Night
        Who sleeps, and how.
    layout : {"mass", "sleep-edf"}
        Units and steps of the file.
    ch_names : sequence of str
        As `channels.resolve_channels` returns them.
    sfreq : float
        Sampling frequency, a whole number of Hz.
    recorder : {"mass", "sleep-edf", "any"}
        Filters, noise and steps.
    """
    amplifier = recorder_of(recorder, night.seed)
    return edfio.Edf(
        signals(night, layout, ch_names, sfreq, amplifier),
        data_record_duration=1,
        annotations=(),
        patient=patient(night),
        recording=recording(),
        starttime=LIGHTS_OFF,
    )


def scoring(night: Night, stages: np.ndarray, layout: Layout) -> edfio.Edf:
    """Return a scoring of a night as EDF+ annotations, without signals."""
    return edfio.Edf(
        [],
        annotations=annotations(night, stages, layout),
        patient=patient(night),
        recording=recording(),
        starttime=LIGHTS_OFF,
    )


def patient(night: Night) -> edfio.Patient:
    """Return the header's patient, who never lived."""
    return edfio.Patient(
        code="SIMULATED",
        sex="F" if night.person.sex == "F" else "M",
        name="Simulated_night_no_real_person",
    )


def recording() -> edfio.Recording:
    """Return the header's recording, which never happened."""
    return edfio.Recording(
        startdate=datetime.date(2000, 1, 1),
        equipment_code="sleepaug_simulator",
        additional=("SIMULATED", "not_a_real_recording"),
    )


def annotations(night: Night, stages: np.ndarray, layout: Layout) -> list[edfio.EdfAnnotation]:
    """Return a scoring of the night as the layout writes it.

    MASS: one annotation a window. Sleep-EDF: one a bout, N3 split into stages 3 and 4 by depth
    (Rechtschaffen and Kales), `Movement time` where the sleeper moved most of the window.
    """
    labels = [f"Sleep stage {LABELS[s]}" for s in stages]
    depth = night.course.depth.reshape(len(labels), -1).mean(1)
    moved = (night.course.movement.reshape(len(labels), -1) > 0.5).mean(1)
    if layout == "mass":
        return [
            edfio.EdfAnnotation(i * WINDOW, WINDOW, label if moved[i] < 0.6 else "Sleep stage ?")
            for i, label in enumerate(labels)
        ]
    bouts: list[edfio.EdfAnnotation] = []
    for i, label in enumerate(labels):
        if stages[i] == N3 and depth[i] > 1:
            label = "Sleep stage 4"
        if moved[i] >= 0.6:
            label = "Movement time"
        onset, duration = float(i * WINDOW), float(WINDOW)
        if bouts and bouts[-1].text == label:
            onset = bouts.pop().onset
            duration = (i + 1) * WINDOW - onset
        bouts.append(edfio.EdfAnnotation(onset, duration, label))
    return bouts


def signals(
    night: Night, layout: Layout, ch_names: Sequence[str], sfreq: float, amplifier: Amplifier
) -> list[edfio.EdfSignal]:
    """Simulate the signals and convert them to 16 bits (12 in Sleep-EDF)."""
    n_seconds = len(night.course.stage)
    limits = LIMITS[layout]
    digital = np.empty((len(ch_names), round(n_seconds * sfreq)), np.int16)
    at = 0
    for chunk in render(night, ch_names, sfreq, amplifier=amplifier):
        for i, name in enumerate(ch_names):
            physical, steps = limits[kind(name)]
            x = np.rint(chunk[i] * (steps / physical))
            digital[i, at : at + len(x)] = np.clip(x, -steps, steps)
        at += chunk.shape[1]
    out = []
    for i, name in enumerate(ch_names):
        physical, steps = limits[kind(name)]
        counts, rate = digital[i], sfreq
        if name == "EMG submental":  # kept once a second, as the cassette recorder did
            power = (counts.reshape(n_seconds, -1) * (physical / steps)) ** 2
            physical, steps, rate = 5.0, 2500, 1.0
            counts = np.clip(np.sqrt(power.mean(1)) * 50, 0, steps).astype(np.int16)
        out.append(
            edfio.EdfSignal.from_digital(
                counts,
                rate,
                label=name,
                transducer_type="simulated electrode",
                physical_dimension="uV",
                physical_range=(-physical, physical),
                digital_range=(-steps, steps),
                prefiltering=prefiltering(amplifier),
            )
        )
    return out if layout == "mass" else out + slow_signals(night)


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
