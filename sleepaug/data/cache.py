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
from sleepaug.support.errors import ConfigError, OutputError
from sleepaug.support.files import replacing
from sleepaug.support.settings import plain

FORMAT = 1
SIMULATED = "simulated-nights-"  # folders of the nights that are used where none are named
ENVIRONMENT_VARIABLE = "SLEEPAUG_CACHE_DIR"
_ENDS = 64 * 1024


@dataclass(frozen=True)
class Prepared:
    """Windows of one night: x (n, n_chans, n_times) memory-mapped, y (n,), onset (n,), notes."""

    x: np.ndarray
    y: np.ndarray
    onset: np.ndarray
    notes: list[str]


@dataclass(frozen=True)
class Entry:
    """A night in the cache."""

    key: str
    recording: str
    n_windows: int
    size: int  # bytes
    made: float  # seconds since 1970


def folder(cache_dir: Path | None = None) -> Path:
    """Where prepared nights are kept.

    `cache_dir` if given, else the environment variable SLEEPAUG_CACHE_DIR, else the user's cache
    folder by the platform's convention.
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
    """Hash of all that decides what the prepared night looks like.

    A file counts by its size, time of change and first and last 64 KiB: a night of 350 MB is told
    from its changed version without reading it. Hashing the content would cost as much as
    preparing it.
    """
    parts = [_identity(path) for path in recording.files]
    told = [FORMAT, parts, asdict(scoring), plain(preprocessing)]
    text = json.dumps([*told, "may miss"] if allow_missing else told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _identity(path: Path) -> list[str | int]:
    """Size, time of change, and a hash of both ends of a file."""
    stat = path.stat()
    with open(path, "rb") as file:
        ends = file.read(_ENDS)
        file.seek(max(stat.st_size - _ENDS, 0))
        ends += file.read(_ENDS)
    return [stat.st_size, stat.st_mtime_ns, hashlib.sha256(ends).hexdigest()]


def load(key: str, cache_dir: Path | None = None) -> Prepared | None:
    """The night of that key, or None if it is not there, or not whole."""
    where = folder(cache_dir)
    try:
        told = json.loads((where / f"{key}.json").read_text(encoding="utf-8"))
        x = np.load(where / f"{key}.npy", mmap_mode="r", allow_pickle=False)
        night = Prepared(x, np.array(told["y"], np.int64), np.array(told["onset"]), told["notes"])
    except (OSError, EOFError, ValueError, KeyError, TypeError):  # absent, or cut short by a crash
        return None
    return night if list(x.shape) == told["shape"] and x.dtype == np.float32 else None


def save(
    key: str,
    x: np.ndarray,
    y: np.ndarray,
    onset: np.ndarray,
    notes: list[str],
    recording: str,
    cache_dir: Path | None = None,
) -> Prepared:
    """Keep a night and return it memory-mapped; a `OutputError` if it cannot be."""
    where = folder(cache_dir)
    told = {"recording": recording, "shape": x.shape, "y": y.tolist(), "onset": onset.tolist()}
    told["notes"] = notes
    try:
        where.mkdir(parents=True, exist_ok=True)
        with replacing(where / f"{key}.npy") as part, part.open("wb") as file:
            np.save(file, x)
        with replacing(where / f"{key}.json") as part:
            part.write_text(json.dumps(told), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{where}: cannot keep prepared nights here: "
            f"{error.strerror or 'no space left on device'} "  # NumPy's has no strerror
            f"({x.nbytes / 1e6:.0f} MB for {recording}). Make room there, or name another folder "
            f"with --cache-dir or the environment variable {ENVIRONMENT_VARIABLE}."
        ) from error
    return load(key, cache_dir) or Prepared(x, y, onset, notes)  # if cleared in this moment


def entries(cache_dir: Path | None = None) -> list[Entry]:
    """Nights in the cache, by name."""
    found = []
    for path in folder(cache_dir).glob("*.json"):
        array = path.with_suffix(".npy")
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            stat = array.stat()
            size = stat.st_size + path.stat().st_size
            found.append(Entry(path.stem, told["recording"], len(told["y"]), size, stat.st_mtime))
        except (OSError, ValueError, KeyError, TypeError):  # being written or cleared, or not ours
            continue
    return sorted(found, key=lambda entry: (entry.recording, entry.made))


def simulated(cache_dir: Path | None = None) -> int:
    """Bytes of the simulated nights that are kept."""
    files = folder(cache_dir).glob(f"{SIMULATED}*/*")
    return sum(path.stat().st_size for path in files)


def clear(cache_dir: Path | None = None) -> tuple[int, int]:
    """Delete all nights; returns how many prepared ones there were and their bytes."""
    where, n, size = folder(cache_dir), 0, 0
    try:
        for made in where.glob(f"{SIMULATED}*"):
            shutil.rmtree(made)
        for pattern in ("*.json", "*.npy"):
            for path in where.glob(pattern):
                if len(path.name.lstrip(".").split(".")[0]) == 32:
                    size += path.stat().st_size
                    n += path.suffix == ".json" and not path.name.startswith(".")
                    path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{where}: cannot be cleared: {error.strerror or error}.") from error
    return n, size
