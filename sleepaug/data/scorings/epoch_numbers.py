"""Tables of stages without times whose rows are numbered: a stage goes where its number says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from sleepaug.data.recording import LONGEST_SECONDS
from sleepaug.data.stages import UNKNOWN
from sleepaug.support.errors import RecordingError

Line = tuple[int, str, str]
"""The line in the file, the number of the epoch, and the stage, as they are written."""
NUMBER = re.compile(r"[+-]?\d{1,6}(?:[.,]0*)?")
RUNNING = 0.9
"""Numbers of which at least this share differ count epochs; others count pages, cycles, people."""


def by_number(
    path: Path, lines: Sequence[Line], seconds: float | None
) -> tuple[list[tuple[int, str]], list[str]]:
    """Put stages in the order of their epochs' numbers, `UNKNOWN` where a number is missing.

    Parameters
    ----------
    path : Path
        For messages.
    lines : sequence of (int, str, str)
        Where they have no numbers, or such that count no epochs, stages stay in their order.
    seconds : float or None
        Length of the recording: where it is that of the stages alone, they begin with it, whatever
        the first number is.

    Returns
    -------
    stages : list of (int, str)
        The line in the file, and the stage, of each epoch from the start of the recording.
    notes : list of str

    Raises
    ------
    RecordingError
        A number is there twice, or is negative or far too large.

    Examples
    --------
    >>> by_number(Path("s.csv"), [(2, "3", "R"), (3, "1", "W")], None)[0]
    [(3, 'W'), (3, '?'), (2, 'R')]
    """
    in_order = [(line, stage) for line, _, stage in lines]
    written = [number for _, number, _ in lines]
    if not any(written):
        return in_order, []
    numbers = [int(re.split("[.,]", n)[0]) for n in written if NUMBER.fullmatch(n)]
    steps = {after - before for before, after in pairwise(numbers)}
    if (
        len(numbers) < len(lines)
        or len(set(numbers)) < RUNNING * len(numbers)
        or (len(numbers) > 2 and len(steps) == 1 and steps.isdisjoint((1, -1)))
    ):
        return in_order, ["Rows follow each other: their numbers do not count epochs one by one."]
    first = 0 if 0 in numbers else 1
    if steps <= {1} and numbers[0] in (0, 1):
        return in_order, []
    if steps <= {1} and seconds is not None and abs(30 * len(lines) - seconds) < 30:
        return in_order, [
            f"Epochs are numbered from {numbers[0]} on, but the recording is no longer than they "
            "are: the first was taken to begin with it."
        ]
    placed: dict[int, tuple[int, str]] = {}
    for number, (line, stage) in zip(numbers, in_order, strict=True):
        if number in placed:
            raise RecordingError(
                f"{path}: line {line}: epoch {number} is given twice, first in line "
                f"{placed[number][0]}."
            )
        if not first <= number < LONGEST_SECONDS:
            raise RecordingError(f"{path}: line {line}: {number} is no number of an epoch.")
        placed[number] = (line, stage)
    stages: list[tuple[int, str]] = []
    for number in range(first, max(placed) + 1):
        stages.append(placed.get(number, (stages[-1][0] if stages else lines[0][0], UNKNOWN)))
    missing = len(stages) - len(placed)
    note = f"Stages were placed by the numbers of their epochs, the recording's first being {first}"
    return stages, [f"{note}; {missing} have none." if missing else f"{note}."]
