"""Simulate the nights that the default model learns from (`make default-model`).

    python benchmarks/default_nights.py build/nights

Every recording is of another person: excerpts of half an hour to whole nights, some with hours of
wake around them, in the montages that laboratories, home recorders and headbands use, through as
many recorders. All have the electrodes of one montage; some have eyes, some a chin EMG.
"""

import argparse
from pathlib import Path

import numpy as np

from sleepaug.simulation.dataset import write_night
from sleepaug.simulation.plan import Job, SimulationSettings, derive

# Montage: its share of the recordings, and its EEG channels.
MONTAGES: dict[str, tuple[float, tuple[str, ...]]] = {
    "linked ears": (0.14, ("F3", "F4", "C3", "C4", "O1", "O2")),
    "linked ears, midline": (0.06, ("Fz", "Cz", "Pz", "Oz")),
    "opposite mastoid": (0.18, ("F3-M2", "F4-M1", "C3-M2", "C4-M1", "O1-M2", "O2-M1")),
    "opposite ear": (0.10, ("F4-A1", "C4-A1", "O2-A1", "C3-A2")),
    "same ear": (0.08, ("C3-A1", "C4-A2", "Cz-A1", "P3-A1")),
    "one central": (0.08, ("C4-A1", "Cz-A2")),
    "cassette": (0.18, ("Fpz-Cz", "Pz-Oz")),
    "bipolar": (0.08, ("F3-C3", "C3-O1", "F4-C4", "C4-O2", "Fz-Cz", "Cz-Oz")),
    "headband": (0.10, ("AF7-Fpz", "AF8-Fpz", "Fp1-Fp2", "AF7-TP7", "AF8-TP8", "F7-Fp2", "F8-Fp1")),
}
EYES = {
    "linked ears": ("Left Horiz", "Right Horiz"),
    "linked ears, midline": ("E1", "E2"),
    "opposite mastoid": ("E1-M2", "E2-M2"),
    "opposite ear": ("E1-A2", "E2-A1"),
    "same ear": ("E1-A1", "E2-A1"),
    "one central": ("E1-A2", "E2-A2"),
    "cassette": ("EOG horizontal",),
    "bipolar": ("E2-E1",),
}
WITH_EYES, WITH_CHIN = 0.7, 0.6  # of the recordings whose montage has eyes
HOURS = {0.5: 0.25, 1.0: 0.25, 2.0: 0.15, 4.0: 0.15, 7.0: 0.10, 9.0: 0.10}  # mean length: share
DAYLIGHT = 0.25  # of the recordings begin or end with wake by day, up to 3 hours


def draw_job(folder: Path, index: int, seed: int) -> Job:
    """Draw one recording: who, how long, which channels, which recorder."""
    rng = np.random.default_rng([seed, index])
    shares = np.array([share for share, _ in MONTAGES.values()])
    montage = str(rng.choice(list(MONTAGES), p=shares / shares.sum()))
    channels = list(MONTAGES[montage][1])
    if rng.random() < WITH_EYES:
        channels += EYES.get(montage, ())
    if montage in EYES and rng.random() < WITH_CHIN:
        channels.append("EMG Chin1")
    longest = float(rng.choice(list(HOURS), p=list(HOURS.values())))
    hours = round(longest * rng.uniform(0.8, 1.0) * 120) / 120
    wake = np.zeros(2)
    if rng.random() < DAYLIGHT:
        wake = rng.exponential(0.5, 2).clip(0, 1.5)
    settings = SimulationSettings(
        nights=1,
        seed=seed,
        hours=max(hours, 0.5),
        ch_names=channels,
        sfreq=100.0,
        wake_before=float(wake[0]),
        wake_after=float(wake[1]),
        recorder="sleep-edf" if montage == "cassette" and rng.random() < 0.5 else "any",
    )
    return Job(
        psg=folder / f"01-03-{index + 1:04d} PSG.edf",
        hypnograms=(folder / f"01-03-{index + 1:04d} Base.edf",),
        seed=derive(seed, 0, index),
        subject=derive(seed, 1, index),
        settings=settings,
    )


def main() -> None:
    """Write the recordings that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--seed", type=int, default=100)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for index in range(args.people):
        job = draw_job(args.folder, index, args.seed)
        if not job.psg.exists():  # the recording is written last
            write_night(job)


if __name__ == "__main__":
    main()
