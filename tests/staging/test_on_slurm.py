"""Nights on SLURM: false commands that run what they are given, and a real SLURM of one host."""

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from command_line import run

from sleepaug.staging import on_slurm

ROOT = Path(__file__).parents[2]
SCRIPTS = {
    "sbatch": """#!/bin/sh
n=$(($(cat {folder}/count) + 1))
echo $n > {folder}/count
cp "$1" {folder}/script-$n
echo "Submitted batch job $n"
""",
    "squeue": "#!/bin/sh\ncat {folder}/queue\n",
    "srun": """#!/bin/sh
while case "$1" in --unbuffered) shift;; --output|--error) shift 2;; *) false;; esac; do :; done
exec "$@"
""",
}


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder of false commands, with the scripts that were submitted and the queue."""
    pytest.importorskip("submitit")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "count").write_text("0")
    (folder / "queue").write_text("")
    for name, script in SCRIPTS.items():
        (folder / name).write_text(script.format(folder=folder))
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def work(slurm, array, task):
    """Do what a node does: run the script of a job."""
    job = {"ARRAY_JOB_ID": array, "ARRAY_TASK_ID": task, "JOB_ID": f"{array}{task}", "NTASKS": 1}
    job |= {"PROCID": 0, "LOCALID": 0, "NODEID": 0, "JOB_NUM_NODES": 1}
    environment = {f"SLURM_{name}": str(value) for name, value in job.items()}
    paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    subprocess.run(
        ["bash", slurm / f"script-{array}"],
        env={**os.environ, **environment, "PYTHONPATH": paths},
        check=True,
        capture_output=True,
    )


@pytest.fixture
def study(nights, tmp_path):
    """Three nights and a damaged recording."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number, night in enumerate(sorted(nights.glob("*PSG.edf"))[:3]):
        shutil.copy(night, folder / f"n{number}.edf")
    (folder / "z_bad.edf").write_bytes(b"0       ")
    return folder


class Queue:
    """In place of SLURM: keeps what is submitted, and runs it when it is told to."""

    def __init__(self, monkeypatch):
        self.jobs, self.alive, self.options = {}, set(), []
        monkeypatch.setattr(on_slurm, "load_submitit", lambda: None)
        monkeypatch.setattr(on_slurm, "queued", lambda: self.alive)
        monkeypatch.setattr(on_slurm, "submit", self.submit)

    def submit(self, folder, call, shares, options):
        numbers = [f"{len(self.options)}_{k}" for k in range(len(shares))]
        self.options.append(options)
        self.jobs |= {number: (call, share) for number, share in zip(numbers, shares, strict=True)}
        self.alive |= set(numbers)
        return numbers

    def work(self, number):
        call, share = self.jobs[number]
        self.alive -= {number}
        return call(share)


@pytest.fixture
def queue(monkeypatch):
    return Queue(monkeypatch)


def on_cluster(study, *more, code=0):
    where = ("-o", study.parent / "o", "--to=csv", "--cluster", "slurm", "--jobs", "2")
    return run("predict", study, *where, *more, code=code).stderr


def test_nights_are_shared_out_collected_and_lost_ones_submitted_again(installed, queue, study):
    assert "Submitted 4 nights as 2 jobs of SLURM array 0." in on_cluster(study)
    assert queue.work("0_1") == 2
    said = on_cluster(study, code=1)
    assert "2 nights are in SLURM's queue, or running." in said
    assert "z_bad.edf: truncated" in said
    assert "Submitted" not in said
    queue.alive = set()
    assert "Submitted 2 nights as 2 jobs of SLURM array 1." in on_cluster(study, code=1)
    assert [queue.work(f"1_{k}") for k in (0, 1)] == [1, 1]
    assert queue.work("0_0") == 0  # the lost job starts after all, and finds its nights done
    assert "3 of 4 nights staged" in on_cluster(study, code=1)
    assert len(queue.options) == 2


def test_overwriting_stages_once_however_often_a_job_is_restarted(installed, queue, study):
    on_cluster(study)
    assert [queue.work(f"0_{k}") for k in (0, 1)] == [2, 2]
    on_cluster(study, "--overwrite")
    assert [queue.work(f"1_{k}") for k in (0, 1)] == [2, 2]
    assert queue.work("1_0") == 0
    assert "3 of 4 nights staged" in on_cluster(study, code=1)


def test_a_recording_that_was_bad_for_a_while_is_staged_again(installed, queue, study):
    on_cluster(study)
    good = (study / "n0.edf").read_bytes()
    queue.work("0_0")
    (study / "n0.edf").write_bytes(b"0       ")
    on_cluster(study)
    queue.work("1_0")
    assert "n0.edf: truncated" in on_cluster(study, code=1)
    (study / "n0.edf").write_bytes(good)
    assert "Submitted 1 nights" in on_cluster(study)
    assert queue.work("2_0") == 1
    queue.work("0_1")
    assert "3 of 4 nights staged" in on_cluster(study, code=1)


@pytest.mark.slow
def test_jobs_share_the_nights_and_the_same_command_collects_them(slurm, study, tmp_path):
    output = tmp_path / "o"
    command = ("predict", study, "-o", output, "--to=csv", "--model", "spectral")
    command += ("--cluster", "slurm", "--jobs", "2", "--slurm", "time=5")
    first = run(*command)
    assert "Submitted 4 nights as 2 jobs of SLURM array 1." in first.stderr
    assert "0 of 4 nights staged" in first.stderr
    assert "#SBATCH --time=5\n" in (slurm / "script-1").read_text()
    (slurm / "queue").write_text("1_0\n1_1\n")
    again = run(*command).stderr
    assert "4 nights are in SLURM's queue, or running." in again
    assert "Submitted" not in again
    work(slurm, 1, 1)  # nights 1 and the bad one
    (slurm / "queue").write_text("")  # and the other job is lost
    third = run(*command, code=1).stderr
    assert "z_bad.edf: truncated" in third
    assert "1 of 4 nights staged" in third
    assert "Submitted 2 nights as 2 jobs of SLURM array 2." in third  # the bad one would fail again
    work(slurm, 2, 0)
    work(slurm, 2, 1)
    last = run(*command, code=1).stderr
    assert "3 of 4 nights staged" in last
    assert "Submitted" not in last
    table = pd.read_csv(output / "summary.csv")
    assert table["epochs"].tolist()[:3] == [40, 40, 40]
    assert "truncated" in table["error"].iloc[3]
    here = ("predict", study, "-o", tmp_path / "here", "--to=csv", "--model", "spectral")
    run(*here, code=1)
    for night in ("n0", "n1", "n2"):
        tables = [pd.read_csv(p / f"{night}.hypnogram.csv") for p in (output, tmp_path / "here")]
        pd.testing.assert_frame_equal(*tables, atol=1e-3)


def test_without_slurm_nothing_is_written(study, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = run("predict", study, "-o", tmp_path / "o", "--cluster", "slurm", code=2)
    assert "no `sbatch` here" in refused.output
    assert not (tmp_path / "o").exists()
    assert "--cluster slurm" in run("predict", study, "--slurm", "time=5", code=2).output


MISSING = [name for name in ("slurmctld", "slurmd", "munged") if not shutil.which(name)]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="slurmctld needs root here")
def test_a_real_slurm_stages_what_is_staged_here(study, tmp_path):
    pytest.importorskip("submitit")
    script = ROOT / "tests" / "experiments" / "comparison" / "slurm.sh"
    folder = tmp_path / "slurm"
    subprocess.run([script, "start", folder], check=True)
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    output = tmp_path / "o"

    def predict():
        command = [sys.executable, "-m", "sleepaug", "predict", study, "--model", "spectral"]
        command += ["-o", output, "--to=csv", "--cluster", "slurm", "--jobs", "2"]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    try:
        assert "Submitted 4 nights as 2 jobs" in predict().stderr
        until = time.monotonic() + 300
        while len(list(output.glob("*.summary.json"))) < 4:
            assert time.monotonic() < until, "it took too long"
            time.sleep(1)
        done = predict()
    finally:
        subprocess.run([script, "stop", folder], check=True)
    assert "3 of 4 nights staged" in done.stderr
    assert "z_bad.edf: truncated" in done.stderr
    run("predict", study, "-o", tmp_path / "here", "--to=csv", "--model", "spectral", code=1)
    for night in ("n0", "n1", "n2"):
        tables = [pd.read_csv(p / f"{night}.hypnogram.csv") for p in (output, tmp_path / "here")]
        pd.testing.assert_frame_equal(*tables, atol=1e-3)
