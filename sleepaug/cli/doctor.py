"""The command `doctor`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from sleepaug.cli.group import FAILED
from sleepaug.cli.options import cache_option


@click.command(short_help="What is installed, and what is wrong with it.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@cache_option
def doctor(as_json: bool, cache_dir: Path | None) -> None:
    """Say what is installed, what is wrong with it, and how to mend it."""
    try:
        from sleepaug.cli.installation import examination_text, examine
    except (ImportError, OSError) as error:
        click.echo(f"Wrong: a package does not load: {error}", err=True)
        click.echo("  Mend: install sleepaug again, in a new virtual environment.", err=True)
        sys.exit(FAILED)
    found = examine(cache_dir)
    click.echo(json.dumps(found, indent=2) if as_json else examination_text(found))
    if found["problems"]:
        sys.exit(FAILED)
