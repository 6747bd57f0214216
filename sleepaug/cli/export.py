"""The command `export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sleepaug.cli.options import FILE, FOLDER
from sleepaug.support.errors import ConfigError


@click.command(short_help="Take what a run learned elsewhere.")
@click.argument("run", type=FOLDER)
@click.option("--to", "form", type=click.Choice(["braindecode", "json"]), required=True)
@click.option("-o", "--output", type=FILE, help="File (default: print).")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def export(run: Path, form: str, output: Path | None, overwrite: bool) -> None:
    """Take the policy that RUN learned elsewhere: as braindecode code, or as JSON."""
    from sleepaug.augment.export import to_code
    from sleepaug.experiments.report import read_policy
    from sleepaug.support.files import write_text

    learned = read_policy(run)
    if form == "braindecode":
        text = to_code(learned)
    else:
        text = json.dumps(learned.to_json(), indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists() and not overwrite:
        raise ConfigError(f"{output}: is there already. Name another, or add --overwrite.")
    write_text(output, text)
    click.echo(f"Written: {output}")
