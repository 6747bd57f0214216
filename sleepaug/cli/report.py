"""The command `report`: of a run, of an experiment, of a comparison."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from sleepaug.cli.compare import report_comparison
from sleepaug.cli.options import FOLDER


@click.command(short_help="What a run scored and learned, with pictures.")
@click.argument("run", type=FOLDER)
def report(run: Path) -> None:
    """Print what RUN scored and learned, and draw its training."""
    from sleepaug.experiments.report import (
        draw_run,
        invariance_text,
        learned_text,
        metrics_text,
        read_run,
    )
    from sleepaug.training.runs import RunFolder

    if "compare" in RunFolder(run).config():
        report_comparison(run)
        return
    config, rows, metrics = read_run(run)
    if config["run"]["variants"] or isinstance(config["run"]["seed"], str):
        _report_experiment(run)
        return
    if metrics:
        click.echo(metrics_text(metrics))
    else:
        click.echo(f"Not finished: {len(rows)} epochs so far.")
    for text in (*learned_text(run), *invariance_text(metrics or {})):
        click.echo(text)
    pictures = draw_run(run, rows, metrics)
    if metrics:
        click.echo(f"Metrics: {run / 'metrics.json'}")
    for picture in pictures:
        click.echo(f"Picture: {picture}")


def _report_experiment(run: Path) -> None:
    """Several variants or seeds: tables and pictures with quartiles."""
    from sleepaug.experiments.figures import draw_experiment
    from sleepaug.experiments.report import learned_text, read_run
    from sleepaug.experiments.variants import experiment_text, read_variants
    from sleepaug.support.files import into_place

    variants = read_variants(run)
    click.echo(experiment_text(variants))
    metrics = read_run(run)[2] or {}
    if "best" in metrics:
        score = metrics["valid"]["balanced_accuracy"]
        click.echo(f"Kept: {metrics['best']}, the best on valid ({score:.3f}, its runs pooled)")
        for text in learned_text(run):
            click.echo(text)
    for name, figure in draw_experiment(variants).items():
        into_place(run / name, partial(figure.savefig, dpi=130))
        click.echo(f"Picture: {run / name}")
