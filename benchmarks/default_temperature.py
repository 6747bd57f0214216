"""How certain the default model is at several temperatures, on real and on simulated nights.

    python benchmarks/default_nights.py build/fresh --people 40 --seed 900
    python benchmarks/default_temperature.py DREAMS build/fresh

DREAMS is a folder with the excerpts that may be looked at (1 to 3). The simulated nights are of
people whom the model was not trained on. At the temperature wanted, certainty equals accuracy.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from realism_tables import table

from sleepaug.data.datasets.dreams import dreams
from sleepaug.data.datasets.mass import mass
from sleepaug.models.cards import find_model
from sleepaug.models.recording_model import RecordingModel, read_recording_model
from sleepaug.staging.reliability import reliability
from sleepaug.training.recordings.nights import ScoredNight, read_nights

TEMPERATURES = (0.45, 0.55, 0.65, 0.75, 1.0)


def staged(model: RecordingModel, nights: list[ScoredNight]) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities (n, 5) and the stages (n,) of the scored windows."""
    p = np.concatenate([model.probabilities(night.x, night.places) for night in nights])
    y = np.concatenate([night.y for night in nights])
    return p[y >= 0], y[y >= 0]


def main() -> None:
    """Print certainty, accuracy and the expected calibration error at each temperature."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dreams", type=Path)
    parser.add_argument("nights", type=Path)
    args = parser.parse_args()
    model = read_recording_model(find_model())
    rows = []
    for name, recordings in (("DREAMS", dreams(args.dreams)), ("simulated", mass(args.nights))):
        nights = read_nights(recordings, progress=True)
        for value in TEMPERATURES:
            at = replace(model, description=replace(model.description, temperature=value))
            p, y = staged(at, nights)
            certainty, accuracy = p.max(axis=1).mean(), (p.argmax(axis=1) == y).mean()
            rows.append((name, value, certainty, accuracy, reliability(p, y).expected_error))
    table(("nights", "temperature", "certainty", "accuracy", "certainty off by"), rows)


if __name__ == "__main__":
    main()
