"""The DREAMS databases: six 30-minute excerpts (Sleep Spindles) and whole nights (Subjects)."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

from sleepaug.data.datasets.folders import add_file, existing_folder
from sleepaug.data.files.text import read_text
from sleepaug.data.recording import Recording, Scoring
from sleepaug.data.scorings.scoring import no_scoring
from sleepaug.data.stages import UNKNOWN, WINDOW_SECONDS
from sleepaug.support.errors import ConfigError, RecordingError

CODE_SECONDS = 5.0
_BY_RK = {"5": "W", "4": "R", "3": "N1", "2": "N2", "1": "N3", "0": "N3"}
_BY_AASM = {"5": "W", "4": "R", "3": "N1", "2": "N2", "1": "N3"}
_OPEN = dict.fromkeys(("-1", "-2", "-3"), UNKNOWN)
_FILE = re.compile(r"(excerpt|subject)(\d+)\.(txt|edf)", re.IGNORECASE)


def dreams(folder: str | Path) -> list[Recording]:
    """Find recordings of the DREAMS databases below `folder`; each is a person of its own.

    Looks for ``excerptN.txt`` or ``excerptN.edf`` with ``Hypnogram_excerptN.txt``, and for
    ``subjectN.edf`` with ``HypnogramAASM_subjectN.txt`` (or else ``HypnogramR&K_subjectN.txt``).
    Where an excerpt has both forms, the text file is taken: it is the channel that its spindles
    were scored on, C3-A1 or CZ-A1 (the map ``C3=C3-A1|CZ-A1`` makes one channel of them).

    Raises
    ------
    ConfigError
        If there are none.

    Notes
    -----
    Source: Devuyst et al., University of Mons. Excerpts are scored by Rechtschaffen and Kales, a
    code for each 5 s; a window has the stage of most of its six codes.
    """
    nights: dict[tuple[str, int], dict[str, Path]] = {}
    scorings: dict[str, Path] = {}
    for path in sorted(existing_folder(folder).rglob("*")):
        if name := _FILE.fullmatch(path.name):
            add_file(nights, (name[1].lower(), int(name[2])), name[3].lower(), path)
        elif path.name.lower().startswith("hypnogram"):
            scorings[path.name.lower()] = path
    if not nights:
        raise ConfigError(
            f"{folder}: no files named 'excerptN.txt', 'excerptN.edf', 'subjectN.edf'."
        )
    recordings = []
    for (kind, number), forms in sorted(nights.items()):
        night = f"{kind}{number}"
        signals = forms.get("txt") or forms["edf"]
        names = (f"hypnogram_{night}", f"hypnogramaasm_{night}", f"hypnogramr&k_{night}")
        scored = next((scorings[f"{n}.txt"] for n in names if f"{n}.txt" in scorings), None)
        files = (signals, scored) if scored else (signals,)
        missing = partial(no_scoring, expected=f"Hypnogram_{night}.txt")
        recordings.append(Recording(night, night, files, _read_codes if scored else missing))
    return recordings


def _read_codes(files: tuple[Path, ...]) -> Scoring:
    """Read codes for 5 s each as 30-s stages by majority (of equals, the one that comes first)."""
    path = files[-1]
    codes = _BY_AASM if path.name.lower().startswith("hypnogramaasm") else _BY_RK
    meaning = {**codes, **_OPEN}
    lines = read_text(path).split()
    lines = lines[1:] if lines and lines[0].startswith("[") else lines
    for k, code in enumerate(lines):
        if code not in meaning:
            raise RecordingError(
                f"{path}: code {code[:20]!r} at {k * CODE_SECONDS:g} s. Allowed are "
                f"{', '.join(meaning)}, one for each 5 s."
            )
    per_window = round(WINDOW_SECONDS / CODE_SECONDS)
    stages = []
    for k in range(0, len(lines) - per_window + 1, per_window):
        votes = Counter(meaning[code] for code in lines[k : k + per_window])
        stages.append(votes.most_common(1)[0][0])
    if not stages:
        raise RecordingError(f"{path}: {len(lines)} codes of 5 s make no window of 30 s.")
    notes = ["Stages from codes for 5 s, by majority in 30 s."]
    if (signals := files[0]).suffix.lower() == ".txt" and signals.with_suffix(".edf").exists():
        notes.append(f"{signals.name} was read, not {signals.stem}.edf beside it.")
    n = len(stages)
    onsets = tuple(k * WINDOW_SECONDS for k in range(n))
    return Scoring(onsets, (WINDOW_SECONDS,) * n, tuple(stages), tuple(notes))
