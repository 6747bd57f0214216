"""The table of all nights in a folder of results: statistics of each, or what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sleepaug.staging.resume import SUMMARY, read_summary
from sleepaug.support.files import into_place

TABLE = "summary.csv"


def write_table(output: Path, errors: Mapping[Path, str]) -> Path | None:
    """Write a table with a row for each night of a folder, staged by this call or an earlier one.

    Parameters
    ----------
    output : Path
        Folder of the results.
    errors : dict of Path to str
        Recordings that could not be staged, and why.

    Returns
    -------
    Path or None
        The table; None where there are fewer than two nights and there is no table yet.
    """
    rows = {str(path): {"file": str(path), "error": error} for path, error in errors.items()}
    rows = {row["file"]: row for row in _stored(output)} | rows
    if len(rows) < 2 and not (output / TABLE).exists():
        return None
    columns = dict.fromkeys(name for row in rows.values() for name in row)

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[name] for name in sorted(rows))

    into_place(output / TABLE, write)
    return output / TABLE


def _stored(output: Path) -> Iterable[dict[str, Any]]:
    """Read a row from each summary in a folder and below it."""
    for path in output.rglob(f"*{SUMMARY}"):
        night = read_summary(path)
        if not night:
            continue
        row = {"file": night["file"], "error": night.get("error", "")}
        if not row["error"]:
            model = night["model"]
            row |= {"model": model["name"], "model_hash": model["hash"], "start": night["start"]}
            row |= {"epochs": night["epochs"], **night["statistics"]}
        yield row
