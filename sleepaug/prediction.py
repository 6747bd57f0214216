"""Prediction: files of recordings in, hypnogram tables and pictures out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sleepaug.config import ConfigError
from sleepaug.data.recording import RecordingError
from sleepaug.hypnogram import Hypnogram
from sleepaug.runs import make_folder
from sleepaug.staging import Stager


def stage_files(
    stager: Stager,
    nights: Sequence[Path],
    output: Path,
    *,
    map: Mapping[str, str] | None = None,
    reference: str | None = None,
    overwrite: bool = False,
) -> Iterator[tuple[Path, Hypnogram | RecordingError]]:
    """Stage recordings one after the other; write a table and a picture of each.

    Parameters
    ----------
    stager : Stager
    nights : sequence of Path
        Recordings, staged in this order.
    output : Path
        Receives `<night>.hypnogram.csv` and `<night>.png`.
    map, reference
        See `Stager.predict`.
    overwrite : bool
        Replace files that are there.

    Yields
    ------
    path, result
        The hypnogram, or the error for which this recording was left out.

    Raises
    ------
    ConfigError
        Two nights would be written to one name, or a file is there already; nothing was written.
    """
    names = [safe_name(path) for path in nights]
    for i, name in enumerate(names):
        if name in names[:i]:
            other = nights[names.index(name)]
            raise ConfigError(
                f"{other} and {nights[i]} would both be written to {name}.hypnogram.csv. "
                "Stage them into two folders (-o)."
            )
    targets = [(output / f"{name}.hypnogram.csv", output / f"{name}.png") for name in names]
    there = [path for pair in targets for path in pair if path.exists()]
    if there and not overwrite:
        raise ConfigError(
            f"{there[0]}: is there already. Name another folder with -o, or add --overwrite."
        )
    make_folder(output)
    for path, (table, picture) in zip(nights, targets, strict=True):
        try:
            hypnogram = stager.predict(path, map=map, reference=reference)
        except RecordingError as error:
            yield path, error
            continue
        hypnogram.to_csv(table)
        hypnogram.to_png(picture, title=safe_name(path))
        yield path, hypnogram


def safe_name(path: Path) -> str:
    """A file's name without its suffix, and without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "_" for c in path.stem)


def new_folder(nights: Sequence[Path]) -> Path:
    """A folder under `hypnograms/` that is not there yet, named after the first night."""
    return unused(Path("hypnograms") / safe_name(nights[0]))


def unused(path: Path) -> Path:
    """`path`, or `path-2`, `path-3`, ... : the first that is not there."""
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_name(f"{path.name}-{n}")
    return candidate
