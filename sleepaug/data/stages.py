"""Stages of sleep: their names, and what labels in scoring files mean."""

from __future__ import annotations

from sleepaug.support.errors import RecordingError

STAGES = ("W", "N1", "N2", "N3", "R")
UNKNOWN = "?"
"""What the scorer left open."""
WINDOW_SECONDS = 30.0

_SHORT_NAMES = {
    "W": ("w", "wk", "wake", "awake", "wakefulness", "0", "sleep-s0"),
    "N1": ("n1", "s1", "1", "nrem1", "nrem 1", "sleep-s1"),
    "N2": ("n2", "s2", "2", "nrem2", "nrem 2", "sleep-s2"),
    "N3": (
        *("n3", "n4", "s3", "s4", "3", "sws", "slow wave sleep"),
        *("nrem3", "nrem4", "nrem 3", "nrem 4", "sleep-s3", "sleep-s4"),
    ),
    "R": ("r", "rem", "5", "rem sleep", "sleep-rem"),
    UNKNOWN: (
        *("?", "unknown", "unscored", "not scored", "unclassified", "undefined", "n/a", "nan"),
        *("m", "mt", "movement", "movement time", "artifact", "artefact", "-1", "9"),
        *("sleep-mt", "sleep-unscored", "uns", "art", "-2", "notscored", "lights on", "l"),
    ),
}


def _synonyms() -> dict[str, str]:
    """Return every accepted spelling, lower case with single spaces, and the stage it means."""
    table = {}
    for stage, names in _SHORT_NAMES.items():
        for name in names:
            for text in (name, f"stage {name}", f"sleep stage {name}", f"stage {name} sleep"):
                table[text] = stage
    # A bare 4 is Rechtschaffen and Kales' stage 4 in some files and REM in others; said in full
    # it is always the former.
    return table | {"stage 4": "N3", "sleep stage 4": "N3", "stage 4 sleep": "N3"}


SYNONYMS = _synonyms()


def _plain(text: str) -> str:
    """Write a label in lower case with single spaces."""
    return " ".join(str(text).replace("_", " ").split()).lower()


def is_stage(text: str) -> bool:
    """Tell whether `stage_of` knows the label."""
    return _plain(text) in SYNONYMS


def stage_of(text: str) -> str:
    """Return the stage that a label in a scoring file means.

    Parameters
    ----------
    text : str
        A label, such as ``"Sleep stage 4"``, ``"S2"``, ``"REM"`` or ``"Movement time"``; case,
        underscores and repeated spaces do not matter.

    Returns
    -------
    str
        One of `STAGES`, or `UNKNOWN` for epochs which the scorer left open.

    Raises
    ------
    RecordingError
        If the text is no known label. Labels are matched whole: "MicroArousal_C3" is not N3.

    Examples
    --------
    >>> stage_of("Sleep stage 4"), stage_of("rem"), stage_of("Movement time")
    ('N3', 'R', '?')
    """
    words = _plain(text)
    if words in SYNONYMS:
        return SYNONYMS[words]
    if words == "4":
        raise RecordingError(
            "stage '4' means S4 in some scorings and REM in others. Write 'S4' or 'R' instead."
        )
    raise RecordingError(
        f"unknown stage {str(text)[:60]!r}. Allowed are W, N1, N2, N3, R and ? with their usual "
        "names, such as 'Sleep stage 2', 'S2', 'NREM 2', 'REM', 'Movement time'."
    )
