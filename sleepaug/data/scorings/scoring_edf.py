"""Scorings in the annotations of EDF+ and BDF+ files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sleepaug.data.files.check import check_file
from sleepaug.data.files.edf import Edf, is_edf
from sleepaug.data.files.edf_annotations import read_edf_annotations
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.recording import DAY_SECONDS, Scoring
from sleepaug.data.scorings.scoring_times import ScoredStage, scoring_of
from sleepaug.data.stages import UNKNOWN, is_named_in_full, is_stage, stage_of
from sleepaug.support.errors import RecordingError


def read_edf_scoring(
    files: tuple[Path, ...], name_stage: Callable[[str], str | None] | None = None
) -> Scoring:
    """Read the stages among the annotations of an EDF+ file; the others are ignored.

    Parameters
    ----------
    files : tuple of Path
        The signals first, the annotated file last (it may be the same).
    name_stage : callable, optional
        From an annotation to a stage, or None if it is something else. By default annotations
        that begin with "Sleep stage" or "Stage" (also in other languages) are stages, and an
        unknown one is an error; a short name such as "REM" counts if none of them has its stage.

    Raises
    ------
    RecordingError
        The file cannot be read, or has no stages or an unknown one.
    """
    path = files[-1]
    check_file(path)
    edf = read_edf_header(path)
    annotations = read_edf_annotations(edf)
    if name_stage is None:
        name_stage = _namer([text.partition("@@")[0] for _, _, text in annotations])
    recorded = read_edf_header(files[0]) if files[0] != path and is_edf(files[0]) else edf
    shift, notes = _shift(edf, recorded) if is_edf(files[0]) else (0.0, [])
    stages = []
    for onset, duration, text in annotations:
        try:
            stage = name_stage(text.partition("@@")[0])  # a stage may name the channel it is of
        except RecordingError as error:
            raise RecordingError(f"{path}: {error}") from error
        if stage is not None:
            stages.append(ScoredStage(onset + shift, duration, stage))
    if not stages:
        texts = list(dict.fromkeys(repr(annotation.text[:40]) for annotation in annotations))
        listed = f"only {', '.join(texts[:5])}" if texts else "no annotations at all"
        raise RecordingError(
            f"{path}: no sleep stages; found {listed}. Expected annotations such as "
            "'Sleep stage W', or a scoring in a file beside it."
        )
    scoring = scoring_of(path, stages, notes)
    if recorded.names and not _overlap(scoring, recorded.seconds):
        raise RecordingError(
            f"{path}: no stage lies in the recording, which lasts {recorded.seconds:g} s: they are "
            f"scored from {scoring.onset[0]:g} s on. {' '.join(notes)} Correct the start in one of "
            "the headers, if both are of one night."
        )
    return scoring


def _overlap(scoring: Scoring, seconds: float) -> bool:
    """Tell whether a scoring has any time in common with its recording."""
    return scoring.onset[0] < seconds and scoring.onset[-1] + scoring.duration[-1] > 0


def _namer(texts: Iterable[str]) -> Callable[[str], str | None]:
    """Choose how annotations are read: where some say that they are stages, "R" is any event.

    A short name counts beside them only if none of them has its stage, as in "Stage 2", "REM".
    """
    in_full = {text for text in texts if is_named_in_full(text)}
    named = {stage_of(text) for text in in_full if is_stage(text)} | {UNKNOWN}

    def name_stage(text: str) -> str | None:
        if text in in_full or (in_full and text.lower().startswith("movement time")):
            return stage_of(text)
        if not is_stage(text) or (in_full and stage_of(text) in named):
            return None
        return stage_of(text)

    return name_stage


def _shift(scored: Edf, recorded: Edf) -> tuple[float, list[str]]:
    """Find the seconds to add to onsets so that they count from the first sample."""
    shift = -recorded.start_offset
    if recorded is scored:
        return shift, []
    if scored.start is None or recorded.start is None:
        if scored.start is recorded.start:
            return shift, []
        silent, other = ("scoring", recorded) if scored.start is None else ("recording", scored)
        return shift, [
            f"The {silent}'s header does not say when it starts (the other says {other.start}): "
            "the scoring was taken to begin with the signals."
        ]
    later = (scored.start - recorded.start).total_seconds()
    if not later:
        return shift, []
    starts = f"The scoring's header says {scored.start}, that of the signals {recorded.start}"
    if abs(later) >= DAY_SECONDS:  # dates are often made unrecognisable, in one file or in both
        return shift, [f"{starts}; the scoring was taken to begin with the signals."]
    if abs(later) >= DAY_SECONDS / 2 and not 0 <= later < recorded.seconds:
        # the date is the same, though one begins after midnight
        later = (later + DAY_SECONDS / 2) % DAY_SECONDS - DAY_SECONDS / 2
        starts += ", which is more than half a day apart"
    return shift + later, [f"{starts}; the scoring was moved by {later:+g} s."]
