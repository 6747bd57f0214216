"""The command `report`: of a run, of an experiment, of a comparison."""

from __future__ import annotations

from pathlib import Path

import click

from sleepaug.cli.options import FOLDER


@click.command(short_help="Print and draw the results of a run or comparison.")
@click.argument("run", type=FOLDER)
def report(run: Path) -> None:
    """Print the scores of RUN and what it learned, and draw its training.

    RUN is the folder of a run, of an experiment or of a comparison, finished or not.
    """
    from sleepaug.experiments.summary import summarize

    click.echo("\n".join(summarize(run).lines()))
