"""The default model's network, on five bands: trained on simulated nights, it stages real ones.

Its features cannot be computed for the nights of Sleep-EDF, of which there are only band powers. So
the structure of the network, its training and the simulated nights are judged.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from realism_bands import (
    BANDS,
    FULL_NAMES,
    Night,
    logarithms,
    real_nights,
    simulated_nights,
)
from realism_tables import STAGES, table

from sleepaug.data.signals.montage import channel_place
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.staging.reliability import reliability
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, confusion_matrix, recalls
from sleepaug.training.recordings.fit import RecordingTraining, fit_network
from sleepaug.training.recordings.nights import UNSCORED, ScoredNight
from sleepaug.training.recordings.variation import PIVOT

CHANNELS = ("Fpz-Cz", "Pz-Oz", "horizontal EOG")
KINDS = ("eeg", "eeg", "eog")
PLACES = np.stack(
    [channel_place(name.split()[1], kind) for name, kind in zip(FULL_NAMES, KINDS, strict=True)]
).astype(np.float32)
SEEN = ([0], [1], [0, 1], [0, 2], [1, 2], [0, 1, 2])  # of CHANNELS, when real nights are staged


def scored(night: Night) -> ScoredNight:
    """Return a night as the training takes it: logarithms of powers and of shares."""
    features = logarithms(night.x).astype(np.float32)
    return ScoredNight(features, PLACES, np.where(night.y < 0, UNSCORED, night.y))


def ways() -> np.ndarray:
    """Return how the features change with gain, and with a tilt: shares with a tilt only."""
    tilt = 2 * np.log([np.sqrt(low * high) / PIVOT for low, high in BANDS.values()])
    n = len(BANDS)
    return np.stack([np.repeat([2.0, 0.0], n), np.concatenate([tilt, tilt - tilt.mean()])])


@torch.no_grad()
def probabilities(networks: Sequence[RecordingNetwork], night: ScoredNight, chosen: list[int]):
    """Return the mean probabilities (n_windows, 5) of networks that see some channels."""
    x, place = (torch.from_numpy(v)[None] for v in (night.x[:, chosen], night.places[chosen]))
    return np.mean([network(x, place)[0].exp().numpy() for network in networks], axis=0)


def judge_network(args: argparse.Namespace) -> None:
    """Train the network on the bands of simulated nights, and score it on real ones."""
    torch.set_num_threads(1)
    simulated = [scored(night) for night in simulated_nights(args.nights, args.seed)]
    shares = args.share or RecordingTraining.shares[:2]
    networks = [
        fit_network(simulated, RecordingTraining(), share, seed=seed, ways=ways())
        for seed, share in enumerate(shares)
    ]
    real = [scored(night) for night in real_nights(args.features / "bands.npz", args.people)]
    print(
        f"## The default model's network, on the bands of {args.nights} simulated nights, stages "
        f"{len(real)} real ones ({args.people})\n"
    )
    rows = []
    for chosen in SEEN:
        p = np.concatenate([probabilities(networks, night, chosen) for night in real])
        y = np.concatenate([night.y for night in real])
        p, y = p[y >= 0], y[y >= 0]
        counts = confusion_matrix(y, p.argmax(1), len(STAGES))
        shares = " ".join(f"{s} {r:.2f}" for s, r in zip(STAGES, recalls(counts), strict=True))
        scores = (float(cohen_kappa(counts)), float(balanced_accuracy(counts)))
        off = reliability(p, y).expected_error
        rows.append((", ".join(CHANNELS[k] for k in chosen), *scores, shares, off))
    table(("channels", "kappa", "balanced accuracy", "recall", "certainty off by"), rows)
