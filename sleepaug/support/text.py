"""Numbers and lists as text."""

from __future__ import annotations

from collections.abc import Iterable


def ranges(numbers: Iterable[int]) -> str:
    """Whole numbers as text, neighbours together.

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


def in_words(seconds: float) -> str:
    """A length of time with two figures: 40 s, 12 min, 3.5 h, 2.1 days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return (
                f"{seconds / unit:.2g} {name}"
                if seconds / unit < 10
                else f"{seconds / unit:.0f} {name}"
            )
    return f"{seconds / 86400:.2g} days"
