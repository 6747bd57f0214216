"""Nights to stage: recordings among files and folders, and names for what is written of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.matching import is_hidden
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import free_folder

RECORDINGS = (".edf", ".bdf", ".rec", ".vhdr", ".set", ".fif")
"""Endings of files that are recordings where a folder is given."""
FOLDERS = (".ds", ".mff")
"""Endings of folders that are one recording each."""


def find_nights(paths: Sequence[Path]) -> list[Path]:
    """Find the recordings among files and folders.

    Parameters
    ----------
    paths : sequence of Path
        A file is taken as it is. In a folder and everything below it, EDF, BDF, BrainVision, EEGLAB
        and FIF files are recordings, except those that hold annotations only.

    Returns
    -------
    list of Path
        Each once, those of a folder in the order of their names.

    Raises
    ------
    ConfigError
        A folder holds no recording.
    """
    nights: dict[Path, None] = {}  # a set that keeps its order
    for path in paths:
        if not path.is_dir() or path.suffix.lower() in FOLDERS:
            nights[path] = None
            continue
        inside = [file for file in sorted(path.rglob("*")) if _is_recording(file)]
        if not inside:
            raise ConfigError(
                f"{path}: no recording in this folder; looked for {', '.join(RECORDINGS)}."
            )
        nights.update(dict.fromkeys(inside))
    return list(nights)


def _is_recording(path: Path) -> bool:
    """Tell whether a file in a folder is a recording by its name and, if it is EDF, its header."""
    return (
        path.suffix.lower() in RECORDINGS
        and not is_hidden(path)
        and path.is_file()
        and not _is_scoring(path)
    )


def _is_scoring(path: Path) -> bool:
    """Tell whether a file holds annotations only; a damaged one is kept, to be reported."""
    if not is_edf(path):
        return path.suffix.lower() == ".rec"  # not the EDF that ISRUC calls so
    try:
        return not read_edf_header(path).names
    except (RecordingError, OSError):
        return False


def safe_name(path: Path) -> str:
    r"""Name a night as its file, without the ending and without control characters.

    Examples
    --------
    >>> safe_name(Path("nights/a\x1b[31m.edf"))
    'a_[31m'
    """
    return "".join(c if c.isprintable() else "_" for c in path.stem)


def new_folder(nights: Sequence[Path]) -> Path:
    """Choose a folder in `hypnograms/` that does not exist yet, named after the first night."""
    return free_folder(Path("hypnograms") / safe_name(nights[0]))
