"""BIDS datasets, read and written with mne-bids (an extra: ``pip install 'sleepaug[bids]'``)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

from sleepaug.data.datasets.folders import existing_folder
from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.raw import load_raw
from sleepaug.data.recording import Recording
from sleepaug.data.scorings.by_person import scoring_by_person
from sleepaug.data.scorings.scoring import no_scoring
from sleepaug.support.errors import ConfigError

ENDINGS = (".edf", ".bdf", ".vhdr", ".set")
"""Signals of EEG in BIDS."""


def bids(folder: str | Path, codes: str | None = None) -> list[Recording]:
    """Find the nights of a BIDS dataset: its EEG recordings with their ``_events.tsv``.

    Without events, stages are the EDF+ annotations of the recording itself. Channels that
    ``_channels.tsv`` calls bad are left out, and derivatives are not looked at.

    Parameters
    ----------
    folder : path
        The root of the dataset.
    codes : str, optional
        What whole numbers in the events mean; see `sleepaug.data.scorings.codes.parse_codes`.

    Raises
    ------
    ConfigError
        mne-bids is not installed, or there is no EEG recording.
    """
    mne_bids = _mne_bids()
    folder = existing_folder(folder)
    paths = mne_bids.find_matching_paths(
        folder, datatypes="eeg", suffixes="eeg", extensions=list(ENDINGS)
    )
    recordings = []
    for path in sorted(paths, key=lambda one: one.basename):
        events = path.find_matching_sidecar(suffix="events", extension=".tsv", on_error="ignore")
        files = (Path(path.fpath), Path(events)) if events else (Path(path.fpath),)
        reader = partial(scoring_by_person, codes=codes)
        if not events and not is_edf(files[0]):
            reader = partial(no_scoring, expected="..._events.tsv")
        name = path.basename.removesuffix(files[0].suffix).removesuffix("_eeg")
        recordings.append(Recording(name, f"sub-{path.subject}", files, reader))
    if not recordings:
        raise ConfigError(
            f"{folder}: no EEG recording of a BIDS dataset, such as "
            "sub-01/eeg/sub-01_task-sleep_eeg.edf. Name the folder that holds the subjects.",
            parameters=("data_dir",),
        )
    return recordings


def write_bids(recordings: Sequence[Recording], folder: str | Path) -> list[Path]:
    """Write scored recordings as a BIDS dataset, their stages as events.

    Parameters
    ----------
    recordings : sequence of Recording
        Nights; those of one person become sessions.
    folder : path
        The root of the dataset; recordings that it already holds are an error of mne-bids.

    Returns
    -------
    list of Path
        The recordings that were written.

    Raises
    ------
    ConfigError
        mne-bids is not installed.
    RecordingError
        The signals or the scoring of a night cannot be read.

    Examples
    --------
    >>> from sleepaug.data.datasets import DATASETS
    >>> write_bids(DATASETS["sleep-edf"]("SLEEP-EDF"), "sleep-edf-bids")  # doctest: +SKIP
    """
    mne_bids = _mne_bids()
    nights, seen, written = Counter(night.subject for night in recordings), Counter[str](), []
    for night in recordings:
        seen[night.subject] += 1
        path = mne_bids.BIDSPath(
            subject=re.sub("[^A-Za-z0-9]", "", night.subject.removeprefix("sub-")),
            session=str(seen[night.subject]) if nights[night.subject] > 1 else None,
            task="sleep",
            datatype="eeg",
            root=folder,
        )
        target = mne_bids.write_raw_bids(load_raw(night), path, verbose="error")
        written.append(Path(target.fpath))
    return written


def _mne_bids() -> ModuleType:
    """Import mne-bids, or say how to get it."""
    try:
        import mne_bids
    except ImportError as error:
        raise ConfigError(
            "data: BIDS datasets are read with mne-bids, which is not installed. Install it with "
            "pip install 'sleepaug[bids]'."
        ) from error
    return mne_bids
