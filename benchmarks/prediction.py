"""Staging a night: time and memory from a cold start, beside YASA, and the parts of a warm run.

    python benchmarks/prediction.py NIGHT.edf [--yasa PYTHON]

NIGHT is a night in the MASS layout, such as `sleepaug simulate FOLDER --nights 1 --hours 8` writes
(8 h, 256 Hz, 20 EEG channels and more). YASA stages C3 of the same file with the Python given
by --yasa, an environment in which YASA is installed. Runs alternate; medians are printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

YASA = """
import sys, mne, yasa
raw = mne.io.read_raw_edf(sys.argv[1], include=["EEG C3-CLE"], preload=True, verbose="error")
sls = yasa.SleepStaging(raw, eeg_name="EEG C3-CLE")
sls.predict().as_events().to_csv(sys.argv[2])
"""


def cold(command: list[str]) -> tuple[float, float, float]:
    """Wall and CPU seconds and peak megabytes of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{command}: {process.stderr.read().decode()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def warm(night: Path, n: int) -> dict[str, float]:
    """CPU seconds of staging in a process that has staged before, and of its parts."""
    import torch

    from sleepaug.models.recording_features import recording_features
    from sleepaug.staging.excerpts import with_excerpts
    from sleepaug.staging.hypnogram.formats import write_forms
    from sleepaug.staging.loading import load_model

    torch.set_num_threads(1)  # as the command does
    stager = load_model()
    hypnogram = stager.predict(night)
    features = recording_features(night)
    places = features.montage.places()
    parts = {
        "stage (all but writing)": lambda: stager.predict(night),
        "  read, filter, look for faults, describe": lambda: recording_features(night),
        "  networks": lambda: stager.model.probabilities(features.x, places, context=True),
    }
    with tempfile.TemporaryDirectory() as folder:

        def write() -> None:
            vars(hypnogram).pop("png", None)
            shown = with_excerpts(hypnogram, night)
            write_forms(shown, Path(folder), "n", ["csv", "png", "html"])

        parts["write csv, png, html"] = write
        return {name: median_cpu(part, n) for name, part in parts.items()}


def median_cpu(part, n: int) -> float:
    times = []
    part()
    for _ in range(n):
        start = time.process_time()
        part()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("night", type=Path)
    parser.add_argument("--yasa", type=Path, help="python of an environment with YASA")
    parser.add_argument("-n", type=int, default=3, help="runs of each")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "sleepaug", "predict", str(args.night), "--overwrite"]
        commands = {"sleepaug predict (11 channels; csv, png, html)": [*ours, "-o", folder]}
        if args.yasa:
            theirs = [str(args.yasa), "-c", YASA, str(args.night), str(Path(folder) / "y.csv")]
            commands["YASA (1 channel; csv)"] = theirs
        runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
        for k in range(args.n + 1):  # the first run fills the file cache
            for name, command in commands.items():
                result = cold(command)
                if k:
                    runs[name].append(result)
    print(f"{'cold start to written files':<48}{'wall s':>8}{'CPU s':>8}{'MB':>8}")
    for name, results in runs.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*results, strict=True))
        print(f"{name:<48}{wall:>8.2f}{cpu:>8.2f}{memory:>8.0f}")
    print(f"{'warm, one night':<48}{'':>8}{'CPU s':>8}")
    for name, seconds in warm(args.night, args.n).items():
        print(f"{name:<48}{'':>8}{seconds:>8.2f}")


if __name__ == "__main__":
    main()
