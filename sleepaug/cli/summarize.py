"""The command `summarize`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sleepaug.cli.options import FILE, names_of
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import refuse_existing

PAGE = "group.html"


@click.command(short_help="Summarize the nights of a study.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--participants",
    type=FILE,
    help="Table of the people (participants.tsv), with a column participant_id.",
)
@click.option(
    "--by",
    callback=names_of,
    metavar="COLUMN,...",
    help="Columns of groups (default: those with two to six different words).",
)
@click.option(
    "-o",
    "--output",
    type=FILE,
    help=f"Page to write, .html; the table .csv lies beside it (default: {PAGE} in FOLDER).",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing page and table.")
def summarize(
    folder: Path,
    participants: Path | None,
    by: Sequence[str] | None,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Summarize all nights in FOLDER, which predict or review wrote.

    Write one page (means by group, all hypnograms, warnings, broken nights) and one table with a
    row for each night.

    For research, not for diagnosis.
    """
    from sleepaug.staging.group.nights import read_group
    from sleepaug.staging.group.page import write_group
    from sleepaug.staging.group.participants import read_participants

    page = output or folder / PAGE
    if page.suffix.lower() != ".html":
        raise ConfigError(f"{page}: a page ends in .html.", parameters=("output",))
    if by and participants is None:
        raise ConfigError("groups need a table of the people.", parameters=("participants",))
    if not overwrite:
        refuse_existing([page, page.with_suffix(".csv")])
    people = read_participants(participants, by) if participants is not None else None
    nights = read_group(folder, people)
    table = write_group(nights, page)
    broken = sum(night.hypnogram is None for night in nights)
    warned = sum(bool(night.warnings) for night in nights)
    count = f"{len(nights)} night{'s' * (len(nights) > 1)}"
    click.echo(f"{count}, {broken} broken, {warned} with a warning")
    if people is not None:
        unknown = sorted({n.subject for n in nights if n.subject not in people.columns})
        if unknown:
            click.echo(f"Not in {participants}: {', '.join(unknown)}", err=True)
        click.echo(f"Groups: {', '.join(people.groups) or 'none; name columns with --by'}")
    click.echo(f"Page: {page}\nTable: {table}")
