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
from collections.abc import Callable
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
from sleepaug.training.methods.bilevel import unroll
from sleepaug.training.tasks.sleep import Sleep

BATCH, STEP, LR = 16, 0.05, 1e-3


def by_chord(transform: Transform) -> Transform:
    """Return the same transform with the chord from amount 0 as its derivative by the amount."""

    def apply(x: Tensor, amount: Tensor) -> Tensor:
        y = transform.apply(x, amount.detach())
        slope = ((y - x) / per_window(amount, x)).detach()
        return torch.addcmul(y, slope, per_window(amount - amount.detach(), x))

    return replace(transform, apply=apply)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--batches", type=int, default=60)
    options = parser.parse_args()
    task = Sleep(data="mass", data_dir=options.data, n_folds=4).load(Preprocessing()).task
    fit = Fit(task, Identity(), Training(epochs=8), seed=0)
    while not fit.done:
        fit.step()
    trunk = fit.model.trunk.eval()
    weights = {k: p.detach().requires_grad_() for k, p in trunk.named_parameters()}

    def shifted(x: Tensor, m: Tensor, draw: Tensor, wrap: Callable = lambda t: t) -> Tensor:
        shift = partial(frequency_shift, draw=draw, sfreq=100.0)
        return wrap(Transform("frequency_shift", shift, 5.0, "Hz"))(x, m)

    def loss(w: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(trunk, w, (x,)), y)

    def after_step(m: Tensor, batch: tuple, draw: Tensor, wrap: Callable) -> tuple[float, float]:
        """The validation loss after a training step, and its slope in units of the step."""
        x, y, other, others = batch
        found = unroll(
            shifted(x, m.expand(len(x)), draw, wrap),
            lambda w, windows: loss(w, windows, y),
            lambda w: loss(w, other, others),
            weights, [m], LR, "exact",
        )  # fmt: skip
        return found.valid_loss.item() / LR, float(found.policy_gradient[0]) / LR

    def direct(m: Tensor, batch: tuple, draw: Tensor, wrap: Callable) -> tuple[float, Tensor]:
        x, y, *_ = batch
        each = m.detach().expand(len(x)).clone().requires_grad_()
        value = loss(weights, shifted(x, each, draw, wrap), y)
        return value.item(), torch.autograd.grad(value, each)[0] * len(x)

    def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
        i, j = torch.randperm(len(task.train))[:BATCH], torch.randperm(len(task.valid))[:BATCH]
        return task.train.x[i], task.train.y[i], task.valid.x[j], task.valid.y[j]

    def plain(transform: Transform) -> Transform:
        return transform

    torch.manual_seed(0)
    for m in (0.1, 0.5):
        magnitude = torch.tensor(m, requires_grad=True)
        up, down = torch.tensor(m * (1 + STEP)), torch.tensor(m * (1 - STEP))
        up.requires_grad_(), down.requires_grad_()
        found: dict[str, list[float]] = {}
        slopes: dict[str, list[float]] = {"shifted windows": [], "after a step": []}
        for _ in range(options.batches):
            each, u = batch(), torch.rand(BATCH)
            pairs = torch.cat([u[: BATCH // 2], 1 - u[: BATCH // 2]])
            for kind, f in (("shifted windows", direct), ("after a step", after_step)):
                data = each[2:] if f is direct else each
                a, b = f(up, data, u, plain)[0], f(down, data, u, plain)[0]
                slopes[kind].append((a - b) / (2 * STEP * m))
                for name, draw, wrap in (
                    ("derivative", u, plain), ("antithetic", pairs, plain), ("chord", u, by_chord)
                ):  # fmt: skip
                    slope = f(magnitude, data, draw, wrap)[1]
                    mean = slope if isinstance(slope, float) else float(slope.mean())
                    found.setdefault(f"{kind}, {name}", []).append(mean)
                    if f is direct and name == "derivative":
                        clipped = float(slope.clamp(-1, 1).mean())
                        found.setdefault(f"{kind}, clipped", []).append(clipped)
        print(f"\nm = {m:g} ({5 * m:g} Hz)                mean +- s.e.         s.d.   sign agrees")
        for kind, values in slopes.items():
            true = torch.tensor(values)
            error = float(true.std()) / len(true) ** 0.5
            print(f"{kind + ', true slope':<32}{float(true.mean()):>+9.2f} +- {error:<8.2f}")
            for name in [name for name in found if name.startswith(kind)]:
                v = torch.tensor(found[name])
                agrees = float((v.sign() == true.mean().sign()).float().mean())
                error = float(v.std()) / len(v) ** 0.5
                print(f"{name:<32}{float(v.mean()):>+9.2f} +- {error:<8.2f}{float(v.std()):>8.2f}"
                      f"{agrees:>12.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
