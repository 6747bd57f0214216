"""Prepared nights on disk, so that a night is filtered once.

A night is `<key>.npy` (its windows, memory-mapped when read) and `<key>.json` (stages, onsets,
notes). The key is a hash of the files, the scoring, the settings and the version of this format.
Both files are written under temporary names and moved into place, the JSON file last, so that a
night is there completely or not at all, however many processes prepare it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sleepaug.data.recording import Recording, Scoring
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import OutputError
from sleepaug.support.files import replacing
from sleepaug.support.plain import plain

FORMAT = 1
SIMULATED = "simulated-nights-"  # folders of the nights that are used where none are named
ENVIRONMENT_VARIABLE = "SLEEPAUG_CACHE_DIR"
END_BYTES = 64 * 1024
"""So much of the beginning and of the end of a file tells it from its changed version."""
KEY_LENGTH = 32


@dataclass(frozen=True)
class Prepared:
    """Windows of one night.

    Attributes
    ----------
    x : ndarray of shape (n_windows, n_chans, n_times), float32
        Memory-mapped if they come from the cache.
    y : ndarray of shape (n_windows,), int64
        Index into `STAGES`.
    onset : ndarray of shape (n_windows,), float64
        Seconds from the start of the recording.
    notes : list of str
        Which channels were used and what was dropped.
    """

    x: np.ndarray
    y: np.ndarray
    onset: np.ndarray
    notes: list[str]


@dataclass(frozen=True)
class Entry:
    """A night in the cache.

    Attributes
    ----------
    key : str
        Name of its files.
    recording : str
        Id of the recording.
    n_windows : int
    size : int
        In bytes.
    made : float
        When, in seconds since 1970.
    """

    key: str
    recording: str
    n_windows: int
    size: int
    made: float


def folder(cache_dir: Path | None = None) -> Path:
    """Return the folder of prepared nights.

    It is `cache_dir` if given, else what the environment variable SLEEPAUG_CACHE_DIR names, else
    the user's cache folder by the platform's convention.
    """
    if cache_dir is not None:
        return Path(cache_dir)
    if named := os.environ.get(ENVIRONMENT_VARIABLE):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("sleepaug")


def key(
    recording: Recording,
    scoring: Scoring,
    preprocessing: Preprocessing,
    *,
    allow_missing: bool = False,
) -> str:
    """Hash all that decides what the prepared night looks like.

    A file counts by its size, time of change and first and last 64 KiB: a night of 350 MB is told
    from its changed version without reading it. Hashing the content would cost as much as
    preparing it.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    files = [identity(path) for path in recording.files]
    inputs = [FORMAT, files, asdict(scoring), plain(preprocessing)]
    text = json.dumps([*inputs, "may miss"] if allow_missing else inputs, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def identity(path: Path) -> list[str | int]:
    """Return the size, the time of change, and a hash of both ends of a file."""
    stat = path.stat()
    with open(path, "rb") as file:
        ends = file.read(END_BYTES)
        file.seek(max(stat.st_size - END_BYTES, 0))
        ends += file.read(END_BYTES)
    return [stat.st_size, stat.st_mtime_ns, hashlib.sha256(ends).hexdigest()]


def load(key: str, cache_dir: Path | None = None) -> Prepared | None:
    """Return the night of that key, None if it is not in the cache, or not whole."""
    where = folder(cache_dir)
    try:
        saved = json.loads((where / f"{key}.json").read_text(encoding="utf-8"))
        x = np.load(where / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        y, onset = np.array(saved["y"], np.int64), np.array(saved["onset"])
        night = Prepared(x, y, onset, saved["notes"])
    except (OSError, EOFError, ValueError, KeyError, TypeError):  # absent, or cut short by a crash
        return None
    return night if list(x.shape) == saved["shape"] and x.dtype == np.float32 else None


def save(key: str, night: Prepared, recording: str, cache_dir: Path | None = None) -> Prepared:
    """Save a night and return it memory-mapped.

    Parameters
    ----------
    key : str
    night : Prepared
    recording : str
        Id of the recording, for the list of the cache.
    cache_dir : path, optional

    Raises
    ------
    OutputError
        It cannot be written.
    """
    where = folder(cache_dir)
    saved = {
        "recording": recording,
        "shape": night.x.shape,
        "y": night.y.tolist(),
        "onset": night.onset.tolist(),
        "notes": night.notes,
    }
    try:
        where.mkdir(parents=True, exist_ok=True)
        with replacing(where / f"{key}.npy") as part, part.open("wb") as file:
            np.save(file, night.x)
        with replacing(where / f"{key}.json") as part:
            part.write_text(json.dumps(saved), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{where}: cannot keep prepared nights here: "
            f"{error.strerror or 'no space left on device'} "  # NumPy's has no strerror
            f"({night.x.nbytes / 1e6:.0f} MB for {recording}). Make room there, or name another "
            f"folder, also by the environment variable {ENVIRONMENT_VARIABLE}.",
            parameters=("cache_dir",),
        ) from error
    return load(key, cache_dir) or night  # if another process cleared the cache in this moment


def entries(cache_dir: Path | None = None) -> list[Entry]:
    """List the nights in the cache, by name."""
    nights = []
    for path in folder(cache_dir).glob("*.json"):
        array = path.with_suffix(".npy")
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            stat = array.stat()
            size = stat.st_size + path.stat().st_size
            n = len(saved["y"])
            nights.append(Entry(path.stem, saved["recording"], n, size, stat.st_mtime))
        except (OSError, ValueError, KeyError, TypeError):  # being written or cleared, or not ours
            continue
    return sorted(nights, key=lambda entry: (entry.recording, entry.made))


def simulated(cache_dir: Path | None = None) -> int:
    """Return the bytes of the simulated nights in the cache."""
    files = folder(cache_dir).glob(f"{SIMULATED}*/*")
    return sum(path.stat().st_size for path in files)


def clear(cache_dir: Path | None = None) -> tuple[int, int]:
    """Delete all nights.

    Returns
    -------
    n, size : int
        How many prepared nights there were, and their bytes.

    Raises
    ------
    OutputError
        They cannot be deleted.
    """
    where, n, size = folder(cache_dir), 0, 0
    try:
        for made in where.glob(f"{SIMULATED}*"):
            shutil.rmtree(made)
        for pattern in ("*.json", "*.npy"):
            for path in where.glob(pattern):
                if len(path.name.lstrip(".").split(".")[0]) == KEY_LENGTH:
                    size += path.stat().st_size
                    n += path.suffix == ".json" and not path.name.startswith(".")
                    path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{where}: cannot be cleared: {error.strerror or error}.") from error
    return n, size
