"""Loading a night, 6 of its channels, low-passed at 30 Hz, at 100 Hz: beside edfio and MNE.

    python benchmarks/loading.py NIGHT.edf

NIGHT is a night in the MASS layout, such as `sleepaug simulate FOLDER --nights 1 --hours 8`
writes. The rows of edfio read with edfio and filter as sleepaug does; MNE reads and filters itself.
Each way runs in processes of its own, one after the other; medians are printed, and how far the
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
EDFIO = """
import edfio
from sleepaug.data.signals.resample import lowpass_and_resample
def load():
    edf = edfio.read_edf(night)
    channels = [edf.get_signal(f"EEG {name}-CLE") for name in names]
    rate = channels[0].sampling_frequency
    n = edf.num_data_records * channels[0].samples_per_data_record
    {read}
    out = np.empty((len(names), int(n / rate * 100)), np.float32)
    lowpass_and_resample(read, n, rate, 100, 30, out)
    return out
"""
WHOLE = """x = np.stack([channel.data for channel in channels], dtype=np.float32)
    def read(start, stop):
        return x[:, start:stop]"""
BLOCKS = """
    def read(start, stop):
        parts = [channel.get_data_slice(start / rate, stop / rate) for channel in channels]
        return np.stack(parts, dtype=np.float32)"""
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
    "edfio, whole channels": EDFIO.replace("{read}", WHOLE),
    "edfio, in blocks": EDFIO.replace("{read}", BLOCKS),
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
                out = str(Path(folder) / f"{list(WAYS).index(name)}.npy") if k == 0 else ""
                command = [sys.executable, "-c", COMMON + code + MEASURE, str(args.night), out]
                process = subprocess.run(command, env=environment, capture_output=True, text=True)
                if process.returncode:
                    sys.exit(process.stderr[-2000:])
                if k:
                    runs[name].append([float(n) for n in process.stdout.strip("[] \n").split(",")])
        samples = [np.load(Path(folder) / f"{index}.npy") for index in range(len(WAYS))]
    expected = samples[list(WAYS).index("MNE, preload")]
    print("| way | wall s | CPU s | MB beyond idle | largest difference to MNE, preload (sd) |")
    print("| --- | --: | --: | --: | --: |")
    for (name, results), x in zip(runs.items(), samples, strict=True):
        wall, cpu, memory = (statistics.median(column) for column in zip(*results, strict=True))
        n = min(x.shape[1], expected.shape[1])
        apart = (np.abs(x[:, :n] - expected[:, :n]).max(axis=1) / expected.std(axis=1)).max()
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {apart:.1e} |")


if __name__ == "__main__":
    main()
