"""The report of a comparison: figures, tables and one page that opens without a network."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sleepaug import __version__
from sleepaug.augment.learned import Learned
from sleepaug.experiments.comparison import figures, results
from sleepaug.experiments.comparison.results import Results
from sleepaug.experiments.comparison.settings import FLOOR
from sleepaug.support.files import into_place, read_json, write_text
from sleepaug.support.text import html_template, in_words
from sleepaug.training.runs import RunFolder

IDEAS = {
    "none": "the network on the windows as they are: the floor",
    "fixed": "a policy written by hand",
    "random": "train with subpolicies drawn at random, keep the best five",
    "augnet": "layers inside the network learn the transformations while it trains",
    "augerino": "widths of random affine maps are learned while the network trains",
    "autoaugment": "train with one subpolicy after the other; a sampler (TPE) proposes the next",
    "fast-aa": "score subpolicies by the loss of a pretrained network on augmented windows",
    "faster-aa": "gradient descent on the policy against a critic of augmented windows",
    "dada": "gradient of the validation loss after a training step; one pair of transforms a batch",
    "adda": "as dada, on a policy of five subpolicies, from a pretrained network",
}


@dataclass(frozen=True)
class Written:
    """What a report consists of: its page, and a summary for the terminal."""

    page: Path
    text: str


def write_report(folder: Path) -> Written:
    """Write figures (PNG, SVG), tables (CSV) and `report.html` of what is there so far.

    Parameters
    ----------
    folder : Path
        Of a comparison, which may be running.
    """
    found = results.read(folder)
    table, differences = results.table(found), results.differences(found)
    csv = {
        "points": results.points_table(found),
        "methods": table,
        "differences": differences,
    }
    for name, frame in csv.items():
        write_text(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    drawn = {"figure8": figures.accuracy_over_time(found)}
    if len(differences):
        drawn["differences"] = figures.differences_to_reference(found, differences)
    pictures = {name: svg(figure) for name, figure in drawn.items()}
    for name, figure in drawn.items():
        into_place(folder / f"{name}.png", partial(figure.savefig, dpi=150))
        write_text(folder / f"{name}.svg", pictures[name])
    environment = read_json(RunFolder(folder) / "environment.json")
    page = html_template(Path(__file__).with_name("report.html")).render(
        settings=found.comparison.compare,
        comparison=found.comparison,
        environment=environment,
        version=__version__,
        finished=found.finished,
        budget=in_words(found.comparison.compare.seconds),
        rows=summary(found, table),
        differences=difference_rows(differences),
        budgets=[in_words(b) for b in dict.fromkeys(differences["budget_s"])],
        figures=pictures,
        policies=policies(found),
        failures=[lane for lane in found.lanes if lane.reason],
        ideas={name: IDEAS[name] for name in found.comparison.methods},
        reference=found.comparison.compare.reference,
    )
    write_text(folder / "report.html", page)
    return Written(folder / "report.html", text_of(found, table))


def svg(figure: Figure) -> str:
    """A figure as an `<svg>` element, without the date and the header of a file."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", stream.getvalue(), flags=re.DOTALL)


def number(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None or pd.isna(value) else format(value, form)


def hours(seconds: float) -> str:
    return "–" if pd.isna(seconds) else in_words(seconds) if seconds else "0"


def summary(found: Results, table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of the table of final models, as text."""
    floor = table.loc[table["method"] == FLOOR, "balanced_accuracy"].iloc[0]
    rows = []
    for row in table.to_dict("records"):
        shown = {
            name: number(row[name]) for name in ("balanced_accuracy", "cohen_kappa", "n1_recall")
        }
        if row["with_model"]:
            quartiles = (number(row[f"balanced_accuracy_{q}"]) for q in ("q1", "q3"))
            shown["balanced_accuracy"] += f" ({'–'.join(quartiles)})"
        else:
            shown["balanced_accuracy"] = f"no model in time (floor {number(floor)})"
        rows.append(
            {
                "method": row["method"],
                **shown,
                **{name: hours(row[f"{name}_s"]) for name in ("pretrain", "search", "train")},
                "energy": "" if pd.isna(row["energy_j"]) else f"{row['energy_j'] / 3.6e6:.2g} kWh",
                "models": str(row["models"]),
                "folds": f"{row['with_model']} of {row['lanes']}",
                "statuses": row["statuses"].replace("_", " "),
            }
        )
    return rows


def difference_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """For each method, its differences at the budgets, in percentage points."""
    rows = []
    for method, part in table.groupby("method", sort=False):
        cells = [
            f"{100 * row['difference']:+.1f} ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
            + f", {row['n_folds']} folds"
            if row["n_folds"]
            else "–"
            for row in part.to_dict("records")
        ]
        rows.append({"method": method, "cells": cells})
    return rows


def policies(found: Results) -> list[dict[str, Any]]:
    """What each lane's final model was trained with, in words."""
    shown = []
    for lane in found.lanes:
        point = found.final(lane)
        if point is not None and point.learned:
            shown.append({"job": lane.job, "lines": Learned.from_json(point.learned).sentences()})
    return shown


def text_of(found: Results, table: pd.DataFrame) -> str:
    """The table for the terminal."""
    state = "" if found.finished else " (not finished)"
    lines = [
        f"Balanced accuracy of the final models, median and quartiles over folds{state}:",
        f"{'method':<13}{'test balanced accuracy':<27}{'kappa':>7}{'N1':>7}  models  status",
    ]
    for row, shown in zip(table.to_dict("records"), summary(found, table), strict=True):
        lines.append(
            f"{row['method']:<13}{shown['balanced_accuracy'].split(' (floor')[0]:<27}"
            f"{number(row['cohen_kappa']):>7}{number(row['n1_recall']):>7}"
            f"{row['models']:>8}  {shown['statuses']}"
        )
    return "\n".join(lines)
