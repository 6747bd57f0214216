"""What other installed packages register: datasets, trunks and transforms, by entry points."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sleepaug.support.errors import ConfigError


def plugins(group: str, built_in: Collection[str] = ()) -> dict[str, Callable[..., Any]]:
    """Find the functions that other packages register in a group of entry points.

    Parameters
    ----------
    group : str
        "sleepaug.datasets", "sleepaug.trunks" or "sleepaug.transforms".
    built_in : collection of str
        Names that are taken; a plugin with one of them is left out, with a warning.

    Returns
    -------
    dict of callable
        By name. A package is imported when its function is first called.

    Examples
    --------
    >>> plugins("sleepaug.no_such_group")
    {}
    """
    loaded: dict[str, Callable[..., Any]] = {}
    for entry in entry_points(group=group):
        if entry.name in built_in or entry.name in loaded:
            warnings.warn(
                f"{entry.value} is not used: the name '{entry.name}' in {group} is taken.",
                stacklevel=2,
            )
        else:
            loaded[entry.name] = partial(_call, entry)
    return loaded


def _call(entry: EntryPoint, *args: Any, **kwargs: Any) -> Any:
    """Import what an entry point names, and call it."""
    try:
        function = entry.load()
    except Exception as error:  # another package's import may fail in any way
        raise ConfigError(
            f"{entry.name}: the entry point {entry.value} of {entry.group} cannot be loaded "
            f"({type(error).__name__}: {error}). Correct or remove the package that has it."
        ) from error
    return function(*args, **kwargs)
