"""Any scoring in any form comes back the same; what could be read in two ways is refused."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sleepaug.data.scorings.codes import meaning_of, parse_codes
from sleepaug.data.scorings.scoring import read_scoring
from sleepaug.data.scorings.scoring_rows import Extent, by_majority
from sleepaug.support.errors import RecordingError

AASM = {"W": "0", "N1": "1", "N2": "2", "N3": "3", "R": "5", "?": "9"}
NSRR = {
    "W": "Wake|0", "N1": "Stage 1 sleep|1", "N2": "Stage 2 sleep|2", "N3": "Stage 3 sleep|3",
    "R": "REM sleep|5", "?": "Unscored|9",
}  # fmt: skip
PHILIPS = {"W": "Wake", "N1": "N1", "N2": "N2", "N3": "N3", "R": "REM", "?": "NotScored"}
LUNA = {"W": "W", "N1": "N1", "N2": "N2", "N3": "N3", "R": "R", "?": "?"}
BEGINS = datetime(2020, 5, 17, 23, 51, 0)  # so that the clock passes midnight


def table(stages, header="onset,duration,stage", row="{onset},30,{stage}", above=""):
    lines = [row.format(k=k, onset=30 * k, end=30 * k + 30, stage=s) for k, s in enumerate(stages)]
    return above + "\n".join([header, *lines] if header else lines) + "\n"


def clock(stages):
    times = [(BEGINS + timedelta(seconds=30 * k)).strftime("%H:%M:%S") for k in range(len(stages))]
    rows = [f"{k};{time};{s}" for k, (time, s) in enumerate(zip(times, stages, strict=True))]
    return "\n".join(["No.;StartTime;Label", *rows])


def remlogic(stages):
    """As the CAP database: a stage beside each event, and events that are no stages."""
    rows = []
    for k, stage in enumerate(stages):
        time = (BEGINS + timedelta(seconds=30 * k)).strftime("%H:%M:%S")
        name = {"R": "REM", "W": "S0", "?": "UNSCORED"}.get(stage, stage.replace("N", "S"))
        rows.append(f"{stage}\tUnknown\t{time}\tSLEEP-{name}\t30\tC3-A2")
        rows.append(f"{stage}\tUnknown\t{time}\tMCAP-A1\t4\tC3-A2")
    head = "REMlogic Event Export\nPatient:\tx\n\nSleep Stage\tPosition\tTime [hh:mm:ss]\tEvent"
    return "\n".join([head + "\tDuration[s]\tLocation", *rows])


def nsrr(stages):
    events = [
        "<ScoredEvent><EventType>Stages|Stages</EventType>"
        f"<EventConcept>{NSRR[s]}</EventConcept><Start>{30 * k}</Start><Duration>30.0</Duration>"
        "</ScoredEvent>"
        for k, s in enumerate(stages)
    ]
    other = (
        "<ScoredEvent><EventType>Respiratory|Respiratory</EventType><EventConcept>Hypopnea|H"
        "</EventConcept><Start>3</Start><Duration>12</Duration></ScoredEvent>"
    )
    body = f"<ScoredEvents>{other}{''.join(events)}</ScoredEvents>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<PSGAnnotation>{body}</PSGAnnotation>'


def profusion(stages):
    codes = "".join(f"<SleepStage>{AASM[s]}</SleepStage>" for s in stages)
    inner = f"<EpochLength>30</EpochLength><SleepStages>{codes}</SleepStages>"
    return f"<CMPStudyConfig>{inner}</CMPStudyConfig>"


def philips(stages):
    items = "".join(f'<Stage Type="{PHILIPS[s]}" Start="{30 * k}"/>' for k, s in enumerate(stages))
    inner = f"<UserStaging><NeuroAdultAASMStaging>{items}</NeuroAdultAASMStaging></UserStaging>"
    name = "http://www.respironics.com/PatientStudy.xsd"
    inner = f"<ScoringData><StagingData>{inner}</StagingData></ScoringData>"
    return f'<PatientStudy xmlns="{name}">{inner}</PatientStudy>'


def luna(stages):
    rows = [f"{LUNA[s]}\t.\t.\t{30 * k:.2f}\t{30 * k + 30:.2f}\t." for k, s in enumerate(stages)]
    return "\n".join(["class\tinstance\tchannel\tstart\tstop\tmeta", *rows])


FORMS = {
    "lines": lambda s: "\n".join(s),
    "blank lines": lambda s: "\r\r\n".join(s),
    "title": lambda s: "\n".join(["Hypnogram", *s]),
    "one line": lambda s: " ".join(s),
    "a stage a second": lambda s: "".join(f"{x}\n" * 30 for x in s),
    "codes": lambda s: "\n".join(AASM[x] for x in ["W", *s, "R"]),
    "table": table,
    "column": lambda s: "Epoch,Stage\n" + "".join(f"{k},{x}\n" for k, x in enumerate(s)),
    "semicolons": lambda s: table(s, "Start;Dauer [s];Stage;x", "{onset},0;30,0;{stage};1"),
    "start and end": lambda s: table(s, "start\tend\tstage", "{onset}\t{end}\t{stage}"),
    "no header": lambda s: table(s, "", "{onset},30,{stage}"),
    "header below": lambda s: table(s, above="Patient,Miller\nDate,1.1.2020\n\n"),
    "byte order mark": lambda s: "\ufeff" + table(s),
    "clock": clock,
    "REMlogic": remlogic,
    "NSRR": nsrr,
    "Profusion": profusion,
    "Philips": philips,
    "Luna": luna,
}
HYPNOGRAMS = st.lists(st.sampled_from(["W", "N1", "N2", "N3", "R", "?"]), min_size=6, max_size=40)


def expand(scoring):
    """A scoring as one stage for each 30 s."""
    stages = []
    for onset, duration, stage in zip(scoring.onset, scoring.duration, scoring.stage, strict=True):
        assert onset == pytest.approx(30 * len(stages))
        stages += [stage] * round(duration / 30)
    return stages


@pytest.mark.parametrize("form", FORMS)
@given(stages=HYPNOGRAMS)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_form_comes_back_the_same(form, stages, tmp_path: Path) -> None:
    if not {"W", "R", "N2"} & set(stages):
        stages = [*stages, "W"]  # a scoring without any stage is refused
    expected = ["W", *stages, "R"] if form == "codes" else stages  # with 0 and 5 they are clear
    path = tmp_path / "scoring.data"
    path.write_bytes(FORMS[form](stages).encode())
    scoring = read_scoring((path,), extent=Extent(30.0 * len(expected), BEGINS))
    assert expand(scoring) == expected


def read(tmp_path: Path, text: str, seconds=None, **options):
    path = tmp_path / "scoring.txt"
    path.write_text(text)
    return read_scoring((path,), extent=Extent(seconds), **options)


def test_numbers_that_can_mean_two_things_are_refused_until_the_user_says(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"several ways .*4 is N3.*4 is R") as error:
        read(tmp_path, "0\n2\n4\n")
    assert error.value.parameters == ("codes",)
    assert read(tmp_path, "0\n2\n4\n", codes="yasa").stage == ("W", "N2", "R")
    assert read(tmp_path, "0\n2\n4\n", codes="0=W,2=N2,4=?").stage == ("W", "N2", "?")
    with pytest.raises(RecordingError, match="code 4 is not among 0=W"):
        read(tmp_path, "0\n4\n", codes="0=W")


@pytest.mark.parametrize(
    ("codes", "last"),
    [(["0", "3", "5"], "R"), (["0", "-2", "4"], "R"), (["0", "4", "5"], "R"), (["0", "3"], "N3")],
)
def test_numbers_that_have_one_meaning_are_read(codes, last) -> None:
    assert meaning_of(codes, 30, None)[codes[-1]] == last


def test_five_second_codes_may_be_those_of_dreams(tmp_path: Path) -> None:
    text = "\n".join("5" * 6 + "2" * 6)
    with pytest.raises(RecordingError, match="5 is W"):
        read(tmp_path, text, seconds=60)
    assert read(tmp_path, text, seconds=60, codes="dreams").stage == ("W", "N2")
    known = read(tmp_path, f"[Hypnogram]\n{text}")
    assert known.stage == ("W", "N2")
    assert "by majority" in known.notes[-1]


def test_meanings_are_checked() -> None:
    assert parse_codes("0=wake, 5=REM") == {"0": "W", "5": "R"}
    with pytest.raises(RecordingError, match="expected aasm, yasa"):
        parse_codes("rk")


def test_majority_of_shorter_epochs() -> None:
    assert by_majority(["W"] * 3 + ["N1"] * 3, 5) == ["W"]  # of equals the first
    assert by_majority(["W", "N1", "N1"], 20) == ["W", "N1"]
    assert by_majority(["R"] * 59, 1) == ["R"]


def test_events_are_passed_over_and_counted_and_unknown_stages_are_not(tmp_path: Path) -> None:
    rows = "0,30,W\n10,0,lights off\n30,30,N1\n40,12,apnea\n"
    scoring = read(tmp_path, f"onset,duration,stage\n{rows}")
    assert scoring.stage == ("W", "N1")
    assert "2 rows that are not stages were skipped: lights off (1), apnea (1)" in scoring.notes[0]
    with pytest.raises(RecordingError, match="line 6: unknown stage 'Q'"):
        read(tmp_path, f"onset,duration,stage\n{rows}60,30,Q\n")
    with pytest.raises(RecordingError, match="line 6: unknown stage 'N7'"):
        read(tmp_path, f"onset,duration,stage\n{rows}60,5,N7\n")


def test_xml_without_stages_or_with_a_doctype_is_refused(tmp_path: Path) -> None:
    for text, message in (
        ("<a><b/></a>", "XML without sleep stages"),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "DOCTYPE"),
        ("<a>", "not well-formed"),
        (nsrr(["W"]).replace("Wake|0", "Stage X|x"), "unknown stage 'Stage X'"),
    ):
        with pytest.raises(RecordingError, match=message):
            read(tmp_path, text)


def test_a_length_that_fits_no_epoch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"26 stages of 30 s make 0\.22 h, the recording"):
        read(tmp_path, "W\n" * 26, seconds=600)


def test_times_of_day_without_a_known_start_count_from_the_first(tmp_path: Path) -> None:
    scoring = read(tmp_path, "time,stage\n23:59:30,W\n00:00:00,N1\n00:00:30,N2\n")
    assert scoring.onset == (0, 30, 60)
    assert "the start of the recording is not known" in scoring.notes[0]
