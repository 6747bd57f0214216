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
from sleepaug.experiments.comparison.figures import draw_accuracy_over_time, draw_differences
from sleepaug.experiments.comparison.results import Results, read_results
from sleepaug.experiments.comparison.settings import FLOOR, Job
from sleepaug.experiments.comparison.tables import (
    differences_to_reference,
    methods_table,
    points_table,
)
from sleepaug.experiments.report import at_chance
from sleepaug.support.files import into_place, read_json, write_text
from sleepaug.support.text import duration_text, html_template
from sleepaug.training.runs import RunFolder

IDEAS = {
    "none": "no augmentation: the floor",
    "fixed": "a policy written by hand",
    "random": "train with subpolicies drawn at random and keep the best five",
    "augnet": "layers inside the network learn the transformations while it trains",
    "augerino": "learn the ranges of random affine maps while the network trains",
    "autoaugment": "train with one subpolicy after the other; a sampler (TPE) proposes the next",
    "fast-aa": "score subpolicies by the loss of a pretrained network on augmented windows",
    "faster-aa": "gradient descent on the policy, against a critic that detects augmented windows",
    "dada": "descend the validation loss after a training step; one pair of transforms a batch",
    "adda": "as dada, with a policy of five subpolicies and a pretrained network",
}


@dataclass(frozen=True)
class Written:
    """What a report consists of.

    Attributes
    ----------
    page : Path
        The page, `report.html`.
    text : str
        A summary for the terminal.
    """

    page: Path
    text: str


@dataclass(frozen=True)
class MethodRow:
    """A row of the page's table of final models, as text."""

    method: str
    balanced_accuracy: str
    cohen_kappa: str
    n1_recall: str
    pretrain: str
    search: str
    train: str
    energy: str
    models: str
    folds: str
    statuses: str


@dataclass(frozen=True)
class DifferenceRow:
    """A method's differences from the reference, in percentage points, a cell for each budget."""

    method: str
    cells: list[str]


@dataclass(frozen=True)
class LearnedPolicy:
    """What a lane's final model was trained with, as sentences."""

    job: Job
    lines: list[str]


def write_report(folder: Path) -> Written:
    """Write figures (PNG, SVG), tables (CSV) and `report.html` of the results so far.

    Parameters
    ----------
    folder : Path
        The folder of a comparison, which may be running.

    Raises
    ------
    ConfigError
        It is no folder of a comparison.
    OutputError
        A file cannot be written.
    """
    results = read_results(folder)
    table, differences = methods_table(results), differences_to_reference(results)
    frames = {"points": points_table(results), "methods": table, "differences": differences}
    for name, frame in frames.items():
        write_text(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    figures = {"accuracy_over_time": draw_accuracy_over_time(results)}
    if len(differences):
        figures["differences"] = draw_differences(results, differences)
    pictures = {name: svg(figure) for name, figure in figures.items()}
    for name, figure in figures.items():
        into_place(folder / f"{name}.png", partial(figure.savefig, dpi=150))
        write_text(folder / f"{name}.svg", pictures[name])
    comparison = results.comparison
    page = html_template(Path(__file__).with_name("report.html")).render(
        settings=comparison.compare,
        comparison=comparison,
        environment=read_json(RunFolder(folder) / "environment.json"),
        version=__version__,
        finished=results.finished,
        budget=duration_text(comparison.compare.seconds),
        rows=method_rows(table),
        differences=difference_rows(differences),
        budgets=[duration_text(budget) for budget in dict.fromkeys(differences["budget_s"])],
        figures=pictures,
        policies=learned_policies(results),
        failures=[lane for lane in results.lanes if lane.reason],
        ideas={name: IDEAS[name] for name in comparison.methods},
        reference=comparison.compare.reference,
    )
    write_text(folder / "report.html", page)
    return Written(folder / "report.html", summary(results, table))


def svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element, without the date and the header of a file."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", stream.getvalue(), flags=re.DOTALL)


def number(value: float | None) -> str:
    """Write a score with three decimals, or a dash where there is none."""
    return "–" if value is None or pd.isna(value) else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Write a time in words, or a dash where there is none."""
    return "–" if pd.isna(seconds) else duration_text(seconds) if seconds else "0"


def method_rows(table: pd.DataFrame) -> list[MethodRow]:
    """Write the rows of `tables.methods_table` as text."""
    floor = table.loc[table["method"] == FLOOR, "balanced_accuracy"].iloc[0]
    rows = []
    for row in table.to_dict("records"):
        accuracy = f"no model in time (floor {number(floor)})"
        if row["with_model"]:
            low, high = row["balanced_accuracy_q1"], row["balanced_accuracy_q3"]
            accuracy = number(row["balanced_accuracy"])
            if not pd.isna(low):
                accuracy += f" ({number(low)}–{number(high)})"
            elif row["with_model"] > 1:
                accuracy += f" (each: {row['each']})"
        rows.append(
            MethodRow(
                method=row["method"],
                balanced_accuracy=accuracy,
                cohen_kappa=number(row["cohen_kappa"]),
                n1_recall=number(row["n1_recall"]),
                pretrain=duration(row["pretrain_s"]),
                search=duration(row["search_s"]),
                train=duration(row["train_s"]),
                energy="" if pd.isna(row["energy_j"]) else f"{row['energy_j'] / 3.6e6:.2g} kWh",
                models=str(row["models"]),
                folds=f"{row['with_model']} of {row['lanes']}",
                statuses=row["statuses"].replace("_", " "),
            )
        )
    return rows


def difference_rows(table: pd.DataFrame) -> list[DifferenceRow]:
    """Write for each method its differences at the budgets, in percentage points."""
    rows = []
    for method, part in table.groupby("method", sort=False):
        rows.append(DifferenceRow(str(method), [_cell(row) for row in part.to_dict("records")]))
    return rows


def _cell(row: dict[str, Any]) -> str:
    """Write one difference with its interval, in percentage points."""
    if not row["n_folds"]:
        return "–"
    interval = "too few nights for an interval"
    if not pd.isna(row["low"]):
        interval = f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
    folds = f"{row['n_folds']} fold" + "s" * (row["n_folds"] > 1)
    return f"{100 * row['difference']:+.1f} ({interval}), {folds}"


def learned_policies(results: Results) -> list[LearnedPolicy]:
    """Write what each lane's final model was trained with, where something was learned."""
    policies = []
    for lane in results.lanes:
        point = results.final(lane)
        if point is not None and point.learned:
            valid = at_chance({**point.test, "balanced_accuracy": point.valid})
            doubt = valid or at_chance(point.test)
            lines = [doubt] if doubt else Learned.from_json(point.learned).sentences()
            policies.append(LearnedPolicy(lane.job, lines))
    return policies


def summary(results: Results, table: pd.DataFrame) -> str:
    """Write the table of final models for the terminal."""
    state = "" if results.finished else " (not finished)"
    lines = [
        f"Balanced accuracy of the final models, median over folds{state}:",
        f"{'method':<13}{'test balanced accuracy':<27}{'kappa':>7}{'N1':>7}  models  status",
    ]
    lines += [
        f"{row.method:<13}{row.balanced_accuracy.split(' (floor')[0]:<27}"
        f"{row.cohen_kappa:>7}{row.n1_recall:>7}{row.models:>8}  {row.statuses}"
        for row in method_rows(table)
    ]
    return "\n".join(lines)
