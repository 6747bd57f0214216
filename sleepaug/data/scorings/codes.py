"""Stages written as whole numbers: which convention a file follows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sleepaug.data.stages import UNKNOWN, WINDOW_SECONDS, stage_of
from sleepaug.support.errors import RecordingError

CONVENTIONS: dict[str, dict[str, str]] = {
    "aasm": {
        **{"0": "W", "1": "N1", "2": "N2", "3": "N3", "4": "N3", "5": "R"},
        **dict.fromkeys(("-1", "6", "7", "8", "9"), UNKNOWN),
    },
    "yasa": {
        **{"0": "W", "1": "N1", "2": "N2", "3": "N3", "4": "R"},
        **dict.fromkeys(("-1", "-2", "6", "7", "8", "9"), UNKNOWN),
    },
    "from-one": {
        **{"1": "W", "2": "N1", "3": "N2", "4": "N3", "5": "R"},
        **dict.fromkeys(("-1", "6", "7", "8", "9"), UNKNOWN),
    },
    "dreams": {
        **{"5": "W", "4": "R", "3": "N1", "2": "N2", "1": "N3", "0": "N3"},
        **dict.fromkeys(("-1", "-2", "-3"), UNKNOWN),
    },
    "dreams-aasm": {
        **{"5": "W", "4": "R", "3": "N1", "2": "N2", "1": "N3"},
        **dict.fromkeys(("-1", "-2", "-3"), UNKNOWN),
    },
}
"""What numbers mean: ``aasm`` as in ISRUC and NSRR (4 is S4 of Rechtschaffen and Kales), ``yasa``
as in YASA, Dreem and BOAS (4 is REM), ``from-one`` counts as programs do whose numbers begin with
1, ``dreams`` as in the DREAMS databases."""

EVERYWHERE = ("aasm", "yasa", "from-one")
"""Conventions that a file of 30-s epochs may follow without saying so. Files of the DREAMS
databases are known by their header or name."""


def parse_codes(text: str) -> dict[str, str]:
    """Read what numbers mean, as the user says.

    Parameters
    ----------
    text : str
        A key of `CONVENTIONS`, or pairs such as ``"0=W,1=N1,2=N2,3=N3,4=R"``.

    Returns
    -------
    dict of str to str
        From a code to one of `STAGES` or `UNKNOWN`.

    Raises
    ------
    RecordingError
        The text is neither.

    Examples
    --------
    >>> parse_codes("0=W, 2=N2")
    {'0': 'W', '2': 'N2'}
    """
    if text in CONVENTIONS:
        return CONVENTIONS[text]
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(equals and code.strip() for code, equals, _ in pairs):
        raise RecordingError(
            f"codes: expected {', '.join(CONVENTIONS)}, or pairs such as 0=W,1=N1,2=N2,3=N3,4=R; "
            f"got {text!r}.",
            parameters=("codes",),
        )
    return {code.strip(): stage_of(stage) for code, _, stage in pairs}


def as_code(text: str) -> str | None:
    """Return a whole number as it is written in `CONVENTIONS`, None if the text is none.

    Examples
    --------
    >>> as_code(" 2.0"), as_code("N2")
    ('2', None)
    """
    number = re.fullmatch(r"\s*([+-]?\d{1,3})(?:[.,]0*)?\s*", text)
    return str(int(number[1])) if number else None


def meaning_of(
    codes: Sequence[str], epoch: float, meaning: Mapping[str, str] | None
) -> dict[str, str]:
    """Find what the codes of a file mean.

    Parameters
    ----------
    codes : sequence of str
        All codes of the file.
    epoch : float
        Seconds that each of them lasts.
    meaning : mapping of str to str, optional
        What the user says they mean.

    Returns
    -------
    dict of str to str
        The stage of each code.

    Raises
    ------
    RecordingError
        A code has no meaning, or the codes have more than one.

    Examples
    --------
    >>> meaning_of(["0", "2", "5"], 30, None)["5"]
    'R'
    """
    present = sorted(set(codes), key=int)
    if meaning is not None:
        if unknown := [code for code in present if code not in meaning]:
            known = ", ".join(f"{code}={stage}" for code, stage in meaning.items())
            raise RecordingError(
                f"code {unknown[0]} is not among {known}.",
                parameters=("codes",),
            )
        return {code: meaning[code] for code in present}
    readings: dict[str, dict[str, str]] = {}
    for name in EVERYWHERE if epoch == WINDOW_SECONDS else CONVENTIONS:
        table = CONVENTIONS[name]
        if all(code in table for code in present):
            readings[name] = {code: table[code] for code in present}
    if not readings:
        raise RecordingError(
            f"the codes {', '.join(present)} belong to no known convention "
            f"({', '.join(CONVENTIONS)}). Say what they mean, such as 0=W,1=N1,2=N2,3=N3,4=R.",
            parameters=("codes",),
        )
    if len({tuple(table.items()) for table in readings.values()}) > 1:
        differing = "; ".join(
            f"{name}: {', '.join(f'{code} is {table[code]}' for code in present)}"
            for name, table in readings.items()
        )
        raise RecordingError(
            f"the codes {', '.join(present)} can be read in several ways ({differing}). Say which: "
            f"{', '.join(readings)}, or pairs such as 0=W,1=N1,2=N2,3=N3,4=R.",
            parameters=("codes",),
        )
    return next(iter(readings.values()))


def codes_note(meaning: Mapping[str, str]) -> str:
    """Say what the numbers of a file were taken for.

    Examples
    --------
    >>> codes_note({"0": "W", "5": "R"})
    'Numbers were read as 0=W, 5=R.'
    """
    listed = ", ".join(f"{code}={stage}" for code, stage in meaning.items())
    return f"Numbers were read as {listed}."
