"""Kernels and waits of a step of each method on a GPU, counted without one.

    python -m tests.device.counts [--lines]

A step is a batch of 16 windows of 6 channels and 30 s at 100 Hz, with the trunk of Chambon et al.
and all transforms that apply. `--lines` also shows which lines of sleepaug cause the most.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from sleepaug.augment import AugmentedModel, Policy, eeg_transforms
from sleepaug.augment.model import log_probabilities
from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.models.spectral import SpectralStager
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods import METHODS
from sleepaug.training.tasks.task import Split, Task
from tests.device.pretended import DEVICE, Counting

CHANNELS, BATCH = ["C3", "C4", "F3", "F4", "O1", "O2"], 16
TRUNKS = {"chambon2018": partial(Chambon2018, drop_prob=0.0), "spectral": SpectralStager}


def make_task(device: torch.device | str, trunk: str = "chambon2018", n_times: int = 3000) -> Task:
    """Return a task of one batch, the same numbers on every device."""
    torch.manual_seed(0)
    splits = [
        Split(torch.randn(BATCH, 6, n_times).to(device), (torch.arange(BATCH) % 5).to(device),
              np.repeat(["a", "b"], BATCH // 2))
        for _ in range(2)
    ]  # fmt: skip
    return Task(
        train=splits[0],
        valid=splits[1],
        transforms=eeg_transforms(100.0, CHANNELS),
        make_trunk=lambda: TRUNKS[trunk](n_chans=6, n_times=n_times, sfreq=100.0),
        classes=("W", "N1", "N2", "N3", "R"),
    )


def fit_step(fit: Fit) -> Callable[[], float]:
    """Return a function that takes a training step on the first batch of a fit's task."""

    def step() -> torch.Tensor:
        fit.model.train()
        loss = F.nll_loss(fit.model(fit.task.train.x), fit.task.train.y, weight=fit.class_weights)
        if fit.regularization:
            loss = loss + fit.regularization * fit.model.augment.regularizer()
        fit.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        fit.optimizer.step()
        return loss.detach()

    return step


def steps(task: Task) -> dict[str, Callable[[], torch.Tensor]]:
    """Return for each method a function that takes one step and returns a loss."""
    made: dict[str, Callable[[], torch.Tensor]] = {}
    for name in ("none", "augnet"):
        search = METHODS[name]().search(task)
        fit = Fit(task, search.augmentation(), Training(), regularization=search.regularization,
                  seed=0)  # fmt: skip
        made[name] = fit_step(fit)
    policy = [[[name, 0.5, 0.5], ["gaussian_noise", 0.5, 0.5]] for name in task.transforms]
    made["a policy"] = fit_step(Fit(task, Policy(policy[:5], task.transforms), Training(), seed=0))
    cases = {
        "faster-aa": ("faster-aa", {}),
        "dada": ("dada", {}),
        "adda": ("adda", {"warm_start": 0}),
        "adda, softmax": ("adda", {"warm_start": 0, "estimator": "softmax"}),
        "adda, gumbel": ("adda", {"warm_start": 0, "estimator": "gumbel"}),
        "adda, finite": (
            "adda",
            {"warm_start": 0, "estimator": "softmax", "hypergradient": "finite"},
        ),
    }
    for label, (name, options) in cases.items():
        learner = METHODS[name](**options).search(task, Training(), seed=0).learner
        batches = (task.train.x, task.train.y), (task.valid.x, task.valid.y)

        def step(learner=learner, batches=batches) -> torch.Tensor:
            learner.module.train()
            return next(iter(learner.update(*batches).values())).detach()

        made[label] = step
    return made


def predicting(task: Task) -> Callable[[], torch.Tensor]:
    """Return a function that predicts the windows of a task with AugNet, four copies each."""
    augment = METHODS["augnet"]().search(task).augmentation()
    torch.manual_seed(1)
    model = AugmentedModel(augment, task.make_trunk()).to(task.train.x.device)
    return lambda: log_probabilities(model, task.train.x)


def counted(step: Callable[[], object], counting: Counting) -> tuple[Counter, Counter]:
    """Take a step that fills caches, then count another."""
    torch.manual_seed(2)
    step()
    counting.clear()
    step()
    return Counter(counting.kernels), Counter(counting.waits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with Counting() as counting:
        every = steps(make_task(DEVICE))
        every["prediction, augnet"] = predicting(make_task(DEVICE))
        every["none, spectral"] = steps(make_task(DEVICE, "spectral"))["none"]
        print(f"{'a step of':<22}{'kernels':>9}{'waits':>7}")
        for name, step in every.items():
            if options.only and options.only not in name:
                continue
            kernels, waits = counted(step, counting)
            print(f"{name:<22}{sum(kernels.values()):>9,}{sum(waits.values()):>7}", flush=True)
            if options.lines:
                for line, n in kernels.most_common(14):
                    print(f"    {n:>6} {line}")
                for line, n in waits.most_common():
                    print(f"    {n:>6} waits: {line}")


if __name__ == "__main__":
    main()
