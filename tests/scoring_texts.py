"""One hypnogram as programs and laboratories write it."""

from datetime import datetime, timedelta

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
    "Luna, clock": rows("{s}\t.\t.\t{t:%H:%M:%S}\t+30\t.", head=LUNA),
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
