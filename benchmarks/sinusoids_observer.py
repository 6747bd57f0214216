"""What the transforms that runs on the sinusoids kept would cost an observer who knows the law.

    python benchmarks/sinusoids_observer.py RUN

RUN is the folder of an experiment on the sinusoids. The observer takes the class whose frequency is
nearest to the peak of the periodogram. For each variant: how many runs kept frequency shift within
0.5 +- 0.1 Hz, and the largest loss of the observer's accuracy on the test waves, in percentage
points, under any transform at the amount at which any run kept it.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from sleepaug.augment.learned import kept
from sleepaug.experiments.settings import load_config, members
from sleepaug.experiments.variants import leaves
from sleepaug.training.runs import RunFolder
from sleepaug.training.tasks.sinusoids import FREQUENCIES, N_TIMES, SFREQ

N_FFT = 8 * N_TIMES
REPEATS = 100


def accuracy(x: torch.Tensor, y: torch.Tensor) -> float:
    """Of the observer."""
    power = torch.fft.rfft(x[:, 0], n=N_FFT).abs()
    peak = torch.fft.rfftfreq(N_FFT, 1 / SFREQ)[power.argmax(1)]
    nearest = (peak[:, None] - torch.tensor(FREQUENCIES)).abs().argmin(1)
    return float((nearest == y).float().mean())


def main(run: Path) -> None:
    config = load_config(run / "config.yaml")
    each = members(config) if config.run.variants else {"": config}
    torch.manual_seed(0)
    for name, variant in each.items():
        worst, shifts, n_runs = {}, [], 0
        for path in leaves(variant, run / name):
            rows = RunFolder(path).rows()
            if len(rows) < variant.training.epochs:
                continue
            n_runs += 1
            seed = load_config(path / "config.yaml").run.seed
            loaded = variant.task.load(seed=seed)
            x, y = loaded.test.x, loaded.test.y
            plain = accuracy(x, y)
            last = rows[-1]["augmentation"]
            for key in (key for key in last if key.endswith(".amount")):
                if not kept(last, key.removesuffix(".amount")):
                    continue
                transform = loaded.task.transforms[key.split(".")[-2]]
                magnitude = last[key] / transform.amount_at_1
                after = np.mean([accuracy(transform(x, magnitude), y) for _ in range(REPEATS)])
                worst[key] = max(worst.get(key, 0.0), 100 * (plain - after))
                if "frequency_shift" in key:
                    shifts.append(last[key])
        right = sum(0.4 <= shift <= 0.6 for shift in shifts)
        print(f"{name}: {n_runs} runs, frequency shift within 0.5 +- 0.1 Hz in {right}")
        for key, loss in worst.items():
            print(f"  {key.removesuffix('.amount')}: costs the observer at most {loss:.2f} points")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
