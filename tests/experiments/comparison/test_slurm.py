"""A comparison on a real SLURM of one host: submit, requeue, finish, and compare with here."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

MISSING = [name for name in ("slurmctld", "slurmd", "munged") if not shutil.which(name)]
REASON = (
    f"not installed: {', '.join(MISSING)} (Debian: slurm-wlm munge)"
    if MISSING
    else "submitit is not installed"
    if importlib.util.find_spec("submitit") is None
    else "slurmctld and slurmd need root here"
    if os.name != "posix" or os.getuid() != 0
    else ""
)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]

ROOT = Path(__file__).parents[3]
SECONDS = ("pretrain_s", "search_s", "train_s", "trained_s")
OPTIONS = [
    *("--budget", "1h", "--folds", "1", "--methods", "random,adda", "--epochs", "12"),
    *("--channels", "C3,C4", "--device", "cpu"),
    *("--set", "methods.adda.epochs=4", "--set", "methods.adda.warm_start=2"),
    *("--set", "methods.random.trials=5"),
]


def sleepaug(*arguments, **environment):
    command = [sys.executable, "-m", "sleepaug", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, check=True, capture_output=True,
        text=True,
    )  # fmt: skip


@pytest.fixture
def slurm(tmp_path):
    script = Path(__file__).with_name("slurm.sh")
    folder = tmp_path / "slurm"
    subprocess.run([script, "start", folder], check=True)
    yield str(folder / "slurm.conf")
    subprocess.run([script, "stop", folder], check=True)


def wait_for(condition, seconds=240):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.3)


def lanes(folder):
    """The rows of each lane, without their seconds."""
    return {
        path.parent.name: [
            {k: v for k, v in json.loads(line).items() if k not in SECONDS}
            for line in path.read_text().splitlines()
        ]
        for path in sorted(folder.glob("lanes/*/rows.jsonl"))
    }


@pytest.mark.timeout(900)
def test_a_comparison_on_slurm_equals_one_here(slurm, tmp_path):
    nights, cache = tmp_path / "nights", tmp_path / "cache"
    sleepaug("simulate", nights, "--nights", 5, "--hours", 0.4, "--channels", "C3,C4")
    where = ["--data", "simulated", "--data-dir", nights, "--cache-dir", cache]
    on_one, on_slurm = tmp_path / "here", tmp_path / "there"
    sleepaug("compare", *OPTIONS, *where, "-o", on_one)

    def submit():
        return sleepaug(
            "compare", *OPTIONS, *where, "-o", on_slurm, "--cluster", "slurm", SLURM_CONF=slurm
        )

    assert "Submitted 1 lanes" in submit().stderr
    numbers = json.loads((on_slurm / "slurm.json").read_text())
    assert set(numbers) == {f"{name}-fold0-seed0" for name in ("none", "random", "adda")}
    again = submit().stderr
    assert "lanes are in SLURM's queue" in again
    assert "Submitted" not in again  # nothing is submitted twice
    killed = numbers["random-fold0-seed0"]
    wait_for(lambda: len(lanes(on_slurm).get("random-fold0-seed0", [])) >= 2)
    environment = {**os.environ, "SLURM_CONF": slurm}
    subprocess.run(["scontrol", "requeue", killed], check=True, env=environment)  # as preemption

    def ended():
        rows = lanes(on_slurm)
        return len(rows) == 3 and all(r and r[-1]["status"] == "finished" for r in rows.values())

    wait_for(ended)
    assert lanes(on_slurm) == lanes(on_one)
    submit()
    assert "finished" in sleepaug("report", on_slurm).stdout
    assert (on_slurm / "report.html").is_file()
