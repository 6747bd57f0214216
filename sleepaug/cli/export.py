"""The command `export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sleepaug.cli.options import FILE


@click.command(short_help="Export what a run learned, or a model as ONNX.")
@click.argument("model", type=FILE)
@click.option(
    "--to",
    "form",
    type=click.Choice(["braindecode", "json", "onnx"]),
    required=True,
    help="Form of the export.",
)
@click.option("-o", "--output", type=FILE, help="File to write (default: print).")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def export(model: Path, form: str, output: Path | None, overwrite: bool) -> None:
    """Export the augmentation that a run learned, or the network of a model.

    The augmentation of a run folder becomes code for braindecode, or JSON. The network of a run
    folder, a model file or a shipped model (such as spectral) becomes an ONNX file.
    """
    if form == "onnx":
        _network(model, output, overwrite)
    else:
        _augmentation(model, form, output, overwrite)


def _network(model: Path, output: Path | None, overwrite: bool) -> None:
    """Write a model as ONNX."""
    from sleepaug.staging.onnx_export import export_onnx
    from sleepaug.support.errors import ConfigError

    if output is None:
        raise ConfigError("--to onnx: expected a file to write, such as -o model.onnx.")
    for note in export_onnx(model, output, overwrite=overwrite):
        click.echo(note)
    click.echo(f"Exported to {output}, described in {output.with_suffix('.json')}")


def _augmentation(run: Path, form: str, output: Path | None, overwrite: bool) -> None:
    """Write or print the augmentation of a run."""
    from sleepaug.augment.export import lost, to_code
    from sleepaug.experiments.report import read_policy
    from sleepaug.support.files import refuse_existing, write_text

    learned = read_policy(run)
    if form == "braindecode":
        text = to_code(learned)
        for line in lost(learned):
            click.echo(f"Note: {line}", err=True)
    else:
        text = json.dumps(learned.to_json(), indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    if not overwrite:
        refuse_existing([output])
    write_text(output, text)
    click.echo(f"Exported to {output}")
