"""A model in words: one line for Python, and the same escaped for a notebook."""

from __future__ import annotations

import html

from sleepaug.support.errors import printable

LONGEST = 300
"""Characters of a line; a file may name many channels or models."""


def in_a_line(what: str, name: str, *parts: str) -> str:
    """Describe a model as Python shows it.

    Parameters
    ----------
    what : str
        Name of the class.
    name : str
        Of the model; may be empty.
    *parts : str
        Channels, training set, version; empty ones are left out.

    Returns
    -------
    str
        One line that a terminal can show, of `LONGEST` characters at most.

    Examples
    --------
    >>> in_a_line("Stager", "spectral", "C3, C4", "", "sleepaug 0.1.0")
    "<Stager 'spectral': C3, C4; sleepaug 0.1.0>"
    """
    title = f"{what} {name!r}" if name else what
    line = printable(f"{title}: {'; '.join(filter(None, parts))}")
    return f"<{line if len(line) <= LONGEST - 2 else line[: LONGEST - 5] + '...'}>"


def in_a_notebook(line: str) -> str:
    """Make a paragraph of what `in_a_line` gave; text from files is escaped."""
    return f"<p>{html.escape(line[1:-1])}</p>"
