"""Errors whose text is the whole message: a user reads it instead of a traceback."""

from __future__ import annotations

from typing import ClassVar


def printable(text: str) -> str:
    """Replace the characters of a text from a file that a terminal would obey.

    Examples
    --------
    >>> printable("C3\\x1b[31m")
    'C3\ufffd[31m'
    """
    if text.isprintable():  # the usual case, and texts may be whole pictures
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class SleepaugError(ValueError):
    """Base of the errors that this package raises when it cannot do what was asked.

    Parameters
    ----------
    text : str
        What was found, where, what is allowed and what to do. Control characters other than line
        ends are replaced.
    parameters : tuple of str
        Names of the arguments that help, such as ``("output", "overwrite")``. The command line
        adds its options of these names to the message.

    Attributes
    ----------
    exit_code : int
        Exit code of the command line.

    Examples
    --------
    >>> error = ConfigError("jobs: expected 1 or more, got 0.", parameters=("jobs",))
    >>> error.exit_code, error.parameters
    (2, ('jobs',))
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, text: str, *, parameters: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join(printable(line) for line in text.split("\n")))
        self.parameters = parameters


class ConfigError(SleepaugError):
    """A mistake in the settings or the arguments.

    Examples
    --------
    >>> from sleepaug.experiments.settings import load_config
    >>> try:
    ...     load_config(None, [("training.epochs", 0)])
    ... except ConfigError as error:
    ...     print(error)
    settings: 1 problem
      training.epochs: expected a whole number above 0, got 0.
    """


class ModelError(SleepaugError):
    """A model file that is missing, damaged, or does not fit what it is asked to do.

    Examples
    --------
    >>> issubclass(ModelError, ValueError), ModelError.exit_code
    (True, 2)
    """


class RecordingError(SleepaugError):
    """A recording or a scoring that cannot be used.

    Examples
    --------
    >>> issubclass(RecordingError, ValueError), RecordingError.exit_code
    (True, 1)
    """

    exit_code = 1


class OutputError(SleepaugError):
    """A file that cannot be written: the disk is full, or writing is not allowed.

    Examples
    --------
    >>> issubclass(OutputError, ValueError), OutputError.exit_code
    (True, 1)
    """

    exit_code = 1
