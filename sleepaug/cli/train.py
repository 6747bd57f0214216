"""The command `train`, and the progress it shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import (
    FILE,
    FOLDER,
    cache_option,
    channels_option,
    device_option,
    input_options,
    pairs_of,
    say_next,
    settings_option,
)
from sleepaug.support.errors import ConfigError


@click.command(short_help="Train a stager on scored nights.")
@click.argument("config", type=FILE, required=False)
@click.option(
    "--method",
    metavar="NAME",
    help="Augmentation: none (default), fixed, augnet or augerino; or, with a search before the "
    "training, random, autoaugment, fast-aa, faster-aa, dada or adda.",
)
@click.option(
    "--from",
    "start_from",
    metavar="MODEL",
    help="Start from the weights of a run folder, a model file, or a shipped model (spectral).",
)
@click.option(
    "--like",
    type=FILE,
    metavar="COMPARISON/METHOD",
    help="Train as a method of a comparison was trained, such as runs/compare/augnet.",
)
@input_options
@channels_option
@click.option("--images", type=FILE, help="Two images, in a .npz file (for the task mario_iggy).")
@click.option("--fold", metavar="N", help="Test fold, counted from 0; or all.")
@click.option("--epochs", metavar="N", help="Largest number of epochs.")
@click.option("--seed", metavar="N", help="Random seed, or several, such as 0-4.")
@device_option
@settings_option
@click.option(
    "--grid",
    metavar="KEY=A,B,...",
    help="Train with each value and keep the best on the validation split, such as "
    "regularization=0.1,1,10.",
)
@click.option("-o", "--output", type=FOLDER, help="Run folder (default: a new one in runs/).")
@click.option("--overwrite", is_flag=True, help="Replace the run in that folder.")
@click.option(
    "--tensorboard", is_flag=True, help="Write event files for TensorBoard into the run folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@cache_option
def train(
    config: Path | None,
    like: Path | None,
    settings: Sequence[str],
    output: Path | None,
    overwrite: bool,
    tensorboard: bool,
    as_json: bool,
    cache_dir: Path | None,
    **options: Any,
) -> None:
    """Train a stager on scored nights. The same command resumes a run that was stopped.

    CONFIG is a YAML file of settings; without it, and without --data, nights are simulated.
    """
    from sleepaug.experiments import run as experiment
    from sleepaug.experiments.comparison.winner import settings_like
    from sleepaug.experiments.report import learned_text, metrics_text
    from sleepaug.experiments.settings import config_from, load_config, members
    from sleepaug.training.tasks.sleep import Sleep

    pairs = pairs_of(settings, options)
    if like is None:
        resolved = load_config(config, pairs)
    elif config is None:
        resolved = config_from(settings_like(like), pairs, f"{like}")
        members(resolved)  # a mistake in a variant is found now
    else:
        raise ConfigError("--like: it has all settings. Leave CONFIG out.")
    output = output or experiment.default_output(resolved)
    click.echo(f"Run folder: {output}", err=True)
    task, rate = resolved.task, resolved.training.learning_rate
    if isinstance(task, Sleep) and task.start_from is not None:
        text = f"Starts from the weights of {task.start_from}, at a learning rate of {rate:g}."
        click.echo(text, err=True)
    with EpochProgress(resolved.training.epochs) as tell:
        how = experiment.RunOptions(overwrite, cache_dir, tensorboard, progress=True, tell=tell)
        metrics = experiment.train(resolved, output, how)
    if as_json:
        click.echo(json.dumps(metrics.to_json()))
        return
    for text in (metrics_text(metrics), *learned_text(output)):
        click.echo(text)
    click.echo(f"Model and results: {output}")
    say_next("report", output)


class EpochProgress:
    """Show epochs as they end: a bar on a terminal, otherwise a line for each."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.bar: Any = None

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self.tell

    def tell(self, row: dict[str, Any]) -> None:
        """Show the row of an epoch, or of a step of a search."""
        from tqdm import tqdm

        if "train_s" not in row:  # a step of a search, or of the pretraining it needs
            click.echo(search_line(row), err=True)
            return
        text = f"balanced accuracy {row['valid_balanced_accuracy']:.3f} (valid)"
        if not sys.stderr.isatty():
            click.echo(f"epoch {row['epoch']}: {text}, {row['train_s']:.0f} s", err=True)
            return
        if self.bar is None:
            self.bar = tqdm(total=self.epochs, initial=row["epoch"] - 1, desc="train", unit="epoch")
        self.bar.set_postfix_str(f"{text}, best epoch {row['best_epoch']}")
        self.bar.update(row["epoch"] - self.bar.n)
        if row["status"] != "running":
            self.bar.close()
            self.bar = None

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()


def search_line(row: dict[str, Any]) -> str:
    """Describe a step of a search in a line."""
    account = "search" if "search_s" in row else "pretrain"
    count = f"trial {row['trial']}" if "trial" in row else f"epoch {row['epoch']}"
    if "trial_epoch" in row:
        count += f" epoch {row['trial_epoch']}"
    names = ("valid_balanced_accuracy", "augmented_loss", "valid_loss", "critic_loss")
    known = (f"{n.replace('_', ' ')} {row[n]:.3f}" for n in names if row.get(n) is not None)
    return f"{account} {count}: {next(known, '')}, {row[f'{account}_s']:.0f} s"
