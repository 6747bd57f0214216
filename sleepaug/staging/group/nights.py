"""The nights of a study, read from a folder of predictions; broken ones stay among them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sleepaug.data.files.text import read_text
from sleepaug.staging.group.participants import MISSING, Participants, subject_of
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.notes import is_warning, unmarked
from sleepaug.staging.hypnogram.reading import TABLES, base_name, find_tables, read_hypnogram
from sleepaug.staging.review.folders import AUTOMATIC, CORRECTED
from sleepaug.support.errors import ConfigError, RecordingError

RESULTS = "summary.csv"
"""The table that `predict` writes of all nights, with the errors of those that failed."""
UNKNOWN_GROUP = "not known"
NO_STAGE = "no epoch has a stage; its own report says why."


@dataclass(frozen=True)
class GroupNight:
    """A night of a study.

    Attributes
    ----------
    name : str
        Its path below the folder, without ending.
    subject : str
    hypnogram : Hypnogram or None
        None where it is broken.
    error : str
        Why it is broken, "" if it is not.
    groups : dict of str to str
        Column of the participants' table, and the person's value.

    Examples
    --------
    >>> night = GroupNight("sub-01", "sub-01", error="sub-01.edf: truncated.")
    >>> night.status, night.warnings
    ('broken', [])
    """

    name: str
    subject: str
    hypnogram: Hypnogram | None = None
    error: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Either "staged", "reviewed" (a person gave stages), or "broken"."""
        if self.hypnogram is None:
            return "broken"
        return "reviewed" if self.hypnogram.reviewed.any() else "staged"

    @property
    def model(self) -> str:
        """What staged it, "" where the files do not say."""
        return "" if self.hypnogram is None else self.hypnogram.made.model["name"]

    @property
    def warnings(self) -> list[str]:
        """What makes the night doubtful, a sentence each."""
        notes = self.hypnogram.notes if self.hypnogram is not None else ()
        return [unmarked(note) for note in notes if is_warning(note)]

    @property
    def group(self) -> str:
        """The values of all groups, such as "F, patient"; "" where there are no groups."""
        return ", ".join(self.groups.values())


def read_group(folder: Path, participants: Participants | None = None) -> list[GroupNight]:
    """Read all nights of a folder of predictions and of the folders in it.

    Parameters
    ----------
    folder : Path
        What `predict` or `review` wrote.
    participants : Participants, optional

    Returns
    -------
    list of GroupNight
        By group, then by name.

    Raises
    ------
    ConfigError
        There is no night in it, or it holds both scorings of a review.
    """
    if all((folder / name).is_dir() for name in (AUTOMATIC, CORRECTED)):
        raise ConfigError(
            f"{folder}: holds the model's and the corrected stages of the same nights. Name one: "
            f"{folder / CORRECTED} or {folder / AUTOMATIC}."
        )
    people = participants or Participants()
    nights, root = [], None
    for path in find_tables(folder):
        name = (path.parent / base_name(path)).relative_to(folder).as_posix()
        try:
            stored = read_hypnogram(path)
        except (RecordingError, OSError) as error:
            text = str(error).replace(f"{path.parent}{os.sep}", "")
            nights.append(_night(people, name, error=text))
        else:
            whole = stored.hypnogram if stored.hypnogram.scored.any() else None
            nights.append(_night(people, name, NO_STAGE if whole is None else "", whole))
            recording = os.path.splitext(stored.recording)[0]
            if recording.endswith(f"/{name}"):
                root = Path(recording.removesuffix(f"/{name}"))
    staged = {night.name for night in nights}
    nights += [
        _night(people, name, error=error)
        for name, error in _failures(folder, root).items()
        if name not in staged
    ]
    if not nights:
        raise ConfigError(
            f"{folder}: no night in this folder; looked for files that end in "
            f"{' or '.join(TABLES)}, which predict writes with --to csv or bids."
        )
    return sorted(nights, key=lambda night: (night.group == "", night.group, night.name))


def _night(
    people: Participants,
    name: str,
    error: str = "",
    hypnogram: Hypnogram | None = None,
) -> GroupNight:
    """Find whose night it is, and the groups of that person."""
    person = people.person_of(name)
    values = people.columns.get(person or "", {})
    groups = {}
    for column in people.groups:
        value = values.get(column, "")
        groups[column] = UNKNOWN_GROUP if value.lower() in MISSING else value
    return GroupNight(name, person or subject_of(name), hypnogram, error, groups)


def _failures(folder: Path, root: Path | None) -> dict[str, str]:
    """Read the names and the errors of the nights that could not be staged.

    Names are paths below `root`, the folder of the recordings, if they lie in it.
    """
    failures = {}
    for path in sorted(folder.rglob(RESULTS)):
        rows = list(csv.DictReader(io.StringIO(read_text(path))))
        files = [Path(row["file"]) for row in rows if row.get("file")]
        if not files:
            continue
        common = Path(os.path.commonpath([file.parent for file in files]))
        for row in rows:
            if row.get("file") and row.get("error"):
                file = Path(row["file"])
                base = root if root is not None and file.is_relative_to(root) else common
                failures[file.relative_to(base).with_suffix("").as_posix()] = row["error"]
    return failures
