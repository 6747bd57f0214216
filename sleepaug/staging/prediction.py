"""Prediction: a recording in; a table, a picture and a report out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sleepaug import __version__
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.doubtful import with_gaps
from sleepaug.staging.excerpts import with_excerpts
from sleepaug.staging.hypnogram.formats import summary, write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.lights import Lights
from sleepaug.staging.nights import NightFile
from sleepaug.staging.resume import (
    CONTENT,
    FILES,
    KEY,
    PATH,
    RECORDING,
    SETTINGS,
    Place,
    content_hash,
    digest,
    hash_of,
)
from sleepaug.support.errors import RecordingError
from sleepaug.support.files import write_json


@dataclass(frozen=True)
class PredictionSettings:
    """How nights are staged and written.

    Attributes
    ----------
    output : Path
        Folder of the results.
    forms : list of str
        Keys of `FORMS`; the summary (json) is always written.
    map, exclude, reference, context
        See `Stager.predict`.
    defer : float
        Share of the epochs that a person should look at first, 0 to 1.
    defer_disagreement : bool
        Leave the epochs open in which several models name different stages.
    lights_off, lights_on : str, optional
        Time of day, or seconds from the start of the recording.
    overwrite : bool
        Stage every night anew, and replace files that exist.
    command : str
        What was typed, for the results.

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
    defer_disagreement: bool = False
    lights_off: str | None = None
    lights_on: str | None = None
    overwrite: bool = False
    command: str = ""

    def lights(self) -> Lights:
        """Return the times of lights off and on; a `ConfigError` if they cannot be read."""
        return Lights(self.lights_off, self.lights_on)

    def hash(self, stager: AnyStager) -> str:
        """Hash all that decides what the results look like, but for the recording."""
        of_files = ("output", "overwrite", "command")
        values = {name: value for name, value in vars(self).items() if name not in of_files}
        values["forms"] = sorted(self.forms)
        return hash_of([__version__, [model.hash for model in stager.sources], values])


@dataclass(frozen=True)
class NightResult:
    """A staged night and its files, or why a recording could not be staged.

    Attributes
    ----------
    path : Path
        The recording.
    summary : dict
        The night in numbers; {} where there was an error.
    text : str
        The night in one line.
    files : tuple of Path
        What was written.
    error : str
        What is wrong with the recording; "" if nothing.
    parameters : tuple of str
        Settings that may help; see `SleepaugError`.
    before : bool
        Whether it was staged by an earlier call.

    Examples
    --------
    >>> NightResult(Path("a.edf"), error="a.edf: truncated.").to_json()
    {'file': 'a.edf', 'error': 'a.edf: truncated.'}
    """

    path: Path
    summary: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    files: tuple[Path, ...] = ()
    error: str = ""
    parameters: tuple[str, ...] = ()
    before: bool = False

    @property
    def scored(self) -> bool:
        """Whether any epoch has a stage."""
        stages = self.summary.get("stages", {})
        return any(n for stage, n in stages.items() if stage != "?")

    def to_json(self) -> dict[str, Any]:
        """Return the summary of the night and its files, or the error, ready for JSON."""
        if self.error:
            return {"file": str(self.path), "error": self.error}
        files = [str(file) for file in self.files]
        return {"file": str(self.path), **self.summary, "files": files}


@dataclass(frozen=True)
class Task:
    """A night that is to be staged, and what its results are recognised by."""

    night: NightFile
    place: Place
    recording: str
    settings: str


def stage_night(stager: AnyStager, task: Task, settings: PredictionSettings) -> NightResult:
    """Stage one recording and write its files, the summary last.

    Returns
    -------
    NightResult
        With the error, if the recording cannot be staged.
    """
    path, place = task.night.path, task.place
    try:
        hypnogram = _staged(stager, path, settings)
    except RecordingError as error:
        return NightResult(path, error=str(error), parameters=error.parameters)
    facts = summary(hypnogram)
    with place.writing():
        forms = [form for form in settings.forms if form != "json"]
        written = write_forms(hypnogram, place.folder, place.name, forms)
        resume = {
            PATH: os.path.abspath(path),
            CONTENT: content_hash(task.night),
            RECORDING: task.recording,
            SETTINGS: task.settings,
            FILES: {file.name: digest(file) for file in written},
        }
        write_json(place.summary, {"file": str(path), **facts, KEY: resume})
    return NightResult(path, facts, hypnogram.summary(), place.files)


def _staged(stager: AnyStager, path: Path, settings: PredictionSettings) -> Hypnogram:
    """Stage a recording, and add what the settings say of it."""
    hypnogram = stager.predict(
        path,
        map=settings.map,
        exclude=settings.exclude,
        reference=settings.reference,
        context=settings.context,
    )
    try:
        duration = len(hypnogram) * WINDOW_SECONDS
        off, on = settings.lights().seconds(hypnogram.start, duration)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}", parameters=error.parameters) from error
    if settings.defer_disagreement:
        hypnogram = hypnogram.without_disagreement()
    made = replace(hypnogram.made, command=settings.command)
    night = replace(hypnogram, defer=settings.defer, lights_off=off, lights_on=on, made=made)
    night = with_gaps(night)
    if "html" not in settings.forms:
        return night
    return with_excerpts(night, path, map=settings.map, exclude=settings.exclude)
