"""Scorings as programs and laboratories write them, each with one hypnogram in it."""

from datetime import datetime, timedelta

import pytest

from sleepaug.data.files.scoring import read_scoring
from sleepaug.data.files.scoring_rows import Extent
from sleepaug.support.errors import RecordingError

STAGES = [{"1": "N1", "2": "N2", "3": "N3"}.get(s, s) for s in "WW122233322RRR1W22WW"]
BEGINS = datetime(2021, 3, 2, 23, 55)
AASM = dict(zip(("W", "N1", "N2", "N3", "R"), "01235", strict=True))
YASA = dict(zip(("W", "N1", "N2", "N3", "R"), "01234", strict=True))
DOMINO = (
    "Signal ID: SchlafProfil\\profil\nStart Time: 02.03.2021 23:55:00\nUnit: \nSignal Type: "
    "Discret\nEvents list: N3,N2,N1,Rem,Wach,Artefakt\nRate: 30 s\n\n"
)
REMLOGIC = "RemLogic Event Export\nPatient:\tX\n\nTime [hh:mm:ss]\tEvent\tDuration[s]\n"
LUNA = "class\tinstance\tchannel\tstart\tstop\tmeta\n"


def rows(row, names=None, head="", step=30):
    lines = []
    for k, stage in enumerate(STAGES):
        time = BEGINS + timedelta(seconds=30 * k)
        elapsed = f"0:{k // 2:02d}:{30 * (k % 2):02d}"
        name = (names or {}).get(stage, stage)
        lines.append(row.format(k=k, n=k + 1, o=step * k, t=time, s=name, elapsed=elapsed, m=k / 2))
    return head + "\n".join(lines) + "\n"


def language(*names):
    return rows("{s}", dict(zip(("W", "N1", "N2", "N3", "R"), names, strict=True)))


FORMS = {
    "French": language("Éveil", "Stade 1", "Stade 2", "Stade 3", "Stade REM"),
    "French, by kind": language("Veille", "N1", "N2", "Sommeil lent profond", "paradoxal"),
    "German": language("Wach", "Schlafstadium 1", "Schlafstadium 2", "Tiefschlaf", "REM-Schlaf"),
    "Dutch": language("Waak", "Slaapstadium N1", "Slaapstadium N2", "Slaapstadium N3", "REM slaap"),
    "Spanish": language("Vigilia", "Fase 1", "Fase 2", "Fase 3", "Sueño REM"),
    "Rechtschaffen and Kales": language("W", "S1", "S2", "S4", "REM"),
    "stage 4 in full": language(
        "Sleep stage W", "Sleep stage 1", "Sleep stage 2", "Sleep stage 4", "Sleep stage R"
    ),
    "NREM": language("WAKE", "NREM-1", "NREM2", "NREM 3", "REM"),
    "a character each": "".join(s[-1] for s in STAGES),
    "digits in one word": "".join(AASM[s] for s in STAGES),
    "Python's list": str(STAGES),
    "JSON object": '{"hypnogram": [' + ",".join(AASM[s] for s in STAGES) + "]}",
    "JSON rows": "[" + rows('{{"onset": {o}, "stage": "{s}"}},').strip().rstrip(",") + "]",
    "bars": rows("{o}|30|{s}", head="onset|duration|stage\n"),
    "spaces": rows("{o:6d} 30 Sleep stage {s}", head="onset duration stage\n"),
    "spaces, no header": rows("{o:6d}   30  {s}"),
    "numbered": rows("{n}\t{s}"),
    "numbered codes": rows("{k} {s}", AASM),
    "minutes": rows("{m},{s}", head="Start (min),Stage\n"),
    "milliseconds": rows("{o},{s}", head="onset_ms,stage\n", step=30000),
    "elapsed": rows("{elapsed},{s}", head="Time,Stage\n"),
    "clock, no header": rows("{t:%H:%M:%S},{s}"),
    "stage and clock, no header": rows("{s};{t:%H:%M:%S}"),
    "number, clock, stage": rows("{n},{t:%H:%M:%S},{s}"),
    "clock with points": rows("{t:%H.%M.%S};{s}", head="Zeit;Stadium\n"),
    "AM and PM": rows("{t:%d/%m/%Y %I:%M:%S %p},{s}", head="Time,Sleep Stage\n"),
    "ISO time": rows("{t:%Y-%m-%dT%H:%M:%S.000Z},{s}", head="start,stage\n"),
    "German header": rows("{o};30;{s}", head="Beginn;Dauer;Schlafstadium\n"),
    "French header": rows("{o};30;{s}", head="Début;Durée;Stade\n"),
    "Spanish header": rows("{o};30;{s}", head="Inicio;Duración;Etapa\n"),
    "comments": rows("{s}", head="# scorer: X\n# epoch 30 s\n"),
    "BOAS": rows("{o}\t30\t{s}\t0", YASA, "onset\tduration\tstage_hum\tstage_ai\n"),
    "MNE text": rows("{o},30.0,Sleep stage {s}", head="# MNE-Annotations\n# onset, duration, description\n"),  # noqa: E501
    "Luna, elapsed": rows("{s}\t.\t.\t0+0{elapsed}\t...\t.", head=LUNA),
    "Luna, duration": rows("{s}\t.\t.\t{o}\t+30\t.", head=LUNA),
    "Domino": rows("{t:%H:%M:%S},000; {s}", {"W": "Wach", "R": "Rem"}, DOMINO),
    "Domino, dated": rows("{t:%d.%m.%Y %H:%M:%S},000; {s}", {"W": "Wach", "R": "Rem"}, DOMINO),
    "Somnomedics": rows("{t:%d.%m.%Y};{t:%H:%M:%S};{s}", {"W": "Wake"}, "Date;Time;Stage\n"),
    "Nihon Kohden": rows("{n}\t{t:%H:%M:%S}\tStage - {s}", head="Epoch\tClock Time\tEvent\n"),
    "Nihon Kohden, glued": rows("{n}\t{t:%H:%M:%S}\tStage{s}", head="Epoch\tTime\tEvent\n"),
    "Philips": rows("{n},{t:%I:%M:%S %p},{s}", {"W": "WK"}, "Epoch,Time,Sleep Stage\n"),
    "Sandman": rows("{n}\t{s}\t{t:%H:%M:%S}\t30", head="Epoch\tEvent\tStart Time\tDuration (sec.)\n"),  # noqa: E501
    "REMlogic, AASM": rows("{t:%H:%M:%S}\tSLEEP-{s}\t30", head=REMLOGIC),
    "REMlogic, dated": rows("{t:%Y-%m-%dT%H:%M:%S.000000}\tSLEEP-{s}\t30", head=REMLOGIC),
}  # fmt: skip


def read(tmp_path, text, seconds=600.0, **options):
    path = tmp_path / "n.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_scoring((path,), extent=Extent(seconds, BEGINS), **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_hypnogram_comes_out(form, encoding, tmp_path):
    scoring = read(tmp_path, FORMS[form].encode(encoding))
    assert list(scoring.stage) == STAGES
    assert scoring.onset == pytest.approx([30 * k for k in range(20)])
    assert scoring.duration == (30,) * 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"PK\3\4" + bytes(50), "spreadsheet"),
        (rows("{o},{s}", head="onset,stage\n", step=3840), "last 3840 s.*samples"),
        (rows("{m},{s}", head="onset,stage\n"), "last 0.5 s.*not in minutes"),
        (rows("{t:%I:%M:%S},{s}", head="time,stage\n").replace("12:", "00:"), "begin at 11:55:00.*23:55:00"),  # noqa: E501
        (rows("{s}", dict(zip(AASM, "12345", strict=True))), "several ways.*1 is W"),
        (rows("{o},{s},W", head="onset,scorer1,scorer2\n"), "needs a header"),
        (language("wake", "light", "light", "deep", "rem"), "line 3: unknown stage 'light'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(text, words, tmp_path):
    with pytest.raises(RecordingError, match=words):
        read(tmp_path, text)


def test_epochs_of_20_s_with_times_become_windows(tmp_path):
    text = "onset,duration,stage\n" + "".join(
        f"{20 * k},20,{s}\n" for k, s in enumerate(["W", "W", "W", "N1", "N1", "N2"])
    )
    scoring = read(tmp_path, text, seconds=120)
    assert scoring.stage == ("W", "W", "N1", "N2")  # N1 and N2 have 10 and 20 s of the last
    assert scoring.onset == (0, 30, 60, 90)
    assert "Stages from epochs of 20 s, by majority in 30 s." in scoring.notes


def test_a_second_scorer_in_the_table_is_named(tmp_path):
    text = "onset\tstage_hum\tstage_ai\n0\t0\t0\n30\t4\t3\n"
    scoring = read(tmp_path, text, seconds=60)
    assert scoring.stage == ("W", "R")
    assert "column 'stage_hum', not from stage_ai" in "".join(scoring.notes)


def test_a_late_first_onset_is_an_onset(tmp_path):
    assert read(tmp_path, "210,N2\n240,N3\n").onset == (210, 240)
    ends = read(tmp_path, "W\t210\nN3\t240\n")
    assert (ends.onset, ends.duration) == ((0, 210), (210, 30))


def test_short_names_beside_full_ones_count_where_their_stage_has_no_full_name(tmp_path, write_edf):
    texts = ["Wake", "Stage 1", "Stage 2", "REM", "R"]
    stages = [(30 * k, 30, text) for k, text in enumerate(texts)]
    path = write_edf(tmp_path / "n.edf", [], stages=stages)
    assert read_scoring((path,)).stage == ("W", "N1", "N2", "R", "R")
    stages[3] = (90, 30, "Sleep stage R")  # then "R" may be any event
    path = write_edf(tmp_path / "n.edf", [], stages=stages)
    assert read_scoring((path,)).stage == ("W", "N1", "N2", "R")
