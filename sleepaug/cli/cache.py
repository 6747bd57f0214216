"""The command `cache`."""

from __future__ import annotations

from pathlib import Path

import click

from sleepaug.cli.options import cache_option


@click.command(short_help="Show or clear the prepared nights.")
@click.option("--clear", is_flag=True, help="Remove all of them.")
@cache_option
def cache(clear: bool, cache_dir: Path | None) -> None:
    """Show or clear the nights that are kept: prepared ones, and simulated ones.

    Each night is filtered and resampled once, and then kept.
    """
    from sleepaug.data import cache as nights

    entries = nights.entries(cache_dir)
    size = sum(entry.size for entry in entries) / 1e6
    click.echo(f"{nights.folder(cache_dir)}: {len(entries)} prepared nights, {size:,.1f} MB")
    if simulated := nights.simulated(cache_dir) / 1e6:
        click.echo(f"and {simulated:,.1f} MB of nights simulated because no data were named")
    if clear:
        nights.clear(cache_dir)
        click.echo("Cleared.")
