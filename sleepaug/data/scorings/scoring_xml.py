"""Scorings in XML: of the NSRR, of Compumedics Profusion and of Philips Sleepware."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from sleepaug.data.scorings.codes import CONVENTIONS
from sleepaug.data.scorings.scoring_times import ScoredStage
from sleepaug.data.stages import UNKNOWN, WINDOW_SECONDS, is_stage, stage_of
from sleepaug.support.errors import RecordingError


def read_xml(path: Path, text: str) -> list[ScoredStage]:
    """Read the stages of a scoring in XML.

    Parameters
    ----------
    path : Path
        For messages.
    text : str

    Returns
    -------
    list of ScoredStage
        Their onsets from the start of the recording.

    Raises
    ------
    RecordingError
        It is no well-formed XML, or none of the three kinds.

    Notes
    -----
    NSRR: ``PSGAnnotation/ScoredEvents/ScoredEvent`` with an `EventType` "Stages|Stages" and an
    `EventConcept` such as "Stage 2 sleep|2". Profusion: ``CMPStudyConfig/SleepStages/SleepStage``,
    one of 0 to 5 and 9 for each `EpochLength` seconds. Philips (.rml):
    ``PatientStudy//UserStaging/NeuroAdultAASMStaging/Stage`` with `Type` and `Start`.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise RecordingError(f"{path}: XML with a DOCTYPE is not read. Remove it.")
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", text, flags=re.DOTALL))
    except ElementTree.ParseError as error:
        raise RecordingError(f"{path}: not well-formed XML: {error}.") from error
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]  # without its namespace
    try:
        stages = _nsrr(root) or _profusion(root) or _philips(root)
    except (TypeError, ValueError, RecordingError) as error:
        raise RecordingError(f"{path}: a stage cannot be read: {error}") from error
    if not stages:
        raise RecordingError(
            f"{path}: XML without sleep stages. Read are those of the NSRR (PSGAnnotation), of "
            f"Profusion (CMPStudyConfig) and of Philips (PatientStudy); this is '{root.tag[:40]}'."
        )
    return stages


def _nsrr(root: ElementTree.Element) -> list[ScoredStage]:
    """Read the XML of the National Sleep Research Resource."""
    stages = []
    for event in root.iter("ScoredEvent"):
        concept = (event.findtext("EventConcept") or "").partition("|")[0]
        if "stage" in (event.findtext("EventType") or "").lower() or is_stage(concept):
            onset, duration = (float(event.findtext(tag) or "x") for tag in ("Start", "Duration"))
            stages.append(ScoredStage(onset, duration, stage_of(concept)))
    return stages


def _profusion(root: ElementTree.Element) -> list[ScoredStage]:
    """Read the XML of Compumedics Profusion."""
    epoch = float(root.findtext("EpochLength") or WINDOW_SECONDS)
    codes = [(stage.text or "").strip() for stage in root.iter("SleepStage")]
    unknown = [code for code in codes if code not in CONVENTIONS["aasm"]]
    if unknown:
        raise RecordingError(f"code {unknown[0]!r}; allowed are 0 to 5, and 9 for unscored.")
    return [
        ScoredStage(k * epoch, epoch, CONVENTIONS["aasm"][code]) for k, code in enumerate(codes)
    ]


def _philips(root: ElementTree.Element) -> list[ScoredStage]:
    """Read the XML of Philips Sleepware: the first staging that is not empty, a person's first."""
    stagings = [*root.iter("UserStaging"), *root.iter("MachineStaging")]
    for staging in stagings:
        marks = [(mark.get("Type") or "", mark.get("Start")) for mark in staging.iter("Stage")]
        stages = [
            ScoredStage(
                onset=float(start or "x"),
                duration=0.0,
                stage=UNKNOWN if kind == "NotScored" else stage_of(kind),
            )
            for kind, start in marks
        ]
        if stages:
            return stages
    return []
