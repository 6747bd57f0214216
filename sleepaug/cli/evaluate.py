"""The command `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import FILE, cache_option, device_option, input_options
from sleepaug.support.files import refuse_existing


@click.command(short_help="Score a model on scored nights.")
@click.argument("run", type=FILE)
@input_options
@click.option(
    "--context",
    type=click.Choice(["network", "transitions", "none"]),
    help="Use of neighbouring epochs: by the network, by a table of stage transitions, or none "
    "(default: what validated better, as in predict).",
)
@device_option
@click.option("-o", "--output", type=FILE, help="Draw a reliability diagram (PNG or SVG).")
@click.option("--overwrite", is_flag=True, help="Replace an existing picture.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@cache_option
def evaluate(
    run: Path,
    as_json: bool,
    output: Path | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Score a model on scored nights, and warn if it was trained on some of them.

    RUN is a run folder, a model file, a shipped model such as default, or yasa; several,
    separated by commas, are scored together. Without --data and --data-dir, nights are simulated.
    """
    from sleepaug.experiments.report import brief_text, scores_text
    from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model
    from sleepaug.staging.reliability import draw_reliability
    from sleepaug.staging.short_notes import notes_in_short

    if output is not None and not overwrite:
        refuse_existing([output])
    options |= {"data": options["data"] or "simulated", "device": options["device"] or "auto"}
    result = evaluate_model(run, EvaluationSettings(**options), progress=True)
    if output is not None:
        context = f", context {result.context}" if result.context else ""
        title = f"{run.stem}, {options['data']} nights{context}"
        draw_reliability(result.reliability, title, output)
        click.echo(f"Picture: {output}", err=True)
    if as_json:
        click.echo(json.dumps(result.to_json()))
        return
    for line in notes_in_short(result.notes):
        click.echo(line, err=True)
    for line in result.warnings:
        click.echo(f"Warning: {line}", err=True)
    click.echo(scores_text(result.scores))
    click.echo(f"certainty is off by {result.reliability.expected_error:.3f} on average")
    for name, brief in result.contexts.items():
        if len(result.contexts) > 1:
            used = " (used above)" if name == result.context else ""
            click.echo(f"context {name}{used}: {brief_text(brief)}")
