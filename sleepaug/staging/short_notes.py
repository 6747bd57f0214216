"""The notes of many nights, in a few lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

MOST_SCORINGS = 4
"""Scorings that are listed one by one."""


def notes_in_short(nights: Mapping[str, Sequence[str]]) -> list[str]:
    """Gather the notes of nights: each once, and what was dropped in all of them together.

    Examples
    --------
    >>> notes_in_short({"a": ["Dropped: 2 short."], "b": ["Dropped: 3 short.", "Moved by 30 s."]})
    ['Dropped: 5 short. (2 of 2 nights)', 'Moved by 30 s. (b)']
    """
    about: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    scorings = {k for notes in nights.values() for k in notes if k.startswith("Scoring: ")}
    if len(scorings) > MOST_SCORINGS:
        rest = {k: [note for note in notes if note not in scorings] for k, notes in nights.items()}
        more = len(scorings) - 1
        return [f"{min(scorings)} And {more} more of such files.", *notes_in_short(rest)]
    for night, notes in nights.items():
        for note in notes:
            dropped = re.fullmatch(r"Dropped: (\d+) (.*)", note)
            text = dropped[2] if dropped else note
            about.setdefault(text, []).append(night)
            counts[text] += int(dropped[1]) if dropped else 0
    lines = []
    for text, named in about.items():
        shown = f"Dropped: {counts[text]} {text}" if counts[text] else text
        one = len(named) == 1 and len(nights) > 1
        where = named[0] if one else f"{len(named)} of {len(nights)} nights"
        lines.append(shown if len(nights) == 1 else f"{shown} ({where})")
    return lines
