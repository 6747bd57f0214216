"""Memory and time of an epoch with windows held in memory, and read from the cache.

    python benchmarks/streamed_windows.py DIR [--nights 62] [--ways whole streamed] [--epochs 2]

DIR gets nights of random numbers of the size of MASS, 960 windows of 6 x 3000 samples each (69 MB).
Two fifths are trained on and two fifths validated on, with the Chambon trunk and no augmentation,
each way in a process of its own. Memory is the peak beyond that after the imports; time is that of
the last epoch.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from sleepaug.augment import Identity
from sleepaug.data.stored import StoredWindows
from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.training.fit import Fit, Training
from sleepaug.training.tasks.streamed import StreamedWindows
from sleepaug.training.tasks.task import Split, Task

N_WINDOWS, SHAPE = 960, (6, 3000)


def nights(folder: Path, n: int) -> list[np.memmap]:
    """Return memory-mapped nights, made at the first use."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(n):
        if not (folder / f"{k}.npy").is_file():
            x = np.random.default_rng(k).standard_normal((N_WINDOWS, *SHAPE), np.float32)
            np.save(folder / f"{k}.npy", x)
    return [np.load(folder / f"{k}.npy", mmap_mode="r") for k in range(n)]


def peak() -> float:
    """Largest resident memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure(folder: Path, n: int, way: str, epochs: int) -> None:
    torch.set_num_threads(1)
    before = peak()
    stored = StoredWindows.of(nights(folder, n))

    def split(chosen: np.ndarray) -> Split:
        x = StreamedWindows(stored[chosen], "cpu")
        whole = torch.from_numpy(x.stored.read()) if way == "whole" else x
        return Split(whole, torch.arange(len(x)) % 5, stored.night[chosen].astype(str))

    part = stored.night % 5
    task = Task(
        train=split(part < 2),
        valid=split((part == 2) | (part == 3)),
        transforms={},
        make_trunk=lambda: Chambon2018(n_chans=6, n_times=3000, sfreq=100.0),
        classes=("W", "N1", "N2", "N3", "R"),
    )
    fit = Fit(task, Identity(), Training(epochs=epochs), seed=0)
    for _ in range(epochs):
        start, cpu = time.perf_counter(), time.process_time()
        fit.step()
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    gigabytes = stored.nbytes * 0.8 / 1e9
    print(f"| {n} | {way} | {gigabytes:.1f} | {peak() - before:.2f} | {wall:.0f} | {cpu:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nights", type=int, default=62)
    parser.add_argument("--ways", nargs="+", default=["whole", "streamed"])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    nights(options.folder, options.nights)
    if options.inner:
        measure(options.folder, options.nights, options.ways[0], options.epochs)
        return
    print("| nights | windows | GB of windows used | peak GB | epoch, wall s | epoch, CPU s |")
    print("| --: | --- | --: | --: | --: | --: |", flush=True)
    for way in options.ways:
        given = [str(options.folder), "--nights", str(options.nights), "--ways", way]
        command = [sys.executable, __file__, *given, "--epochs", str(options.epochs), "--inner"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
