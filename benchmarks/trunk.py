"""Time a training step of the Chambon2018 trunk: its C kernel against torch.compile.

Forward, backward and Adam on float32 windows of 6 x 3000, alternately in one process, medians in
milliseconds. "Torch alone" is the trunk where there is no C compiler. TorchInductor compiles the
same matrix product and maximum in plain torch, and torch's own layers (braindecode's
SleepStagerChambon2018, which gives the same outputs):

    OMP_NUM_THREADS=1 python benchmarks/trunk.py
"""

import argparse
import time
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transforms import SFREQ, interleaved, machine

from sleepaug.models import chambon2018, conv_max_pool, conv_max_pool_compiled
from sleepaug.support.braindecode_import import braindecode

SHAPE = {"n_chans": 6, "n_times": 3000, "sfreq": SFREQ}


def plain(x: Tensor, weight: Tensor, pool: int, padding: int) -> Tensor:
    """Convolve and take maxima as `conv_max_pool` does, in plain torch."""
    pools = conv_max_pool.Pools.of(x, weight, pool, padding)
    matrix = conv_max_pool.banded(weight, pool)
    return conv_max_pool.plain_pooled_product(x, matrix, pools)


def candidates() -> dict[str, tuple[nn.Module, Callable[..., Tensor]]]:
    """Return trunks, and the function that convolves and takes maxima in those of the package."""
    ours = [chambon2018.Chambon2018(**SHAPE) for _ in range(3)]
    layers = [braindecode.models.SleepStagerChambon2018(**SHAPE, n_outputs=5) for _ in range(2)]
    return {
        "sleepaug, C kernel": (ours[0], conv_max_pool_compiled.conv_max_pool),
        "sleepaug, torch alone": (ours[1], conv_max_pool.conv_max_pool),
        "torch.compile of the matrix product": (torch.compile(ours[2], dynamic=False), plain),
        "torch.compile of torch's layers": (torch.compile(layers[0], dynamic=False), plain),
        "torch's layers": (layers[1], plain),
    }


def training_step(
    trunk: nn.Module, function: Callable[..., Tensor], x: Tensor, y: Tensor
) -> Callable[[], None]:
    """Return a training step of a trunk that convolves by `function`."""
    optimizer = torch.optim.Adam(trunk.parameters(), lr=1e-6)

    def step() -> None:
        chambon2018.conv_max_pool = function
        loss = F.cross_entropy(trunk(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each number of windows")
    seconds = parser.parse_args().seconds
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    trunks, medians = candidates(), {}
    compiling = dict.fromkeys(trunks, 0.0)
    for n_windows in (16, 64):
        x, y = torch.randn(n_windows, 6, 3000), torch.randint(5, (n_windows,))
        steps = {name: training_step(*one, x, y) for name, one in trunks.items()}
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            compiling[name] += time.perf_counter() - start
        medians[n_windows] = interleaved(steps, "cpu", seconds)
    print(f"{machine('cpu')}\n")
    print("| step of the trunk | 16 windows (ms) | 64 windows (ms) | first two steps (s) |")
    print("| --- | --: | --: | --: |")
    for name in trunks:
        columns = f"{medians[16][name]:.1f} | {medians[64][name]:.1f} | {compiling[name]:.1f}"
        print(f"| {name} | {columns} |")


if __name__ == "__main__":
    main()
