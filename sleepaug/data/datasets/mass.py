"""Montreal Archive of Sleep Studies, Session 3 (SS3): 62 nights of 62 people, scored by AASM."""

from __future__ import annotations

import re
import warnings
from functools import partial
from pathlib import Path

from sleepaug.data.datasets.folders import add_file, existing_folder
from sleepaug.data.recording import Recording, Scoring
from sleepaug.data.scorings.scoring import no_scoring
from sleepaug.data.scorings.scoring_edf import read_edf_scoring
from sleepaug.data.stages import UNKNOWN
from sleepaug.support.errors import ConfigError, RecordingError

_FILE = re.compile(r"(01-0(\d)-\d{4}) (PSG|Base|Annotations)\.edf", re.IGNORECASE)
_STAGES = {"W": "W", "1": "N1", "2": "N2", "3": "N3", "R": "R", "?": UNKNOWN}
_LABELS = {f"Sleep stage {name}": stage for name, stage in _STAGES.items()}


def mass(folder: str | Path) -> list[Recording]:
    """Find the nights of MASS SS3, wherever they lie below `folder`.

    Looks for ``01-03-NNNN PSG.edf`` with ``01-03-NNNN Base.edf`` or ``01-03-NNNN Annotations.edf``
    in the folder and all its subfolders (``SS3/``, ``SS3/edfs/``, ``SS3/annotations/`` are usual).

    Raises
    ------
    ConfigError
        If there are no such nights, or only those of subsets that cannot be used.

    Notes
    -----
    Source: O'Reilly et al. 2014. SS2, SS4 and SS5 are scored in 20-s epochs by the rules of
    Rechtschaffen and Kales; 30-s windows with AASM stages cannot be made of them.
    """
    by_night: dict[str, dict[str, Path]] = {}
    others = set()
    for path in sorted(existing_folder(folder).rglob("*.[eE][dD][fF]")):
        if name := _FILE.fullmatch(path.name):
            if name[2] == "3":
                add_file(by_night, name[1], name[3].lower(), path)
            else:
                others.add(f"SS{name[2]}")
    nights = {night: files for night, files in by_night.items() if "psg" in files}
    why = (
        f"{folder}: holds nights of {', '.join(sorted(others))}. Only SS3 can be used: SS2, SS4 "
        "and SS5 are scored in 20-s epochs by Rechtschaffen and Kales, not in 30-s epochs by AASM, "
        "and SS1 is another set of people (try data 'edf')."
    )
    if not nights:
        raise ConfigError(why if others else f"{folder}: no files named '01-03-NNNN PSG.edf'.")
    if others:
        warnings.warn(f"{why} They are ignored.", stacklevel=2)
    recordings = []
    for night, files in nights.items():
        scored = files.get("base") or files.get("annotations")
        paths = (files["psg"], scored) if scored else (files["psg"],)
        missing = partial(no_scoring, expected=f"{night} Base.edf")
        recordings.append(Recording(night, night, paths, _read if scored else missing))
    return recordings


def _read(files: tuple[Path, ...]) -> Scoring:
    """Read stages by their exact labels; epochs of 20 s are refused."""
    scoring = read_edf_scoring(files, _exact)
    short = sum(19 <= duration <= 21 for duration in scoring.duration)
    if short > len(scoring) / 2:
        raise RecordingError(
            f"{files[-1]}: scored in 20-s epochs, as SS2, SS4 and SS5 are (Rechtschaffen and "
            "Kales); 30-s AASM epochs are needed. Only SS3 can be used."
        )
    return scoring


def _exact(text: str) -> str | None:
    """Stage of an annotation that is exactly a stage label of SS3."""
    if text == "Sleep stage 4":
        raise RecordingError(
            "'Sleep stage 4' belongs to Rechtschaffen and Kales' rules (SS2, SS4, SS5); SS3 has "
            "Sleep stage W, 1, 2, 3, R and ?."
        )
    if text.startswith("Sleep stage ") and text not in _LABELS:
        raise RecordingError(f"unknown stage {text[:60]!r}. SS3 has {', '.join(_LABELS)}.")
    return _LABELS.get(text)
