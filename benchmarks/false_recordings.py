"""What a model says of recordings that are no sleep EEG, and of real ones.

    python benchmarks/false_recordings.py MODEL --real ../shared/data/dreams/excerpt1.txt ...

Each false recording has two channels called C3-A2 and C4-A1 and lasts an hour. "doubted" are those
that carry a warning or have no stages.
"""

import argparse
from pathlib import Path

import mne
import numpy as np
from scipy import signal

import sleepaug
from sleepaug.simulation.night import simulate_night

RATE, SECONDS = 100, 3600


def coloured(rng: np.random.Generator, exponent: float) -> np.ndarray:
    """Noise of 30 uV whose power falls with the frequency to some power."""
    spectrum = np.fft.rfft(rng.normal(size=RATE * SECONDS))
    freqs = np.maximum(np.fft.rfftfreq(RATE * SECONDS, 1 / RATE), 0.3)
    x = np.fft.irfft(spectrum * freqs ** (-exponent / 2))
    return 30 * x / x.std()


def heart(rng: np.random.Generator) -> np.ndarray:
    """An ECG: a spike about once a second."""
    x = np.zeros(RATE * SECONDS)
    at = np.cumsum(rng.normal(0.95, 0.05, SECONDS * 2))
    at = at[at < SECONDS - 1]
    x[(at * RATE).astype(int)] = 800
    return np.convolve(x, signal.windows.gaussian(9, 1.5), "same") + rng.normal(0, 5, len(x))


def changing(rng: np.random.Generator) -> np.ndarray:
    """Pink noise whose level changes every few minutes, as a loose electrode's does."""
    level = np.repeat(rng.lognormal(0, 0.7, SECONDS // 300), 300 * RATE)
    return coloured(rng, 1.0) * level


def stretch(rng: np.random.Generator, stage: str, factor: float = 1.0) -> np.ndarray:
    """An hour of one stage, pieced together from simulated nights."""
    parts, seed = [], int(rng.integers(1e6))
    while sum(map(len, parts)) < RATE * SECONDS:
        raw = simulate_night(seed, hours=8, ch_names=["C3"], sfreq=RATE)
        stages = np.array(raw.annotations.description)
        windows = raw.get_data()[0][: len(stages) * 30 * RATE].reshape(len(stages), -1)
        parts.append(windows[stages == stage].ravel() * 1e6)
        seed += 1
    return factor * np.concatenate(parts)[: RATE * SECONDS]


FALSE = {
    "white noise": lambda rng: coloured(rng, 0),
    "pink noise": lambda rng: coloured(rng, 1),
    "brown noise": lambda rng: coloured(rng, 2),
    "pink noise of changing level": changing,
    "ECG": heart,
    "10-Hz sine": lambda rng: 30 * np.sin(2 * np.pi * 10 * np.arange(RATE * SECONDS) / RATE),
    "wake throughout": lambda rng: stretch(rng, "W"),
    "N2 throughout": lambda rng: stretch(rng, "N2"),
    "REM throughout": lambda rng: stretch(rng, "R"),
    "N2 with a gain of 50": lambda rng: stretch(rng, "N2", 50),
}


def recording(first: np.ndarray, second: np.ndarray) -> mne.io.BaseRaw:
    """Two channels in microvolts as a recording."""
    info = mne.create_info(["C3-A2", "C4-A1"], RATE, "eeg")
    return mne.io.RawArray(np.stack([first, second]) * 1e-6, info, verbose="error")


def verdict(night: sleepaug.Hypnogram) -> tuple[bool, str]:
    """Whether a night is doubted, and its stages in words."""
    doubted = not night.scored.any() or any(note.startswith("Warning") for note in night.notes)
    stages = ", ".join(
        f"{stage} {(night.stages == stage).mean():.0%}" for stage in np.unique(night.stages)
    )
    return doubted, stages


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="default")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    stager = sleepaug.load_model(args.model)
    print("| recording | doubted | stages of the last |\n|---|---|---|")
    for name, make in FALSE.items():
        doubts = []
        for seed in range(args.repeats):
            rng = np.random.default_rng(seed)
            doubted, stages = verdict(stager.predict(recording(make(rng), make(rng))))
            doubts.append(doubted)
        print(f"| {name} | {sum(doubts)} of {len(doubts)} | {stages} |")
    for path in args.real:
        doubted, stages = verdict(stager.predict(path))
        print(f"| {path.name} (real) | {'yes' if doubted else 'no'} | {stages} |")


if __name__ == "__main__":
    main()
