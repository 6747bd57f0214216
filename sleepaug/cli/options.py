"""Options that several commands share, and the settings they stand for."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from sleepaug.support.errors import ConfigError

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path)

SHORT = {  # options, and the settings they stand for
    "method": "method.name",
    "start_from": "task.start_from",
    "data": "task.data",
    "data_dir": "task.data_dir",
    "images": "task.images",
    "channels": "preprocessing.channels",
    "map": "preprocessing.map",
    "exclude": "preprocessing.exclude",
    "reference": "preprocessing.reference",
    "fold": "run.fold",
    "epochs": "training.epochs",
    "seed": "run.seed",
    "device": "run.device",
}


cache_option = click.option(
    "--cache-dir",
    type=FOLDER,
    envvar="SLEEPAUG_CACHE_DIR",
    help="Folder of the prepared nights (default: in the user's cache).",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="Where to compute (default: auto, on the GPU if there is one).",
)
codes_option = click.option(
    "--codes",
    metavar="NAME|0=W,1=N1,...",
    help="What numbers in scorings mean: aasm, yasa, from-one, dreams, or pairs such as "
    "0=W,1=N1,4=R.",
)


def input_options(command: Callable) -> Callable:
    """Add the options that say which recordings are read, and which of their channels."""
    for option in reversed(
        (
            click.option(
                "--data",
                metavar="NAME",
                help="Dataset: simulated, mass, sleep-edf, dreams, bids, edf (a folder).",
            ),
            click.option("--data-dir", type=FOLDER, help="Folder of the dataset."),
            click.option(
                "--pattern",
                metavar="GLOB",
                help="File names of the recordings, such as '*.edf' (with --data edf).",
            ),
            codes_option,
            channel_option,
            exclude_option,
            reference_option,
        )
    ):
        command = option(command)
    return command


def names_of(ctx: click.Context, option: click.Parameter, value: str | None) -> list[str] | None:
    """Split names at commas and keep each once."""
    if value is None:
        return None
    names = list(dict.fromkeys(name.strip() for name in value.split(",")))
    if "" in names:
        raise click.BadParameter(f"expected names separated by commas, got {value!r}.")
    return names


def _pairs(ctx: click.Context, option: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    """Read NAME=RECORDED pairs."""
    pairs = dict(text.partition("=")[::2] for text in value)
    for name, recorded in pairs.items():
        if not name or not recorded:
            raise click.BadParameter("expected NAME=RECORDED, such as 'C3=EEG 4' or 'C3=C3-A1|Cz'.")
    return pairs


exclude_option = click.option(
    "--exclude",
    callback=names_of,
    metavar="NAME,...",
    help="Recorded channels that must not be used.",
)
channel_option = click.option(
    "--map",
    multiple=True,
    metavar="C3=NAME",
    callback=_pairs,
    help="Recorded channel to use as C3; with alternatives: 'C3=C3-A1|CZ-A1'. Repeatable.",
)
channels_option = click.option(
    "--channels",
    callback=names_of,
    metavar="NAME,...",
    help="Channels, such as C3,C4,F3,F4,O1,O2.",
)
REFERENCES = ("as-recorded", "A2", "average", "contralateral")
settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any setting, such as training.batch_size=64. Repeatable.",
)
reference_option = click.option(
    "--reference",
    type=click.Choice(REFERENCES),
    metavar="NAME",
    help="Reference: as-recorded (default), A2, average or contralateral.",
)


def cluster_options(command: Callable) -> Callable:
    """Add the options that submit work to a cluster."""
    cluster = click.option(
        "--cluster", type=click.Choice(["slurm"]), help="Submit to this cluster."
    )
    slurm = click.option(
        "--slurm",
        "slurm_options",
        multiple=True,
        metavar="KEY=VALUE",
        help="Option of sbatch, such as time=60. Repeatable.",
    )
    return cluster(slurm(command))


def slurm_options_of(cluster: str | None, options: Sequence[str]) -> dict[str, str] | None:
    """Return the options of `sbatch`; None where nothing is submitted."""
    if options and not cluster:
        raise ConfigError("--slurm: it needs --cluster slurm. Add that, or leave --slurm out.")
    return dict(text.partition("=")[::2] for text in options) if cluster else None


def pairs_of(settings: Sequence[str], options: dict[str, Any]) -> list[tuple[str, Any]]:
    """Gather the short options and --set as (key path, value)."""
    from sleepaug.support.yaml import parse_setting

    pairs: list[tuple[str, Any]] = []
    for option, key in SHORT.items():
        value = options.pop(option, None)
        if isinstance(value, str) and option in ("fold", "epochs", "seed"):
            value = parse_setting(f"{key}={value}")[1]
        if value not in (None, {}):
            pairs.append((key, value))
    if grid := options.pop("grid", None):
        pairs += _grid(grid)
    for name in ("pattern", "codes"):
        if value := options.pop(name, None):
            pairs.append((f"task.{name}", value))
    return [*pairs, *map(parse_setting, settings)]


def _grid(text: str) -> list[tuple[str, Any]]:
    """Make `regularization=0.1,1` variants of which the best is kept."""
    key, equals, values = text.partition("=")
    if not equals or not values:
        raise ConfigError(f"--grid {text}: expected KEY=A,B,..., such as regularization=0.1,1,10.")
    path = key if "." in key else f"method.{key}"
    from sleepaug.support.yaml import parse_yaml

    variants = {f"{key}={value}": {path: parse_yaml(value)} for value in values.split(",")}
    return [("run.variants", [variants]), ("run.keep_best", True)]


def say_next(*words: str | Path) -> None:
    """Print the command that comes next, quoted for a shell."""
    click.echo(f"Next: sleepaug {shlex.join(map(str, words))}")
