"""Loading a night, 6 of its channels, low-passed at 30 Hz, at 100 Hz: beside MNE's two ways.

    python benchmarks/loading.py NIGHT.edf

NIGHT is a night in the MASS layout, such as `sleepaug simulate FOLDER --nights 1 --hours 8`
writes. Each way runs in processes of its own, in turns; medians are printed, and how far the
samples are from MNE's. Memory is the peak beyond what the process held after its imports.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

COMMON = """
import json, resource, sys, time
import numpy as np
names = ["C3", "C4", "F3", "F4", "O1", "O2"]
night, out = sys.argv[1:]
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""
MEASURE = """
idle, wall, cpu = peak(), time.perf_counter(), time.process_time()
x = load()
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps([wall, cpu, peak() - idle]))
if out:
    np.save(out, np.asarray(x, np.float32))
"""
MNE = """
import mne
labels = [f"EEG {name}-CLE" for name in names]
def load():
    raw = mne.io.read_raw_edf(night, {how}, verbose="error")
    raw.pick(labels).load_data(verbose="error")
    raw.filter(None, 30, verbose="error").resample(100, verbose="error")
    return raw.get_data() * 1e6
"""
WAYS = {
    "sleepaug": """
from sleepaug.data.signals.continuous import signals
from sleepaug.data.signals.preprocessing import Preprocessing
def load():
    return signals(night, Preprocessing(tuple(names)))[0]
""",
    "MNE, include=": MNE.replace("{how}", "include=labels"),
    "MNE, preload": MNE.replace("{how}", "preload=True"),
}


def main() -> None:
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("night", type=Path)
    parser.add_argument("-n", type=int, default=3, help="runs of each")
    args = parser.parse_args()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MNE_LOGGING_LEVEL": "ERROR"}
    runs: dict[str, list[list[float]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        for k in range(args.n + 1):  # the first run fills the file cache and keeps the samples
            for name, code in WAYS.items():
                out = str(Path(folder) / f"{name.split()[-1]}.npy") if k == 0 else ""
                command = [sys.executable, "-c", COMMON + code + MEASURE, str(args.night), out]
                done = subprocess.run(command, env=environment, capture_output=True, text=True)
                if done.returncode:
                    sys.exit(done.stderr[-2000:])
                if k:
                    runs[name].append([float(n) for n in done.stdout.strip("[] \n").split(",")])
        ours, theirs = (np.load(Path(folder) / f"{n}.npy") for n in ("sleepaug", "preload"))
    n = min(ours.shape[1], theirs.shape[1])
    apart = np.abs(ours[:, :n] - theirs[:, :n])
    print(f"{'':<16}{'wall s':>8}{'CPU s':>8}{'MB beyond idle':>16}")
    for name, results in runs.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*results, strict=True))
        print(f"{name:<16}{wall:>8.2f}{cpu:>8.2f}{memory:>16.0f}")
    print(f"largest difference of a sample: {(apart.max(1) / theirs.std(1)).max():.1e} sd")


if __name__ == "__main__":
    main()
