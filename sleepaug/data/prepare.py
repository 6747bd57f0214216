"""Scored windows of many nights, made through the cache.

`signals/night.py` cuts nights without a scoring, for prediction.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import numpy as np
from tqdm import tqdm

from sleepaug.data import cache
from sleepaug.data.files.check import check_file
from sleepaug.data.recording import Recording
from sleepaug.data.signals.continuous import signals
from sleepaug.data.signals.cutting import cut, scored_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.signals.quality import is_flat
from sleepaug.data.signals.scaling import scale
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.data.stored import StoredWindows
from sleepaug.data.windows import Windows
from sleepaug.support.errors import ConfigError, RecordingError, printable


class Options(TypedDict, total=False):
    """Arguments by name of `prepare`: those of `prepare_stored`."""

    cache_dir: Path | None
    progress: bool
    on_error: Literal["raise", "skip"]
    allow_missing: bool


def prepare(
    recordings: Sequence[Recording], preprocessing: Preprocessing, **options: Unpack[Options]
) -> Windows:
    """Make scored windows of many nights, in memory.

    See `prepare_stored`, which takes the same arguments and leaves the windows in the cache.

    Examples
    --------
    >>> import tempfile
    >>> from sleepaug.data.datasets.mass import mass
    >>> from sleepaug.simulation.dataset import simulate_dataset
    >>> from sleepaug.simulation.plan import SimulationSettings
    >>> settings = SimulationSettings(nights=1, seed=0, hours=0.02, ch_names=("C3",), sfreq=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = simulate_dataset(Path(folder), settings)
    ...     nights = mass(Path(folder))
    ...     windows = prepare(nights, Preprocessing(("C3",)), cache_dir=Path(folder) / "cache")
    >>> windows.x.shape
    (2, 1, 3000)
    """
    windows = prepare_stored(recordings, preprocessing, **options)
    return dataclasses.replace(windows, x=windows.x.read())


def prepare_stored(
    recordings: Sequence[Recording],
    preprocessing: Preprocessing,
    *,
    cache_dir: Path | None = None,
    progress: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
    allow_missing: bool = False,
) -> Windows:
    """Make scored windows of many nights, which stay in the cache until they are read.

    Parameters
    ----------
    recordings : sequence of Recording
        Nights with different ids.
    preprocessing : Preprocessing
        What to do to each.
    cache_dir : Path, optional
        Folder of prepared nights; the user's cache folder by default.
    progress : bool
        Show a progress bar if standard error is a terminal.
    on_error : "raise" or "skip"
        What to do about a night that cannot be used. Skipped ones are warned about, and
        listed in `failures`.
    allow_missing : bool
        Channels that a night lacks are zero, as long as it has one of them.

    Returns
    -------
    Windows
        Their `x` are `StoredWindows`.

    Raises
    ------
    RecordingError
        Naming the night that failed, or if none could be used.
    OutputError
        If the cache cannot be written.
    """
    first: dict[str, Recording] = {}
    for recording in recordings:
        if (other := first.setdefault(recording.id, recording)) is not recording:
            raise ConfigError(
                f"{other.files[0]} and {recording.files[0]} are both called '{recording.id}'. "
                "Rename one of them."
            )
    nights, failures, parameters = {}, {}, dict[str, None]()
    for recording in tqdm(recordings, "Preparing", unit="night", disable=not progress or None):
        try:
            nights[recording.id] = (
                recording.subject,
                _prepared(recording, preprocessing, cache_dir, allow_missing=allow_missing),
            )
        except RecordingError as error:
            if on_error == "raise":
                raise
            failures[recording.id] = str(error)
            parameters |= dict.fromkeys(error.parameters)
    alike = _by_reason(failures)
    if not nights:
        listed = "".join(
            f"\n  {failures[ids[0]]}" + (f" ({len(ids)} recordings)" if ids[1:] else "")
            for ids in alike
        )
        raise RecordingError(
            f"None of {len(recordings)} recordings can be used.{listed}",
            parameters=tuple(parameters),
        )
    for ids in alike:
        skipped = "recording" if len(ids) == 1 else f"{len(ids)} recordings,"
        warnings.warn(f"Skipped {skipped} {', '.join(ids)}: {failures[ids[0]]}", stacklevel=2)
    if failures:
        warnings.warn(
            f"{len(failures)} of {len(recordings)} recordings were skipped.", stacklevel=2
        )
    return _joined(nights, preprocessing, failures)


def _by_reason(failures: Mapping[str, str]) -> list[list[str]]:
    """Group recordings whose messages differ only in the name of the file that begins them."""
    alike: dict[str, list[str]] = {}
    for recording, text in failures.items():
        alike.setdefault(text.partition(": ")[2] or text, []).append(recording)
    return list(alike.values())


def _prepared(
    recording: Recording,
    preprocessing: Preprocessing,
    cache_dir: Path | None,
    *,
    allow_missing: bool,
) -> cache.Prepared:
    """Return one night from the cache, or make it and save it there."""
    for path in recording.files:
        check_file(path)
    scoring = recording.scoring()
    key = cache.key(recording, scoring, preprocessing, allow_missing=allow_missing)
    if (cached := cache.load(key, cache_dir)) is not None:
        return cached
    night, notes = signals(recording.files[0], preprocessing, allow_missing=allow_missing)
    onset, y, dropped = scored_windows(scoring, preprocessing, night.shape[1])
    x, usable = cut(night, onset, preprocessing, dropped)
    if not len(x):
        why = "; ".join(f"{n} {text}" for text, n in dropped.items()) or "no epoch is scored"
        raise RecordingError(
            f"{recording.files[0]}: no usable window ({why}). Epochs of {WINDOW_SECONDS:g} s "
            f"scored {', '.join(STAGES)} are needed."
        )
    notes += [f"Scoring: {printable(recording.files[-1].name)}.", *scoring.notes]
    notes += [f"Dropped: {n} {text}." for text, n in dropped.items()]
    flat = is_flat(x)
    if n_flat := int(flat.any(axis=1).sum()):
        notes.append(f"Kept: {n_flat} windows in which a channel is flat.")
    scale(x, preprocessing, ~flat)
    prepared = cache.Prepared(x, y[usable], onset[usable], notes)
    return cache.save(key, prepared, recording.id, cache_dir)


def _joined(
    nights: dict[str, tuple[str, cache.Prepared]],
    preprocessing: Preprocessing,
    failures: dict[str, str],
) -> Windows:
    """Join all nights, one after the other."""
    sizes = [len(night.y) for _, night in nights.values()]
    return Windows(
        x=StoredWindows.of([night.x for _, night in nights.values()]),
        y=np.concatenate([night.y for _, night in nights.values()]),
        subject=np.repeat([subject for subject, _ in nights.values()], sizes),
        recording=np.repeat(list(nights), sizes),
        onset=np.concatenate([night.onset for _, night in nights.values()]),
        sfreq=preprocessing.sfreq,
        ch_names=preprocessing.channels,
        notes={name: list(night.notes) for name, (_, night) in nights.items()},
        failures=failures,
    )
