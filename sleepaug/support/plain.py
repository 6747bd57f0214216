"""Settings as plain data: dicts, lists, numbers and text, as YAML and JSON hold them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sleepaug.support.errors import ConfigError


def plain(settings: Any) -> Any:
    """Turn settings into dicts, lists, numbers and text, ready for YAML or JSON.

    Examples
    --------
    >>> from sleepaug.support.settings import Range
    >>> plain({"path": Path("nights"), "range": Range(0, 1)})["path"]
    'nights'
    """
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        fields = {f.name: plain(getattr(settings, f.name)) for f in dataclasses.fields(settings)}
        name = getattr(type(settings), "name", None)
        return {"name": name, **fields} if isinstance(name, str) else fields
    if isinstance(settings, Mapping):
        return {str(key): plain(value) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [plain(value) for value in settings]
    return str(settings) if isinstance(settings, Path) else settings


def put(values: dict[str, Any], path: str, value: Any) -> None:
    """Set ``values["a"]["b"] = value`` for the path ``"a.b"``.

    Examples
    --------
    >>> values = {"method": "augnet"}
    >>> put(values, "method.copies", 4)
    >>> values
    {'method': {'name': 'augnet', 'copies': 4}}
    """
    *parents, last = path.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if isinstance(inner, str):  # `method: augnet` is short for `method: {name: augnet}`
            inner = values[parent] = {"name": inner}
        if not isinstance(inner, dict):
            raise ConfigError(f"{path}: '{parent}' is {inner!r}, not keys and values.")
        values = inner
    values[last] = value


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """List the key paths at which two plain settings differ, with both values.

    Examples
    --------
    >>> differences({"run": {"seed": 0}}, {"run": {"seed": 4}})
    ['run.seed: 0 before, 4 now']
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        lines = []
        for key in dict.fromkeys([*old, *new]):
            path = f"{where}.{key}" if where else str(key)
            lines += differences(old.get(key), new.get(key), path)
        return lines
    return [] if old == new else [f"{where}: {old!r} before, {new!r} now"]
