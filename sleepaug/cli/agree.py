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
    "-o",
    "--output",
    type=FILE,
    help="Write a picture (.png, .svg) or a page (.html) of where and how they differ.",
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", default=0, show_default=True, help="Random seed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@click.option("--overwrite", is_flag=True, help="Replace an existing picture or page.")
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
    from sleepaug.staging.scoring_pairs import names_of_both, pair_up

    if output is not None:
        from sleepaug.staging.agreement_page import check_ending, write_agreement

        check_ending(output)
        if not overwrite:
            refuse_existing([output])
    nights = pair_up(a, b, codes)
    result = compare(nights, names=names_of_both(a, b), seed=seed)
    click.echo(json.dumps(result.to_json()) if as_json else result.text())
    if output is not None:
        write_agreement(result, nights, output)
        click.echo(f"Written: {output}", err=as_json)
