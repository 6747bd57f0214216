"""The age of the person of a recording, where a file says it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from sleepaug.data.files.edf import is_edf
from sleepaug.staging.group.participants import read_participants
from sleepaug.support.errors import SleepaugError

PEOPLE = ("participants.tsv",)
LEVELS = 5
"""Folders above a recording in which the table of a study's people is looked for."""
PATIENT = slice(8, 88)
"""Bytes of the header of an EDF file that describe the person. Source: Kemp and Olivan 2003."""
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
OLDEST = 120


def age_of(recording: Path, start: datetime | None) -> float | None:
    """Find the age of the person of a recording in years.

    Parameters
    ----------
    recording : Path
    start : datetime or None
        When it starts.

    Returns
    -------
    float or None
        By the column ``age`` of a participants.tsv in one of the folders above (BIDS); else by the
        date of birth or the age in the header of an EDF+ file ("02-MAR-1960", "Female_33yr").

    Examples
    --------
    >>> age_of_patient("X F X Female_33yr", None)
    33.0
    """
    age = _age_in_table(recording)
    if age is None and is_edf(recording):
        with recording.open("rb") as file:
            patient = file.read(PATIENT.stop)[PATIENT].decode("ascii", "replace")
        age = age_of_patient(patient, start)
    return age


def age_of_patient(text: str, start: datetime | None) -> float | None:
    """Read the age from the field of an EDF+ header that describes the person."""
    parts = text.split()
    born = re.fullmatch(r"(\d\d)-([A-Z]{3})-(\d{4})", parts[2].upper()) if len(parts) > 2 else None
    if born is not None and start is not None and born[2] in MONTHS:
        month, day = MONTHS.index(born[2]) + 1, int(born[1])
        years = start.year - int(born[3]) - ((start.month, start.day) < (month, day))
        return _plausible(years)
    years_in_name = re.search(
        r"(?:^|[_ ])(\d{1,3})_?(?:yr|year|yo)s?(?:$|[_ ])", text.strip(), re.I
    )
    return _plausible(float(years_in_name[1])) if years_in_name else None


def _age_in_table(recording: Path) -> float | None:
    """Look the person up in the table of a study's people."""
    for folder in list(recording.absolute().parents)[:LEVELS]:
        table = folder / PEOPLE[0]
        if not table.is_file():
            continue
        try:
            people = read_participants(table)
        except SleepaugError:
            return None  # `summarize` says what is wrong with it
        name = recording.absolute().relative_to(folder).with_suffix("").as_posix()
        person = people.person_of(name)
        text = people.columns[person].get("age", "") if person else ""
        return _plausible(float(text)) if re.fullmatch(r"\d{1,3}(\.\d*)?", text) else None
    return None


def _plausible(years: float) -> float | None:
    return float(years) if 0 <= years <= OLDEST else None
