"""Nights to stage: recordings among files, folders and lists, and where the results of each go."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.data.files.text import read_text
from sleepaug.data.scorings.matching import is_hidden
from sleepaug.data.signals.channel_names import parse_name
from sleepaug.support.errors import ConfigError, RecordingError
from sleepaug.support.files import free_folder

RECORDINGS = (".edf", ".bdf", ".rec", ".vhdr", ".set", ".fif")
"""Endings of files that are recordings where a folder is given."""
FOLDERS = (".ds", ".mff")
"""Endings of folders that are one recording each."""
BESIDE = (".eeg", ".vmrk", ".dat", ".fdt")
"""Endings of files that belong to a recording of the same name."""


@dataclass(frozen=True)
class NightFile:
    """A recording to stage.

    Attributes
    ----------
    path : Path
    folder : Path
        Where its results go, inside the folder of the results.
    """

    path: Path
    folder: Path = Path()

    @property
    def name(self) -> str:
        """Name of the results, without an ending."""
        return safe_name(self.path)

    def files(self) -> list[Path]:
        """List the files that the recording is made of."""
        if self.path.is_dir():
            return sorted(file for file in self.path.rglob("*") if file.is_file())
        beside = (self.path.with_suffix(ending) for ending in BESIDE)
        return [self.path, *(file for file in beside if file.is_file())]


def find_nights(paths: Sequence[Path], listed_in: Path | None = None) -> list[NightFile]:
    """Find the recordings among files and folders.

    The results lie as the recordings do, from the deepest folder on that holds everything that is
    named: of one folder from that folder on, of a list that names only what lies beside it or
    below from the folder of the list on.

    Parameters
    ----------
    paths : sequence of Path
        A file is taken as it is. In a folder and everything below it, EDF, BDF, BrainVision, EEGLAB
        and FIF files are recordings, except those that hold annotations only, and so are channels
        of the DREAMS databases as text, unless there is an EDF file of the same name.
    listed_in : Path, optional
        A text file that names more of them, one a line, relative to its own folder.

    Returns
    -------
    list of NightFile
        Each recording once, those of a folder in the order of their names.

    Raises
    ------
    ConfigError
        A folder holds no recording, or the list is empty or cannot be read.
    """
    listed = _read_list(listed_in) if listed_in is not None else []
    roots = [path if _is_folder(path) else path.parent for path in [*paths, *listed]]
    if listed_in is not None and all(_is_below(path, listed_in.parent) for path in listed):
        roots.append(listed_in.parent)
    root = _common(roots)
    recordings: dict[Path, None] = {}  # a set that keeps its order
    for path in [*paths, *listed]:
        recordings.update(dict.fromkeys(_inside(path) if _is_folder(path) else [path]))
    return [NightFile(path, _safe_folder(path.parent, root)) for path in recordings]


def _read_list(path: Path) -> list[Path]:
    """Read the paths in a list; empty lines and those that begin with # are skipped."""
    try:
        lines = [line.strip() for line in read_text(path).splitlines()]
    except RecordingError as error:
        raise ConfigError(str(error), parameters=("from_list",)) from error
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}.", parameters=("from_list",)
        ) from error
    listed = [path.parent / line for line in lines if line and not line.startswith("#")]
    if not listed:
        raise ConfigError(
            f"{path}: names no recording. Expected a path on each line.", parameters=("from_list",)
        )
    return listed


def _is_folder(path: Path) -> bool:
    return path.is_dir() and path.suffix.lower() not in FOLDERS


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder))


def _common(folders: Sequence[Path]) -> Path:
    """Find the deepest folder that holds all of them."""
    try:
        return Path(os.path.commonpath([os.path.abspath(folder) for folder in folders]))
    except ValueError as error:  # on Windows
        raise ConfigError(
            "The recordings are on several drives. Stage each drive by itself."
        ) from error


def _safe_folder(folder: Path, root: Path) -> Path:
    """Return a folder from `root` on, without control characters."""
    relative = Path(os.path.relpath(os.path.abspath(folder), root))
    return Path(*(_safe(part) for part in relative.parts))


def _inside(folder: Path) -> list[Path]:
    """List the recordings in a folder and below it."""
    inside = [
        file for file in sorted(folder.rglob("*")) if _is_recording(file) or _is_only_as_text(file)
    ]
    if not inside:
        raise ConfigError(
            f"{folder}: no recording in this folder; looked for {', '.join(RECORDINGS)}."
        )
    return inside


def _is_recording(path: Path) -> bool:
    """Tell whether a file in a folder is a recording by its name and, if it is EDF, its header."""
    return (
        path.suffix.lower() in RECORDINGS
        and not is_hidden(path)
        and path.is_file()
        and not _is_scoring(path)
    )


def _is_only_as_text(path: Path) -> bool:
    """Tell whether a file is a channel as text, and there is no EDF file of the same night."""
    if path.suffix.lower() != ".txt" or is_hidden(path) or not path.is_file():
        return False
    with path.open(encoding="latin-1") as file:
        channel = re.fullmatch(r"\[([^/\]]+)\]", file.readline(100).strip())
        number = file.readline(100).strip()
    if channel is None or parse_name(channel[1]) is None:
        return False
    if re.fullmatch(r"[-+\d.eE]+", number) is None:
        return False
    beside = path.parent.glob(f"{glob.escape(path.stem)}.*")
    return not any(other.suffix.lower() == ".edf" for other in beside)


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
    return _safe(path.stem)


def _safe(name: str) -> str:
    return "".join(c if c.isprintable() else "_" for c in name)


def new_folder(first: Path) -> Path:
    """Choose a folder in `hypnograms/` that does not exist yet, named after what is staged."""
    return free_folder(Path("hypnograms") / safe_name(first))
