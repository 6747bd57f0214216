"""The cache: hits, misses, two processes at once, and disks that refuse."""

import dataclasses
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sleepaug.data import cache
from sleepaug.data import prepare as preparing
from sleepaug.data.prepare import prepare
from sleepaug.data.recording import Recording
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.support.errors import OutputError

C3 = Preprocessing(("C3",))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files whose signals were read."""
    opened: list[Path] = []
    real = preparing.signals

    def spy(path: Path, preprocessing: Preprocessing, **options) -> object:
        opened.append(path)
        return real(path, preprocessing, **options)

    monkeypatch.setattr(preparing, "signals", spy)
    return opened


def test_the_second_time_nothing_is_read(
    recording: Recording, tmp_path: Path, reads: list[Path]
) -> None:
    first = prepare([recording], C3, cache_dir=tmp_path / "cache")
    second = prepare([recording], C3, cache_dir=tmp_path / "cache")
    assert reads == [recording.files[0]]
    for name in ("x", "y", "onset", "subject", "recording", "notes", "sfreq", "ch_names"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    (array,) = (tmp_path / "cache").glob("*.npy")
    assert isinstance(cache.load(array.stem, tmp_path / "cache").x, np.memmap)


@pytest.mark.parametrize("change", ["middle", "end", "settings", "scoring", "format"])
def test_what_changes_is_prepared_again(
    recording: Recording, tmp_path: Path, reads: list[Path], change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    prepare([recording], C3, cache_dir=tmp_path / "cache")
    settings = C3
    if change in ("middle", "end"):
        data = bytearray(recording.files[0].read_bytes())
        data[len(data) // 2 if change == "middle" else -3] ^= 1
        recording.files[0].write_bytes(data)
    elif change == "settings":
        settings = dataclasses.replace(C3, lowpass=25.0)
    elif change == "scoring":
        scoring = dataclasses.replace(recording.scoring(), stage=("W",) * 4)
        recording = dataclasses.replace(recording, read_scoring=lambda files: scoring)
    else:
        monkeypatch.setattr(cache, "FORMAT", cache.FORMAT + 1)
    prepare([recording], settings, cache_dir=tmp_path / "cache")
    assert len(reads) == 2
    assert len(cache.entries(tmp_path / "cache")) == 2


def test_a_change_that_keeps_the_time_shows_at_the_ends(recording: Recording) -> None:
    path, scoring = recording.files[0], recording.scoring()
    before, stat = cache.key(recording, scoring, C3), path.stat()
    path.write_bytes(path.read_bytes()[:-2] + b"\1\1")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert cache.key(recording, scoring, C3) != before


@pytest.mark.parametrize("damage", ["short array", "empty array", "no array", "bad json", "json"])
def test_a_damaged_night_is_prepared_again(
    recording: Recording, tmp_path: Path, reads: list[Path], damage: str
) -> None:
    expected = prepare([recording], C3, cache_dir=tmp_path / "cache")
    (array,), (facts,) = (tmp_path / "cache").glob("*.npy"), (tmp_path / "cache").glob("*.json")
    if damage == "short array":
        array.write_bytes(array.read_bytes()[:-10])
    elif damage == "empty array":
        array.write_bytes(b"")
    elif damage == "no array":
        array.unlink()
    else:
        facts.write_text("{" if damage == "bad json" else json.dumps({"shape": 3}))
    again = prepare([recording], C3, cache_dir=tmp_path / "cache")
    assert len(reads) == 2
    np.testing.assert_array_equal(again.x, expected.x)


def test_processes_at_once(tmp_path: Path, write_edf) -> None:
    folder = tmp_path / "nights"
    stages = [(30 * k, 30, f"Sleep stage {s}") for k, s in enumerate("W12R")]
    for k in range(3):
        write_edf(folder / f"{k}.edf", ["C3"], stages=stages)
    code = (
        "import sys; from pathlib import Path; from sleepaug.data.datasets import DATASETS\n"
        "from sleepaug.data.signals.preprocessing import Preprocessing\n"
        "from sleepaug.data.prepare import prepare\n"
        "nights, cache = DATASETS['edf'](sys.argv[1]), Path(sys.argv[2])\n"
        "for k in range(20):\n"  # every turn under another key
        "    w = prepare(nights, Preprocessing(('C3',), lowpass=20.0 + k), cache_dir=cache)\n"
        "    assert len(w) == 12 and w.x.std() > 0.99\n"
    )
    command = [sys.executable, "-c", code, str(folder), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for process in running:
        _, output = process.communicate(timeout=120)
        assert process.returncode == 0, output.decode()
    assert len(cache.entries(tmp_path / "cache")) == 60
    assert not list((tmp_path / "cache").glob(".*"))
    for entry in cache.entries(tmp_path / "cache"):
        night = cache.load(entry.key, tmp_path / "cache")
        np.testing.assert_allclose(night.x.std(axis=-1), 1, atol=1e-4)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("which", [1, 2])
def test_a_disk_that_refuses(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, which: int
) -> None:
    calls = []

    def refuse(source: str, target: Path) -> None:
        calls.append(target)
        if len(calls) == which:
            raise OSError(number, os.strerror(number), str(target))
        real(source, target)

    real = os.replace
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError) as error:
        prepare([recording], C3, cache_dir=tmp_path / "cache", on_error="skip")
    monkeypatch.undo()
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'cache'}: cannot keep prepared nights here: ")
    assert os.strerror(number) in message
    assert error.value.parameters == ("cache_dir",)
    assert "SLEEPAUG_CACHE_DIR" in message
    assert not list((tmp_path / "cache").glob(".*"))
    assert cache.entries(tmp_path / "cache") == []
    assert len(prepare([recording], C3, cache_dir=tmp_path / "cache")) == 4


def test_a_full_disk_while_writing(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(file, x) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", half)
    with pytest.raises(OutputError, match="No space left on device"):
        prepare([recording], C3, cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_where_the_folder_should_be(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    for where in (tmp_path / "cache", tmp_path / "cache" / "deeper"):
        with pytest.raises(OutputError, match="cannot keep prepared nights here"):
            prepare([recording], C3, cache_dir=where)
    assert (tmp_path / "cache").read_text() == "mine"


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLEEPAUG_CACHE_DIR", raising=False)
    assert cache.folder().name == "sleepaug"
    monkeypatch.setenv("SLEEPAUG_CACHE_DIR", str(tmp_path / "by-variable"))
    assert cache.folder() == tmp_path / "by-variable"
    assert cache.folder(tmp_path / "named") == tmp_path / "named"


def test_entries_and_clear(recording: Recording, tmp_path: Path) -> None:
    where = tmp_path / "cache"
    assert cache.entries(where) == []
    assert cache.clear(where) == (0, 0)
    prepare([recording], C3, cache_dir=where)
    (entry,) = cache.entries(where)
    assert (entry.recording, entry.n_windows) == ("night", 4)
    assert entry.size == sum(path.stat().st_size for path in where.iterdir())
    (where / "notes.json").write_text("{}")
    for ending in ("npy", "json"):  # left by a process that was killed
        (where / f".{entry.key}.abc.part.{ending}").write_bytes(b"12345")
    assert cache.clear(where) == (1, entry.size + 10)
    assert [path.name for path in where.iterdir()] == ["notes.json"]
