"""Errors: what the user is told, and no traceback."""

from __future__ import annotations


class ConfigError(ValueError):
    """A mistake in the settings or the command line; the text is the whole message."""


class NotWrittenError(ConfigError):
    """A file that the disk does not take: it is full, or may not be written."""


def printable(text: str) -> str:
    """`text` from a file without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class RecordingError(ValueError):
    """A recording that cannot be used; the text is the whole message."""

    def __init__(self, text: str) -> None:
        super().__init__("\n".join(printable(line) for line in text.split("\n")))
