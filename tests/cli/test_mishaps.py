"""A full disk and Ctrl-C: one message, the right exit code, no half-written file, nothing lost."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import torch
from command_line import run

from sleepaug.cli.options import REFERENCES
from sleepaug.data.signals.channels import Reference
from sleepaug.support.errors import OutputError
from sleepaug.training.clock import Clock
from sleepaug.training.runs import RunFolder


class Process:
    """The least that a run folder saves."""

    def __init__(self, n):
        self.n = n

    def state_dict(self):
        return {"n": self.n}

    def load_state_dict(self, state):
        self.n = state["n"]


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    folder, clock = RunFolder(tmp_path), Clock()
    folder.save(Process(torch.arange(3)), clock)
    whole = Path.write_bytes

    def full(path, content):
        whole(path, bytes(content)[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"checkpoint\.pt: cannot be written: No space"):
        folder.save(Process(torch.arange(4)), clock)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    restored = Process(None)
    assert folder.restore(restored, clock, "cpu")
    assert restored.n.tolist() == [0, 1, 2]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("simulate", tmp_path / "file" / "nights", "--nights=1", "--hours=0.1", code=1)
    assert "cannot be made: Not a directory" in result.output


@pytest.mark.parametrize(
    ("command", "promise"),
    [
        ("simulate", "--overwrite"),
        ("train", "The same command resumes it"),
        ("inspect", "Stopped.\n"),
    ],
)
def test_ctrl_c_promises_only_what_holds(command, promise, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    for name in (
        "simulation.dataset.simulate_dataset",
        "experiments.settings.load_config",
        "staging.inspection.inspect_recording",
    ):
        monkeypatch.setattr(f"sleepaug.{name}", stop)
    given = [] if command == "train" else [tmp_path / "x"]
    assert promise in run(command, *given, code=130).output


def test_nights_that_are_not_simulated_whole_are_not_kept(tmp_path, monkeypatch):
    def stop(folder, settings, **_):
        (folder / "01-03-0001 PSG.edf").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("sleepaug.simulation.dataset.simulate_dataset", stop)
    run("train", "--cache-dir", tmp_path, "-o", tmp_path / "run", code=130)
    assert not list(tmp_path.iterdir())


def test_clearing_the_cache_clears_simulated_nights_too(tmp_path):
    night = tmp_path / "cache" / "simulated-nights-0.1.0" / "01-03-0001 PSG.edf"
    night.parent.mkdir(parents=True)
    night.write_bytes(bytes(2_000_000))
    mine = tmp_path / "cache" / "mine.json"
    mine.write_text("{}")
    cache = ("--cache-dir", tmp_path / "cache")
    assert "2.0 MB of nights simulated" in run("cache", *cache).stdout
    run("cache", "--clear", *cache)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mine.json"]


def test_the_references_offered_are_those_there_are(tmp_path):
    assert get_args(Reference) == REFERENCES
    assert "'average'" in run("predict", tmp_path, "--reference=mean", code=2).output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", "not valid YAML in line 2: found duplicate key"),
        ("training:\n\tepochs: 1\n", r"not valid YAML in line 2: found character '\t'"),
        ("a: [1\n", "not valid YAML in line 2: expected ',' or ']'"),
    ],
)
def test_wrong_yaml_is_said_with_its_line_and_no_advice_of_the_parser(tmp_path, text, said):
    (tmp_path / "x.yaml").write_text(text)
    result = run("train", tmp_path / "x.yaml", code=2)
    assert said in result.output
    assert len(result.output.splitlines()) == 1


def test_a_damaged_file_of_a_run_is_named(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.start({"run": {"variants": [], "seed": 0}}, "cpu")
    (folder / "metrics.json").write_text('{"valid": ')
    assert "metrics.json: damaged" in run("report", folder.path, code=2).output


def test_options_of_slurm_without_it_are_refused(tmp_path):
    out = run("compare", "--slurm", "time=60", "-o", tmp_path / "c", code=2).output
    assert "--cluster slurm" in out
    assert not (tmp_path / "c").exists()


def test_a_machine_without_slurm_is_said_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = run("compare", "--cluster", "slurm", "-o", tmp_path / "c", code=2).output
    assert "no `sbatch` here" in out
    assert not (tmp_path / "c").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
@pytest.mark.parametrize("words", ["--help", "--version", "predict --help", "models"])
def test_output_that_goes_nowhere_is_one_message(words):
    code = "from sleepaug.cli import main; main()"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, *words.split()],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    message = "Error: The output cannot be written: No space left on device. Make room, or "
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
