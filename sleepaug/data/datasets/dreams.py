"""The DREAMS databases: six 30-minute excerpts (Sleep Spindles) and whole nights (Subjects)."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

from sleepaug.data.datasets.folders import add_file, existing_folder
from sleepaug.data.recording import Recording, Scoring
from sleepaug.data.scorings.scoring import no_scoring, read_scoring
from sleepaug.support.errors import ConfigError

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
        recordings.append(Recording(night, night, files, _read if scored else missing))
    return recordings


def _read(files: tuple[Path, ...]) -> Scoring:
    """Read codes for 5 s each as 30-s stages by majority."""
    scoring = read_scoring(files)
    if (signals := files[0]).suffix.lower() == ".txt" and signals.with_suffix(".edf").exists():
        note = f"{signals.name} was read, not {signals.stem}.edf beside it."
        scoring = replace(scoring, notes=(*scoring.notes, note))
    return scoring
