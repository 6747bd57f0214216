"""Scored recordings staged by a recording model: windows of a scoring beside the model's."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sleepaug.data.recording import Recording
from sleepaug.data.signals.cutting import nearest_window, scored_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.data.windows import Windows
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.notes import is_doubt
from sleepaug.support.errors import RecordingError

SETTINGS = Preprocessing(channels=("EEG",), sfreq=50.0, lowpass=22.0, normalize="none")


def staged_recordings(
    stage: Callable[[Path], Mapping[str, Hypnogram]],
    recordings: Sequence[Recording],
    *,
    progress: bool = False,
) -> tuple[Windows, dict[str, np.ndarray]]:
    """Stage recordings whose stages are known.

    Parameters
    ----------
    stage : callable
        Stages a recording in one way or several, as `RecordingStager.stagings` does; each leaves
        out the same windows.
    recordings : sequence of Recording
    progress : bool
        Show a progress bar on a terminal.

    Returns
    -------
    windows : Windows
        The scored windows, without samples. A window of a scoring that lies between two windows of
        the model is compared with the one that shares more with it.
    probabilities : dict of ndarray of shape (n_windows, 5)
        For each way.

    Raises
    ------
    RecordingError
        No recording can be used.
    """
    parts: list[tuple[Recording, np.ndarray, np.ndarray, dict[str, np.ndarray]]] = []
    failures: dict[str, str] = {}
    notes: dict[str, list[str]] = {}
    for recording in tqdm(recordings, "Staging", unit="night", disable=not progress or None):
        try:
            scoring = recording.scoring()
            nights = stage(recording.files[0])
        except RecordingError as error:
            failures[recording.id] = str(error)
            continue
        night = next(iter(nights.values()))
        samples = round(len(night) * WINDOW_SECONDS * SETTINGS.sfreq)
        onset, y, dropped = scored_windows(scoring, SETTINGS, samples)
        nearest = nearest_window(onset, len(night))
        known = night.scored[nearest]
        for reason, n in Counter(night.reason[k] for k in nearest[~known]).most_common():
            dropped[f"scored windows that the model did not stage ({reason})"] = n
        if not known.any():
            why = "; ".join(f"{n} {text}" for text, n in dropped.items()) or "no epoch is scored"
            failures[recording.id] = f"{recording.files[0]}: no window to compare ({why})."
            continue
        doubts = [note for note in night.notes if is_doubt(note)]
        notes[recording.id] = [*scoring.notes, *doubts]
        notes[recording.id] += [f"Dropped: {n} {text}." for text, n in dropped.items()]
        stagings = {name: one.probabilities[nearest[known]] for name, one in nights.items()}
        parts.append((recording, onset[known], y[known], stagings))
    if not parts:
        listed = "".join(f"\n  {text}" for text in dict.fromkeys(failures.values()))
        raise RecordingError(f"None of {len(recordings)} recordings can be used.{listed}")
    for name, text in failures.items():
        warnings.warn(f"Skipped recording {name}: {text}", stacklevel=2)
    sizes = [len(y) for _, _, y, _ in parts]
    windows = Windows(
        x=np.zeros((sum(sizes), 0, 0), np.float32),
        y=np.concatenate([y for _, _, y, _ in parts]),
        subject=np.repeat([recording.subject for recording, *_ in parts], sizes),
        recording=np.repeat([recording.id for recording, *_ in parts], sizes),
        onset=np.concatenate([onset for _, onset, _, _ in parts]),
        sfreq=SETTINGS.sfreq,
        ch_names=(),
        notes=notes,
        failures=failures,
    )
    names = parts[0][-1]
    return windows, {name: np.concatenate([p[name] for *_, p in parts]) for name in names}
