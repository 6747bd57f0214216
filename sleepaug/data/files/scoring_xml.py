"""Scorings in XML: of the NSRR, of Compumedics Profusion and of Philips Sleepware."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from sleepaug.data.files.codes import CONVENTIONS
from sleepaug.data.stages import UNKNOWN, is_stage, stage_of
from sleepaug.support.errors import RecordingError

Row = tuple[float, float, str]


def read_xml(path: Path, text: str) -> list[Row]:
    """Stages of a scoring in XML.

    Parameters
    ----------
    path : Path
        For messages.
    text : str

    Returns
    -------
    list of (onset, duration, stage)
        In seconds from the start of the recording; a duration of 0 lasts to the next onset.

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
        rows = _nsrr(root) or _profusion(root) or _philips(root)
    except (TypeError, ValueError, RecordingError) as error:
        raise RecordingError(f"{path}: a stage cannot be read: {error}") from error
    if not rows:
        raise RecordingError(
            f"{path}: XML without sleep stages. Read are those of the NSRR (PSGAnnotation), of "
            f"Profusion (CMPStudyConfig) and of Philips (PatientStudy); this is '{root.tag[:40]}'."
        )
    return rows


def _nsrr(root: ElementTree.Element) -> list[Row]:
    rows = []
    for event in root.iter("ScoredEvent"):
        concept = (event.findtext("EventConcept") or "").partition("|")[0]
        if "stage" in (event.findtext("EventType") or "").lower() or is_stage(concept):
            onset, duration = (float(event.findtext(tag) or "x") for tag in ("Start", "Duration"))
            rows.append((onset, duration, stage_of(concept)))
    return rows


def _profusion(root: ElementTree.Element) -> list[Row]:
    epoch = float(root.findtext("EpochLength") or 30)
    codes = [(stage.text or "").strip() for stage in root.iter("SleepStage")]
    unknown = [code for code in codes if code not in CONVENTIONS["aasm"]]
    if unknown:
        raise RecordingError(f"code {unknown[0]!r}; allowed are 0 to 5, and 9 for unscored.")
    return [(k * epoch, epoch, CONVENTIONS["aasm"][code]) for k, code in enumerate(codes)]


def _philips(root: ElementTree.Element) -> list[Row]:
    stagings = [*root.iter("UserStaging"), *root.iter("MachineStaging")]
    for staging in stagings:
        stages = [(s.get("Type"), s.get("Start")) for s in staging.iter("Stage")]
        rows = [
            (float(start or "x"), 0.0, UNKNOWN if kind == "NotScored" else stage_of(kind or ""))
            for kind, start in stages
        ]
        if rows:
            return rows
    return []
