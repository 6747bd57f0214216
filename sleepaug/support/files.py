"""Files and folders: written whole or not at all, nothing replaced unasked, one-line errors."""

from __future__ import annotations

import errno
import glob
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sleepaug.support.errors import ConfigError, OutputError

PART_DIGITS = 12
FULL = (errno.ENOSPC, errno.EDQUOT, None)
"""Numbers of the errors of a full disk; NumPy's error has none."""


def make_folder(path: Path) -> None:
    """Make a folder and its parents.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: this folder cannot be made: {error.strerror}. Choose another."
        ) from error


def check_writable(folder: Path) -> None:
    """Raise an `OutputError` if nothing could be written to a folder, which need not exist yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OutputError(f"{there}: not a folder. Choose another.")
    if not os.access(there, os.W_OK):
        raise OutputError(f"{there}: this folder cannot be written to. Choose another.")


def free_folder(path: Path, continues: Callable[[Path], bool] = lambda folder: False) -> Path:
    """Choose the first of `path`, `path-2`, `path-3`, ... that can be written to.

    Parameters
    ----------
    path : Path
        The folder that is wanted.
    continues : callable
        Tells of a folder that exists whether the work in it goes on; by default none does.

    Returns
    -------
    Path
        A folder that does not exist yet, or one whose work goes on.
    """
    candidate, number = path, 1
    while candidate.exists() and not continues(candidate):
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate


def refuse_existing(files: Iterable[Path]) -> None:
    """Raise an error if a file that would be written already exists.

    Raises
    ------
    ConfigError
        It names the parameters `output` and `overwrite`.
    """
    for file in files:
        if file.exists():
            raise ConfigError(
                f"{file}: already exists. Choose another place, or allow overwriting.",
                parameters=("output", "overwrite"),
            )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a new file beside `path` to write to, and move it to `path` when the block ends.

    The name is used once, so that several processes may write the same file: the last one to end
    has written it. If the block fails, nothing is left, and an older file stays.

    Yields
    ------
    Path
        In the folder of `path` and with its ending.
    """
    part = path.with_name(_part(path, uuid.uuid4().hex[:PART_DIGITS]))
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path, digits: str) -> str:
    """Name a file that is written beside `path`."""
    return f".{path.stem}.{digits}.part{path.suffix}"


def remove_parts(path: Path) -> None:
    """Remove what killed processes left of their writing to `path`; see `replacing`."""
    one = "[0-9a-f]" * PART_DIGITS
    begin, end = _part(path, "/").split("/")
    for part in path.parent.glob(f"{glob.escape(begin)}{one}{glob.escape(end)}"):
        part.unlink(missing_ok=True)


def into_place(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
        The file; an older one is replaced.
    write : callable
        Is called with the path to write to, which has the same ending; see `replacing`.

    Raises
    ------
    OutputError
        It cannot be written; nothing is left of it.
    """
    try:
        with replacing(path) as part:
            write(part)
    except OSError as error:
        advice = " Make room, or choose another folder." if error.errno in FULL else ""
        why = error.strerror or f"no space left on device ({error})"
        raise OutputError(f"{path}: cannot be written: {why}.{advice}") from error


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write bytes to a file; see `into_place`."""
    into_place(path, lambda part: part.write_bytes(content))


def write_text(path: Path, text: str) -> None:
    """Write text to a file in UTF-8, with the line ends that it has; see `into_place`."""
    write_bytes(path, text.encode())


def write_json(path: Path, values: Any) -> None:
    """Write plain values to a file as JSON; see `into_place`."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a file that `write_json` wrote.

    Raises
    ------
    ConfigError
        It is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(
            f"{path}: damaged, it is not JSON ({error}). Remove it; the command that wrote it "
            "makes it again."
        ) from error
