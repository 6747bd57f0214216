"""Which nights are reviewed, and where the model's stages of each come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.reading import base_name, find_tables, read_hypnogram
from sleepaug.staging.loading import load_model
from sleepaug.staging.nights import NightFile
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


def stored_nights(recordings: Sequence[NightFile], hypnograms: Path) -> list[NightToReview]:
    """Find the hypnogram of each recording among those that `predict` wrote.

    Parameters
    ----------
    recordings : sequence of NightFile
    hypnograms : Path
        A table, or a folder of them.

    Raises
    ------
    ConfigError
        None of the recordings has one, or it is not clear which.
    """
    tables = find_tables(hypnograms) if hypnograms.is_dir() else [hypnograms]
    root = hypnograms if hypnograms.is_dir() else hypnograms.parent
    nights, n_tables = [], 0
    for one in recordings:
        table = _table_of(one, root, tables)
        n_tables += table is not None
        load = _Missing(hypnograms) if table is None else _Stored(table)
        nights.append(NightToReview((one.folder / one.name).as_posix(), one.path, load))
    if not n_tables:
        raise ConfigError(
            f"{hypnograms}: no hypnogram of any of the recordings; looked for "
            f"{recordings[0].name}.hypnogram.csv and the like.",
            parameters=("hypnograms",),
        )
    return nights


def nights_to_stage(
    recordings: Sequence[NightFile],
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

    def stage(path: Path) -> Hypnogram:
        return stager.predict(path, map=map, exclude=exclude)

    return [
        NightToReview((one.folder / one.name).as_posix(), one.path, partial(stage, one.path))
        for one in recordings
    ]


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


def _table_of(night: NightFile, root: Path, tables: Sequence[Path]) -> Path | None:
    """Find the table where `predict` puts it, or else the only one that is called alike."""
    names = (night.name, night.name.removesuffix("_eeg"))
    alike = [path for path in tables if base_name(path) in names]
    in_place = [path for path in alike if path.parent == root / night.folder]
    best = in_place or alike
    if len(best) > 1:
        raise ConfigError(
            f"{night.path}: {best[0]} and {best[1]} may both be its hypnogram. Name the folder of "
            "the recordings that predict was given, or one night.",
            parameters=("hypnograms",),
        )
    return best[0] if best else None
