"""Write docs/configuration.md from the dataclasses of the settings."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.experiments.comparison.settings import Compare
from sleepaug.experiments.settings import Run
from sleepaug.support.plain import plain
from sleepaug.support.settings import Range
from sleepaug.training.fit import Training
from sleepaug.training.methods import METHODS
from sleepaug.training.tasks import TASKS

PAGE = Path(__file__).parents[1] / "configuration.md"
HEAD = """# Configuration

Every setting, with its type, default, range and meaning. A settings file is YAML with the sections
below; a setting that it leaves out keeps its default, and `--set section.key=value` changes one for
a run. The short options (`--epochs`, `--method`, `--channels`, ...) set the same keys. All mistakes
of a file are reported together, each with its key, before anything starts; `config.yaml` in the run
folder holds the settings that were used. `configs/` has a commented file for each use.

```
sleepaug train configs/simulated.yaml --method augnet --set training.epochs=20
```

This page is written from the code by `python docs/scripts/configuration.py`; a test compares them.
"""


def sections() -> Iterator[tuple[str, str, type]]:
    """Yield the heading, the key path and the dataclass of each table."""
    for name, task in TASKS.items():
        yield f"task: {name}", "task", task
    yield "preprocessing", "preprocessing", Preprocessing
    for name, method in METHODS.items():
        yield f"method: {name}", "method", method
    yield "training", "training", Training
    yield "run", "run", Run
    yield "compare", "compare", Compare


def meanings(cls: type) -> dict[str, str]:
    """Read the meaning of each name from the `Attributes` of a numpydoc docstring."""
    texts: dict[str, str] = {}
    for parent in reversed(cls.__mro__[:-1]):
        text = inspect.cleandoc(parent.__doc__ or "").partition("Attributes\n----------\n")[2]
        for names, meaning in re.findall(
            r"^(\w[\w, ]*?)(?: : .*)?\n((?:    .*\n?|\n)+)", text, re.M
        ):
            texts |= dict.fromkeys(names.split(", "), " ".join(meaning.split()))
    return texts


def type_of(hint: Any) -> tuple[str, str]:
    """Describe a type hint and its range."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        limits = next(a for a in args[1:] if isinstance(a, Range))
        return type_of(args[0])[0], str(limits).strip().removeprefix("of ")
    if origin is Literal:
        return "text", ", ".join(f"`{a}`" for a in args)
    if origin in (typing.Union, types.UnionType):
        kinds = [type_of(a) for a in args if a is not type(None)]
        kinds += [("none", "")] * (type(None) in args)
        return " or ".join(dict.fromkeys(k for k, _ in kinds)), "; ".join(r for _, r in kinds if r)
    if origin in (list, tuple):
        kinds = [type_of(a) for a in args if a is not Ellipsis]
        many = "list" if origin is list or Ellipsis in args else f"{len(args)}"
        names, ranges = (
            dict.fromkeys(part for part in parts if part) for parts in zip(*kinds, strict=True)
        )
        return f"{many} of {', '.join(names)}", "; ".join(ranges)
    if origin is dict:
        return "keys and values", type_of(args[1])[1]
    words = {int: "whole number", float: "number", bool: "true, false", str: "text", Path: "path"}
    return words.get(hint, "any"), ""


def default_of(field: dataclasses.Field) -> str:
    """Write the default of a field as in YAML."""
    has_factory = field.default_factory is not dataclasses.MISSING
    value = plain(field.default_factory() if has_factory else field.default)
    if isinstance(value, float):
        value = f"{value:g}"
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def table(path: str, cls: type) -> Iterator[str]:
    """Yield the lines of a dataclass's table."""
    hints, texts = typing.get_type_hints(cls, include_extras=True), meanings(cls)
    fields = dataclasses.fields(cls)
    yield inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not fields:
        yield "\nIt has no settings."
        return
    yield "\n| key | type | default | range | meaning |\n|---|---|---|---|---|"
    for field in fields:
        kind, limits = type_of(hints[field.name])
        cells = (f"`{path}.{field.name}`", kind, default_of(field), limits, texts[field.name])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page() -> str:
    """Write the page."""
    lines = [HEAD]
    for heading, path, cls in sections():
        lines += [f"## {heading}\n", *table(path, cls), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
