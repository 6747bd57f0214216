"""A comparison in real processes: killed with -9 and by signals, then taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SECONDS = ("pretrain_s", "search_s", "train_s", "trained_s")
OPTIONS = [
    *("--budget", "1h", "--folds", "2", "--methods", "augnet,dada", "--epochs", "8", "--jobs", "2"),
    *("--channels", "C3,C4", "--device", "cpu", "--set", "methods.dada.epochs=2"),
]


def start(*arguments):
    command = [sys.executable, "-m", "sleepaug", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def rows_of(folder):
    return {
        path.parent.name: path.read_text().splitlines()
        for path in sorted(folder.glob("lanes/*/rows.jsonl"))
    }


def without_seconds(rows):
    return {
        lane: [{k: v for k, v in json.loads(line).items() if k not in SECONDS} for line in lines]
        for lane, lines in rows.items()
    }


def wait_for_rows(folder, n, process):
    until = time.monotonic() + 200
    while sum(map(len, rows_of(folder).values())) < n:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.timeout(900)
def test_killed_in_any_way_it_goes_on(tmp_path):
    nights = tmp_path / "nights"
    start("simulate", nights, "--nights", 5, "--hours", 0.4, "--channels", "C3,C4").wait()
    command = ["compare", *OPTIONS, "--data", "simulated", "--data-dir", nights]
    command += ["--cache-dir", tmp_path / "cache", "-o"]
    whole = start(*command, tmp_path / "whole")
    assert whole.wait() == 0, whole.stderr.read().decode()
    folder, n = tmp_path / "killed", 0
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 130), (signal.SIGUSR1, 130)):
        process = start(*command, folder)
        wait_for_rows(folder, n + 3, process)
        process.send_signal(number)
        assert process.wait(60) == code
        time.sleep(5)  # the lanes' processes end after their epoch
        n = sum(map(len, rows_of(folder).values()))
        time.sleep(3)
        assert sum(map(len, rows_of(folder).values())) == n  # nobody goes on alone
    last = start(*command, folder)
    assert last.wait() == 0, last.stderr.read().decode()
    assert without_seconds(rows_of(folder)) == without_seconds(rows_of(tmp_path / "whole"))
    finished = rows_of(folder)
    again = start(*command, folder)
    assert again.wait() == 0
    assert rows_of(folder) == finished  # to the last digit of the seconds
    assert os.path.getsize(folder / "report.html") > 10_000
