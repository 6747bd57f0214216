"""The rows of a run as event files, whose curves TensorBoard draws while a run goes on."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sleepaug.support.errors import ConfigError
from sleepaug.support.files import read_json
from sleepaug.training.row_table import flat

ENDING = ".sleepaug"
"""Of the names of event files, so that no other's is removed."""
PARTS = ("train", "valid", "test")
ACCOUNTS = ("pretrain_s", "search_s", "train_s")
SCORES = ("balanced_accuracy", "accuracy", "cohen_kappa", "macro_f1", "recall")
Row = Mapping[str, Any]


def require_tensorboard() -> None:
    """Raise a ConfigError that says how to install TensorBoard where it is missing."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "tensorboard: the package is not installed. Run: pip install 'sleepaug[tensorboard]'"
        ) from error


def scalars(row: Row) -> dict[str, float]:
    """Return the finite numbers of a row by the names that TensorBoard shows.

    Parameters
    ----------
    row : dict
        May be nested; texts and what is None are left out.

    Returns
    -------
    dict of float
        TensorBoard groups curves by what is before the slash of a name.

    Examples
    --------
    >>> scalars({"valid_loss": 0.5, "status": "running", "augmentation": {"1.sign_flip.weight": 1}})
    {'valid/loss': 0.5, 'weight/1.sign_flip': 1.0}
    """
    return {
        _shown(name): float(value)
        for name, value in flat(row).items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def _shown(name: str) -> str:
    """Begin the name of a value with its group."""
    name = name.replace(" ", "_")
    if name.startswith("augmentation."):
        which, _, group = name.removeprefix("augmentation.").rpartition(".")
        return f"{group}/{which}"
    part, _, measure = name.partition("_")
    return f"{part}/{measure}" if part in PARTS else name.replace(".", "/")


@contextmanager
def events(folder: Path, rows: Iterable[Row], account: str) -> Iterator[Callable[[Row], None]]:
    """Write event files beside the rows of a run; those that a stopped run left are made again.

    So nothing is lost or doubled after a kill, and a run that began without event files gets all of
    its rows.

    Parameters
    ----------
    folder : Path
        Of the run.
    rows : iterable of dict
        What the run has written before.
    account : str
        Of the clock. A row has its seconds as ``<account>_s``: they are the times between events,
        so that TensorBoard's axis "relative" is computing time.

    Yields
    ------
    callable
        Writes the events of one more row; the number of the row, which in a training is the epoch,
        is their step.

    Raises
    ------
    ConfigError
        TensorBoard is not installed.
    """
    require_tensorboard()
    for old in folder.glob(f"events.out.tfevents.*{ENDING}"):
        old.unlink()
    rows, seconds, steps = list(rows), f"{account}_s", itertools.count(1)
    begin = time.time() - (rows[-1][seconds] if rows else 0.0)
    # A TensorBoard that already shows the run takes the purge as: forget all steps from 1 on.
    with _writer(folder, purge_step=1) as add:

        def write(row: Row) -> None:
            add(scalars(row), next(steps), begin + row[seconds])

        for row in rows:
            write(row)
        yield write


def write_scores(folder: Path, splits: Mapping[str, Mapping[str, Any]], best_epoch: int) -> None:
    """Add the scores of a run that ended (see `Scores`), at the epoch of its best model."""
    values = {part: {key: splits[part][key] for key in SCORES} for part in ("valid", "test")}
    with _writer(folder) as add:
        add(scalars({"scores": values}), best_epoch)


def write_events(folder: Path) -> None:
    """Write the event files of a run that ended, and of those in folders below, from its rows."""
    for path in sorted(folder.rglob("rows.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        (account,) = (key.removesuffix("_s") for key in rows[0] if key in ACCOUNTS)
        with events(path.parent, rows, account):
            pass
        if (path.parent / "metrics.json").is_file():
            metrics = read_json(path.parent / "metrics.json")
            write_scores(path.parent, metrics, metrics["best_epoch"])


@contextmanager
def _writer(folder: Path, purge_step: int | None = None) -> Iterator[Callable[..., None]]:
    """Give a function of scalars, a step and a time that writes an event of each scalar."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder), purge_step=purge_step, filename_suffix=ENDING)

    def add(values: Mapping[str, float], step: int, when: float | None = None) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step, walltime=when)
        writer.flush()

    try:
        yield add
    finally:
        writer.close()
