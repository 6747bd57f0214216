"""Whether the scoring beside a recording fits it: what `inspect` says of the pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sleepaug.data.files.edf import is_edf
from sleepaug.data.scorings.matching import scorings_beside
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS
from sleepaug.support.errors import RecordingError

FITS = 2 * WINDOW_SECONDS
"""Seconds by which a scoring may begin or end off its recording without a warning."""


@dataclass(frozen=True)
class ScoringFit:
    """A scoring beside a recording, and whether it fits.

    Attributes
    ----------
    file : str
        Name of the scoring.
    problem : str
        Why it cannot be used; "" if it can, and then the others are set.
    epochs : dict of str to int
        How many epochs of 30 s have each stage.
    begins, ends : float
        Seconds from the start of the recording.
    recorded : float
        Length of the recording in seconds.
    fits : bool
        Whether it covers the recording, but for two epochs at either end.
    notes : tuple of str
        What had to be decided while reading.
    """

    file: str
    problem: str = ""
    epochs: Mapping[str, int] = field(default_factory=dict)
    begins: float = 0.0
    ends: float = 0.0
    recorded: float = 0.0
    fits: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the problem or the rest, ready for JSON."""
        values = asdict(self) | {"notes": list(self.notes)}
        problem = values.pop("problem")
        return {"file": self.file, "problem": problem} if problem else values

    def lines(self) -> list[str]:
        """Describe it for a person."""
        if self.problem:
            return [f"  The scoring {self.file} cannot be used: {self.problem}"]
        stages = ", ".join(f"{stage} {n}" for stage, n in self.epochs.items() if n)
        span = f"from {self.begins:g} to {self.ends:g} s of the recording"
        lines = [f"  The scoring {self.file}: {stages} epochs, {span}"]
        if not self.fits:
            lines.append(
                f"    Warning: the recording lasts {self.recorded:g} s. Do both begin together, "
                "and is the scoring in epochs of 30 s?"
            )
        return lines + [f"    {note}" for note in self.notes]


def scoring_fit(recording: Path, seconds: float, codes: str | None = None) -> ScoringFit | None:
    """Read the scoring of a recording and compare its length with the recording's.

    Parameters
    ----------
    recording : Path
    seconds : float
        How long the recording lasts.
    codes : str, optional
        What numbers in the scoring mean; see `sleepaug.data.scorings.codes.parse_codes`.

    Returns
    -------
    ScoringFit or None
        None where no scoring lies beside it, and none is in its own annotations.
    """
    beside = scorings_beside(recording)
    if len(beside) > 1:
        names = ", ".join(path.name for path in beside)
        return ScoringFit(names, problem="several scorings lie beside it; keep one of them there")
    if not beside and not is_edf(recording):
        return None
    name = beside[0].name if beside else "in its own annotations"
    try:
        scoring = read_scoring((recording, *beside), codes=codes)
    except RecordingError as error:
        is_unscored = not beside and "no sleep stages" in str(error)
        return None if is_unscored else ScoringFit(name, problem=str(error))
    counts: Counter[str] = Counter()
    for stage, duration in zip(scoring.stage, scoring.duration, strict=True):
        counts[stage] += round(duration / WINDOW_SECONDS)
    begins, ends = scoring.onset[0], scoring.onset[-1] + scoring.duration[-1]
    return ScoringFit(
        name,
        epochs={stage: counts[stage] for stage in (*STAGES, UNKNOWN)},
        begins=begins,
        ends=ends,
        recorded=seconds,
        fits=begins >= -FITS and abs(ends - seconds) <= FITS,
        notes=tuple(scoring.notes),
    )
