"""Writing files: whole or not at all, by several processes too, and nothing replaced unasked."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sleepaug.support.errors import ConfigError, OutputError
from sleepaug.support.files import (
    check_writable,
    free_folder,
    into_place,
    make_folder,
    read_json,
    refuse_existing,
    replacing,
    write_json,
    write_text,
)


def test_a_failed_write_leaves_the_older_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")

    def half(part):
        part.write_text("ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match=r"table\.csv: cannot be written: No space.*Make room"):
        into_place(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def stopped(part):
        part.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        into_place(tmp_path / "a.npy", stopped)
    assert list(tmp_path.iterdir()) == []


def test_the_disk_numpy_calls_full_is_said_to_be(tmp_path):
    def numpy_does(part):
        raise OSError("3000 requested and 12 written")

    with pytest.raises(OutputError, match=r"no space left on device .*Make room"):
        into_place(tmp_path / "a.npy", numpy_does)


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "night.json"
    with replacing(path) as first, replacing(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # moved last
    assert list(tmp_path.iterdir()) == [path]


def test_several_processes_write_one_file(tmp_path):
    code = (
        "import sys; from pathlib import Path; from sleepaug.support.files import write_bytes\n"
        "for _ in range(200): write_bytes(Path(sys.argv[1]), sys.argv[2].encode() * 10_000)\n"
    )
    path = tmp_path / "file"
    running = [subprocess.Popen([sys.executable, "-c", code, path, letter]) for letter in "abc"]
    while any(process.poll() is None for process in running):
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 10_000
            assert len(set(content)) == 1
    assert [process.returncode for process in running] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [path]


def test_the_ending_stays_so_that_a_writer_knows_the_form(tmp_path):
    into_place(tmp_path / "x.npy", lambda part: np.save(part, np.arange(3)))
    assert np.load(tmp_path / "x.npy").tolist() == [0, 1, 2]


def test_what_already_exists_is_refused_with_the_parameters_that_help(tmp_path):
    (tmp_path / "b").write_text("")
    refuse_existing([tmp_path / "a"])
    with pytest.raises(ConfigError, match="b: already exists") as error:
        refuse_existing([tmp_path / "a", tmp_path / "b"])
    assert error.value.parameters == ("output", "overwrite")


def test_the_next_free_folder(tmp_path):
    assert free_folder(tmp_path / "run") == tmp_path / "run"
    for name in ("run", "run-2", "run-4"):
        (tmp_path / name).mkdir()
    assert free_folder(tmp_path / "run") == tmp_path / "run-3"


def test_a_folder_whose_work_goes_on_is_taken(tmp_path):
    for name in ("run", "run-2", "run-3"):
        (tmp_path / name).mkdir()
    (tmp_path / "run-2" / "open").touch()

    def continues(folder):
        return (folder / "open").exists()

    assert free_folder(tmp_path / "run", continues) == tmp_path / "run-2"


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made: Not a directory"):
        make_folder(tmp_path / "file" / "below")


def test_json_comes_back_and_damage_is_named(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"stage": "N2", "onset": [0.0, 30.0]})
    assert read_json(path) == {"stage": "N2", "onset": [0.0, 30.0]}
    path.write_text(path.read_text()[:-4])
    with pytest.raises(ConfigError, match=r"metrics\.json: damaged"):
        read_json(path)


def test_text_is_written_as_it_is(tmp_path):
    write_text(tmp_path / "t.csv", "µV\nN1\n")
    assert Path(tmp_path / "t.csv").read_bytes() == "µV\nN1\n".encode()


def test_what_cannot_be_written_to_is_known_before_work_begins(tmp_path, monkeypatch):
    check_writable(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: not a folder"):
        check_writable(tmp_path / "file" / "below")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # as of a disk that is read-only
    with pytest.raises(OutputError, match="cannot be written to"):
        check_writable(tmp_path / "new")
