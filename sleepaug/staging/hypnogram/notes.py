"""Notes of a night: those that make its stages doubtful are marked by the word they begin with."""

from __future__ import annotations

WARNING = "Warning: "
LEFT_OUT = "Left out: "


def is_warning(note: str) -> bool:
    """Tell whether a note says that the stages may be wrong.

    Examples
    --------
    >>> is_warning("Warning: 4 epochs are few."), unmarked("Warning: 4 epochs are few.")
    (True, '4 epochs are few.')
    """
    return note.startswith(WARNING)


def is_doubt(note: str) -> bool:
    """Tell whether a note is a warning, or says that a channel was left out."""
    return note.startswith((WARNING, LEFT_OUT))


def unmarked(note: str) -> str:
    """Return a note without the word that makes it a warning."""
    return note.removeprefix(WARNING)
