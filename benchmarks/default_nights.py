"""Simulate the nights that the default model learns from (`make default-model`).

    python benchmarks/default_nights.py build/nights

Many people with an hour or so each, and some with a whole night, against the references that
laboratories use: linked ears, the opposite ear, the right ear, the ear of the same side.
"""

import argparse
from pathlib import Path

import numpy as np

from sleepaug.simulation.dataset import Job, derive, write_night
from sleepaug.simulation.night import resolve_channels

LEFT, RIGHT = ("C3", "F3", "O1"), ("C4", "F4", "O2")
EARS = {"opposite": ("A2", "A1"), "same": ("A1", "A2"), "right": ("A2", "A2")}
REFERENCES = {
    "linked ears": (*LEFT, *RIGHT),
    **{
        name: (*(f"{e}-{left}" for e in LEFT), *(f"{e}-{right}" for e in RIGHT))
        for name, (left, right) in EARS.items()
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--short", type=int, default=240, help="people with 0.5 to 2 hours")
    parser.add_argument("--whole", type=int, default=20, help="people with 8 hours")
    parser.add_argument("--seed", type=int, default=100)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    hours = np.r_[rng.choice([0.5, 1.0, 2.0], args.short, p=[0.5, 0.35, 0.15]), [8.0] * args.whole]
    for i, duration in enumerate(rng.permutation(hours)):
        stem = f"01-03-{i + 1:04d}"
        reference = rng.choice(list(REFERENCES))
        psg = args.folder / f"{stem} PSG.edf"
        if psg.exists():  # the recording is written last
            continue
        job = Job(
            psg=psg,
            hypnograms=(args.folder / f"{stem} Base.edf",),
            seed=derive(args.seed, 0, i),
            subject=derive(args.seed, 1, i),
            hours=float(duration),
            ch_names=tuple(resolve_channels(REFERENCES[reference])),
            sfreq=100.0,
            layout="mass",
            first_night=False,
        )
        write_night(job)


if __name__ == "__main__":
    main()
