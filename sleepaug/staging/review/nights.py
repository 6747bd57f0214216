"""Which nights are reviewed, and where the model's stages of each come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.reading import base_name, find_tables, read_hypnogram
from sleepaug.staging.nights import safe_name
from sleepaug.staging.stager import load_model
from sleepaug.support.errors import ConfigError, RecordingError


@dataclass(frozen=True)
class NightToReview:
    """A recording and the model's stages of it.

    Attributes
    ----------
    name : str
        Path of its files below the folder of the results, without ending.
    recording : Path
    load : callable
        Return its `Hypnogram`, or raise a `RecordingError`.
    """

    name: str
    recording: Path
    load: Callable[[], Hypnogram]


def stored_nights(recordings: Sequence[Path], hypnograms: Path) -> list[NightToReview]:
    """Find the hypnogram of each recording among those that `predict` wrote.

    Parameters
    ----------
    recordings : sequence of Path
    hypnograms : Path
        A table, or a folder of them.

    Raises
    ------
    ConfigError
        None of the recordings has one, or it is not clear which.
    """
    tables = find_tables(hypnograms) if hypnograms.is_dir() else [hypnograms]
    root = hypnograms if hypnograms.is_dir() else hypnograms.parent
    nights, found = [], 0
    for recording in recordings:
        table = _table_of(recording, tables)
        if table is None:
            nights.append(NightToReview(safe_name(recording), recording, _Missing(hypnograms)))
            continue
        found += 1
        folder = table.parent.relative_to(root)
        nights.append(
            NightToReview((folder / safe_name(recording)).as_posix(), recording, _Stored(table))
        )
    if not found:
        raise ConfigError(
            f"{hypnograms}: no hypnogram of any of the recordings; looked for "
            f"{safe_name(recordings[0])}.hypnogram.csv and the like.",
            parameters=("hypnograms",),
        )
    return nights


def nights_to_stage(
    recordings: Sequence[Path],
    model: Path | str | None,
    *,
    map: Mapping[str, str],
    exclude: Sequence[str] | None,
) -> list[NightToReview]:
    """Take recordings as nights that a model stages when they are first opened.

    Raises
    ------
    ModelError
        There is no model, or the file is not one.
    """
    stager = load_model(model)
    common = Path(os.path.commonpath([path.absolute().parent for path in recordings]))
    nights = []
    for path in recordings:
        name = (path.absolute().parent.relative_to(common) / safe_name(path)).as_posix()
        stage = partial(stager.predict, path, map=map, exclude=exclude)
        nights.append(NightToReview(name, path, stage))
    return nights


@dataclass(frozen=True)
class _Stored:
    """Read a hypnogram from its table."""

    table: Path

    def __call__(self) -> Hypnogram:
        return read_hypnogram(self.table).hypnogram


@dataclass(frozen=True)
class _Missing:
    """Say that there is none."""

    hypnograms: Path

    def __call__(self) -> Hypnogram:
        raise RecordingError(f"{self.hypnograms} has no hypnogram of this recording.")


def _table_of(recording: Path, tables: Sequence[Path]) -> Path | None:
    """Find the table that is called as a recording; of several the one in folders called alike."""
    name = safe_name(recording)
    alike = [path for path in tables if base_name(path) in (name, name.removesuffix("_eeg"))]
    shared = [_shared_folders(recording, path) for path in alike]
    best = [path for path, n in zip(alike, shared, strict=True) if n == max(shared)]
    if len(best) > 1:
        raise ConfigError(
            f"{recording}: {best[0]} and {best[1]} may both be its hypnogram. Review one of the "
            "two folders.",
            parameters=("hypnograms",),
        )
    return best[0] if best else None


def _shared_folders(a: Path, b: Path) -> int:
    """Count the folders directly above two files that are called alike."""
    n = 0
    folders = (reversed(path.absolute().parent.parts) for path in (a, b))
    for x, y in zip(*folders, strict=False):
        if x != y:
            break
        n += 1
    return n
