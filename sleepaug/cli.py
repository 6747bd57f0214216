"""The command line: parse, call, print. Everything slow is imported inside the commands."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from sleepaug import __version__
from sleepaug.config import ConfigError

FAILED, USAGE, NOTHING_SCORABLE, INTERRUPTED = 1, 2, 3, 130
BROKEN_DISK = (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS, errno.EDQUOT)
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path)

SHORT = {  # options everybody types, and the settings they stand for
    "method": "method.name",
    "data": "task.data",
    "data_dir": "task.data_dir",
    "channels": "preprocessing.channels",
    "map": "preprocessing.map",
    "reference": "preprocessing.reference",
    "fold": "run.fold",
    "epochs": "training.epochs",
    "seed": "run.seed",
    "device": "run.device",
}


class Commands(click.Group):
    """A group whose user's mistakes end in one message and an exit code, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            fail(str(error), USAGE)
        except KeyboardInterrupt:
            fail("Stopped. The same command goes on where it was.", INTERRUPTED)
        except OSError as error:
            if error.errno not in BROKEN_DISK:
                raise
            fail(f"{error.filename or 'output'}: {error.strerror}.", FAILED)
        except ValueError as error:
            from sleepaug.data.recording import RecordingError

            if not isinstance(error, RecordingError):
                raise
            fail(str(error), FAILED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of work, not of the alphabet


def fail(message: str, code: int) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sleepaug")
@click.option("-v", "--verbose", is_flag=True, help="Say more of what is done.")
def main(verbose: bool) -> None:
    """EEG sleep staging that learns which transformations leave the meaning of its input unchanged.

    For research, not for diagnosis.
    """
    # Threads that wait by spinning slow each other down many times on a machine with other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logger = logging.getLogger("sleepaug")
    logger.handlers = [_Echo()]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    warnings.showwarning = _warn


class _Echo(logging.Handler):
    """Prints what the package logs to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)


def cache_option(command: Callable) -> Callable:
    return click.option(
        "--cache-dir",
        type=FOLDER,
        envvar="SLEEPAUG_CACHE_DIR",
        help="Where prepared nights are kept (else the user's cache folder).",
    )(command)


def input_options(command: Callable) -> Callable:
    """Which recordings, and which of their channels."""
    for option in reversed(
        (
            click.option("--data", help="simulated, mass, sleep-edf, dreams or edf (any folder)."),
            click.option("--data-dir", type=FOLDER, help="Folder of the recordings."),
            click.option("--pattern", help="Which files are recordings (for --data edf)."),
            channel_option,
            reference_option,
        )
    ):
        command = option(command)
    return command


def names_of(ctx: click.Context, option: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [name.strip() for name in value.split(",")]


def _pairs(ctx: click.Context, option: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in value)
    for name, recorded in pairs.items():
        if not name or not recorded:
            raise click.BadParameter("expected NAME=RECORDED, such as 'C3=EEG 4' or 'C3=C3-A1|Cz'.")
    return pairs


channel_option = click.option(
    "--map",
    multiple=True,
    metavar="C3=NAME",
    callback=_pairs,
    help="Recorded channel that is C3; alternatives: 'C3=C3-A1|CZ-A1'. May be repeated.",
)
reference_option = click.option(
    "--reference", help="as-recorded, A2, average or contralateral (default: as-recorded)."
)


@main.command()
@click.argument("output", type=FOLDER)
@click.option("--nights", type=click.IntRange(1), default=10, show_default=True)
@click.option(
    "--subjects",
    type=click.IntRange(1),
    help="People (MASS: one a night; Sleep-EDF: two nights each).",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--layout", type=click.Choice(["mass", "sleep-edf"]), default="mass")
@click.option("--hours", type=click.FloatRange(0.01, 24), default=8.0, show_default=True)
@click.option("--channels", callback=names_of, help="Only these, such as C3,C4,F3,F4,O1,O2.")
@click.option("--sfreq", type=click.FloatRange(50, 2048), help="Hz (default: the layout's own).")
@click.option("--scorers", type=click.IntRange(0), default=0, help="Imperfect scorers to add.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--overwrite", is_flag=True)
def simulate(output: Path, channels: list[str] | None, sfreq: float | None, **options: Any) -> None:
    """Write simulated, scored nights as EDF+ files to OUTPUT. They are simulated, not recorded."""
    from sleepaug.simulation import simulate_dataset, size_on_disk

    if sfreq is not None:
        options["sfreq"] = sfreq
    size = {k: options[k] for k in ("nights", "hours", "layout", "sfreq") if k in options}
    click.echo(f"About {size_on_disk(ch_names=channels, **size) / 1e6:,.0f} MB in {output}")
    files = simulate_dataset(output, ch_names=channels, progress=True, **options)
    click.echo(f"{len(files)} simulated nights in {output}")
    if options["layout"] == "mass":
        _next(f"sleepaug train --data simulated --data-dir {output}")
    else:
        _next(f"sleepaug train --data sleep-edf --data-dir {output} --channels Fpz-Cz,Pz-Oz")


def _next(command: str) -> None:
    click.echo(f"Next: {command}")


def experiment_options(command: Callable) -> Callable:
    for option in reversed(
        (
            click.argument("config", type=FILE, required=False),
            click.option(
                "--method",
                help="none, fixed, augnet, augerino (they need no search), random, autoaugment, "
                "fast-aa, faster-aa, dada or adda (the search runs to its end first).",
            ),
            input_options,
            click.option("--channels", callback=names_of, help="Such as C3,C4,F3,F4,O1,O2."),
            click.option("--fold", help="Which test part, from 0; or 'all'."),
            click.option("--epochs", help="Most passes over the training windows."),
            click.option("--seed", help="Of weights, order and draws."),
            click.option("--device", help="auto, cpu or cuda."),
            click.option("--set", "settings", multiple=True, metavar="KEY=VALUE"),
            click.option(
                "--grid",
                metavar="KEY=A,B,...",
                help="Train each value, keep the best by validation: regularization=0.1,1,10.",
            ),
        )
    ):
        command = option(command)
    return command


def _config(config: Path | None, settings: Sequence[str], options: dict[str, Any]) -> Any:
    """The checked settings from a file, the short options and --set, in this order."""
    from sleepaug.experiment import load_config

    return load_config(config, pairs_of(settings, options))


def pairs_of(settings: Sequence[str], options: dict[str, Any]) -> list[tuple[str, Any]]:
    """The short options and --set as (key path, value)."""
    from sleepaug.experiment import parse_setting

    pairs: list[tuple[str, Any]] = []
    for option, key in SHORT.items():
        value = options.pop(option, None)
        if isinstance(value, str) and option in ("fold", "epochs", "seed"):
            value = parse_setting(f"{key}={value}")[1]
        if value not in (None, {}):
            pairs.append((key, value))
    if grid := options.pop("grid", None):
        pairs += _grid(grid)
    if options.get("pattern"):
        pairs.append(("task.pattern", options.pop("pattern")))
    return [*pairs, *map(parse_setting, settings)]


def _grid(text: str) -> list[tuple[str, Any]]:
    """`regularization=0.1,1` as variants of which the best is kept."""
    key, equals, values = text.partition("=")
    if not equals or not values:
        raise ConfigError(f"--grid {text}: expected KEY=A,B,..., such as regularization=0.1,1,10.")
    path = key if "." in key else f"method.{key}"
    from sleepaug.config import parse_yaml

    variants = {f"{key}={value}": {path: parse_yaml(value)} for value in values.split(",")}
    return [("run.variants", [variants]), ("run.keep_best", True)]


@main.command()
@experiment_options
@click.option("-o", "--output", type=FOLDER, help="Run folder (default: a new one in runs/).")
@click.option("--overwrite", is_flag=True, help="Replace the run in that folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
@cache_option
def train(
    config: Path | None,
    settings: Sequence[str],
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    cache_dir: Path | None,
    **options: Any,
) -> None:
    """Train a stager. The same command goes on with a run that was stopped.

    CONFIG is a YAML file of settings; without it, and without --data, nights are simulated.
    """
    from sleepaug import experiment
    from sleepaug.report import learned_text, metrics_text

    resolved = _config(config, settings, options)
    output = output or experiment.default_output(resolved)
    click.echo(f"Run folder: {output}", err=True)
    with _epochs(resolved.training.epochs) as tell:
        metrics = experiment.train(
            resolved, output, overwrite=overwrite, cache_dir=cache_dir, progress=True, tell=tell
        )
    if as_json:
        click.echo(json.dumps(metrics))
        return
    for text in (metrics_text(metrics), *learned_text(output)):
        click.echo(text)
    click.echo(f"Model, metrics and rows: {output}")
    _next(f"sleepaug report {output}")


class _epochs:
    """Shows epochs as they end: a bar on a terminal, a line each otherwise."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.bar: Any = None

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self.tell

    def tell(self, row: dict[str, Any]) -> None:
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
    """A step of a search in words."""
    account = "search" if "search_s" in row else "pretrain"
    count = f"trial {row['trial']}" if "trial" in row else f"epoch {row['epoch']}"
    if "trial_epoch" in row:
        count += f" epoch {row['trial_epoch']}"
    names = ("valid_balanced_accuracy", "augmented_loss", "valid_loss", "critic_loss")
    known = (f"{n.replace('_', ' ')} {row[n]:.3f}" for n in names if row.get(n) is not None)
    return f"{account} {count}: {next(known, '')}, {row[f'{account}_s']:.0f} s"


@main.command()
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


@main.command()
@click.argument("night", type=FILE)
@click.option("--model", type=FILE, help="Also say what this model would use (default: shipped).")
@channel_option
@reference_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(night: Path, model: Path | None, as_json: bool, **options: Any) -> None:
    """Look at the recording NIGHT before anything runs: header, channels, units, bad stretches."""
    from sleepaug.inspection import inspect_recording, inspection_text

    found = inspect_recording(night, model, **options)
    click.echo(json.dumps(found, indent=2) if as_json else inspection_text(found))


def _share(ctx: click.Context, option: click.Parameter, value: str) -> float:
    try:
        share = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter("expected a share, such as 10% or 0.1.")
    return share


@main.command()
@click.argument("nights", type=FILE, nargs=-1, required=True)
@click.option("--model", type=FILE, help="Run folder or model file (default: the shipped model).")
@click.option("-o", "--output", type=FOLDER, help="Folder (default: a new one in hypnograms/).")
@channel_option
@reference_option
@click.option(
    "--context",
    type=click.Choice(["transitions", "none"]),
    default="transitions",
    show_default=True,
    help="Whether neighbouring epochs help to tell a stage.",
)
@click.option("--defer", callback=_share, default="0", help="List the least certain, such as 10%.")
@click.option("--lights-off", help="Time of day, or seconds from the start, for the statistics.")
@click.option("--lights-on", help="The same.")
@click.option(
    "--to",
    "forms",
    callback=names_of,
    default="csv,png,html",
    show_default=True,
    help="Any of csv, edf (annotations), bids (events.tsv), png, svg, html, json.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary of each night as JSON.")
@click.option("--overwrite", is_flag=True, help="Replace hypnograms that are there.")
def predict(
    nights: Sequence[Path],
    model: Path | None,
    output: Path | None,
    jobs: int,
    as_json: bool,
    overwrite: bool,
    **options: Any,
) -> None:
    """Stage recordings: files, or folders of them. Writes a table, a picture and a report of each.

    For research, not for diagnosis.
    """
    import torch

    from sleepaug.model_files import find_model, load_model
    from sleepaug.prediction import Request, find_nights, new_folder, stage_files, write_summary

    torch.set_num_threads(1)  # two that wait for each other on a busy machine take far longer
    model = find_model(model)
    stager, found = load_model(model), find_nights(nights)
    request = Request(output or new_folder(nights), **options)
    results = []
    for result in stage_files(stager, found, request, overwrite=overwrite, jobs=jobs, model=model):
        results.append(result)
        if result.error:
            click.echo(f"Error: {result.error}", err=True)
        elif not as_json:
            _say_staged(result)
    failed = sum(bool(result.error) for result in results)
    if as_json:
        click.echo(json.dumps([result.to_json() for result in results], indent=2))
    elif failed < len(results):
        click.echo(f"Hypnograms: {request.output}")
    if len(results) > 1:
        table = write_summary(results, request.output)
        click.echo(f"{len(results) - failed} of {len(results)} nights staged: {table}", err=True)
    if failed:
        sys.exit(FAILED)
    staged = (result.hypnogram for result in results)
    if not any(night is not None and night.scored.any() for night in staged):
        sys.exit(NOTHING_SCORABLE)


def _say_staged(result: Any) -> None:
    """What was found in a night, on standard output."""
    from sleepaug.data.recording import printable
    from sleepaug.hypnogram import ranges

    night = result.hypnogram
    click.echo(f"{printable(str(result.path))}: {night.summary()}")
    numbers = night.statistics()
    shown = (
        f"{k} {v:.0f}" for k in ("TIB", "TST", "SE", "SOL", "WASO") if (v := numbers[k]) is not None
    )
    click.echo(f"  {', '.join(shown)} (min; SE in %), {night.span()}")
    for note in night.notes:
        click.echo(f"  {note}")
    if len(night.look_first):
        click.echo(f"  Look first at epochs {ranges(night.look_first + 1)}")


@main.command()
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option("-o", "--output", type=FILE, help="Draw both, and where they disagree (PNG or SVG).")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap."
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@click.option("--overwrite", is_flag=True)
def agree(a: Path, b: Path, output: Path | None, seed: int, as_json: bool, overwrite: bool) -> None:
    """Compare two scorings A and B of a night, or two folders of scorings.

    A scoring is a table of sleepaug, an EDF+ file, BIDS events, or text with one stage a line.
    """
    from sleepaug.agreement import agreement_text, compare, draw_disagreement, pair_up

    if output is not None and output.exists() and not overwrite:
        raise ConfigError(f"{output}: is there already. Name another, or add --overwrite.")
    nights = pair_up(a, b)
    result = compare(nights, seed=seed)
    click.echo(json.dumps(result) if as_json else agreement_text(result))
    if output is not None:
        draw_disagreement(nights, output)
        click.echo(f"Picture: {output}", err=as_json)


@main.command()
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List the models that ship with the package, or show the card of the model NAME."""
    from sleepaug.model_files import find_model, read_card, shipped_models

    if name is not None:
        card = read_card(find_model(name))
        click.echo("\n".join([f"{card.path}", *card.lines()]))
        return
    shipped = shipped_models()
    for key, path in shipped.items():
        told = read_card(path).description
        click.echo(f"{key}: {', '.join(told.get('channels', []))}; trained by {told.get('method')}")
    click.echo(f"{len(shipped)} models ship with this package. A card: sleepaug models NAME")


@main.command()
@click.argument("run", type=FOLDER)
def report(run: Path) -> None:
    """Print what RUN scored and learned, and draw its training."""
    from sleepaug.report import draw_run, invariance_text, learned_text, metrics_text, read_run
    from sleepaug.runs import RunFolder

    if "compare" in RunFolder(run).config():
        cli_compare.report_comparison(run)
        return
    config, rows, metrics = read_run(run)
    if config["run"]["variants"] or isinstance(config["run"]["seed"], str):
        _report_experiment(run)
        return
    if metrics:
        click.echo(metrics_text(metrics))
    else:
        click.echo(f"Not finished: {len(rows)} epochs so far.")
    for text in (*learned_text(run), *invariance_text(metrics or {})):
        click.echo(text)
    pictures = draw_run(run, rows, metrics)
    click.echo(f"Metrics: {run / 'metrics.json'}")
    for picture in pictures:
        click.echo(f"Picture: {picture}")


def _report_experiment(run: Path) -> None:
    """Several variants or seeds: tables and pictures with quartiles."""
    from sleepaug.experiment_report import draw_experiment, experiment_text, read_variants

    variants = read_variants(run)
    click.echo(experiment_text(variants))
    for name, figure in draw_experiment(variants).items():
        figure.savefig(run / name, dpi=130)
        click.echo(f"Picture: {run / name}")


@main.command()
@click.argument("run", type=FOLDER)
@click.option("--to", "form", type=click.Choice(["braindecode", "json"]), required=True)
@click.option("-o", "--output", type=FILE, help="File (default: print).")
@click.option("--overwrite", is_flag=True)
def export(run: Path, form: str, output: Path | None, overwrite: bool) -> None:
    """Take the policy that RUN learned elsewhere: as braindecode code, or as JSON."""
    from sleepaug.export import to_code
    from sleepaug.report import read_policy
    from sleepaug.runs import write_text

    policy = read_policy(run)
    text = to_code(policy) if form == "braindecode" else json.dumps(policy, indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists() and not overwrite:
        raise ConfigError(f"{output}: is there already. Name another, or add --overwrite.")
    write_text(output, text)
    click.echo(f"Written: {output}")


@main.command()
@click.option("--clear", is_flag=True, help="Remove the prepared nights.")
@cache_option
def cache(clear: bool, cache_dir: Path | None) -> None:
    """Show the prepared nights that are kept, or clear them."""
    from sleepaug.data import cache as kept

    entries = kept.entries(cache_dir)
    size = sum(entry.size for entry in entries) / 1e6
    click.echo(f"{kept.folder(cache_dir)}: {len(entries)} prepared nights, {size:,.1f} MB")
    if clear:
        kept.clear(cache_dir)
        click.echo("Cleared.")


from sleepaug import cli_compare  # noqa: E402  (it adds a command to `main`)
