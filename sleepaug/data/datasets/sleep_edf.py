"""PhysioNet's Sleep-EDF Expanded: cassette (SC) and telemetry (ST) nights."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from sleepaug.data.datasets.folders import add_file, existing_folder
from sleepaug.data.recording import Recording
from sleepaug.data.scorings.scoring import no_scoring
from sleepaug.data.scorings.scoring_edf import read_edf_scoring
from sleepaug.support.errors import ConfigError

_FILE = re.compile(r"((?:SC4|ST7)\d{2})(\d[A-Z])[A-Z0-9]-(PSG|Hypnogram)\.edf", re.IGNORECASE)


def sleep_edf(folder: str | Path) -> list[Recording]:
    """Find the nights of Sleep-EDF, wherever they lie below `folder`.

    Looks for ``SC4ssNE0-PSG.edf`` with ``SC4ssNE*-Hypnogram.edf`` (and ``ST7ssN...``): person ss,
    night N. The two nights of a person share a `subject`.

    Raises
    ------
    ConfigError
        If there are none.
    """
    by_night: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(existing_folder(folder).rglob("*.[eE][dD][fF]")):
        if name := _FILE.fullmatch(path.name):
            add_file(by_night, (name[1].upper(), name[2].upper()), name[3].lower(), path)
    nights = {night: files for night, files in by_night.items() if "psg" in files}
    if not nights:
        raise ConfigError(f"{folder}: no files named 'SC4ssNE0-PSG.edf' or 'ST7ssNJ0-PSG.edf'.")
    recordings = []
    for (subject, night), files in nights.items():
        scored = files.get("hypnogram")
        paths = (files["psg"], scored) if scored else (files["psg"],)
        missing = partial(no_scoring, expected=f"{subject}{night[0]}...-Hypnogram.edf")
        reader = read_edf_scoring if scored else missing
        recordings.append(Recording(f"{subject}{night[0]}", subject, paths, reader))
    return recordings
