"""The command `predict`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sleepaug.cli.group import FAILED, NOTHING_SCORABLE, options_of
from sleepaug.cli.options import (
    FILE,
    FOLDER,
    channel_option,
    exclude_option,
    names_of,
    reference_option,
)

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram


def _share(ctx: click.Context, option: click.Parameter, value: str) -> float:
    """Read a share such as 10% or 0.1."""
    try:
        share = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter("expected a share, such as 10% or 0.1.")
    return share


@click.command(short_help="Stage recordings.")
@click.argument("nights", type=FILE, nargs=-1, required=True)
@click.option("--model", type=FILE, help="Run folder or model file (default: the shipped model).")
@click.option(
    "-o", "--output", type=FOLDER, help="Folder of the results (default: a new one in hypnograms/)."
)
@channel_option
@exclude_option
@reference_option
@click.option(
    "--context",
    type=click.Choice(["network", "transitions", "none"]),
    help="Use of neighbouring epochs: by the network, by a table of stage transitions, or none "
    "(default: that of the model).",
)
@click.option(
    "--defer",
    metavar="SHARE",
    callback=_share,
    default="0",
    help="Share of the least certain epochs to list for review, such as 10%.",
)
@click.option(
    "--lights-off",
    metavar="TIME",
    help="Time such as 22:40, or seconds from the start (for statistics).",
)
@click.option("--lights-on", metavar="TIME", help="Time such as 06:50, or seconds from the start.")
@click.option(
    "--to",
    "forms",
    metavar="NAME,...",
    callback=names_of,
    default="csv,png,html",
    show_default=True,
    help="Files to write: csv, edf (annotations), bids (events.tsv), png, svg, html, json.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="Number of processes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary of each night as JSON.")
@click.option("--overwrite", is_flag=True, help="Replace existing hypnograms.")
def predict(
    nights: Sequence[Path],
    model: Path | None,
    output: Path | None,
    jobs: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Stage the recordings NIGHTS: files, or folders of them.

    Write a table, a picture and a report of each.

    For research, not for diagnosis.
    """
    import torch

    from sleepaug.staging.nights import find_nights, new_folder
    from sleepaug.staging.prediction import PredictionSettings, stage_files, write_summary

    torch.set_num_threads(1)  # several wait for each other on a busy machine
    settings = PredictionSettings(output or new_folder(nights), **options)
    results = []
    for result in stage_files(model, find_nights(nights), settings, jobs=jobs):
        results.append(result)
        if result.error:
            command = click.get_current_context().command
            hint = options_of(command, result.parameters)
            click.echo(f"Error: {result.error}{hint}", err=True)
        elif result.hypnogram is not None and not as_json:
            _print_night(result.path, result.hypnogram)
    failed = sum(bool(result.error) for result in results)
    if as_json:
        click.echo(json.dumps([result.to_json() for result in results], indent=2))
    elif failed < len(results):
        click.echo(f"Hypnograms: {settings.output}")
    if len(results) > 1:
        table = write_summary(results, settings.output)
        click.echo(f"{len(results) - failed} of {len(results)} nights staged: {table}", err=True)
    if failed:
        with contextlib.suppress(OSError):
            settings.output.rmdir()  # only if nothing was written
        sys.exit(FAILED)
    staged = (result.hypnogram for result in results)
    if not any(night is not None and night.scored.any() for night in staged):
        sys.exit(NOTHING_SCORABLE)


def _print_night(path: Path, night: Hypnogram) -> None:
    """Print what was found in a night."""
    from sleepaug.support.errors import printable
    from sleepaug.support.text import ranges

    click.echo(f"{printable(str(path))}: {night.summary()}")
    statistics = night.statistics()
    names = ("TIB", "TST", "SE", "SOL", "WASO")
    numbers = (f"{name} {statistics[name]:.0f}" for name in names if statistics[name] is not None)
    click.echo(f"  {', '.join(numbers)} (min; SE in %), {night.span()}")
    for note in night.notes:
        click.echo(f"  {note}")
    if len(night.look_first):
        click.echo(f"  Look first at epochs {ranges(night.look_first + 1)}")
