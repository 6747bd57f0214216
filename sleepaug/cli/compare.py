"""The command `compare`, and what `report` prints of a comparison."""

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
    input_options,
    names_of,
    pairs_of,
    settings_option,
)
from sleepaug.support.errors import ConfigError


@click.command()
@click.argument("config", type=FILE, required=False)
@click.option("--budget", help="Device time of a point: 90s, 20m, 12h or 1d (default: 12h).")
@click.option("--methods", callback=names_of, help="Such as augnet,adda (default: all).")
@click.option("--folds", type=click.IntRange(1), help="The first so many folds (default: 5).")
@click.option("--seeds", type=click.IntRange(1), help="Seeds for each fold (default: 1).")
@click.option("--points", type=click.Choice(["thinned", "all"]), help="Which policies to train.")
@click.option("--against", metavar="METHOD", help="Differences are to this one (default: none).")
@input_options
@click.option("--channels", callback=names_of, help="Such as C3,C4,F3,F4,O1,O2.")
@click.option("--epochs", type=click.IntRange(1), help="Most epochs of a training.")
@click.option("--device", help="auto, cpu or cuda.")
@settings_option
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Lanes at once.")
@click.option("--cluster", type=click.Choice(["slurm"]), help="Submit the lanes as an array.")
@click.option("--slurm", "slurm_options", multiple=True, metavar="KEY=VALUE", help="Of sbatch.")
@click.option("-o", "--output", type=FOLDER, help="Folder (default: one in runs/).")
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
    """Compare methods under one clock. The same command goes on with one that was stopped.

    CONFIG is a YAML file of settings; without it, and without --data, nights are simulated.
    """
    from sleepaug.cli.progress import Progress
    from sleepaug.experiments.comparison import compare as comparing
    from sleepaug.experiments.comparison.local import stop_on_signals
    from sleepaug.experiments.comparison.settings import load_comparison

    if slurm_options and not cluster:
        raise ConfigError("--slurm: are options of --cluster slurm. Add that, or leave them out.")
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
                slurm=dict(text.partition("=")[::2] for text in slurm_options) if cluster else None,
                overwrite=overwrite,
                cache_dir=cache_dir,
                progress=True,
            ),
            say=lambda line: click.echo(line, err=True),
            tell=progress.tell,
        )
    report_comparison(output)
    if cluster:
        click.echo("The same command submits again what was lost, and collects what is there.")


def report_comparison(folder: Path) -> None:
    """Write the report of a comparison and print its table."""
    from sleepaug.experiments.comparison.report import write_report

    written = write_report(folder)
    click.echo(written.text)
    click.echo(f"Report: {written.page}\nFigures and tables: {folder}")
