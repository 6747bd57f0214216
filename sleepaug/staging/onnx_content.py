"""What goes into an ONNX file of a stager: its network, an example of its input, a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from sleepaug import __version__
from sleepaug.data.signals.montage import channel_place
from sleepaug.data.signals.night import night_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.models.onnx_graph import RecordingGraph, WindowGraph
from sleepaug.models.recording_features import LOWPASS, SFREQ, recording_features
from sleepaug.simulation.channels import EEG
from sleepaug.simulation.night import simulate_night
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.calibration import softened
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.stager import Stager
from sleepaug.support.errors import ModelError
from sleepaug.support.plain import plain

HOURS, SEED = 0.5, 7
"""Of the simulated night that serves as an example."""
KNOWN_PLACES = {
    **{
        f"{name}-{ear}": "eeg"
        for name, ear in zip(("F3", "F4", "C3", "C4", "O1", "O2"), ("A2", "A1") * 3, strict=True)
    },
    **dict.fromkeys(EEG, "eeg"),
    "E1": "eog",
    "E2": "eog",
    "EOG horizontal": "eog",
    "chin": "emg",
}
"""Channels whose numbers stand in the description; without a reference it is both ears."""


@dataclass(frozen=True)
class Export:
    """A network to be exported, and what is to be said of it.

    Attributes
    ----------
    graph : nn.Module
        From the inputs to probabilities.
    inputs : dict of ndarray
        By name: a simulated night as the network sees it.
    free : dict of dict
        See `to_onnx`.
    probabilities : ndarray of shape (n_windows, 5)
        Of that night, by the stager itself.
    about : dict
        The description.
    notes : list of str
        What the file does not do, a sentence each.
    """

    graph: nn.Module
    inputs: Mapping[str, np.ndarray]
    free: Mapping[str, Mapping[int, str]]
    probabilities: np.ndarray
    about: Mapping[str, Any]
    notes: Sequence[str]


def export_of(stager: AnyStager) -> Export:
    """Prepare the export of a stager.

    Raises
    ------
    ModelError
        It is not one network.
    """
    if isinstance(stager, Stager):
        return of_windows(stager)
    if isinstance(stager, RecordingStager):
        return of_recordings(stager)
    names = ", ".join(source.name for source in stager.sources)
    raise ModelError(
        f"{names}: expected one model of sleepaug, of which ONNX takes the network. Of several "
        "models, or folds, export each; the model of YASA is not one of sleepaug."
    )


def of_windows(stager: Stager) -> Export:
    """Prepare the export of a model of windows."""
    description, settings = stager.description, stager.preprocessing
    n = len(settings.channels)
    some = EEG[:n]
    prepared = replace(settings, channels=some, map={}, exclude=(), reference="as-recorded")
    raw = simulate_night(SEED, hours=HOURS, ch_names=some)
    x = night_windows(raw, prepared).x[:, np.resize(np.arange(len(some)), n)]
    graph = WindowGraph(stager)
    own = softened(stager.log_probabilities(x), graph.temperature)
    notes = ["Each window is staged by itself: as `sleepaug predict --context none` does it."]
    if stager.model.augment.at_inference:
        alone = graph_of(graph, x)
        same = np.mean(alone.argmax(1) == own.argmax(1))
        notes = [
            "Each window is staged by itself.",
            f"The model averages over {description.copies_eval} randomly transformed copies of a "
            "window. The file holds its trunk alone, which sees the window as it is: on a "
            f"simulated night it gives {same:.0%} of the windows the same stage.",
        ]
        own = alone
    about = {
        **_about(stager),
        "inputs": {
            "windows": {
                "shape": ["n_windows", n, settings.n_times],
                "is": f"float32; windows of {WINDOW_SECONDS:g} s, scaled as said in steps",
            }
        },
        "channels": list(settings.channels),
        "sfreq": settings.sfreq,
        "steps": steps(settings, allow_missing=stager.allow_missing),
        "preprocessing": plain(settings),
        "temperature": graph.temperature,
    }
    return Export(graph, {"windows": x}, {"windows": {0: "n_windows"}}, own, about, notes)


def of_recordings(stager: RecordingStager) -> Export:
    """Prepare the export of a recording model."""
    raw = simulate_night(SEED, hours=HOURS, ch_names=["C3", "F4", "O1"])
    features = recording_features(raw)
    places = features.montage.places()
    notes = [
        "The windows of a whole recording are staged at once, in their order; channels and windows "
        "unlike sleep EEG are not left out."
    ]
    settings = Preprocessing(channels=(), lowpass=LOWPASS, sfreq=SFREQ, normalize="none")
    about = {
        **_about(stager),
        "inputs": {
            "windows": {
                "shape": ["n_windows", "n_channels", settings.n_times],
                "is": f"float32; windows of {WINDOW_SECONDS:g} s in microvolts, prepared as said "
                "in steps; NaN where a channel is absent or faulty",
            },
            "places": {
                "shape": ["n_channels", places.shape[1]],
                "is": "float32; 1 for EEG, for EOG, for EMG, then x, y, z of the electrode and of "
                "its reference on the unit sphere",
            },
        },
        "sfreq": SFREQ,
        "steps": [
            "Take one EEG channel or more, and EOG and EMG of the chin where there are any, in "
            "microvolts, in any order.",
            *steps(settings, allow_missing=True)[1:],
        ],
        "places": {
            name: channel_place(name, kind).round(6).tolist() for name, kind in KNOWN_PLACES.items()
        },
        "temperature": stager.description.temperature,
    }
    free = {"windows": {0: "n_windows", 1: "n_channels"}, "places": {0: "n_channels"}}
    inputs = {"windows": features.night.x, "places": places}
    own = stager.model.probabilities(features.x, places)
    return Export(RecordingGraph(stager.model), inputs, free, own, about, notes)


def _about(stager: Stager | RecordingStager) -> dict[str, Any]:
    """Name the model and what comes out."""
    return {
        "sleepaug": __version__,
        "model": stager.sources[0].to_json(),
        "stages": list(STAGES),
        "window_seconds": WINDOW_SECONDS,
        "output": "probabilities: float32 (n_windows, 5), of the stages in this order",
    }


def steps(settings: Preprocessing, *, allow_missing: bool) -> list[str]:
    """Say in sentences what is done to a recording before it is staged.

    Examples
    --------
    >>> print(*steps(Preprocessing(channels=("C3", "C4")), allow_missing=False), sep="\\n")
    Take the channels C3, C4 in microvolts, in this order; reference: as-recorded.
    Low-pass: FIR of zero phase, pass band up to 30 Hz, no high-pass.
    Resample to 100 Hz.
    Cut windows of 30 s (3000 samples), without overlap.
    Give each channel of each window zero mean and unit variance.
    """
    missing = " A channel that is missing or faulty is 0 throughout." if allow_missing else ""
    scaling = {
        "window": "Give each channel of each window zero mean and unit variance.",
        "recording": "Filter each channel so that its median spectrum over the windows of the "
        "recording is flat (sleepaug.data.signals.scaling.whiten).",
        "none": "Leave the windows in microvolts.",
    }
    edge = settings.lowpass
    lowpass = f"Low-pass: FIR of zero phase, pass band up to {edge or 0:g} Hz, no high-pass."
    return [
        f"Take the channels {', '.join(settings.channels)} in microvolts, in this order; "
        f"reference: {settings.reference}.{missing}",
        *([lowpass] if edge is not None else []),
        f"Resample to {settings.sfreq:g} Hz.",
        f"Cut windows of {WINDOW_SECONDS:g} s ({settings.n_times} samples), without overlap.",
        scaling[settings.normalize],
    ]


@torch.no_grad()
def graph_of(graph: nn.Module, *inputs: np.ndarray) -> np.ndarray:
    """Return the probabilities that a network gives in torch."""
    return graph.eval()(*map(torch.from_numpy, inputs)).numpy()
