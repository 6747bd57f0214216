"""The command `inspect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import (
    FILE,
    channel_option,
    codes_option,
    exclude_option,
    reference_option,
)


@click.command(short_help="Describe a recording: channels, quality, scoring.")
@click.argument("night", type=FILE)
@click.option(
    "--model", type=FILE, metavar="NAME,...", help="Model, or several (default: the shipped model)."
)
@channel_option
@exclude_option
@reference_option
@codes_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(night: Path, model: Path | None, as_json: bool, **options: Any) -> None:
    """Describe the recording NIGHT: header, channels, units, bad stretches.

    Also say whether the scoring beside it fits, which of its channels the model uses, and how sure
    the model is of the stages.
    """
    from sleepaug.staging.inspection import inspect_recording

    inspection = inspect_recording(night, model, **options)
    click.echo(json.dumps(inspection.to_json(), indent=2) if as_json else inspection.text())
