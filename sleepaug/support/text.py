"""Numbers and lists as text, and pages of HTML."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleepaug.support.errors import printable

if TYPE_CHECKING:
    import jinja2


def ranges(numbers: Iterable[int]) -> str:
    """Write whole numbers, with neighbours as ranges.

    Examples
    --------
    >>> ranges([7, 3, 4, 5])
    '3-5, 7'
    """
    runs: list[list[int]] = []
    for number in sorted(int(n) for n in numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


def duration_text(seconds: float) -> str:
    """Write a length of time with two figures, in seconds, minutes, hours or days.

    Examples
    --------
    >>> [duration_text(seconds) for seconds in (40, 720, 12_600, 180_000)]
    ['40 s', '12 min', '3.5 h', '2.1 days']
    """
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            number = seconds / unit
            return f"{number:.2g} {name}" if number < 10 else f"{number:.0f} {name}"
    return f"{seconds / 86400:.2g} days"


def html_template(path: Path) -> jinja2.Template:
    """Read a template of a page into which text from anywhere may be put.

    Parameters
    ----------
    path : Path
        A Jinja template; a name that it uses and does not receive is an error.

    Returns
    -------
    jinja2.Template
        What it inserts is escaped, and control characters are replaced, unless marked ``safe``.
    """
    import jinja2

    def harmless(value: Any) -> Any:
        if not isinstance(value, str) or hasattr(value, "__html__"):  # marked safe
            return value
        return "\n".join(printable(line) for line in value.split("\n"))

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=harmless,
    )
    return environment.get_template(path.name)
