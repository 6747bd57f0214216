"""The run folder and the driver, which trainings and searches share.

Both are Processes. `advance` runs one, an epoch (or trial) at a time, charges its seconds, writes a
row and saves a checkpoint, so that a killed run continues where it was.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from sleepaug.support.errors import ConfigError
from sleepaug.support.files import make_folder, write_bytes, write_json, write_text
from sleepaug.support.plain import differences, plain
from sleepaug.support.yaml import parse_yaml, to_yaml
from sleepaug.training.clock import Clock
from sleepaug.training.events import events
from sleepaug.training.machine import environment
from sleepaug.training.random_state import random_state, set_random_state
from sleepaug.training.row_table import write_row_table


class Process(Protocol):
    """Something slow that can be stopped after each step and continued later."""

    @property
    def n_steps(self) -> int: ...

    @property
    def done(self) -> bool: ...

    def step(self) -> Mapping[str, Any]:
        """Take one step; return its row."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class RunFolder:
    """A folder that holds one run: settings, environment, rows, checkpoint, results.

    Parameters
    ----------
    path : Path
    tensorboard : bool
        Write event files beside the rows, too; see `sleepaug.training.events`.

    Examples
    --------
    >>> folder = RunFolder(Path("runs/first"))
    >>> folder.started, folder.rows()
    (False, [])
    """

    def __init__(self, path: Path, *, tensorboard: bool = False) -> None:
        self.path = Path(path)
        self.tensorboard = tensorboard

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def inside(self, name: str) -> RunFolder:
        """Return the folder of a part of this run, in which events are written as here."""
        return RunFolder(self / name, tensorboard=self.tensorboard)

    @property
    def finished(self) -> bool:
        return (self / "metrics.json").is_file()

    @property
    def started(self) -> bool:
        return (self / "config.yaml").is_file()

    def config(self) -> Any:
        """Read the settings the run was started with, as plain values."""
        if not self.path.exists():
            raise ConfigError(f"{self.path}: this folder does not exist.")
        if not self.started:
            raise ConfigError(f"{self.path}: not a run folder, it has no config.yaml.")
        return parse_yaml((self / "config.yaml").read_text(encoding="utf-8"))

    def check(self, config: Any) -> None:
        """Raise a ConfigError if the folder holds another run, or files that are no run."""
        if self.started:
            changed = differences(self.config(), json.loads(json.dumps(plain(config))))
            if changed:
                raise ConfigError(
                    f"{self.path}: holds a run with other settings:\n  "
                    + "\n  ".join(changed)
                    + "\nName another folder, or allow this run to be replaced.",
                    parameters=("output", "overwrite"),
                )
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise ConfigError(
                f"{self.path}: holds files that are not a run. Name another folder.",
                parameters=("output",),
            )

    def start(self, config: Any, device: torch.device | str, *, overwrite: bool = False) -> None:
        """Make the folder, unless it already holds the same run.

        Parameters
        ----------
        config : Config
        device : torch.device
        overwrite : bool
            Remove the run that is in the folder first, whatever its settings.
        """
        if overwrite and self.started:
            shutil.rmtree(self.path)
        self.check(config)
        if self.started:
            return
        make_folder(self.path)
        write_json(self / "environment.json", environment(device))
        write_text(self / "config.yaml", to_yaml(config))

    def rows(self) -> list[dict[str, Any]]:
        """Read the rows written so far, without a last line that a kill cut short."""
        if not (self / "rows.jsonl").is_file():
            return []
        lines = (self / "rows.jsonl").read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one more row."""
        with (self / "rows.jsonl").open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(row) + "\n")

    def events(self, account: str) -> contextlib.AbstractContextManager[Callable[..., None]]:
        """Write event files of all rows so far; give what writes those of one more, if wanted."""
        if self.tensorboard:
            return events(self.path, self.rows(), account)
        return contextlib.nullcontext(lambda row: None)

    def save(self, process: Process, clock: Clock) -> None:
        """Write the checkpoint."""
        state = {
            "process": process.state_dict(),
            "clock": dict(clock.seconds),
            "joules": dict(clock.joules),
            "n_rows": len(self.rows()),
            "random": random_state(),
        }
        save_state(self / "checkpoint.pt", state)

    def restore(self, process: Process, clock: Clock, device: torch.device | str) -> bool:
        """Continue from the checkpoint, if there is one; drop rows that are newer than it."""
        if not (self / "checkpoint.pt").is_file():
            (self / "rows.jsonl").unlink(missing_ok=True)
            return False
        state = torch.load(self / "checkpoint.pt", map_location=device, weights_only=True)
        process.load_state_dict(state["process"])
        clock.seconds, clock.joules = dict(state["clock"]), dict(state.get("joules", {}))
        rows = self.rows()[: state["n_rows"]]
        write_text(self / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        set_random_state(state["random"])
        return True


def advance(
    process: Process,
    folder: RunFolder,
    clock: Clock,
    account: str = "train",
    tell: Callable[[dict[str, Any]], None] = lambda row: None,
) -> None:
    """Run a process to its end: a row and a checkpoint after each step, and then a table of rows.

    Parameters
    ----------
    process : Process
    folder : RunFolder
        Holds the checkpoint to continue from; new rows and checkpoints are written to it.
    clock : Clock
    account : str
        Account of the clock that is charged; each row has its total as `<account>_s`.
    tell : callable
        Called with each row, to show progress.
    """
    folder.restore(process, clock, clock.device)
    try:
        with folder.events(account) as write_events:
            while not process.done:
                with clock.charge(account):
                    values = process.step()
                row = {**values, f"{account}_s": clock.seconds[account]}
                folder.append(row)
                folder.save(process, clock)
                write_events(row)
                tell(row)
    finally:  # when it is stopped, too
        write_row_table(folder / "rows.csv", folder.rows())


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state that `torch.load` reads, whole or not at all."""
    stream = io.BytesIO()  # torch's own writer hides that a disk is full
    torch.save(state, stream)
    write_bytes(path, stream.getbuffer())
