"""The command `compare`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import (
    FILE,
    FOLDER,
    cache_option,
    channels_option,
    cluster_options,
    device_option,
    input_options,
    names_of,
    pairs_of,
    say_next,
    settings_option,
    slurm_options_of,
)


@click.command(short_help="Compare methods of augmentation by computing time.")
@click.argument("config", type=FILE, required=False)
@click.option(
    "--budget",
    metavar="TIME",
    help="Computing time of each trained model, search included: 90s, 20m, 12h, 1d (default: 12h).",
)
@click.option(
    "--methods",
    metavar="NAME,...",
    callback=names_of,
    help="Methods, such as augnet,adda (default: all).",
)
@click.option("--folds", type=click.IntRange(1), metavar="N", help="Number of folds (default: 5).")
@click.option(
    "--seeds",
    type=click.IntRange(1),
    metavar="N",
    help="Number of random seeds for each fold (default: 1).",
)
@click.option(
    "--points",
    type=click.Choice(["thinned", "all"]),
    help="Train with the policy after 1, 2, 4, 8, ... pauses of a search (default), or each.",
)
@click.option(
    "--against",
    metavar="METHOD",
    help="Method with which the others are compared (default: the method none).",
)
@input_options
@channels_option
@click.option(
    "--epochs", type=click.IntRange(1), metavar="N", help="Largest number of epochs of a training."
)
@device_option
@settings_option
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="Number of lanes at a time; a lane is a method on a fold.",
)
@cluster_options
@click.option("-o", "--output", type=FOLDER, help="Folder (default: a new one in runs/).")
@click.option("--overwrite", is_flag=True, help="Replace the comparison in that folder.")
@cache_option
def compare(
    config: Path | None,
    settings: Sequence[str],
    methods: list[str] | None,
    jobs: int,
    cluster: str | None,
    slurm_options: Sequence[str],
    output: Path | None,
    overwrite: bool,
    cache_dir: Path | None,
    **options: Any,
) -> None:
    """Compare methods of augmentation by the computing time they take, searches included.

    The same command resumes a comparison that was stopped, and adds folds, seeds or methods.

    CONFIG is a YAML file of settings; without it, and without --data, nights are simulated.
    """
    from sleepaug.cli.progress import Progress
    from sleepaug.experiments.comparison import compare as comparing
    from sleepaug.experiments.comparison.local import stop_on_signals
    from sleepaug.experiments.comparison.results import read_results
    from sleepaug.experiments.comparison.settings import load_comparison
    from sleepaug.experiments.comparison.winner import winner
    from sleepaug.experiments.summary import summarize_comparison

    slurm = slurm_options_of(cluster, slurm_options)
    keys = {"against": "reference"}
    own = ("budget", "folds", "seeds", "points", "against", "device")
    given = [(f"compare.{keys.get(key, key)}", options.pop(key)) for key in own]
    pairs = [pair for pair in given if pair[1] is not None]
    resolved = load_comparison(config, [*pairs, *pairs_of(settings, options)], methods)
    output = output or comparing.default_output(resolved)
    click.echo(f"Folder: {output}", err=True)
    stop_on_signals()
    with contextlib.closing(Progress(resolved.compare.seconds)) as progress:
        comparing.compare(
            resolved,
            output,
            comparing.Execution(
                n_jobs=jobs,
                slurm=slurm,
                overwrite=overwrite,
                cache_dir=cache_dir,
                progress=True,
            ),
            say=lambda line: click.echo(line, err=True),
            tell=progress.tell,
        )
    click.echo("\n".join(summarize_comparison(output).lines()))
    if best := winner(read_results(output)):
        click.echo(f"Best on the validation nights: {best}. To train a model for use:")
        say_next("train", "--like", output / best)
    if cluster:
        click.echo("The same command submits lost lanes again, and collects the results so far.")
