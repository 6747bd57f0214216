"""Prediction: recordings in; tables, pictures and reports out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.staging.hypnogram.formats import FORMS, summary, targets, write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.lights import Lights
from sleepaug.staging.nights import safe_name
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.loading import load_model
from sleepaug.staging.stager import Stager
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import into_place, make_folder, refuse_existing
from sleepaug.support.processes import parallel

SUMMARY = "summary.csv"
"""The table of all nights, where there are several."""


@dataclass(frozen=True)
class PredictionSettings:
    """How nights are staged and written.

    Attributes
    ----------
    output : Path
        Folder of the results.
    forms : list of str
        Keys of `FORMS`.
    map, exclude, reference, context
        See `Stager.predict`.
    defer : float
        Share of the epochs that a person should look at first, 0 to 1.
    lights_off, lights_on : str, optional
        Time of day, or seconds from the start of the recording.
    overwrite : bool
        Replace files that exist.

    Examples
    --------
    >>> settings = PredictionSettings(Path("hypnograms"), forms=["edf"], lights_off="22:50")
    >>> settings.overwrite
    False
    """

    output: Path
    forms: list[str] = field(default_factory=lambda: ["csv", "png", "html"])
    map: Mapping[str, str] = field(default_factory=dict)
    exclude: Sequence[str] | None = None
    reference: str | None = None
    context: str | None = None
    defer: float = 0.0
    lights_off: str | None = None
    lights_on: str | None = None
    overwrite: bool = False

    def lights(self) -> Lights:
        """Return the times of lights off and on; a `ConfigError` if they cannot be read."""
        return Lights(self.lights_off, self.lights_on)


@dataclass(frozen=True)
class NightResult:
    """A staged night and its files, or why a recording could not be staged.

    Attributes
    ----------
    path : Path
        The recording.
    hypnogram : Hypnogram or None
        None where there was an error.
    files : tuple of Path
        What was written.
    error : str
        What is wrong with the recording; "" if nothing.
    parameters : tuple of str
        Settings that may help; see `SleepaugError`.

    Examples
    --------
    >>> NightResult(Path("a.edf"), error="a.edf: truncated.").to_json()
    {'file': 'a.edf', 'error': 'a.edf: truncated.'}
    """

    path: Path
    hypnogram: Hypnogram | None = None
    files: tuple[Path, ...] = ()
    error: str = ""
    parameters: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the summary of the night and its files, or the error, ready for JSON."""
        if self.hypnogram is None:
            return {"file": str(self.path), "error": self.error}
        files = [str(file) for file in self.files]
        return {"file": str(self.path), **summary(self.hypnogram), "files": files}


def stage_files(
    model: Path | str | None,
    nights: Sequence[Path],
    settings: PredictionSettings,
    *,
    jobs: int = 1,
) -> Iterator[NightResult]:
    """Stage recordings and write their files; one that fails does not stop the others.

    Parameters
    ----------
    model : path, optional
        See `load_model`.
    nights : sequence of Path
        Recordings; results come in this order.
    settings : PredictionSettings
    jobs : int
        Processes, of one thread each.

    Returns
    -------
    iterator of NightResult

    Raises
    ------
    ModelError
        There is no model, or the file is not one.
    ConfigError
        A time cannot be read, two nights would be written to one name, or a file already exists;
        nothing was written.
    """
    stager = load_model(model)
    settings.lights()
    _check_targets(nights, settings)
    make_folder(settings.output)
    jobs = min(jobs, len(nights))
    if jobs == 1:
        return (stage_file(stager, path, settings) for path in nights)
    stage = partial(_load_and_stage, model, settings)
    return parallel(stage, nights, jobs, torch.set_num_threads, 1)  # more threads would compete


def _load_and_stage(
    model: Path | str | None, settings: PredictionSettings, path: Path
) -> NightResult:
    """Stage a night in another process; loading a model is short beside staging a night."""
    return stage_file(load_model(model), path, settings)


def stage_file(
    stager: Stager | RecordingStager, path: Path, settings: PredictionSettings
) -> NightResult:
    """Stage one recording and write its files.

    Parameters
    ----------
    stager : Stager or RecordingStager
    path : Path
        The recording.
    settings : PredictionSettings

    Returns
    -------
    NightResult
        With the error, if the recording cannot be staged.
    """
    try:
        hypnogram = stager.predict(
            path,
            map=settings.map,
            exclude=settings.exclude,
            reference=settings.reference,
            context=settings.context,
        )
    except RecordingError as error:
        return NightResult(path, error=str(error), parameters=error.parameters)
    try:
        duration = len(hypnogram) * WINDOW_SECONDS
        off, on = settings.lights().seconds(hypnogram.start, duration)
    except RecordingError as error:
        return NightResult(path, error=f"{path}: {error}", parameters=error.parameters)
    hypnogram = replace(hypnogram, defer=settings.defer, lights_off=off, lights_on=on)
    files = write_forms(hypnogram, settings.output, safe_name(path), settings.forms)
    return NightResult(path, hypnogram, tuple(files))


def _check_targets(nights: Sequence[Path], settings: PredictionSettings) -> None:
    """Raise a `ConfigError` if a file would be written twice, or already exists."""
    unknown = [name for name in settings.forms if name not in FORMS]
    if unknown:
        raise ConfigError(
            f"no file of a hypnogram is called {unknown[0]!r}. Allowed: {', '.join(FORMS)}.",
            parameters=("forms",),
        )
    writer: dict[Path, Path] = {}
    for path in nights:
        for file in targets(settings.output, safe_name(path), settings.forms):
            if file in writer:
                raise ConfigError(
                    f"{writer[file]} and {path} would both be written to {file.name}. "
                    "Stage them into two folders.",
                    parameters=("output",),
                )
            writer[file] = path
    table = [settings.output / SUMMARY] if len(nights) > 1 else []
    if not settings.overwrite:
        refuse_existing([*writer, *table])


def write_summary(results: Iterable[NightResult], output: Path) -> Path:
    """Write a table with a row for each night: its statistics, or its error.

    Parameters
    ----------
    results : iterable of NightResult
        At least one.
    output : Path
        Folder of the table.

    Returns
    -------
    Path
    """
    rows = []
    for result in results:
        row: dict[str, Any] = {"file": str(result.path), "error": result.error}
        if result.hypnogram is not None:
            night = summary(result.hypnogram)
            row |= {"start": night["start"], "epochs": night["epochs"], **night["statistics"]}
        rows.append(row)
    columns = max((list(row) for row in rows), key=len)

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    into_place(output / SUMMARY, write)
    return output / SUMMARY
