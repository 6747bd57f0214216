"""A cohort staged by several processes: nights an hour, and memory over time.

    python benchmarks/cohort.py FOLDER [--nights 1000] [--distinct 50] [--jobs 2]

Simulates half-hours of six channels in FOLDER/nights; beyond `--distinct` of them, files are hard
links to earlier ones under other names, in folders of a hundred. Stages them with the command line
(csv, png and html), measures the memory of all its processes every two seconds, and stages them
once more to see what passing over them costs.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from sleepaug.simulation.dataset import simulate_dataset
from sleepaug.simulation.plan import SimulationSettings

CHANNELS = ("C3", "C4", "F3", "F4", "O1", "O2")
EVERY = 2.0  # seconds
TENTHS = 10


def make_nights(folder: Path, n: int, distinct: int) -> None:
    """Simulate the recordings that are missing."""
    made = folder.parent / "simulated"
    if not made.is_dir():
        simulate_dataset(made, SimulationSettings(distinct, 0, hours=0.5, ch_names=CHANNELS))
    sources = sorted(made.glob("*PSG.edf"))
    for number in range(n):
        night = folder / f"group{number // 100}" / f"night{number:04d}.edf"
        night.parent.mkdir(parents=True, exist_ok=True)
        if not night.exists():
            os.link(sources[number % len(sources)], night)


def memory(parent: int) -> float:
    """Resident megabytes of a process and of those that it started."""
    total, waiting = 0.0, [parent]
    while waiting:
        number = waiting.pop()
        try:
            status = Path(f"/proc/{number}/status").read_text()
            children = Path(f"/proc/{number}/task/{number}/children").read_text()
        except OSError:  # it has just ended
            continue
        resident = [line for line in status.splitlines() if line.startswith("VmRSS")]
        total += int(resident[0].split()[1]) / 1024 if resident else 0
        waiting += [int(child) for child in children.split()]
    return total


def cpu() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stage(nights: Path, output: Path, jobs: int, model: str) -> tuple[float, float, list[float]]:
    """Stage all nights; return seconds, CPU seconds, and megabytes over time."""
    command = [sys.executable, "-m", "sleepaug", "predict", nights, "-o", output]
    command += ["--model", model, "--jobs", str(jobs)]
    begin, before, used = time.perf_counter(), cpu(), []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        used.append(memory(process.pid))
        time.sleep(EVERY)
    if process.returncode:
        sys.exit(f"predict ended with {process.returncode}")
    return time.perf_counter() - begin, cpu() - before, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nights", type=int, default=1000)
    parser.add_argument("--distinct", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--model", default="default")
    given = parser.parse_args()
    nights = given.folder / "nights"
    make_nights(nights, given.nights, given.distinct)
    seconds, busy, used = stage(nights, given.folder / "out", given.jobs, given.model)
    print(f"{given.nights} nights in {seconds:.0f} s: {3600 * given.nights / seconds:.0f} an hour")
    print(f"CPU: {busy / given.nights:.2f} s a night")
    parts = [np.median(part) for part in np.array_split(used, TENTHS) if len(part)]
    print("MB, medians of tenths of the time:", " ".join(f"{part:.0f}" for part in parts))
    again, _, _ = stage(nights, given.folder / "out", given.jobs, given.model)
    print(f"the same command again: {again:.1f} s")


if __name__ == "__main__":
    main()
