"""Windows in and out of braindecode's datasets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.data.windows import Windows
from sleepaug.support.errors import ConfigError

if TYPE_CHECKING:
    from sleepaug.support.braindecode_import import braindecode


def from_braindecode(dataset: braindecode.datasets.BaseConcatDataset) -> Windows:
    """Take the windows of a braindecode dataset, with the values it holds.

    Parameters
    ----------
    dataset : BaseConcatDataset
        Of `WindowsDataset` or `EEGWindowsDataset`: windows of 30 s, targets 0 to 4 in the order of
        `STAGES`, and a `description` with "subject" and, if there is one, "recording".

    Raises
    ------
    ConfigError
        If one of these is missing, or the parts differ in channels or rate.
    """
    parts = [_windows_of(k, part) for k, part in enumerate(dataset.datasets)]
    kinds = {(part.ch_names, part.sfreq) for part in parts}
    if len(kinds) > 1:
        shown = "; ".join(f"{', '.join(names)} at {sfreq:g} Hz" for names, sfreq in sorted(kinds))
        raise ConfigError(f"The dataset mixes channels or rates: {shown}. Make them the same.")
    return dataclasses.replace(
        parts[0],
        x=np.concatenate([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        subject=np.concatenate([part.subject for part in parts]),
        recording=np.concatenate([part.recording for part in parts]),
        onset=np.concatenate([part.onset for part in parts]),
        notes={name: lines for part in parts for name, lines in part.notes.items()},
    )


def _windows_of(k: int, part: Any) -> Windows:
    """Take the windows of one recording of a dataset."""
    signals = part.windows if hasattr(part, "windows") else getattr(part, "raw", None)
    if signals is None or not hasattr(part, "metadata"):
        raise ConfigError(
            f"Part {k} of the dataset is a {type(part).__name__}, which has no windows. Cut it "
            "first, as with braindecode.preprocessing.create_windows_from_events."
        )
    description = dict(part.description) if part.description is not None else {}
    if description.get("subject") is None:
        raise ConfigError(
            f"Part {k} of the dataset has no 'subject' in its description, so that it could not "
            "be split by subject. Add one with dataset.set_description."
        )
    sfreq = float(signals.info["sfreq"])
    x = np.stack([np.asarray(part[i][0], np.float32) for i in range(len(part))])
    if x.shape[-1] != round(WINDOW_SECONDS * sfreq):
        raise ConfigError(
            f"Windows of part {k} last {x.shape[-1] / sfreq:g} s; {WINDOW_SECONDS:g} s are needed."
        )
    y = part.metadata["target"].to_numpy()
    if not np.isin(y, range(len(STAGES))).all():
        raise ConfigError(
            f"Part {k} has targets {sorted(set(y.tolist()))}; expected 0 to {len(STAGES) - 1} for "
            f"{', '.join(STAGES)}."
        )
    subject = str(description["subject"])
    recording = str(description.get("recording", f"{subject} ({k})"))
    return Windows(
        x=x,
        y=y.astype(np.int64),
        subject=np.repeat([subject], len(y)),
        recording=np.repeat([recording], len(y)),
        onset=part.metadata["i_start_in_trial"].to_numpy() / sfreq,
        sfreq=sfreq,
        ch_names=tuple(signals.ch_names),
        notes={recording: ["From a braindecode dataset."]},
    )


def to_braindecode(windows: Windows) -> braindecode.datasets.BaseConcatDataset:
    """Make a braindecode dataset with a `WindowsDataset` for each recording.

    Its `description` has "subject" and "recording", its metadata the targets and where each window
    starts. MNE keeps windows in double precision: this takes twice the memory of `windows.x`.
    """
    import mne
    import pandas as pd

    from sleepaug.support.braindecode_import import braindecode

    info = mne.create_info(list(windows.ch_names), windows.sfreq, "eeg")
    parts = []
    for name in dict.fromkeys(windows.recording.tolist()):
        rows = np.flatnonzero(windows.recording == name)
        start = np.rint(windows.onset[rows] * windows.sfreq).astype(int)
        y = windows.y[rows]
        metadata = pd.DataFrame(
            {
                "i_window_in_trial": np.arange(len(rows)),
                "i_start_in_trial": start,
                "i_stop_in_trial": start + windows.x.shape[-1],
                "target": y,
            }
        )
        events = np.column_stack([start, np.zeros_like(start), y])
        epochs = mne.EpochsArray(windows.x[rows], info, events, metadata=metadata, verbose="error")
        description = {"subject": str(windows.subject[rows[0]]), "recording": name}
        parts.append(braindecode.datasets.WindowsDataset(epochs, description))
    return braindecode.datasets.BaseConcatDataset(parts)
