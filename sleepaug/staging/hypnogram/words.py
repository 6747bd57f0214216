"""A hypnogram in words: one line for the terminal, one for Python, a few for a notebook."""

from __future__ import annotations

import base64
import html
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.support.errors import printable

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

MOST_REASONS = 5
"""Reasons why epochs were not scored that a line lists, the most frequent ones."""


def summary_line(night: Hypnogram) -> str:
    """Count the epochs, the share of each stage and what was not scored, in one line."""
    shares = _shares(night)
    text = f"{len(night)} epochs of 30 s" + (f": {shares}" if shares else "")
    unscored = int((~night.scored).sum())
    if unscored:
        counts = Counter(_in_short(reason) for reason in night.reason if reason)
        shown = [f"{reason}: {n}" for reason, n in counts.most_common(MOST_REASONS)]
        others = len(counts) - MOST_REASONS
        more = [f"and {others} other reasons"] if others > 0 else []
        text += f"; {unscored} not scored" + (f" ({'; '.join(shown + more)})" if shown else "")
    if night.disagree is not None:
        n = sum(bool(names) for names in night.disagree)
        text += f"; the models disagree in {n} of {len(night)} epochs"
    return text


def in_a_line(night: Hypnogram) -> str:
    """Describe a night as Python shows it."""
    name = f" {night.name!r}" if night.name else ""
    start = f" from {night.start.isoformat(sep=' ')}" if night.start is not None else ""
    shares = _shares(night) or ("none scored, see its notes" if len(night) else "")
    return f"<Hypnogram{name}, {len(night)} epochs{start}{': ' if shares else ''}{shares}>"


def in_a_notebook(night: Hypnogram) -> str:
    """Describe and draw a night as a notebook shows it; text from files is escaped."""
    name = html.escape(printable(night.name)) or "Hypnogram"
    lines = f"<p><b>{name}</b>: {html.escape(printable(summary_line(night)))}</p>"
    if not len(night):
        return lines
    picture = base64.b64encode(night.png).decode("ascii")
    return f'{lines}<img alt="Hypnogram" src="data:image/png;base64,{picture}">'


def _shares(night: Hypnogram) -> str:
    scored = night.stages[night.scored]
    return ", ".join(f"{s} {np.mean(scored == s):.0%}" for s in STAGES) if len(scored) else ""


def _in_short(reason: str) -> str:
    """Shorten what is wrong with several channels in an epoch to what is wrong, without names."""
    parts = reason.split(", ")
    faults = sorted({part.partition(": ")[2] or part for part in parts})
    return reason if len(parts) == 1 else f"{len(parts)} channels {' or '.join(faults)}"
