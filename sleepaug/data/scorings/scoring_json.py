"""Scorings in JSON, written as the text that the other readers know."""

from __future__ import annotations

import csv
import io
import json
from typing import Any


def text_of_json(text: str) -> str:
    """Write a scoring in JSON as lines or as a table; return any other text as it is.

    Parameters
    ----------
    text : str
        A list of stages, a list of objects or an object of lists with the columns of a table, or
        an object that holds one of these alone.

    Examples
    --------
    >>> text_of_json('{"hypnogram": [0, 1, 5]}')
    '0\\n1\\n5\\n'
    >>> text_of_json('[{"onset": 0, "stage": "W"}]')
    'onset,stage\\n0,W\\n'
    """
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        values = json.loads(text)
    except ValueError:
        return text
    while isinstance(values, dict) and len(values) == 1:
        values = next(iter(values.values()))
    if isinstance(values, dict) and _are_columns(values):
        columns = [column for column in values.values() if isinstance(column, list)]
        names = [name for name, column in values.items() if isinstance(column, list)]
        return _table([names, *map(list, zip(*columns, strict=True))])
    if isinstance(values, list) and values and all(isinstance(one, dict) for one in values):
        names = list(dict.fromkeys(name for one in values for name in one))
        return _table([names, *([one.get(name, "") for name in names] for one in values)])
    if isinstance(values, list) and values and not any(isinstance(v, list) for v in values):
        return "".join(f"{'?' if value is None else value}\n" for value in values)
    return text


def _are_columns(values: dict[str, Any]) -> bool:
    """Tell whether an object holds lists of one length, and perhaps other things."""
    return len({len(column) for column in values.values() if isinstance(column, list)}) == 1


def _table(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
