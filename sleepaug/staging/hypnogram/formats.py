"""Files of a hypnogram: one night in several forms, each written whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleepaug import __version__
from sleepaug.data.stages import STAGES, WINDOW_SECONDS
from sleepaug.staging.hypnogram.rows import rows_of
from sleepaug.staging.hypnogram.statistics import STATISTICS
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import into_place, refuse_existing

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

LONGEST_MODEL = 36
"""Characters for the models in the header of an EDF file, whose field for the recording has 80."""
DISCLAIMER = "For research, not for diagnosis."
FULL_NAMES = {"W": "wake", "N1": "stage N1", "N2": "stage N2", "N3": "stage N3", "R": "REM sleep"}


@dataclass(frozen=True)
class Form:
    """A kind of file.

    Attributes
    ----------
    ending : str
        How its name ends.
    write : callable
        Takes a hypnogram and the path.
    """

    ending: str
    write: Callable[[Hypnogram, Path], None]


def write_csv(night: Hypnogram, path: Path) -> None:
    """Write the table, probabilities with four decimals."""
    rows = rows_of(night)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["epoch"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _rounded(v) for k, v in row.items()} for row in rows)


def write_edf(night: Hypnogram, path: Path) -> None:
    """Write EDF+ annotations such as "Sleep stage N2", 30 s each, with the recording's start.

    The header names sleepaug as the equipment, and the models.
    """
    import edfio

    begin: dict[str, Any] = {}
    if night.start is not None:
        begin = {"starttime": night.start.time()}
    annotations = [
        edfio.EdfAnnotation(float(onset), WINDOW_SECONDS, f"Sleep stage {stage}")
        for onset, stage in zip(night.onset, night.stages, strict=True)
    ]
    equipment, *models = night.made.in_short().split()
    recording = edfio.Recording(
        startdate=night.start and night.start.date(),
        equipment_code=equipment,
        additional=[model[:LONGEST_MODEL] for model in models],
    )
    edfio.Edf([], annotations=annotations, recording=recording, **begin).write(path)


def write_events(night: Hypnogram, path: Path) -> None:
    """Write BIDS events: onset, duration, trial_type, confidence and probabilities."""
    columns = ("confidence", *(f"p_{stage}" for stage in STAGES))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["onset", "duration", "trial_type", *columns])
        for row in rows_of(night):
            values = ["n/a" if row[name] is None else _rounded(row[name]) for name in columns]
            stage = f"Sleep stage {row['stage']}"
            writer.writerow([row["onset"], row["duration"], stage, *values])


def write_events_sidecar(night: Hypnogram, path: Path) -> None:
    """Write the meaning of the columns of the BIDS events."""
    levels = {f"Sleep stage {s}": f"{FULL_NAMES[s]} (AASM)" for s in STAGES}
    _json(
        path,
        {
            "onset": {"Description": "Seconds from the start of the recording", "Units": "s"},
            "duration": {"Description": "Length of a scoring epoch", "Units": "s"},
            "trial_type": {
                "Description": f"Sleep stage found by sleepaug {__version__}. {DISCLAIMER}",
                "Levels": {**levels, "Sleep stage ?": "not scored"},
            },
            "confidence": {"Description": "Probability of the stage, 0 to 1"},
            **{f"p_{s}": {"Description": f"Probability of {FULL_NAMES[s]}"} for s in STAGES},
            "GeneratedBy": night.made.to_json(),
        },
    )


def write_png(night: Hypnogram, path: Path) -> None:
    """Write the picture in pixels."""
    path.write_bytes(night.png)


def write_svg(night: Hypnogram, path: Path) -> None:
    """Write the picture as lines, sharp at every size."""
    night.plot().savefig(path, format="svg")


def write_html(night: Hypnogram, path: Path) -> None:
    """Write the report."""
    from sleepaug.staging.hypnogram.page import html_report

    path.write_text(html_report(night), encoding="utf-8")


def write_json(night: Hypnogram, path: Path) -> None:
    """Write the summary."""
    _json(path, summary(night))


FORMS = {
    "csv": (Form(".hypnogram.csv", write_csv),),
    "edf": (Form(".hypnogram.edf", write_edf),),
    "bids": (Form("_events.tsv", write_events), Form("_events.json", write_events_sidecar)),
    "png": (Form(".png", write_png),),
    "svg": (Form(".svg", write_svg),),
    "html": (Form(".html", write_html),),
    "json": (Form(".summary.json", write_json),),
}
"""The files of each form, by its name."""


def check_forms(forms: Sequence[str]) -> None:
    """Raise a `ConfigError` for a name that is no key of `FORMS`."""
    if unknown := [name for name in forms if name not in FORMS]:
        raise ConfigError(
            f"no file of a hypnogram is called {unknown[0]!r}. Allowed: {', '.join(FORMS)}.",
            parameters=("forms",),
        )


def targets(folder: Path, name: str, forms: Sequence[str]) -> list[Path]:
    """List the files that a night is written to.

    Parameters
    ----------
    folder : Path
    name : str
        Of the night.
    forms : list of str
        Keys of `FORMS`.

    Examples
    --------
    >>> [file.name for file in targets(Path(), "sub-01_eeg", ["csv", "bids"])]
    ['sub-01_eeg.hypnogram.csv', 'sub-01_events.tsv', 'sub-01_events.json']
    """
    files = []
    for form in forms:
        base = name.removesuffix("_eeg") if form == "bids" else name
        files += [folder / f"{base}{part.ending}" for part in FORMS[form]]
    return files


def write_forms(night: Hypnogram, folder: Path, name: str, forms: Sequence[str]) -> list[Path]:
    """Write a night in several forms; return the files. See `targets`."""
    paths = targets(folder, name, forms)
    parts = [part for form in forms for part in FORMS[form]]
    for path, part in zip(paths, parts, strict=True):
        into_place(path, lambda where, part=part: part.write(night, where))  # type: ignore[misc]
    return paths


def save(night: Hypnogram, path: Path, *, overwrite: bool = False) -> None:
    """Write one file in the form that its ending names; see `Hypnogram.save`."""
    if path.name.lower().endswith("_events.tsv"):
        parts = {path: write_events, path.with_suffix(".json"): write_events_sidecar}
    else:
        endings: dict[str, Callable] = {
            ".csv": write_csv, ".edf": write_edf, ".png": write_png, ".svg": write_svg,
            ".html": write_html, ".json": write_json,
        }  # fmt: skip
        if path.suffix.lower() not in endings:
            raise ConfigError(
                f"{path}: no form of a hypnogram has this ending. Allowed: "
                f"{', '.join(endings)} and _events.tsv."
            )
        parts = {path: endings[path.suffix.lower()]}
    if not overwrite:
        refuse_existing(parts)
    for file, write in parts.items():
        into_place(file, lambda where, write=write: write(night, where))  # type: ignore[misc]


def summary(night: Hypnogram) -> dict[str, Any]:
    """Return a night in numbers, ready for JSON."""
    stages = night.stages.tolist()
    reasons = [reason for reason in night.reason if reason]
    return {
        "night": night.name,
        "start": night.start and night.start.isoformat(),
        "epochs": len(night),
        "epoch_seconds": WINDOW_SECONDS,
        "stages": {stage: stages.count(stage) for stage in (*STAGES, "?")},
        "unscored": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "look_first": [int(k) + 1 for k in night.look_first],
        "statistics": {k: _rounded(v) for k, v in night.statistics().items()},
        "statistics_are": night.span(),
        "lights_off": night.lights_off,
        "lights_on": night.lights_on,
        "units": {name: one.unit for name, one in STATISTICS.items() if one.unit},
        "notes": list(night.notes),
        **night.made.to_json(),
        "use": DISCLAIMER,
    }


def _json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
