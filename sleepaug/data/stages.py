"""Stages of sleep: their names, and what labels in scoring files mean."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from sleepaug.support.errors import RecordingError

STAGES = ("W", "N1", "N2", "N3", "R")
UNKNOWN = "?"
"""What the scorer left open."""
WINDOW_SECONDS = 30.0

SYNONYMS = {
    name: stage
    for stage, names in {
        "W": (
            *("w", "wk", "wake", "awake", "wakefulness", "0", "s0", "eveil", "veille", "wach"),
            *("wachheit", "waak", "wakker", "vigilia", "despierto", "veglia"),
        ),
        "N1": ("n1", "s1", "1", "nrem1"),
        "N2": ("n2", "s2", "2", "nrem2"),
        "N3": (
            *("n3", "n4", "s3", "s4", "3", "sws", "slowwave", "nrem3", "nrem4"),
            *("lentprofond", "tiefschlaf"),
        ),
        "R": ("r", "rem", "5", "paradoxal", "mor"),
        UNKNOWN: (
            *("?", "unknown", "unscored", "notscored", "unclassified", "undefined", "n/a", "nan"),
            *("m", "mt", "movement", "movementtime", "artifact", "artefact", "art", "-1", "-2"),
            *(
                "9",
                "uns",
                "lightson",
                "l",
                "none",
                "mouvement",
                "bewegung",
                "artefakt",
                "artefakte",
            ),
        ),
    }.items()
    for name in names
}
"""What a label means, in lower case without accents, spaces and the words below."""
STAGE_WORDS = (
    *("stage", "stade", "stadium", "schlafstadium", "slaapstadium", "etapa"),
    *("fase", "stadio", "schlafphase", "slaapfase"),
)
"""Stages in English, French, German, Dutch, Spanish and Italian; the last line also in others."""
SLEEP_WORDS = ("sleep", "sommeil", "schlaf", "slaap", "sueno", "sonno")
IN_FULL = STAGE_WORDS[:6]
_GLUED = re.compile(rf"(?:sleep)?(?:{'|'.join(STAGE_WORDS)})(?=[^a-z]|[nwrsm]\d?$|rem$|wake$)")
_AFTER_STAGE = {"4": "N3", "i": "N1", "ii": "N2", "iii": "N3", "iv": "N3"}
"""What is a stage only where the label says so; 4 alone may be REM."""


def _words(text: str) -> list[str]:
    """Split a label into words in lower case without accents; a sign stays with its number."""
    letters = unicodedata.normalize("NFD", str(text)).casefold()
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    letters = _GLUED.sub(
        "stage ", re.sub(r"(?<=\w)-(?=\w)", " ", letters.replace("_", " ")).strip()
    )
    return [word for word in letters.split() if word != "-"]


def _core(text: str) -> tuple[str, bool]:
    """Return what is left of a label without words for stage and sleep, and whether it had one."""
    words = _words(text)
    core = [word for word in words if word not in (*STAGE_WORDS, *SLEEP_WORDS)]
    return "".join(core), any(word in STAGE_WORDS for word in words)


@lru_cache(4096)
def _find(text: str) -> str | None:
    """Return the stage of a label, None if it is not known."""
    core, has_word = _core(text)
    return SYNONYMS.get(core) or (_AFTER_STAGE.get(core) if has_word else None)


def is_named_in_full(text: str) -> bool:
    """Tell whether a label says that it is a stage: "Sleep stage 2", "Stade N2".

    Examples
    --------
    >>> [is_named_in_full(label) for label in ("Sleep stage W", "Schlafstadium 1", "R")]
    [True, True, False]
    """
    words = _words(text)[:2]
    return words[:1] != [] and (words[0] in IN_FULL or words == ["sleep", "stage"])


def is_stage(text: str) -> bool:
    """Tell whether `stage_of` knows the label."""
    return _find(text) is not None


def stage_of(text: str) -> str:
    """Return the stage that a label in a scoring file means.

    Parameters
    ----------
    text : str
        A label, such as ``"Sleep stage 4"``, ``"S2"``, ``"REM"``, ``"NREM-2"``, ``"Stade N2"`` or
        ``"Movement time"``; case, accents, hyphens, underscores and spaces do not matter.

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
    stage = _find(text)
    if stage is not None:
        return stage
    if _core(text)[0] == "4":
        raise RecordingError(
            "stage '4' means S4 in some scorings and REM in others. Write 'S4' or 'R' instead, or "
            "say what the numbers mean.",
            parameters=("codes",),
        )
    raise RecordingError(
        f"unknown stage {str(text)[:60]!r}. Allowed are W, N1, N2, N3, R and ? with their usual "
        "names, such as 'Sleep stage 2', 'S2', 'NREM 2', 'REM', 'Movement time'."
    )
