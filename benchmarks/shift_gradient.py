"""Whether the gradient of the frequency shift's magnitude points the right way.

    python benchmarks/shift_gradient.py DIR [--batches 60]

DIR holds nights in the layout of MASS (`sleepaug simulate DIR`). A network is trained for 8 epochs
without augmentation. Two losses are differentiated by the magnitude m on batches of 16 windows:
that of shifted validation windows, and the validation loss after a training step on shifted windows
(the hypergradient of DADA and ADDA). Their true slopes are central differences with the same draws,
averaged over batches. Four estimates are compared: the derivative, the derivative with antithetic
draws (u and 1 - u in one batch), that of each window clipped to [-1, 1] (first loss only), and the
chord from m = 0, ``(T(x; m) - x) / m`` in the place of ``dT(x; m)/dm``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from sleepaug.augment import Identity, Transform
from sleepaug.augment.eeg_frequency import frequency_shift
from sleepaug.augment.transform import per_window
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.hypergradient import Losses, unroll
from sleepaug.training.tasks.sleep import Sleep
from sleepaug.training.tasks.task import Task

BATCH, STEP, LR = 16, 0.05, 1e-3
Windows = tuple[Tensor, Tensor, Tensor, Tensor]  # training windows and stages, validation's
Change = Callable[[Transform], Transform]


def plain(transform: Transform) -> Transform:
    return transform


def by_chord(transform: Transform) -> Transform:
    """Return the same transform with the chord from amount 0 as its derivative by the amount."""

    def apply(x: Tensor, amount: Tensor) -> Tensor:
        y = transform.apply(x, amount.detach())
        slope = ((y - x) / per_window(amount, x)).detach()
        return torch.addcmul(y, slope, per_window(amount - amount.detach(), x))

    return replace(transform, apply=apply)


def shifted(x: Tensor, m: Tensor, draw: Tensor, change: Change) -> Tensor:
    """Shift the frequencies of windows by magnitude m and these draws."""
    shift = partial(frequency_shift, draw=draw, sfreq=100.0)
    return change(Transform("frequency_shift", shift, 5.0, "Hz"))(x, m)


class Trained:
    """A network trained without augmentation, and the two losses that depend on the magnitude."""

    def __init__(self, task: Task) -> None:
        fit = Fit(task, Identity(), Training(epochs=8), seed=0)
        while not fit.done:
            fit.step()
        self.trunk = fit.model.trunk.eval()
        self.weights = {k: p.detach().requires_grad_() for k, p in self.trunk.named_parameters()}

    def loss(self, weights: Mapping[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(self.trunk, weights, (x,)), y)

    def of_shifted(
        self, m: Tensor, windows: Windows, draw: Tensor, change: Change
    ) -> tuple[float, Tensor]:
        """Return the loss of shifted validation windows, and its slope for each of them."""
        *_, x, y = windows
        each = m.detach().expand(len(x)).clone().requires_grad_()
        value = self.loss(self.weights, shifted(x, each, draw, change), y)
        return value.item(), torch.autograd.grad(value, each)[0] * len(x)

    def after_step(
        self, m: Tensor, windows: Windows, draw: Tensor, change: Change
    ) -> tuple[float, Tensor]:
        """Return the validation loss after a training step, and its slope; both over the step."""
        x, y, valid_x, valid_y = windows
        losses = Losses(
            inner=lambda weights, x: self.loss(weights, x, y),
            outer=lambda weights: self.loss(weights, valid_x, valid_y),
        )
        augmented = shifted(x, m.expand(len(x)), draw, change)
        step = unroll(augmented, losses, self.weights, [m], LR, "exact")
        return step.valid_loss.item() / LR, step.policy_gradient[0] / LR


def draw_windows(task: Task) -> Windows:
    """Draw a batch of training windows and one of validation windows."""
    i, j = torch.randperm(len(task.train))[:BATCH], torch.randperm(len(task.valid))[:BATCH]
    return task.train.x[i], task.train.y[i], task.valid.x[j], task.valid.y[j]


def slopes_at(m: float, network: Trained, task: Task, n_batches: int) -> dict[str, list[float]]:
    """Return the true slope of each loss at magnitude m, and its estimates, batch by batch."""
    magnitude = torch.tensor(m, requires_grad=True)
    up, down = torch.tensor(m * (1 + STEP)), torch.tensor(m * (1 - STEP))
    up.requires_grad_(), down.requires_grad_()
    slopes = defaultdict[str, list[float]](list)
    for _ in range(n_batches):
        windows, u = draw_windows(task), torch.rand(BATCH)
        pairs = torch.cat([u[: BATCH // 2], 1 - u[: BATCH // 2]])
        for kind, f in (
            ("shifted windows", network.of_shifted),
            ("after a step", network.after_step),
        ):
            above, below = (f(at, windows, u, plain)[0] for at in (up, down))
            slopes[f"{kind}, true slope"].append((above - below) / (2 * STEP * m))
            for name, draw, change in (
                ("derivative", u, plain), ("antithetic", pairs, plain), ("chord", u, by_chord)
            ):  # fmt: skip
                slope = f(magnitude, windows, draw, change)[1]
                slopes[f"{kind}, {name}"].append(float(slope.mean()))
                if name == "derivative" and slope.ndim:
                    slopes[f"{kind}, clipped"].append(float(slope.clamp(-1, 1).mean()))
    return slopes


def show(m: float, slopes: Mapping[str, Sequence[float]]) -> None:
    """Print mean and spread of the slopes, and how often the sign is that of the true one."""
    print(f"\nm = {m:g} ({5 * m:g} Hz)                mean +- s.e.         s.d.   sign agrees")
    for kind in ("shifted windows", "after a step"):
        true = torch.tensor(slopes[f"{kind}, true slope"])
        for name in [name for name in slopes if name.startswith(kind)]:
            v = torch.tensor(slopes[name])
            error = float(v.std()) / len(v) ** 0.5
            line = f"{name:<32}{float(v.mean()):>+9.2f} +- {error:<8.2f}"
            if not name.endswith("true slope"):
                agrees = float((v.sign() == true.mean().sign()).float().mean())
                line += f"{float(v.std()):>8.2f}{agrees:>12.2f}"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--batches", type=int, default=60)
    options = parser.parse_args()
    task = Sleep(data="mass", data_dir=options.data, n_folds=4).load(Preprocessing()).task
    network = Trained(task)
    torch.manual_seed(0)
    for m in (0.1, 0.5):
        show(m, slopes_at(m, network, task, options.batches))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
