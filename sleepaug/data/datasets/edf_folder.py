"""Any folder of EDF or BDF files with a scoring in each or beside each."""

from __future__ import annotations

import re
from pathlib import Path

from sleepaug.data.datasets.folders import existing_folder
from sleepaug.data.files.scoring import read_scoring
from sleepaug.data.recording import Recording, Scoring
from sleepaug.support.errors import ConfigError, RecordingError

_SCORING = re.compile(
    r"[\s._-]*(hypnogram|hypno|annotations|base|scoring|stages|events)?", re.IGNORECASE
)


PATTERN = "**/*.[eEbB][dD][fF]"


def edf_folder(folder: str | Path, pattern: str = PATTERN) -> list[Recording]:
    """Recordings that match a glob pattern, each with its scoring.

    The scoring of ``NIGHT.edf`` is a file beside it named ``NIGHT`` with the ending .csv, .tsv or
    .txt, or ``NIGHT`` followed by one of hypnogram, hypno, annotations, base, scoring, stages or
    events, with the ending .csv, .tsv, .txt or .edf; otherwise the annotations in the file itself.
    The subject is ``sub-XX`` where the path has such a part (BIDS), else the name of the file.

    Parameters
    ----------
    folder : path
        Where to look.
    pattern : str
        Glob pattern of the signal files, relative to the folder.

    Raises
    ------
    ConfigError
        If nothing matches.
    """
    folder = existing_folder(folder)
    paths = sorted(path for path in folder.glob(pattern) if path.is_file())
    scorings = {path: _scorings_of(path) for path in paths}
    of_others = {scoring for found in scorings.values() for scoring in found}
    recordings = []
    for path in paths:
        if path in of_others:
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        subject = re.search(r"(?:^|[/_])(sub-[A-Za-z0-9]+)", name)
        found = scorings[path]
        recordings.append(
            Recording(
                id=name,
                subject=subject[1] if subject else name,
                files=(path, *found),
                read_scoring=read_scoring if len(found) < 2 else _ambiguous,
            )
        )
    if not recordings:
        raise ConfigError(
            f"{folder}: no EDF or BDF file in this folder; --pattern names other files."
            if pattern == PATTERN
            else f"{folder}: no file matches the pattern '{pattern}'."
        )
    return recordings


def _scorings_of(path: Path) -> tuple[Path, ...]:
    """Files beside a recording that look like its scoring."""
    found = []
    for other in sorted(path.parent.iterdir()):
        rest = other.stem.removeprefix(path.stem)
        kind = other.suffix.lower()
        if other == path or not other.stem.startswith(path.stem) or not _SCORING.fullmatch(rest):
            continue
        if kind in (".csv", ".tsv", ".txt") or (kind == ".edf" and rest):
            found.append(other)
    return tuple(found)


def _ambiguous(files: tuple[Path, ...]) -> Scoring:
    """For a recording with several scorings."""
    names = ", ".join(path.name for path in files[1:])
    raise RecordingError(
        f"{files[0]}: several scorings beside it: {names}. Keep one of them there."
    )
