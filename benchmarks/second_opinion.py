"""What YASA says of a simulated night, for networks to learn beside the stages that were simulated.

No real night with its EEG is at hand to learn from; YASA has learned from thousands.
"""

from functools import cache

import numpy as np

from sleepaug.data.files.open import OpenRecording, open_recording
from sleepaug.data.signals.montage import montage
from sleepaug.staging.yasa_stager import YasaStager

MOST_CHANNELS = 2
"""EEG channels that are staged, each by itself, of those that the recording has."""


def opinion(recording: OpenRecording, seed: int) -> np.ndarray:
    """Return the probabilities (n_windows, 5) that YASA gives, NaN where it gives none."""
    found = montage(recording, None, ())
    eeg = [name for name, kind in zip(found.names, found.kind, strict=True) if kind == "eeg"]
    left_out = np.random.default_rng(seed).permutation(eeg)[MOST_CHANNELS:]
    staged = _yasa().stage(recording, exclude=[found.names[name] for name in left_out])
    return staged.probabilities.astype(np.float32)


def opinion_of_array(x: np.ndarray, names: tuple[str, ...], sfreq: float) -> np.ndarray:
    """Return the same for channels x (n_channels, n_times) in microvolts."""
    recording = open_recording(
        x.astype(float), sampling_rate=sfreq, channel_names=list(names), unit="uV"
    )
    return opinion(recording, seed=0)


@cache
def _yasa() -> YasaStager:
    return YasaStager.load()
