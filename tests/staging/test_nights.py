"""Nights to stage: found in folders, and named."""

from pathlib import Path

import pytest

from sleepaug.staging.nights import find_nights, new_folder, safe_name
from sleepaug.support.errors import ConfigError


def test_a_folder_gives_its_recordings_and_no_scorings(nights, tmp_path):
    for file in sorted(nights.glob("*.edf"))[:4]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "bad.edf").write_bytes(b"0       ")  # staged, so that its error is reported
    (tmp_path / "notes.txt").write_text("")
    names = [night.path.name for night in find_nights([tmp_path])]
    assert names == ["01-03-0001 PSG.edf", "01-03-0002 PSG.edf", "bad.edf"]


def test_a_file_is_taken_as_it_is_and_once(tmp_path):
    named = tmp_path / "night.edf"
    named.write_bytes(b"0       ")
    nights = find_nights([named, tmp_path, Path("absent")])
    assert [night.path for night in nights] == [named, Path("absent")]


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no recording in this folder; looked for \.edf"):
        find_nights([tmp_path])


def test_names_of_results_obey_no_terminal_and_replace_nothing(tmp_path, monkeypatch):
    assert safe_name(Path("a\x1b[31m.edf")) == "a_[31m"
    monkeypatch.chdir(tmp_path)
    assert new_folder(Path("x/n.edf")) == Path("hypnograms/n")
    Path("hypnograms/n").mkdir(parents=True)
    assert new_folder(Path("x/n.edf")) == Path("hypnograms/n-2")


def test_channels_as_text_are_recordings_unless_there_is_an_edf_file(tmp_path):
    for name, text in (
        ("excerpt1.txt", "[C3-A1]\n0.1\n"), ("excerpt3.txt", "[C3-A1]\n0.1\n"),
        ("excerpt3.edf", "damaged"), ("Hypnogram_excerpt1.txt", "[hypnogram]\n5\n"),
        ("notes.txt", "none"), ("settings.txt", "[Settings]\na=1\n"),
        ("Visual_scoring1_excerpt1.txt", "[vis1_Spindles/C3-A1]\n1.0 0.5\n"),
        ("excerpt4.txt", "[C3-A1]\n0.1\n"), ("excerpt4.EDF", "damaged"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
    names = [night.path.name for night in find_nights([tmp_path])]
    assert names == ["excerpt1.txt", "excerpt3.edf", "excerpt4.EDF"]
