"""What a few scored nights of a laboratory are worth: networks adapted to nights of Sleep-EDF.

    python benchmarks/adaptation.py ../shared/data/sleep-edf-features

Four networks of the default model's form learn from the bands of simulated nights (as `realism.py
network` has it), learn on from real nights of some people with odd numbers, by `adapt`'s settings,
and stage the nights of people with even numbers. People divisible by 5 are left out.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from realism_bands import real_nights, simulated_nights
from realism_network import scored, staged, ways
from realism_tables import STAGES, table

from sleepaug.experiments.adaptation import LEARNING_ON, STRENGTHS, part_way
from sleepaug.models.recording_network import RecordingNetwork
from sleepaug.training.metrics import cohen_kappa, recalls
from sleepaug.training.recordings.fit import RecordingTraining, fit_network, fit_networks
from sleepaug.training.recordings.nights import ScoredNight
from sleepaug.training.recordings.variation import NOTHING

SEEN = ([0], [1], [0, 1])  # Fpz-Cz, Pz-Oz, both
PEOPLE = (2, 4, 8, 16)


def main() -> None:
    """Print kappa on the even people, by how many odd ones were learned from."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", type=Path)
    parser.add_argument("--nights", type=int, default=40, help="simulated")
    parser.add_argument("--draws", type=int, default=3, help="of the people to learn from")
    args = parser.parse_args()
    torch.set_num_threads(1)
    training = RecordingTraining(shares=RecordingTraining.shares[:4])
    simulated = [scored(night) for night in simulated_nights(args.nights, 1000, opinions=True)]
    networks = fit_networks(simulated, training, ways=ways())
    odd, even = (real_nights(args.features / "bands.npz", part) for part in ("design", "check"))
    test = [scored(night) for night in even]
    first = {night.person: scored(night) for night in reversed(odd)}  # a night of each person
    rows: list[tuple[object, ...]] = [row(0, 0, [networks], test)]
    for n_people in PEOPLE:
        learned = []
        for draw in range(args.draws):
            people = np.random.default_rng([n_people, draw]).permutation(list(first))[:n_people]
            own = [first[person] for person in people]
            learned.append(
                [
                    fit_network(own, LEARNING_ON, NOTHING, seed=draw, ways=ways(), start=network)
                    for network in networks
                ]
            )
        for strength in STRENGTHS:
            moved = [part_way(networks, each, strength) for each in learned]
            rows.append(row(n_people, strength, moved, test))
    names = ("people learned from", "strength", "kappa, Fpz-Cz", "Pz-Oz", "both", "recall, both")
    table(names, rows)


def row(
    n_people: int,
    strength: float,
    draws: Sequence[Sequence[RecordingNetwork]],
    nights: list[ScoredNight],
) -> tuple[object, ...]:
    """Score the networks of each draw; return a row of the table."""
    results = [[staged(networks, nights, seen)[0] for seen in SEEN] for networks in draws]
    cells = [
        " ".join(f"{float(cohen_kappa(confusion)):.3f}" for confusion in of_channels)
        for of_channels in zip(*results, strict=True)
    ]
    both = np.sum([result[-1] for result in results], axis=0)
    shares = " ".join(f"{s} {r:.2f}" for s, r in zip(STAGES, recalls(both), strict=True))
    return (n_people, strength, *cells, shares)


if __name__ == "__main__":
    main()
