"""Any folder of EDF or BDF files with a scoring in each or beside each."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from sleepaug.data.datasets.folders import existing_folder
from sleepaug.data.files.edf import is_edf
from sleepaug.data.recording import Recording, Scoring
from sleepaug.data.scorings.by_person import scoring_by_person
from sleepaug.data.scorings.matching import (
    expected_names,
    is_hidden,
    night_name,
    nsrr_scorings,
    scorings_beside,
)
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.support.errors import ConfigError, RecordingError

PATTERN = "**/*"
ENDINGS = (".edf", ".bdf", ".rec")


def edf_folder(
    folder: str | Path, pattern: str = PATTERN, codes: str | None = None
) -> list[Recording]:
    """Find recordings that match a glob pattern, each with its scoring.

    The scoring of a recording lies beside it and is named as `sleepaug.data.scorings.matching` says
    (XML of the NSRR anywhere below the folder);
    otherwise it is the annotations in the file itself. The subject is ``sub-XX`` where the path has
    such a part (BIDS), else the name of the file.

    Parameters
    ----------
    folder : path
        Where to look.
    pattern : str
        Glob pattern of the signal files, relative to the folder; by default all files that end in
        .edf, .bdf or .rec (as ISRUC calls them) and are EDF or BDF by their content.
    codes : str, optional
        What whole numbers in scorings mean; see `sleepaug.data.scorings.codes.parse_codes`.

    Raises
    ------
    ConfigError
        If nothing matches.
    """
    folder = existing_folder(folder)
    paths = sorted(
        path
        for path in folder.glob(pattern)
        if not is_hidden(path) and path.is_file() and (pattern != PATTERN or _is_edf(path))
    )
    scorings = {path: scorings_beside(path) for path in paths}
    elsewhere = nsrr_scorings(folder) if not all(scorings.values()) else {}
    for path, beside in scorings.items():
        if not beside and (scoring := elsewhere.get(night_name(path))):
            beside.append(scoring)
    of_others = {scoring for beside in scorings.values() for scoring in beside}
    recordings = []
    for path in paths:
        if path in of_others:
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        subject = re.search(r"(?:^|[/_])(sub-[A-Za-z0-9]+)", name)
        beside = scorings[path]
        reader = partial(scoring_by_person, codes=codes) if len(beside) == 1 else _own
        recordings.append(
            Recording(
                id=name,
                subject=subject[1] if subject else name,
                files=(path, *beside),
                read_scoring=reader if len(beside) < 2 else _ambiguous,
            )
        )
    if not recordings:
        raise ConfigError(
            f"{folder}: no EDF or BDF file in this folder; a pattern names other files."
            if pattern == PATTERN
            else f"{folder}: no file matches the pattern '{pattern}'.",
            parameters=("pattern",),
        )
    return recordings


def _is_edf(path: Path) -> bool:
    """Tell whether a file is to be read as EDF; one called .rec may be anything else."""
    kind = path.suffix.lower()
    return kind in ENDINGS and (kind != ".rec" or is_edf(path))


def _own(files: tuple[Path, ...]) -> Scoring:
    """Read stages in the annotations of the recording itself, where nothing lies beside it."""
    try:
        return read_scoring(files)
    except RecordingError as error:
        if "no sleep stages" not in str(error):
            raise
        raise RecordingError(
            f"{error} No scoring was found; {expected_names(files[0])}."
        ) from error


def _ambiguous(files: tuple[Path, ...]) -> Scoring:
    """Refuse a recording with several scorings."""
    names = ", ".join(path.name for path in files[1:])
    raise RecordingError(
        f"{files[0]}: several scorings beside it: {names}. Keep one of them there."
    )
