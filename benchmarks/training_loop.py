"""The cost of the training loop itself: ours against braindecode's EEGClassifier.

A tiny model on small windows, so that what is measured is the loop; and the same with PyTorch's
autograd and optimizer alone, which neither can do without. They take turns in one process; the
medians are of the processor time of whole epochs, divided by their steps:

    OMP_NUM_THREADS=1 python benchmarks/training_loop.py
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from sleepaug.augment import Identity
from sleepaug.data.stages import STAGES
from sleepaug.support.braindecode_import import braindecode
from sleepaug.training.fit import Fit, Training
from sleepaug.training.tasks.task import Split, Task

N_WINDOWS, SHAPE, BATCH = 1600, (2, 100), 16


def tiny_model() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(SHAPE[0] * SHAPE[1], len(STAGES)))


def bare_epoch(x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    """Return the least that an epoch can be with PyTorch's autograd and optimizer."""
    model = tiny_model()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, betas=(0.0, 0.999), fused=True)

    def epoch() -> None:
        for index in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    x, y = torch.randn(N_WINDOWS, *SHAPE), torch.randint(len(STAGES), (N_WINDOWS,))
    few = Split(x[:1], y[:1])
    task = Task(Split(x, y), few, {}, tiny_model, STAGES)
    fit = Fit(task, Identity(), Training(epochs=10**6, patience=10**6), seed=0)
    classifier = braindecode.EEGClassifier(
        tiny_model(),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__betas=(0.0, 0.999),
        lr=1e-3,
        batch_size=BATCH,
        train_split=None,
        max_epochs=1,
        iterator_train__shuffle=True,
        classes=list(range(len(STAGES))),
        verbose=0,
    ).initialize()
    x_array, y_array = x.numpy(), y.numpy()
    loops = {
        "sleepaug Fit": fit.step,
        "PyTorch without a loop around it": bare_epoch(x, y),
        "braindecode EEGClassifier": lambda: classifier.partial_fit(x_array, y_array),
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(rounds + 1):
        for name, epoch in loops.items():
            start = time.process_time()
            epoch()
            if number:  # the first is a warm-up
                seconds[name].append(time.process_time() - start)
    steps = N_WINDOWS // BATCH
    ratio = statistics.median(
        theirs / ours
        for ours, theirs in zip(
            seconds["sleepaug Fit"], seconds["braindecode EEGClassifier"], strict=True
        )
    )
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, CPU, {threads} thread(s), batches of {BATCH}")
    print("| loop | ms a step (median) |\n|---|---|")
    for name, times in seconds.items():
        print(f"| {name} | {1e3 * statistics.median(times) / steps:.3f} |")
    print(f"| EEGClassifier / Fit, median of pairs | {ratio:.2f} |")


if __name__ == "__main__":
    main()
