"""The command `agree`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sleepaug.cli.options import FILE, codes_option
from sleepaug.support.files import refuse_existing


@click.command(short_help="Compare two scorings.")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@codes_option
@click.option(
    "-o", "--output", type=FILE, help="Draw both scorings and where they differ (PNG or SVG)."
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", default=0, show_default=True, help="Random seed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@click.option("--overwrite", is_flag=True, help="Replace an existing picture.")
def agree(
    a: Path,
    b: Path,
    codes: str | None,
    output: Path | None,
    seed: int,
    as_json: bool,
    overwrite: bool,
) -> None:
    """Compare two scorings A and B of a night, or two folders of scorings.

    A scoring is a table, an EDF+ file, BIDS events, XML of the NSRR, Compumedics or Philips, or
    text with one stage for each epoch. Folders may be those of a dataset; files are matched by the
    names of their nights.
    """
    from sleepaug.staging.agreement import compare
    from sleepaug.staging.disagreement import draw_disagreement
    from sleepaug.staging.scoring_pairs import pair_up

    if output is not None and not overwrite:
        refuse_existing([output])
    nights = pair_up(a, b, codes)
    result = compare(nights, seed=seed)
    click.echo(json.dumps(result.to_json()) if as_json else result.text())
    if output is not None:
        draw_disagreement(nights, output)
        click.echo(f"Picture: {output}", err=as_json)
