"""The rows of a run as one flat table, which pandas and spreadsheets read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sleepaug.support.files import write_text


def flat(values: Any, name: str = "") -> dict[str, Any]:
    """Give each number and text of nested values a name of its own.

    Parameters
    ----------
    values : dict, list, or a single value
    name : str
        What all names begin with.

    Returns
    -------
    dict
        By the keys on the way, with dots between; entries of a list are counted from 0.

    Examples
    --------
    >>> flat({"epoch": 1, "layers": [{"weight": 0.5}]})
    {'epoch': 1, 'layers.0.weight': 0.5}
    """
    if isinstance(values, Mapping):
        entries: Iterable[tuple[Any, Any]] = values.items()
    elif isinstance(values, (list, tuple)):
        entries = enumerate(values)
    else:
        return {name: values}
    columns: dict[str, Any] = {}
    for key, value in entries:
        columns |= flat(value, f"{name}.{key}" if name else str(key))
    return columns


def write_row_table(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, whole or not at all.

    Parameters
    ----------
    path : Path
    rows : iterable of dict
        May be nested. Columns are in the order in which the rows first name them; a value that a
        row has not, or that is None, is left empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_row_table(Path(folder) / "rows.csv", [{"epoch": 1}, {"epoch": 2, "loss": 0.5}])
    ...     (Path(folder) / "rows.csv").read_text()
    'epoch,loss\\n1,\\n2,0.5\\n'
    """
    table = [flat(row) for row in rows]
    columns = dict.fromkeys(name for row in table for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    write_text(path, text.getvalue())
