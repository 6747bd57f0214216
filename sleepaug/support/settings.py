"""Settings: from a YAML file and the command line to checked, frozen dataclasses.

A settings class is a frozen dataclass with defaults. Its type hints are the check: `int`,
`float`, `bool`, `str`, `Path`, `Literal[...]`, `X | None`, `list[X]`, `tuple[X, ...]`,
`dict[str, X]`, nested dataclasses, and `Annotated[float, Range(...)]` for limits. What types cannot
express, a method `problems()` checks. All problems of a file are reported together, each with its
key path.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar, runtime_checkable

Filled = TypeVar("Filled")


@dataclass(frozen=True)
class Range:
    """Limits of a number, for `Annotated[float, Range(0, 1)]`.

    Parameters
    ----------
    low, high : float
        Limits that are themselves allowed.
    above : float
        Lower limit that is not itself allowed.

    Examples
    --------
    >>> 0.0 in Range(0, 1), 0.0 in Range(above=0)
    (True, False)
    >>> f"a number{Range(0, 1)}", f"a number{Range(above=0)}"
    ('a number from 0 to 1', 'a number above 0')
    """

    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and value > self.above

    def __str__(self) -> str:
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f" from {self.low:g} to {self.high:g}"
        text = f" above {self.above:g}" if math.isfinite(self.above) else ""
        text += f" of at least {self.low:g}" if math.isfinite(self.low) else ""
        joint = " and at most" if text else " of at most"
        return text + (f"{joint} {self.high:g}" if math.isfinite(self.high) else "")


Positive = Annotated[float, Range(above=0)]
Fraction = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(above=0)]
NotNegative = Annotated[float, Range(low=0)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the nearest known word in a sentence, or all of them.

    Examples
    --------
    >>> did_you_mean("augnett", ["none", "augnet"])
    "Did you mean 'augnet'?"
    >>> did_you_mean("x", ["none", "augnet"])
    'Allowed: none, augnet.'
    """
    known = [str(name) for name in known]
    near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Allowed: {', '.join(known)}." if known else "None is allowed here."


def fill(cls: type[Filled], values: object, where: str, problems: list[str]) -> Filled | None:
    """Make a `cls` from a mapping, and add what is wrong with it to `problems`.

    Parameters
    ----------
    cls : type
        A settings dataclass.
    values : mapping
        Its keys; absent ones keep their default.
    where : str
        Key path of the mapping, such as ``"training"``.
    problems : list of str
        Receives one line for each problem found.

    Returns
    -------
    instance of cls, or None if anything is wrong

    Examples
    --------
    >>> problems: list[str] = []
    >>> fill(Range, {"low": 0, "high": "x"}, "range", problems)
    >>> problems
    ["range.high: expected a number, got 'x'."]
    """
    if not isinstance(values, Mapping):
        problems.append(f"{where}: expected keys and values, got {values!r}.")
        return None
    before = len(problems)
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = dataclasses.fields(typing.cast(Any, cls))
    names = [field.name for field in fields]
    arguments = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else str(key)
        if key in names:
            arguments[key] = _convert(hints[key], value, path, problems)
        else:
            problems.append(f"{path}: unknown key. {did_you_mean(key, names)}")
    problems += [
        f"{where}.{field.name}: is missing." if where else f"{field.name}: is missing."
        for field in fields
        if field.default is field.default_factory is dataclasses.MISSING
        and field.name not in values
    ]
    if len(problems) > before:
        return None
    settings = cls(**arguments)
    problems += [f"{where}.{line}" if where else line for line in check(settings)]
    return settings if len(problems) == before else None


@runtime_checkable
class Checked(Protocol):
    """Settings with a check of their own."""

    def problems(self) -> Iterable[str]:
        """Return a line for each problem."""
        ...


def check(settings: Any) -> list[str]:
    """Return the problems of settings beyond the types of their fields: those of `problems()`."""
    return list(settings.problems()) if isinstance(settings, Checked) else []


def keys_of(problems: Iterable[str]) -> tuple[str, ...]:
    """Return the last key of each problem's path, as the parameters of a `SleepaugError`.

    Examples
    --------
    >>> keys_of(["task.data_dir: dataset 'mass' needs its folder."])
    ('data_dir',)
    """
    paths = (line.partition(":")[0] for line in problems)
    return tuple(dict.fromkeys(path.rpartition(".")[2] for path in paths))


def _convert(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    """Convert a value to the type of a hint, or add a line to `problems`."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        limits = next(a for a in args[1:] if isinstance(a, Range))
        before: list[str] = []
        number = _convert(args[0], value, path, before)
        if before or number not in limits:
            kind = "a whole number" if args[0] is int else "a number"
            problems.append(f"{path}: expected {kind}{limits}, got {value!r}.")
        return number
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        of_first: list[str] = []
        for kind in (a for a in args if a is not type(None)):
            of_kind: list[str] = []
            converted = _convert(kind, value, path, of_kind)
            if not of_kind:
                return converted
            of_first = of_first or of_kind
        problems += of_first
        return value
    if origin is Literal:
        if value not in args:
            problems.append(f"{path}: unknown value {value!r}. {did_you_mean(value, args)}")
        return value
    if origin in (list, tuple):
        if isinstance(value, str) or not isinstance(value, Iterable) or isinstance(value, Mapping):
            problems.append(f"{path}: expected a list, got {value!r}.")
            return value
        if origin is tuple and args[-1] is not Ellipsis:
            if len(value := list(value)) != len(args):
                problems.append(f"{path}: expected {len(args)} values, got {value!r}.")
                return value
            kinds: Iterable[Any] = args
        else:
            value = list(value)
            kinds = [args[0]] * len(value)
        return origin(
            _convert(kind, item, f"{path}[{i}]", problems)
            for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is dict:
        if not isinstance(value, Mapping):
            problems.append(f"{path}: expected keys and values, got {value!r}.")
            return value
        return {str(k): _convert(args[1], v, f"{path}.{k}", problems) for k, v in value.items()}
    if dataclasses.is_dataclass(hint):
        return fill(typing.cast(type, hint), value, path, problems)
    return _plain(hint, value, path, problems)


def _plain(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    """Convert to a bool, whole number, number, text or path."""
    if hint is Any:
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_number = is_number and abs(value) <= sys.float_info.max  # NaN is not, nor is 10**400
    if hint is bool and isinstance(value, bool):
        return value
    if hint is int and is_number and float(value).is_integer():
        return int(value)
    if hint is float and is_number:
        return float(value)
    if hint is str and isinstance(value, str):
        return str(value)
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    problems.append(f"{path}: expected {kinds.get(hint, 'a path')}, got {value!r}.")
    return value
