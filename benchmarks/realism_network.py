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
from trial_options import with_trial

from sleepaug.data.signals.montage import channel_place
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.staging.reliability import reliability
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, confusion_matrix, recalls
from sleepaug.training.recordings.fit import RecordingTraining, fit_networks
from sleepaug.training.recordings.nights import UNSCORED, ScoredNight
from sleepaug.training.recordings.variation import PIVOT

CHANNELS = ("Fpz-Cz", "Pz-Oz", "horizontal EOG")
KINDS = ("eeg", "eeg", "eog")
PLACES = np.stack(
    [channel_place(name.split()[1], kind) for name, kind in zip(FULL_NAMES, KINDS, strict=True)]
).astype(np.float32)
PIECE = 168
"""Windows of a piece of a night, 84 minutes: recordings as short as this are staged, too."""
IN_PIECE = (3, 3, 10, 3, 15)
"""Windows of each stage that a piece must have."""
SEEN = ([0], [1], [0, 1], [0, 2], [1, 2], [0, 1, 2])  # of CHANNELS, when real nights are staged


def scored(night: Night) -> ScoredNight:
    """Return a night as the training takes it: logarithms of powers and of shares."""
    features = logarithms(night.x).astype(np.float32)
    y = np.where(night.y < 0, UNSCORED, night.y)
    return ScoredNight(features, PLACES, y, night.opinion)


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
    nights = simulated_nights(args.nights, args.seed, opinions=args.opinion > 0)
    simulated = [scored(night) for night in nights]
    training = with_trial(RecordingTraining(shares=RecordingTraining.shares[:4]), args)
    networks = fit_networks(simulated, training, ways=ways())
    real = [scored(night) for night in real_nights(args.features / "bands.npz", args.people)]
    print(
        f"## The default model's network, on the bands of {args.nights} simulated nights, stages "
        f"{len(real)} real ones ({args.people})\n"
    )
    rng = np.random.default_rng(0)
    pieces = [cut for night in real if (cut := piece(night, rng)) is not None]
    print(f"{len(pieces)} of them have a piece of {PIECE // 2} minutes with all stages.\n")
    rows = []
    for chosen in SEEN:
        counts, off = staged(networks, real, chosen, training.temperature)
        of_pieces, _ = staged(networks, pieces, chosen, training.temperature)
        shares = " ".join(f"{s} {r:.2f}" for s, r in zip(STAGES, recalls(counts), strict=True))
        scores = (float(cohen_kappa(counts)), float(balanced_accuracy(counts)))
        name = ", ".join(CHANNELS[k] for k in chosen)
        rows.append((name, *scores, shares, off, float(cohen_kappa(of_pieces))))
    columns = ("channels", "kappa", "balanced accuracy", "recall", "certainty off by")
    table((*columns, "kappa of pieces"), rows)


def piece(night: ScoredNight, rng: np.random.Generator) -> ScoredNight | None:
    """Draw a piece that has some of every stage; None where the night has no such piece."""
    begins = [
        begin
        for begin in range(0, len(night.y) - PIECE, 5)
        if all((night.y[begin : begin + PIECE] == s).sum() >= n for s, n in enumerate(IN_PIECE))
    ]
    if not begins:
        return None
    begin = int(rng.choice(begins))
    return ScoredNight(night.x[begin : begin + PIECE], night.places, night.y[begin : begin + PIECE])


def staged(
    networks: Sequence[RecordingNetwork],
    nights: Sequence[ScoredNight],
    chosen: list[int],
    temperature: float = 1.0,
) -> tuple[np.ndarray, float]:
    """Return the confusion matrix (5, 5) of nights of which networks see some channels, and how far
    their certainty is off."""
    p = np.concatenate([probabilities(networks, night, chosen) for night in nights])
    y = np.concatenate([night.y for night in nights])
    p, y = p[y >= 0] ** (1 / temperature), y[y >= 0]
    p /= p.sum(axis=1, keepdims=True)
    return confusion_matrix(y, p.argmax(1), len(STAGES)), reliability(p, y).expected_error
