"""What searching costs: an epoch of each method, and trials trained together or one at a time.

    python benchmarks/searches.py [--device cuda] [--windows 320] [--trials 5]

The trials of one sampling are independent, so their trunks could be trained as one: parameters
stacked, every convolution a grouped one (`torch.func.vmap`). The table compares that with training
one trunk after the other, with the package's trunk and with a plain one made of torch's layers,
which computes the same numbers (`largest difference`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from sleepaug.augment import eeg_transforms
from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.training.fit import Fit, Training
from sleepaug.training.machine import pick_device
from sleepaug.training.methods import METHODS
from sleepaug.training.tasks.task import Split, Task

CHANNELS = ["C3", "C4", "F3", "F4", "O1", "O2"]
SFREQ, N_TIMES, BATCH, LR = 100.0, 3000, 16, 1e-3


class Plain(nn.Module):
    """Chambon2018 as torch's own layers; its parameters have the same names and shapes."""

    def __init__(self, like: Chambon2018) -> None:
        super().__init__()
        self.spatial_conv = like.spatial_conv
        self.temporal_conv_1, self.temporal_conv_2 = like.temporal_conv_1, like.temporal_conv_2
        self.final_layer = like.final_layer
        self.pool, self.padding = like.pool, like.padding

    def forward(self, x: Tensor) -> Tensor:
        x = self.spatial_conv(x[:, None]).transpose(1, 2)
        for conv in (self.temporal_conv_1, self.temporal_conv_2):
            x = F.conv2d(x, conv.weight, conv.bias, padding=(0, self.padding))
            x = F.max_pool2d(F.relu(x), (1, self.pool))
        return self.final_layer(x.flatten(1))


def timed(step: Callable[[], object], n: int, device: torch.device) -> float:
    """Median seconds of a call, the first one left out."""
    seconds = []
    for _ in range(n + 1):
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:]))


def windows(n: int, device: torch.device) -> Split:
    torch.manual_seed(n)
    x, y = torch.randn(n, len(CHANNELS), N_TIMES), torch.arange(n) % 5
    return Split(x.to(device), y.to(device), np.arange(n).astype(str))


def trunk() -> Chambon2018:
    return Chambon2018(n_chans=len(CHANNELS), n_times=N_TIMES, sfreq=SFREQ, drop_prob=0.0)


def epochs(n_windows: int, device: torch.device) -> None:
    """Seconds of an epoch of each search, against an epoch of plain training."""
    task = Task(
        train=windows(n_windows, device),
        valid=windows(n_windows + 1, device),
        transforms=eeg_transforms(SFREQ, CHANNELS),
        make_trunk=trunk,
        classes=("W", "N1", "N2", "N3", "R"),
    )
    training = Training(epochs=1)
    search = METHODS["none"]().search(task)
    plain = timed(Fit(task, search.augmentation(), training, seed=0).step, 3, device)
    print(f"\nan epoch of {n_windows} windows, validation included   s      / plain")
    print(f"{'plain training':<40}{plain:>10.2f}{1:>10.1f}")
    search = METHODS["augnet"]().search(task)
    cases = [("augnet, training", Fit(task, search.augmentation(), training, seed=0).step)]
    options = {
        "fast-aa": [{}],
        "faster-aa": [{}],
        "dada": [{"hypergradient": how} for how in ("exact", "finite")],
        "adda": [
            {"estimator": e, "hypergradient": h, "warm_start": 1}
            for e in ("relax", "softmax")
            for h in ("exact", "finite")
        ],
    }
    for name, variants in options.items():
        for variant in variants:
            search = METHODS[name](**variant).search(task, training, seed=0)
            while search.pretraining is not None and not search.pretraining.done:
                search.pretraining.step()
            words = [str(v) for k, v in variant.items() if k != "warm_start"]
            cases.append((", ".join([name, *words]), search.step))
    for name, step in cases:
        seconds = timed(step, 1 if seconds_are_long(plain) else 3, device)
        print(f"{name:<40}{seconds:>10.2f}{seconds / plain:>10.1f}", flush=True)


def seconds_are_long(plain: float) -> bool:
    return plain > 0.5


def trials(n_trials: int, n_steps: int, device: torch.device) -> None:
    """Milliseconds of a step of `n_trials` trunks, one at a time and stacked."""
    data = windows(BATCH * n_trials, device)
    xs, ys = data.x.view(n_trials, BATCH, *data.x.shape[1:]), data.y.view(n_trials, BATCH)

    def trunks(kind: Callable[[Chambon2018], nn.Module]) -> list[nn.Module]:
        made = []
        for seed in range(n_trials):
            torch.manual_seed(seed)
            made.append(kind(trunk()).to(device))
        return made

    def one_at_a_time(models: list[nn.Module]) -> Callable[[], None]:
        def step() -> None:
            for model, x, y in zip(models, xs, ys, strict=True):
                loss = F.cross_entropy(model(x), y)
                slopes = torch.autograd.grad(loss, list(model.parameters()))
                with torch.no_grad():
                    for parameter, slope in zip(model.parameters(), slopes, strict=True):
                        parameter -= LR * slope

        return step

    ours, plain = trunks(lambda t: t), trunks(Plain)
    stacked_models = trunks(Plain)
    parameters, _ = stack_module_state(stacked_models)
    parameters = {k: v.detach().clone() for k, v in parameters.items()}
    skeleton = stacked_models[0]

    def loss(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(skeleton, weights, (x,)), y)

    slopes_of = vmap(grad(loss))

    def stacked() -> None:
        slopes = slopes_of(parameters, xs, ys)
        for name in parameters:
            parameters[name] -= LR * slopes[name]

    cases = {
        "the package's trunk, one at a time": one_at_a_time(ours),
        "torch's layers, one at a time": one_at_a_time(plain),
        "torch's layers, stacked (vmap)": stacked,
    }
    print(f"\n{n_trials} trials, a step of {BATCH} windows each                 ms / trial")
    for name, step in cases.items():
        print(f"{name:<50}{1e3 * timed(step, n_steps, device) / n_trials:>10.1f}", flush=True)
    last = [dict(model.named_parameters())["final_layer.weight"].detach() for model in plain]
    other = [dict(model.named_parameters())["final_layer.weight"].detach() for model in ours]
    for name, weights in (("stacked", parameters["final_layer.weight"]), ("package", other)):
        gap = max(float((a - b).abs().max()) for a, b in zip(last, weights, strict=True))
        print(f"largest difference of a weight after the steps, {name}: {gap:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--windows", type=int, default=160)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    device = pick_device(options.device)
    print(f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    trials(options.trials, options.steps, device)
    epochs(options.windows, device)


if __name__ == "__main__":
    main()
