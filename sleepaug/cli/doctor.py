"""The command `doctor`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from sleepaug.cli.group import FAILED
from sleepaug.cli.options import cache_option


@click.command(short_help="Check the installation.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@cache_option
def doctor(as_json: bool, cache_dir: Path | None) -> None:
    """Check the installation: what is installed, what is wrong, and how to fix it."""
    try:
        from sleepaug.cli.installation import examine
    except (ImportError, OSError) as error:
        click.echo(f"Problem: a package does not load: {error}", err=True)
        click.echo("  Fix: install sleepaug again, in a new virtual environment.", err=True)
        sys.exit(FAILED)
    installation = examine(cache_dir)
    click.echo(json.dumps(asdict(installation), indent=2) if as_json else installation.text())
    if installation.problems:
        sys.exit(FAILED)
