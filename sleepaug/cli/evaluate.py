"""The command `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import FILE, cache_option, input_options
from sleepaug.support.errors import ConfigError


@click.command(short_help="Score a model on another dataset.")
@click.argument("run", type=FILE)
@input_options
@click.option(
    "--context",
    type=click.Choice(["network", "transitions", "none"]),
    help="Whether neighbouring epochs help (default: as the model does by itself).",
)
@click.option(
    "--device", default="auto", show_default=True, type=click.Choice(["auto", "cpu", "cuda"])
)
@click.option("-o", "--output", type=FILE, help="Draw certainty and accuracy (PNG or SVG).")
@click.option("--overwrite", is_flag=True, help="Replace a picture that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@cache_option
def evaluate(
    run: Path,
    as_json: bool,
    output: Path | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Score a model on another dataset: a run folder, a model file, or a shipped model (default).

    Without --data and --data-dir, nights are simulated.
    """
    from sleepaug.experiments.report import scores_text
    from sleepaug.staging.calibration import draw_reliability
    from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model

    if output is not None and output.exists() and not overwrite:
        raise ConfigError(f"{output}: is there already. Name another, or add --overwrite.")
    options["data"] = options["data"] or "simulated"
    scores = evaluate_model(run, EvaluationSettings(**options), progress=True)
    if output is not None:
        title = (
            f"{run.stem}, {options['data']} nights, context {options['context'] or 'of the model'}"
        )
        draw_reliability(scores["reliability"], title, output)
        click.echo(f"Picture: {output}", err=True)
    if as_json:
        click.echo(json.dumps(scores))
        return
    for line in scores["warnings"]:
        click.echo(f"Warning: {line}", err=True)
    click.echo(scores_text(scores))
    click.echo(f"certainty is off by {scores['calibration_error']:.3f} on average")
