"""The group of commands: what the user did wrong ends in one message and an exit code."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import click

from sleepaug import __version__
from sleepaug.support.errors import SleepaugError

FAILED, NOTHING_SCORABLE, INTERRUPTED = 1, 3, 130
NOT_OURS = (  # errors of the disk, or of how a file was named
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG),
)
GOES_ON = "The same command goes on where it was."
STAYS = "The files that were finished stay; --overwrite writes them again."
AFTER_STOP = {"train": GOES_ON, "compare": GOES_ON, "simulate": STAYS, "predict": STAYS}


class Commands(click.Group):
    """A group whose user's mistakes end in one message and an exit code, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SleepaugError as error:
            command = self.commands.get(ctx.invoked_subcommand or "")
            fail(f"{error}{options_of(command, error.parameters)}", error.exit_code)
        except KeyboardInterrupt:
            after = AFTER_STOP.get(ctx.invoked_subcommand or "", "")
            fail(f"Stopped. {after}".strip(), INTERRUPTED)
        except OSError as error:
            if error.errno not in NOT_OURS:
                raise
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            advice = " Make room, or name another folder." if full else ""
            fail(f"{error.filename or 'Writing failed'}: {error.strerror}.{advice}", FAILED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of work, not of the alphabet


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
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sleepaug")
@click.option("-v", "--verbose", is_flag=True, help="Say more of what is done.")
def main(verbose: bool) -> None:
    """EEG sleep staging that learns which transformations leave the meaning of its input unchanged.

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
    """Prints what the package logs to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)
