"""Whether the scoring beside a recording fits it: what `inspect` says of the pair."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sleepaug.data.files.matching import scorings_beside
from sleepaug.data.files.scoring import read_scoring
from sleepaug.data.stages import STAGES, UNKNOWN, WINDOW_SECONDS
from sleepaug.support.errors import RecordingError

FITS = 2 * WINDOW_SECONDS
"""Seconds by which a scoring may begin or end off its recording without a warning."""


def scoring_fit(recording: Path, seconds: float) -> dict[str, Any] | None:
    """Read the scoring beside a recording and compare its length with the recording's.

    Parameters
    ----------
    recording : Path
    seconds : float
        How long the recording lasts.

    Returns
    -------
    dict or None
        `file`, and `problem` or `epochs` (of each stage, in 30 s), `begins` and `ends` in seconds
        from the start of the recording, `fits`, and `notes`; None where no scoring lies beside.
    """
    beside = scorings_beside(recording)
    if not beside:
        return None
    if len(beside) > 1:
        names = ", ".join(path.name for path in beside)
        return {"file": names, "problem": "several scorings lie beside it; keep one of them there"}
    try:
        scoring = read_scoring((recording, beside[0]))
    except RecordingError as error:
        return {"file": beside[0].name, "problem": str(error)}
    counts: Counter[str] = Counter()
    for stage, duration in zip(scoring.stage, scoring.duration, strict=True):
        counts[stage] += round(duration / WINDOW_SECONDS)
    begins, ends = scoring.onset[0], scoring.onset[-1] + scoring.duration[-1]
    return {
        "file": beside[0].name,
        "epochs": {stage: counts[stage] for stage in (*STAGES, UNKNOWN)},
        "begins": begins,
        "ends": ends,
        "fits": begins >= -FITS and abs(ends - seconds) <= FITS,
        "notes": list(scoring.notes),
    }


def scoring_lines(fit: dict[str, Any] | None) -> list[str]:
    """What `scoring_fit` found, as lines for a person."""
    if fit is None:
        return ["  No scoring lies beside it."]
    if "problem" in fit:
        return [f"  The scoring {fit['file']} cannot be used: {fit['problem']}"]
    stages = ", ".join(f"{stage} {n}" for stage, n in fit["epochs"].items() if n)
    span = f"from {fit['begins']:g} to {fit['ends']:g} s of the recording"
    warning = "" if fit["fits"] else ". Warning: it does not cover the recording as a whole."
    return [f"  The scoring {fit['file']}: {stages} epochs, {span}{warning}"] + [
        f"    {note}" for note in fit["notes"]
    ]
