"""Time each of the 13 transforms against braindecode's functional of the same name.

    python benchmarks/transforms.py [--device cuda]

Both are timed with the drawing of their random numbers, at full strength, on float32 windows of
6 x 3000, alternately in one process; the numbers are medians in milliseconds. With
OMP_NUM_THREADS=1 it is CPU time, which other work on the machine disturbs less. braindecode's three
swaps (time reverse, sign flip, channels symmetry) draw nothing as functionals, so for these its
`Transform` with probability 1/2 is timed, which does what ours does.
"""

import argparse
import logging
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from importlib import import_module

import torch

from sleepaug.augment import eeg_transforms
from sleepaug.support.braindecode_import import braindecode

CH_NAMES = ["C3", "C4", "F3", "F4", "O1", "O2"]
SFREQ = 100.0


def interleaved(
    functions: dict[str, Callable[[], object]], device: str, seconds: float
) -> dict[str, float]:
    """Return the median duration in ms of each function, called alternately for some seconds."""
    clock = time.process_time if single(device) else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, function in functions.items():
            synchronize(device)
            start = clock()
            function()
            synchronize(device)
            times[name].append(1e3 * (clock() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def single(device: str) -> bool:
    """Whether one thread does all the work, so that its CPU time can be taken."""
    return device == "cpu" and torch.get_num_threads() == 1


def synchronize(device: str) -> None:
    """Wait for the device."""
    if device != "cpu":
        torch.cuda.synchronize()


def machine(device: str) -> str:
    """Say what the numbers were measured on."""
    if device != "cpu":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    name = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") as lines:
        name = next((line.split(":")[1].strip() for line in lines if "model name" in line), name)
    threads = "CPU time of 1 thread" if single(device) else f"{torch.get_num_threads()} threads"
    return f"{name}, {threads}, torch {torch.__version__}"


def braindecodes() -> dict[str, Callable[[torch.Tensor], object]]:
    """Return braindecode's transforms at full strength, drawing included."""
    b = import_module("braindecode.augmentation")
    positions = import_module("braindecode.augmentation.transforms")._get_standard_10_20_positions(
        ordered_ch_names=CH_NAMES
    )

    def functional(transform: Callable) -> Callable[[torch.Tensor], object]:
        return lambda x: transform.operation(x, None, **transform.get_augmentation_params(x, None))

    swaps = {
        "time_reverse": b.TimeReverse(0.5),
        "sign_flip": b.SignFlip(0.5),
        "channels_symmetry": b.ChannelsSymmetry(0.5, CH_NAMES),
    }
    others = {
        "time_masking": b.SmoothTimeMask(1.0, 200),
        "gaussian_noise": b.GaussianNoise(1.0, 0.2),
        "ft_surrogate": b.FTSurrogate(1.0, 1.0),
        "frequency_shift": b.FrequencyShift(1.0, SFREQ, 5),
        "bandstop_filter": b.BandstopFilter(1.0, bandwidth=2.0, sfreq=SFREQ, max_freq=30.0),
        "channels_shuffle": b.ChannelsShuffle(1.0, 1.0),
        "channels_dropout": b.ChannelsDropout(1.0, 1.0),
        **{f"rotation_{axis}": b.SensorsRotation(1.0, positions, axis, 30) for axis in "xyz"},
    }
    return swaps | {name: functional(transform) for name, transform in others.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--seconds", type=float, default=1.5, help="for each row and batch")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(f"{machine(arguments.device)}, braindecode {braindecode.__version__}\n")
    heads = [f"{n} windows: braindecode | sleepaug | ratio" for n in arguments.batches]
    print("| transform | " + " | ".join(heads) + " |")
    print("| --- |" + " --: |" * (3 * len(heads)))
    theirs, ours = braindecodes(), eeg_transforms(SFREQ, CH_NAMES)
    totals = [[0.0, 0.0] for _ in arguments.batches]
    windows = [torch.randn(n, 6, 3000, device=arguments.device) for n in arguments.batches]
    for name, transform in ours.items():
        cells = []
        for x, total in zip(windows, totals, strict=True):
            both = {
                "theirs": lambda x=x, name=name: theirs[name](x),
                "ours": lambda x=x, transform=transform: transform(x, 1.0),
            }
            medians = interleaved(both, arguments.device, arguments.seconds)
            total[0] += medians["theirs"]
            total[1] += medians["ours"]
            cells.append(cell(*medians.values()))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"| all 13 | {' | '.join(cell(*total) for total in totals)} |")


def cell(theirs: float, ours: float) -> str:
    """Return three cells of the table."""
    return f"{theirs:.2f} | {ours:.2f} | {theirs / ours:.1f}"


if __name__ == "__main__":
    main()
