"""The command `adapt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import FILE, cache_option, input_options, say_next
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import make_folder, refuse_existing


@click.command(short_help="Adapt the default model to the scored nights of a laboratory.")
@input_options
@click.option(
    "--from",
    "start_from",
    type=FILE,
    metavar="MODEL",
    help="Model of whole recordings to start from (default: the one that ships).",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Model file to write.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@cache_option
def adapt(
    start_from: Path | None, output: Path, overwrite: bool, as_json: bool, **options: Any
) -> None:
    """Let a model learn on from the scored nights of a laboratory, to stage its other nights.

    Whole nights of a few people are enough. First it is checked: each person is staged by
    networks that have learned from the others only. If that is no better than the model as it is,
    nothing is written.
    """
    from sleepaug.experiments.adaptation import adapt, cross_validate, load_adaptable
    from sleepaug.experiments.laboratory import read_laboratory
    from sleepaug.models.recording_model import save_recording_model
    from sleepaug.staging.evaluation import EvaluationSettings
    from sleepaug.staging.short_notes import notes_in_short

    if not overwrite:
        refuse_existing([output])
    if options["data"] is None:
        raise ConfigError(
            "data: name the dataset of your scored nights, such as edf for a folder of EDF files.",
            parameters=("data",),
        )
    stager = load_adaptable(start_from)
    make_folder(output.parent)  # now, and not after minutes of computing
    settings = EvaluationSettings(**options)
    lab = read_laboratory(stager, settings, progress=True)
    for line in notes_in_short(lab.windows.notes):
        click.echo(line, err=True)
    click.echo("Checking on people who are left out, which takes minutes.", err=True)
    check = cross_validate(stager, lab, progress=True)
    click.echo(
        f"{len(lab.windows)} windows of {len(lab.nights)} nights of {len(lab.people)} people. "
        "Each person is staged by networks that have learned from others only; recall by stage:",
        err=True,
    )
    click.echo(json.dumps(check.to_json()) if as_json else check.text())
    if not check.helps:
        raise RecordingError(
            f"{settings.data}: adapted to these nights, the model does no better on people it has "
            "not met. Nothing was written. More people, and whole nights, may help."
        )
    save_recording_model(output, adapt(stager, lab, check, progress=True))
    click.echo(f"Model: {output}", err=as_json)
    if not as_json:
        say_next("predict", "night.edf", "--model", output)
