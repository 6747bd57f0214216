"""The people of a study: which night is whose, and which group a person is in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sleepaug.data.files.text import read_text
from sleepaug.data.scorings.matching import night_name
from sleepaug.support.errors import ConfigError, RecordingError

ID = "participant_id"
MISSING = ("", "n/a")
MOST_GROUPS = 6
"""A column with more different words does not part people into groups."""
SUBJECT = re.compile(r"(?:^|[/_])(sub-[A-Za-z0-9]+)", re.IGNORECASE)
SLEEP_EDF = re.compile(r"((?:sc4|st7)\d\d)\d[a-z]")


@dataclass(frozen=True)
class Participants:
    """The table of a study's people.

    Attributes
    ----------
    columns : dict of str to dict of str to str
        Of each person, in the order of the file: column and value.
    groups : tuple of str
        Columns by which people are parted into groups.

    Examples
    --------
    >>> people = Participants({"sub-01": {"sex": "F"}, "sub-010": {"sex": "M"}}, ("sex",))
    >>> people.person_of("sub-010/eeg/sub-010_task-sleep"), people.person_of("night 7")
    ('sub-010', None)
    """

    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: tuple[str, ...] = ()

    def person_of(self, night: str) -> str | None:
        """Find the person whose name begins a part of a night's path.

        The last part that has one decides, the file before the folder, and of several names the
        longest.
        """
        for part in reversed(night.lower().split("/")):
            fitting = [
                person
                for person in self.columns
                for name in {person.lower(), person.lower().removeprefix("sub-")}
                if name and (part == name or re.match(rf"{re.escape(name)}[^a-z0-9]", part))
            ]
            if fitting:
                return max(fitting, key=len)
        return None


def read_participants(path: Path, by: Sequence[str] | None = None) -> Participants:
    """Read the participants.tsv of a study (BIDS).

    Parameters
    ----------
    path : Path
        A table with tabs, or a .csv, with a column ``participant_id``.
    by : sequence of str, optional
        Columns of groups; by default those with two to six different words.

    Raises
    ------
    RecordingError
        It cannot be read.
    ConfigError
        It has no column of that name, or one person is listed twice.
    """
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    reader = csv.DictReader(io.StringIO(read_text(path)), delimiter=delimiter, restval="")
    try:
        rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
    except csv.Error as error:
        raise RecordingError(f"{path}: not a table: {error}.") from error
    names = [name for name in reader.fieldnames or () if name]
    if ID not in names:
        raise ConfigError(
            f"{path}: no column {ID}; it has {', '.join(names)}. Columns are separated by tabs "
            "(.tsv) or commas (.csv).",
            parameters=("participants",),
        )
    people = [row[ID] for row in rows]
    if twice := sorted({person for person in people if people.count(person) > 1}):
        raise ConfigError(f"{path}: {twice[0]} is listed twice.", parameters=("participants",))
    if unknown := [name for name in by or () if name not in names]:
        raise ConfigError(
            f"{path}: no column {unknown[0]}; it has {', '.join(names)}.", parameters=("by",)
        )
    columns = {row[ID]: {k: v for k, v in row.items() if k != ID} for row in rows}
    chosen = [n for n in names if n != ID and _parts(columns, n)] if by is None else by
    return Participants(columns, tuple(chosen))


def _parts(columns: dict[str, dict[str, str]], name: str) -> bool:
    """Tell whether a column holds a few words that part people into groups."""
    values = [row[name] for row in columns.values() if row[name].lower() not in MISSING]
    words = set(values)
    numbers = all(re.fullmatch(r"[-+.\d,eE]+", word) for word in words)
    return 2 <= len(words) <= MOST_GROUPS and len(words) < len(values) and not numbers


def subject_of(night: str) -> str:
    """Return the person of a night by its name alone, as the datasets do.

    Parameters
    ----------
    night : str
        Path below the folder of the study, without ending.

    Examples
    --------
    >>> subject_of("a/sub-01_ses-2_task-sleep"), subject_of("SC4011E0-PSG"), subject_of("b/x PSG")
    ('sub-01', 'sc401', 'x')
    """
    if (subject := SUBJECT.search(night)) is not None:
        return subject[1]
    name = night_name(Path(night + ".edf"))
    sleep_edf = SLEEP_EDF.match(name)
    return sleep_edf[1] if sleep_edf else name
