"""Train the model that ships (`make default-model`).

    python benchmarks/default_nights.py build/nights
    python benchmarks/default_model.py build/nights build/default.safetensors

The features of the nights, and YASA's opinions of them, are kept beside them (`features.npz`,
`opinions.npz`), so that another training is quick. It takes `pip install "sleepaug[yasa]"`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from second_opinion import opinion
from tqdm import tqdm
from trial_options import add_trial_options, with_trial

from sleepaug.data.datasets.mass import mass
from sleepaug.data.files.open import open_recording
from sleepaug.models.description import TrainedOn
from sleepaug.models.recording_model import save_recording_model
from sleepaug.training.recordings.fit import RecordingTraining, fit_recording_model
from sleepaug.training.recordings.nights import ScoredNight, read_nights


def nights_of(folder: Path) -> list[ScoredNight]:
    """Read the nights, or their features from the last time."""
    stored = folder / "features.npz"
    recordings = mass(folder)
    if stored.exists():
        with np.load(stored) as arrays:
            n = int(arrays["n"])
            if n == len(recordings):
                parts = [[arrays[f"{key}{k}"] for key in ("x", "places", "y")] for k in range(n)]
                return [ScoredNight(x.astype(np.float32), places, y) for x, places, y in parts]
    nights = read_nights(recordings, progress=True)
    arrays = {
        f"{key}{k}": getattr(night, key)
        for k, night in enumerate(nights)
        for key in ("places", "y")
    }
    arrays |= {f"x{k}": night.x.astype(np.float16) for k, night in enumerate(nights)}
    np.savez(stored, n=len(nights), **arrays)
    return nights


def with_opinions(nights: list[ScoredNight], folder: Path) -> list[ScoredNight]:
    """Stage the nights with YASA, or take what it said the last time."""
    stored = folder / "opinions.npz"
    opinions = list(np.load(stored).values()) if stored.exists() else []
    if len(opinions) != len(nights):
        recordings = tqdm(mass(folder), "Staging", unit="night", disable=None)
        opinions = [opinion(open_recording(r.files[0]), k) for k, r in enumerate(recordings)]
        np.savez(stored, *opinions)
    return [replace(night, opinion=p) for night, p in zip(nights, opinions, strict=True)]


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, default=RecordingTraining.steps)
    add_trial_options(parser)
    args = parser.parse_args()
    torch.set_num_threads(1)
    nights = nights_of(args.folder)
    if args.opinion > 0:
        nights = with_opinions(nights, args.folder)
    windows = sum(int((night.y >= 0).sum()) for night in nights)
    training = with_trial(RecordingTraining(steps=args.steps), args)
    data = "simulated, partly YASA-labelled" if args.opinion > 0 else "simulated"
    trained_on = TrainedOn(data, n_windows=windows, n_recordings=len(nights))
    model = fit_recording_model(nights, training, trained_on)
    save_recording_model(args.output, model)
    print(f"{args.output}: {len(nights)} recordings, {windows} windows")


if __name__ == "__main__":
    main()
