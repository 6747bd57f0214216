"""The command `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import FILE, cache_option, input_options


@click.command()
@click.argument("run", type=FILE)
@input_options
@click.option(
    "--context",
    default="none",
    show_default=True,
    type=click.Choice(["none", "transitions"]),
    help="Whether neighbouring epochs help to tell a stage.",
)
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]))
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@cache_option
def evaluate(run: Path, cache_dir: Path | None, as_json: bool, device: str, **options: Any) -> None:
    """Score the trained model RUN on another dataset."""
    from sleepaug.evaluation import evaluate_model
    from sleepaug.report import scores_text

    options["data"] = options["data"] or "simulated"
    scores = evaluate_model(run, cache_dir=cache_dir, device=device, progress=True, **options)
    if as_json:
        click.echo(json.dumps(scores))
        return
    for line in scores["warnings"]:
        click.echo(f"Warning: {line}", err=True)
    click.echo(scores_text(scores))
    click.echo(f"certainty is off by {scores['calibration_error']:.3f} on average")
