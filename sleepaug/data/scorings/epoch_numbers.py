"""Tables of stages without times whose rows are numbered: a stage goes where its number says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sleepaug.data.recording import LONGEST_SECONDS
from sleepaug.data.scorings.codes import as_code
from sleepaug.data.stages import UNKNOWN
from sleepaug.support.errors import RecordingError

Line = tuple[int, str, str]
"""The line in the file, the number of the epoch, and the stage, as they are written."""


def by_number(path: Path, lines: Sequence[Line]) -> tuple[list[tuple[int, str]], list[str]]:
    """Put stages in the order of their epochs' numbers, `UNKNOWN` where a number is missing.

    Parameters
    ----------
    path : Path
        For messages.
    lines : sequence of (int, str, str)
        Where the numbers are none, or all the same, the stages stay in the order of the file.

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
    >>> by_number(Path("s.csv"), [(2, "3", "R"), (3, "1", "W")])[0]
    [(3, 'W'), (3, '?'), (2, 'R')]
    """
    in_order = [(line, stage) for line, _, stage in lines]
    codes = [as_code(number) for _, number, _ in lines]
    numbers = [int(code) for code in codes if code is not None]
    if len(numbers) < len(lines) or len(set(numbers)) == 1 < len(lines):
        return in_order, []
    first = 0 if 0 in numbers else 1
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
    if list(placed) == list(range(first, first + len(placed))):
        return in_order, []
    stages: list[tuple[int, str]] = []
    for number in range(first, max(placed) + 1):
        stages.append(placed.get(number, (stages[-1][0] if stages else lines[0][0], UNKNOWN)))
    missing = len(stages) - len(placed)
    note = f"Stages were placed by the numbers of their epochs, the recording's first being {first}"
    return stages, [f"{note}; {missing} have none." if missing else f"{note}."]
