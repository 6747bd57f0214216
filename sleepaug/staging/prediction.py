"""Prediction: files and folders of recordings in; tables, pictures and reports out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.matching import is_hidden
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.staging.hypnogram.formats import FORMS, summary, targets, write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.hypnogram.statistics import clock_or_seconds, seconds_of
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.stager import Stager
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import into_place, make_folder
from sleepaug.support.processes import parallel

RECORDINGS = (".edf", ".bdf", ".rec", ".vhdr", ".set", ".fif")
"""Endings of files that are recordings where a folder is given."""


@dataclass(frozen=True)
class Request:
    """How nights are to be staged and written.

    Attributes
    ----------
    output : Path
        Folder of the results.
    forms : list of str
        Keys of `FORMS`.
    map, exclude, reference, context
        See `Stager.predict`.
    defer : float
        Share of the epochs that a person should look at first.
    lights_off, lights_on : str, optional
        Time of day, or seconds from the start of the recording.
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


@dataclass(frozen=True)
class Result:
    """What became of a recording: a hypnogram and its files, or an error."""

    path: Path
    hypnogram: Hypnogram | None = None
    files: tuple[Path, ...] = ()
    error: str = ""
    parameters: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        if self.hypnogram is None:
            return {"file": str(self.path), "error": self.error}
        found = summary(self.hypnogram)
        return {"file": str(self.path), **found, "files": [str(file) for file in self.files]}


def find_nights(given: Sequence[Path]) -> list[Path]:
    """Recordings among files and folders.

    Parameters
    ----------
    given : sequence of Path
        A file is taken as it is. In a folder and everything below it, EDF, BDF, BrainVision, EEGLAB
        and FIF files are recordings, but for those that hold annotations only.

    Raises
    ------
    ConfigError
        A folder holds no recording.
    """
    found: dict[Path, None] = {}
    for path in given:
        if not path.is_dir() or path.suffix.lower() in (".ds", ".mff"):
            found[path] = None
            continue
        inside = [
            file
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in RECORDINGS
            and not is_hidden(file)
            and file.is_file()
            and not _is_scoring(file)
        ]
        if not inside:
            raise ConfigError(
                f"{path}: no recording in this folder; looked for {', '.join(RECORDINGS)}."
            )
        found.update(dict.fromkeys(inside))
    return list(found)


def _is_scoring(path: Path) -> bool:
    """Whether a file holds annotations only; a damaged one is left for the error it gives."""
    if not is_edf(path):
        return path.suffix.lower() == ".rec"  # not the EDF that ISRUC calls so
    try:
        return not read_edf_header(path).names
    except (RecordingError, OSError):
        return False


def stage_files(
    stager: Stager | RecordingStager,
    nights: Sequence[Path],
    request: Request,
    *,
    overwrite: bool = False,
    jobs: int = 1,
    model: Path | None = None,
) -> Iterator[Result]:
    """Stage recordings and write their files; a bad one never stops the others.

    Parameters
    ----------
    stager : Stager or RecordingStager
    nights : sequence of Path
        Recordings; results come in this order.
    request : Request
    overwrite : bool
        Replace files that are there.
    jobs : int
        Processes; each loads the model from `model`.
    model : Path, optional
        The file of `stager`.

    Yields
    ------
    Result

    Raises
    ------
    ConfigError
        Two nights would be written to one name, or a file is there already; nothing was written.
    """
    off, on = (
        None if text is None else clock_or_seconds(text)
        for text in (request.lights_off, request.lights_on)
    )
    if isinstance(off, float) and isinstance(on, float) and on <= off:
        raise ConfigError(f"--lights-on {request.lights_on}: is not after --lights-off.")
    check_targets(nights, request, overwrite=overwrite)
    make_folder(request.output)
    if jobs == 1 or len(nights) == 1:
        for path in nights:
            yield stage_file(stager, path, request)
        return
    yield from parallel(
        _stage_with_own,
        [(path, request) for path in nights],
        min(jobs, len(nights)),
        _begin,
        model,
    )


_own: Stager | RecordingStager | None = None  # of a worker process


def _begin(model: Path | None) -> None:
    """Load the model once in each worker process; one thread each, or they would quarrel."""
    global _own
    import torch

    from sleepaug.staging.stager import load_model

    torch.set_num_threads(1)
    _own = load_model(model)


def _stage_with_own(night: tuple[Path, Request]) -> Result:
    assert _own is not None
    return stage_file(_own, *night)


def stage_file(stager: Stager | RecordingStager, path: Path, request: Request) -> Result:
    """Stage one recording and write its files."""
    try:
        hypnogram = stager.predict(
            path,
            map=request.map,
            exclude=request.exclude,
            reference=request.reference,
            context=request.context,
        )
        off, on = _lights(path, hypnogram, request)
    except RecordingError as error:
        return Result(path, error=str(error), parameters=error.parameters)
    hypnogram = replace(hypnogram, defer=request.defer, lights_off=off, lights_on=on)
    files = write_forms(hypnogram, request.output, safe_name(path), request.forms)
    return Result(path, hypnogram, tuple(files))


def _lights(
    path: Path, hypnogram: Hypnogram, request: Request
) -> tuple[float | None, float | None]:
    """Lights off and on in seconds from the start of a night; a `RecordingError` if it has none."""
    seconds: dict[str, float | None] = {}
    for name, text in (("lights-off", request.lights_off), ("lights-on", request.lights_on)):
        try:
            seconds[name] = None if text is None else seconds_of(text, hypnogram.start)
        except RecordingError as error:
            raise RecordingError(f"{path}: --{name}: {error}") from error
    off, on = seconds.values()
    if off is not None and on is not None and on <= off:
        raise RecordingError(f"{path}: --lights-on {request.lights_on}: is not after --lights-off.")
    if off is not None and off >= (end := len(hypnogram) * WINDOW_SECONDS):
        why = f"the recording has ended by then, {end:g} s from its start."
        raise RecordingError(f"{path}: --lights-off {request.lights_off}: {why}")
    return off, on


def check_targets(nights: Sequence[Path], request: Request, *, overwrite: bool) -> None:
    """Raise a `ConfigError` if a file would be written twice, or is there already."""
    writer: dict[Path, Path] = {}
    names = [name for name in request.forms if name not in FORMS]
    if names:
        raise ConfigError(f"--to {names[0]}: no such form. Allowed: {', '.join(FORMS)}.")
    for path in nights:
        for file in targets(request.output, safe_name(path), request.forms):
            if file in writer:
                raise ConfigError(
                    f"{writer[file]} and {path} would both be written to {file.name}. "
                    "Stage them into two folders (-o)."
                )
            writer[file] = path
            if file.exists() and not overwrite:
                raise ConfigError(
                    f"{file}: is there already. Name another folder with -o, or add --overwrite."
                )
    if len(nights) > 1 and (request.output / SUMMARY).exists() and not overwrite:
        raise ConfigError(
            f"{request.output / SUMMARY}: is there already. Name another folder with -o, or add "
            "--overwrite."
        )


SUMMARY = "summary.csv"


def write_summary(results: Iterable[Result], output: Path) -> Path:
    """Write a table with a row for each night: statistics, or what went wrong."""
    rows = []
    for result in results:
        row: dict[str, Any] = {"file": str(result.path), "error": result.error}
        if result.hypnogram is not None:
            told = summary(result.hypnogram)
            row |= {"start": told["start"], "epochs": told["epochs"], **told["statistics"]}
        rows.append(row)
    columns = max((list(row) for row in rows), key=len)

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    into_place(output / SUMMARY, write)
    return output / SUMMARY


def safe_name(path: Path) -> str:
    """A file's name without its suffix, and without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "_" for c in path.stem)


def new_folder(nights: Sequence[Path]) -> Path:
    """A folder under `hypnograms/` that is not there yet, named after the first night."""
    return unused(Path("hypnograms") / safe_name(nights[0]))


def unused(path: Path) -> Path:
    """`path`, or `path-2`, `path-3`, ... : the first that is not there."""
    candidate, n = path, 1
    while candidate.exists():
        n += 1
        candidate = path.with_name(f"{path.name}-{n}")
    return candidate
