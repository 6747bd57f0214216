"""Going on: which nights of a cohort are staged already, and which files may be replaced.

A night's summary is written last. It holds a hash of the recording and of all settings, and one of
each file that was written with it. While files are being written there is a mark beside them, so
that those of a run that was killed are known for what they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sleepaug.data import cache
from sleepaug.staging.hypnogram.formats import FORMS, targets
from sleepaug.staging.nights import NightFile
from sleepaug.support.files import check_writable, make_folder, remove_parts

KEY, RECORDING, SETTINGS, FILES = "resume", "recording", "settings", "files"
"""In the summary: what tells whether a night is done, and the hashes of its parts."""
PATH, CONTENT = "path", "content"
"""Beside them: where the recording was, and a hash that a copy of it has, too."""
SUMMARY = FORMS["json"][0].ending


@dataclass(frozen=True)
class Place:
    """Where the results of a night go.

    Attributes
    ----------
    folder : Path
    name : str
        Of the night.
    files : tuple of Path
        What will be written; the summary is the last of them.
    """

    folder: Path
    name: str
    files: tuple[Path, ...]

    @classmethod
    def of(cls, night: NightFile, output: Path, forms: Sequence[str]) -> Place:
        """Find where a night is written in the folder of the results."""
        folder = output / night.folder
        others = [form for form in forms if form != "json"]
        return cls(folder, night.name, tuple(targets(folder, night.name, [*others, "json"])))

    @property
    def summary(self) -> Path:
        """The file that is written last."""
        return self.files[-1]

    @property
    def mark(self) -> Path:
        """A file that exists while results are being written, and after this was cut short."""
        return self.folder / f".{self.name}.staging"

    def saved(self) -> dict[str, Any]:
        """Return the summary as it was written, {} if there is none; see `read_summary`."""
        return read_summary(self.summary)

    def written(self) -> dict[str, str]:
        """Return the hashes of the files that were written with the summary, by their names."""
        return dict(self.saved().get(KEY, {}).get(FILES, {}))

    def done(self, recording: str, settings: str) -> dict[str, Any] | None:
        """Return the summary if the night was staged as it would be now, None otherwise."""
        saved = self.saved()
        if self.mark.exists() or not saved:
            return None
        same = saved[KEY].get(RECORDING) == recording and saved[KEY].get(SETTINGS) == settings
        return saved if same and all(file.exists() for file in self.files) else None

    def of_another(self, night: NightFile) -> str:
        """Name the recording whose results are here, if it is another than this night's."""
        saved = self.saved().get(KEY, {})
        other = str(saved.get(PATH, ""))
        if not other or Path(other).resolve() == night.path.resolve():
            return ""
        return "" if saved.get(CONTENT) == content_hash(night) else other

    def foreign(self) -> list[Path]:
        """List files that would be replaced and that `predict` did not write as they are now."""
        if self.mark.exists():
            return []
        own = [self.summary] if self.saved() else []
        written = self.written()
        return [
            file
            for file in self.files
            if file.exists() and file not in own and written.get(file.name) != digest(file)
        ]

    def begin(self) -> None:
        """Mark the files as to be written, and those that exist as free to be replaced."""
        make_folder(self.folder)
        check_writable(self.folder)
        self.mark.touch()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Mark the files as being written; remove those of earlier settings and of a killed run."""
        if self.mark.exists():
            for file in self.files:
                remove_parts(file)
        self.begin()
        for name in set(self.written()) - {file.name for file in self.files}:
            (self.folder / Path(name).name).unlink(missing_ok=True)
        try:
            yield
        except BaseException:
            if any(file.exists() for file in self.files):
                raise  # the mark stays: these files may be replaced
            self.mark.unlink(missing_ok=True)
            raise
        self.mark.unlink(missing_ok=True)


def read_summary(path: Path) -> dict[str, Any]:
    """Read the summary of a night, {} where there is none that `predict` has written."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return saved if isinstance(saved, dict) and isinstance(saved.get(KEY), dict) else {}


def digest(file: Path) -> str:
    """Hash the content of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def hash_of(values: Any) -> str:
    """Hash plain values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def recording_hash(night: NightFile) -> str:
    """Hash size, time of change and both ends of all files of a recording; "" if it is missing."""
    try:
        return hash_of([cache.identity(file) for file in night.files()])
    except OSError:
        return ""


def content_hash(night: NightFile) -> str:
    """Hash size and both ends of all files of a recording: a copy has the same; "" if missing."""
    try:
        identities = [cache.identity(file) for file in night.files()]
        return hash_of([[size, ends] for size, _, ends in identities])
    except OSError:
        return ""
