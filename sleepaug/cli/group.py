"""The group of commands: a mistake or a full disk ends in one message and an exit code."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import click

from sleepaug import __version__
from sleepaug.support.errors import SleepaugError

FAILED, NOTHING_SCORABLE, INTERRUPTED = 1, 3, 130
DISK_ERRORS = (  # of the disk, or of how a file was named; others are faults of the program
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG),
)
RESUMES = "The same command resumes it."
TYPED = "sleepaug.typed"
NIGHTS_STAY = "Finished nights were kept; the same command, with -o, resumes it."
FILES_STAY = "Finished files were kept; --overwrite writes them again."
AFTER_STOP = {
    "train": RESUMES,
    "compare": RESUMES,
    "simulate": FILES_STAY,
    "predict": NIGHTS_STAY,
}


class Commands(click.Group):
    """A group in which a user's mistake ends in one message and an exit code, not a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Call the command line; where a disk refuses, also while help is printed, say so."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in DISK_ERRORS:
                raise
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            advice = " Make room, or choose another folder." if full else ""
            where = error.filename or "The output cannot be written"
            fail(f"{where}: {error.strerror}.{advice}", FAILED)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what was typed, for the results; see `typed`."""
        ctx.meta[TYPED] = shlex.join(["sleepaug", *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; name its options that help with a mistake."""
        try:
            return super().invoke(ctx)
        except SleepaugError as error:
            command = self.commands.get(ctx.invoked_subcommand or "")
            fail(f"{error}{options_of(command, error.parameters)}", error.exit_code)
        except KeyboardInterrupt:
            after = AFTER_STOP.get(ctx.invoked_subcommand or "", "")
            fail(f"Stopped. {after}".strip(), INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of work, not of the alphabet."""
        return list(self.commands)


def typed() -> str:
    """Return the command as it was typed, quoted for a shell."""
    return str(click.get_current_context().meta[TYPED])


def options_of(command: click.Command | None, parameters: Iterable[str]) -> str:
    """Name the options of a command that the parameters of an error stand for, in a sentence."""
    options = [
        max(option.opts, key=len)
        for name in parameters
        for option in (command.params if command else ())
        if option.name == name and isinstance(option, click.Option)
    ]
    return f" Option{'s' * (len(options) > 1)}: {', '.join(options)}." if options else ""


def fail(message: str, code: int) -> None:
    """Print an error and end the program with an exit code."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sleepaug")
@click.option("-v", "--verbose", is_flag=True, help="Print more about what is done.")
def main(verbose: bool) -> None:
    """Stage sleep from EEG, and train stagers that learn their augmentation while they train.

    For research, not for diagnosis.
    """
    # Threads that wait by spinning slow each other down many times on a machine with other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logger = logging.getLogger("sleepaug")
    logger.handlers = [_Echo()]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns of its own cache
    warnings.showwarning = _warn


class _Echo(logging.Handler):
    """Print what the package logs to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)
