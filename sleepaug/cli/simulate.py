"""The command `simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import FOLDER, names_of, say_next


@click.command(short_help="Write simulated, scored nights.")
@click.argument("output", type=FOLDER)
@click.option(
    "--nights",
    type=click.IntRange(1),
    metavar="N",
    default=10,
    show_default=True,
    help="Number of nights.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    show_default=True,
    help="Random seed.",
)
@click.option(
    "--layout",
    type=click.Choice(["mass", "sleep-edf"]),
    default="mass",
    show_default=True,
    help="Archive whose file names and channels are imitated.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0.01, 24),
    metavar="HOURS",
    default=8.0,
    show_default=True,
    help="Length of each night, in hours.",
)
@click.option(
    "--channels",
    metavar="NAME,...",
    callback=names_of,
    help="Channels, such as C3,C4 (default: all of the layout).",
)
@click.option(
    "--sfreq",
    type=click.FloatRange(50, 2048),
    metavar="HZ",
    help="Sampling frequency in Hz (default: that of the layout).",
)
@click.option(
    "--scorers",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    help="Number of imperfect scorers to add.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="Number of processes.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
def simulate(
    output: Path, channels: list[str] | None, jobs: int, overwrite: bool, **options: Any
) -> None:
    """Write simulated, scored nights as EDF+ files to the folder OUTPUT."""
    from sleepaug.simulation.dataset import simulate_dataset
    from sleepaug.simulation.plan import SimulationSettings, size_on_disk

    settings = SimulationSettings(ch_names=channels, **options)
    click.echo(f"About {size_on_disk(settings) / 1e6:,.0f} MB in {output}")
    files = simulate_dataset(output, settings, jobs=jobs, overwrite=overwrite, progress=True)
    click.echo(f"Simulated nights in {output}: {len(files)}")
    if settings.layout == "mass":
        say_next("train", "--data", "simulated", "--data-dir", output)
    else:
        channels = ["--channels", "Fpz-Cz,Pz-Oz"]
        say_next("train", "--data", "sleep-edf", "--data-dir", output, *channels)
