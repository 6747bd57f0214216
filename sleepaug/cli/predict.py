"""The command `predict`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.group import FAILED, NOTHING_SCORABLE, typed
from sleepaug.cli.options import (
    FILE,
    FOLDER,
    channel_option,
    cluster_options,
    exclude_option,
    names_of,
    reference_option,
    slurm_options_of,
)


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
@click.argument("nights", type=FILE, nargs=-1)
@click.option(
    "--from-list",
    type=FILE,
    help="Text file that names recordings, one a line, relative to its own folder.",
)
@click.option(
    "--model",
    type=FILE,
    metavar="NAME,...",
    help="Run folder, model file, shipped model or yasa (default: the shipped model). The "
    "probabilities of several are averaged.",
)
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
    "--defer-disagreement",
    is_flag=True,
    help="Leave the epochs open (?) in which several models disagree.",
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
    help="Number of processes, or of jobs on a cluster.",
)
@cluster_options
@click.option("--json", "as_json", is_flag=True, help="Print the summary of each night as JSON.")
@click.option("--overwrite", is_flag=True, help="Stage all nights anew; replace any file.")
def predict(
    nights: Sequence[Path],
    from_list: Path | None,
    model: Path | None,
    output: Path | None,
    jobs: int,
    cluster: str | None,
    slurm_options: Sequence[str],
    as_json: bool,
    **options: Any,
) -> None:
    """Stage the recordings NIGHTS: files, or folders of them.

    Write a table, a picture and a report for each. With the same -o, the same command resumes:
    nights that are done are skipped, new and changed ones are staged.

    For research, not for diagnosis.
    """
    import torch

    from sleepaug.cli.night_progress import NightProgress
    from sleepaug.staging.cohort import stage_nights
    from sleepaug.staging.nights import find_nights, new_folder
    from sleepaug.staging.nights_table import write_table
    from sleepaug.staging.on_slurm import submit_nights
    from sleepaug.staging.prediction import PredictionSettings

    if not nights and from_list is None:
        raise click.UsageError("Name the recordings: files, folders, or --from-list FILE.")
    slurm = slurm_options_of(cluster, slurm_options)
    torch.set_num_threads(1)  # several wait for each other on a busy machine
    recordings = find_nights(nights, from_list)
    where = output or new_folder(nights[0] if nights else Path(str(from_list)))
    if output is None and len(recordings) > 1:
        click.echo(f"Folder: {where}", err=True)
    settings = PredictionSettings(where, command=typed(), **options)
    if slurm is None:
        results = stage_nights(model, recordings, settings, jobs=jobs)
    else:
        say = partial(click.echo, err=True)
        results = iter(submit_nights(model, recordings, settings, slurm, jobs=jobs, say=say))
    progress = NightProgress(len(recordings), lines=not as_json)
    errors, shown, n_written, n_staged = {}, [], 0, 0
    with contextlib.closing(progress):
        for result in results:
            progress.tell(result)
            if result.error:
                errors[result.path] = result.error
            n_written += not result.error
            n_staged += result.scored
            shown += [result.to_json()] if as_json else []
    if as_json:
        click.echo(json.dumps(shown, indent=2))
    elif n_written:
        click.echo(f"Hypnograms: {where}")
    table = write_table(where, errors)
    if len(recordings) > 1:
        named = f": {table}" if table else ""
        click.echo(f"{n_staged} of {len(recordings)} nights staged{named}", err=True)
    if errors:
        with contextlib.suppress(OSError):
            where.rmdir()  # only if nothing was written
        sys.exit(FAILED)
    if slurm is None and not n_staged:
        sys.exit(NOTHING_SCORABLE)
