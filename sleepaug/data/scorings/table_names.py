"""Names of columns in tables of stages: what they hold, and in which unit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

STAGE = (
    *("stage", "stages", "sleepstage", "sleepstages", "stagehum", "trialtype", "event", "label"),
    *("annotation", "annotations", "description", "hypnogram", "hypno", "class", "score"),
    *("scoring", "stade", "stadium", "schlafstadium", "slaapstadium", "etapa", "fase", "stadio"),
    *("phase", "ereignis", "evenement", "evento", "stageai"),
)
ONSET = (
    *("onset", "recordingonset", "start", "starttime", "begin", "clocktime", "time", "datetime"),
    *("timestamp", "beginn", "startzeit", "uhrzeit", "zeit", "debut", "heure", "temps", "inicio"),
    *("hora", "inizio", "ora", "tijd", "begintijd"),
)
END = ("end", "stop", "endtime", "stoptime", "ende", "endzeit", "fin", "fine", "einde", "eindtijd")
DURATION = ("duration", "dur", "length", "dauer", "duree", "duracion", "durata", "duur")
EPOCH = (
    "epoch",
    "epochs",
    "epochnumber",
    "epochnum",
    "epochno",
    "epoche",
    "epoque",
    "epoca",
    "no",
    "nr",
)
"""Names of columns in six languages, without capitals, accents, spaces and units."""

SECONDS = {
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "milliseconds"), 1e-3),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
}
"""What a unit is in seconds; it stands in brackets or after the name."""
KNOWN_SCORERS = {"stagehum": "yasa", "stageai": "yasa"}
"""Columns of one database (BOAS), whose numbers are known."""


def plain(name: str) -> str:
    """Reduce the name of a column to its letters, without a unit in brackets."""
    letters = unicodedata.normalize("NFD", name).lower()
    return re.sub(r"[\[(].*?[\])]|[^a-z]", "", letters)


def column_of(names: Sequence[str], wanted: Sequence[str]) -> tuple[int | None, float]:
    """Find a column by its name, and what its unit is in seconds.

    Parameters
    ----------
    names : sequence of str
        As in the header.
    wanted : sequence of str
        `ONSET`, `END` or `DURATION`; the first that is there counts.

    Examples
    --------
    >>> column_of(["Epoch", "Start (min)"], ONSET), column_of(["onset_ms"], ONSET)
    ((1, 60.0), (0, 0.001))
    """
    letters = [plain(name) for name in names]
    for word in wanted:
        for k, name in enumerate(letters):
            unit = name.removeprefix(word) if name.startswith(word) else None
            if unit in SECONDS:
                bracket = re.search(r"[\[(](.*?)[\])]", names[k])
                inside = re.sub(r"[^a-z]", "", bracket[1].lower()) if bracket else ""
                return k, SECONDS.get(inside, 1.0) * SECONDS[unit]
    return None, 1.0
