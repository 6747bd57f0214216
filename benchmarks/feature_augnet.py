"""AugNet's layers on the features of the default model, in place of variation set by hand.

    python benchmarks/default_nights.py build/nights
    python benchmarks/feature_augnet.py build/nights DREAMS --regularization 0.1

One network is trained in each way on the same nights from the same seed: without variation, with
that of `RecordingTraining`, with six layers of one transform each whose magnitudes are learned, and
with three layers that choose among all six. Scored on scored recordings of DREAMS.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from default_model import nights_of
from realism_tables import table
from torch import Tensor, nn

from sleepaug.augment.augnet import AugNetSettings
from sleepaug.augment.layers import AugmentationModule
from sleepaug.augment.transform import Transform, per_window
from sleepaug.data.datasets.dreams import dreams
from sleepaug.data.signals.features import NAMES
from sleepaug.data.signals.montage import N_PLACE
from sleepaug.data.stages import STAGES
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, confusion_matrix
from sleepaug.training.recordings import variation
from sleepaug.training.recordings.fit import RecordingTraining, class_weights, draw_batch
from sleepaug.training.recordings.nights import UNSCORED, ScoredNight, read_nights

MAGNITUDE, RATE = 0.2, 0.01  # of the transforms at the start, and of their learning


def feature_transforms(sd: Tensor) -> dict[str, Transform]:
    """Return the variations that need no stage, of features in standard deviations `sd`."""
    gain, tilt = (torch.from_numpy(way).float() / sd for way in variation.directions())
    named: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], float, str]] = {
        "gain": (lambda z, amount: variation.along(z, gain, amount), 1.5, "log of amplitude"),
        "tilt": (lambda z, amount: variation.along(z, tilt, amount), 1.0, "log of amplitude"),
        "offset": (variation.offset, 1.5, "std"),
        "spread": (variation.spread, 1.0, "log of spread"),
        "drift": (variation.drift, 1.0, "std"),
        "noise": (variation.noise, 1.0, "std"),
    }

    def transform(name: str) -> Transform:
        apply, largest, unit = named[name]
        return Transform(name, lambda z, amount: apply(z, per_window(amount, z)), largest, unit)

    return {name: transform(name) for name in named}


def fit(
    nights: list[ScoredNight], way: str, regularization: float, training: RecordingTraining
) -> tuple[RecordingNetwork, AugmentationModule | None]:
    """Train a network: "none", "by hand", "magnitudes" or "selection" of the transforms."""
    torch.manual_seed(training.seed)
    rng = np.random.default_rng(training.seed)
    network = RecordingNetwork(n_features=len(NAMES), n_place=N_PLACE)
    network.learn_scale([torch.from_numpy(night.x) for night in nights[:80]])
    transforms = feature_transforms(network.sd)
    ways = torch.from_numpy(variation.directions()) / network.sd
    layers = {"magnitudes": [[name] for name in transforms], "selection": [list(transforms)] * 3}
    augment, learning = None, None
    if way in layers:
        augment = AugNetSettings(layers=layers[way], magnitude=MAGNITUDE).build(transforms)
        learning = torch.optim.Adam(augment.parameters(), RATE)
    optimizer = torch.optim.AdamW(network.parameters(), training.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=training.steps, pct_start=0.15
    )
    weight = class_weights(nights, training.class_power)
    network.train()
    for _ in range(training.steps):
        x, place, y, _ = draw_batch(nights, rng)
        present = ~x.isnan().any(dim=-1, keepdim=True)
        z = ((x - network.mean) / network.sd).clamp(-8, 8).nan_to_num()
        if way == "by hand":
            z = variation.vary(z, y, training.variation, ways)
        elif augment is not None:
            z = augment(z)
        x = torch.where(present, z * network.sd + network.mean, torch.nan)
        loss = torch.zeros(()) if augment is None else regularization * augment.regularizer()
        for logits in network.logits(x, place):
            loss = loss + F.cross_entropy(
                logits.flatten(0, 1), y.flatten(), weight, ignore_index=UNSCORED,
                label_smoothing=training.smoothing,
            )  # fmt: skip
        optimizer.zero_grad()
        if learning is not None:
            learning.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if augment is not None and learning is not None:
            learning.step()
            augment.project_()
    return network.eval(), augment


@torch.no_grad()
def confusion(network: RecordingNetwork, nights: list[ScoredNight]) -> np.ndarray:
    """Return the confusion matrix of all channels together."""
    total = np.zeros((5, 5), int)
    for night in nights:
        x, place = (torch.from_numpy(v)[None] for v in (night.x, night.places))
        said = network(x, place)[0].argmax(-1).numpy()
        scored = night.y >= 0
        total += confusion_matrix(night.y[scored], said[scored], len(STAGES))
    return total


def main() -> None:
    """Train in each way, and print what was learned and the scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("nights", type=Path)
    parser.add_argument("dreams", type=Path)
    parser.add_argument("--regularization", type=float, nargs="+", default=[0.1, 0.5])
    parser.add_argument("--steps", type=int, default=RecordingTraining.steps)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    nights, real = nights_of(args.nights), read_nights(dreams(args.dreams))
    training = RecordingTraining(steps=args.steps, seed=args.seed)
    ways = [("none", 0.0), ("by hand", 0.0)]
    ways += [(way, value) for way in ("magnitudes", "selection") for value in args.regularization]
    rows = []
    for way, value in ways:
        network, augment = fit(nights, way, value, training)
        counts = confusion(network, real)
        described = {} if augment is None else augment.describe()
        learned = ", ".join(
            f"{key.split('.')[1]} {amount:.2f}"
            for key, amount in described.items()
            if key.endswith(".amount") and described[key.replace(".amount", ".weight")] > 0.05
        )
        kappa, balanced = float(cohen_kappa(counts)), float(balanced_accuracy(counts))
        rows.append((way, value or "-", kappa, balanced, learned or "-"))
    table(("variation", "lambda", "kappa", "balanced accuracy", "learned"), rows)


if __name__ == "__main__":
    main()
