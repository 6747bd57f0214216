"""Nights as they are staged: a line each, one bar with an estimate, common notes once."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
from tqdm import tqdm

from sleepaug.cli.group import options_of
from sleepaug.staging.prediction import NightResult
from sleepaug.support.errors import printable
from sleepaug.support.text import ranges

MINUTES = ("TIB", "TST", "SE", "SOL", "WASO")


class NightProgress:
    """Show nights as they are staged.

    Parameters
    ----------
    n_nights : int
    lines : bool
        Print what was found; errors are printed in any case.
    """

    def __init__(self, n_nights: int, *, lines: bool) -> None:
        self.n_nights, self.lines = n_nights, lines
        self.notes: dict[str, list[str]] = {}
        self.n_before = 0
        hidden = n_nights == 1 or not sys.stderr.isatty()
        self.bar = tqdm(total=n_nights, desc="Staging", unit="night", disable=hidden)

    def tell(self, result: NightResult) -> None:
        """Show a night, or what is wrong with it."""
        with tqdm.external_write_mode():
            if result.error:
                command = click.get_current_context().command
                hint = options_of(command, result.parameters)
                click.echo(f"Error: {result.error}{hint}", err=True)
            elif not result.before and self.lines:
                click.echo("\n".join(self._lines(result)))
        self.n_before += result.before
        self.bar.initial = self.n_before  # nights that took no time would spoil the estimate
        self.bar.update()

    def _lines(self, result: NightResult) -> Iterable[str]:
        """Describe a night; where there are several, its notes wait for those of the others."""
        night = printable(str(result.path))
        yield f"{night}: {result.text}"
        values = result.summary["statistics"]
        known = (name for name in MINUTES if values[name] is not None)
        numbers = (f"{name} {round(values[name], 1):g}" for name in known)
        yield f"  {', '.join(numbers)} (min; SE in %), {result.summary['statistics_are']}"
        for note in result.summary["notes"]:
            if self.n_nights == 1:
                yield f"  {note}"
            else:
                self.notes.setdefault(note, []).append(night)
        if result.summary["look_first"]:
            yield f"  Look first at epochs {ranges(result.summary['look_first'])}"

    def close(self) -> None:
        """Close the bar, and print the notes: those of several nights once, with their number."""
        self.bar.close()
        for note, nights in sorted(self.notes.items(), key=lambda item: -len(item[1])):
            whose = f"{len(nights)} nights" if len(nights) > 1 else nights[0]
            click.echo(f"{whose}: {note}")
        if self.n_before:
            click.echo(f"{self.n_before} of {self.n_nights} nights were staged before.", err=True)
