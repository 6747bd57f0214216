"""The command `export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sleepaug.cli.options import FILE, FOLDER


@click.command(short_help="Export what a run learned, as code or JSON.")
@click.argument("run", type=FOLDER)
@click.option(
    "--to",
    "form",
    type=click.Choice(["braindecode", "json"]),
    required=True,
    help="Form of the export.",
)
@click.option("-o", "--output", type=FILE, help="File to write (default: print).")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def export(run: Path, form: str, output: Path | None, overwrite: bool) -> None:
    """Export the augmentation that RUN learned, as code for braindecode or as JSON."""
    from sleepaug.augment.export import lost, to_code
    from sleepaug.experiments.report import read_policy
    from sleepaug.support.files import refuse_existing, write_text

    learned = read_policy(run)
    if form == "braindecode":
        text = to_code(learned)
        for line in lost(learned):
            click.echo(f"Note: {line}", err=True)
    else:
        text = json.dumps(learned.to_json(), indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    if not overwrite:
        refuse_existing([output])
    write_text(output, text)
    click.echo(f"Exported to {output}")
