"""Windows of real and simulated EEG, and features to compare them by.

Used by `realism.py`. The real EEG is the DREAMS Sleep Spindles Database.
"""

from pathlib import Path

import numpy as np
from scipy import signal, stats

from sleepaug.simulation.night import simulate_night

STAGES = ("W", "N1", "N2", "N3", "R")
SFREQ = 50  # Hz, the rate of the slowest excerpt: what all recordings are compared at
BANDS = ((0.5, 1), (1, 2), (2, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14), (14, 16), (16, 22))
EXCERPT_SFREQ = {1: 100, 2: 200, 3: 50, 4: 200, 5: 200, 6: 200}
EXCERPT_CHANNEL = {1: "C3-A1", 2: "Cz-A1", 3: "C3-A1", 4: "Cz-A1", 5: "Cz-A1", 6: "Cz-A1"}
Window = tuple[np.ndarray, np.ndarray]  # x (n_windows, n_times) in uV, y (n_windows,)


def read_excerpt(folder: Path, number: int, wanted: int = SFREQ) -> Window:
    """Read a DREAMS excerpt as 30-s windows at `wanted` Hz, the stage by majority of 5-s codes."""
    sfreq = EXCERPT_SFREQ[number]
    x = np.loadtxt(folder / f"excerpt{number}.txt", skiprows=1)
    codes = np.loadtxt(folder / f"Hypnogram_excerpt{number}.txt", skiprows=1).astype(int)
    stage = np.select([codes == 5, codes == 4, codes == 3, codes == 2, codes >= 0], [0, 4, 1, 2, 3])
    stage = np.where(codes < 0, 5, stage)
    n = len(x) // (30 * sfreq)
    y = np.array([np.bincount(s).argmax() for s in stage[: n * 6].reshape(n, 6)])
    x = signal.resample_poly(x[: n * 30 * sfreq], wanted, sfreq) if sfreq != wanted else x
    keep = y < 5
    return x[: n * 30 * wanted].reshape(n, -1)[keep], y[keep]


def simulated_windows(seed: int, channel: str, wanted: int = SFREQ) -> Window:
    """Simulate a night of one channel as 30-s windows at `wanted` Hz."""
    raw = simulate_night(seed, ch_names=[channel], sfreq=100.0)
    x = signal.resample_poly(raw.get_data()[0] * 1e6, wanted, 100)
    y = np.array([STAGES.index(s) for s in raw.annotations.description])
    return x.reshape(len(y), -1), y


def features(x: np.ndarray) -> np.ndarray:
    """Describe windows (n, n_times) by spectrum, its changes within the window, and amplitude."""
    sos = signal.butter(4, 0.5, "highpass", fs=SFREQ, output="sos")
    x = signal.sosfiltfilt(sos, x.reshape(-1)).reshape(x.shape)
    freqs, _, power = signal.spectrogram(x, SFREQ, "hann", 4 * SFREQ, 2 * SFREQ)
    bands = np.stack(
        [power[:, (freqs >= a) & (freqs < b)].mean(1) for a, b in BANDS], 1
    )  # (n, n_bands, n_segments)
    bands = np.log10(bands + 1e-3)
    level = np.log10(power.mean(2) + 1e-3)
    fit = (freqs >= 2) & (freqs <= 20)
    slope = np.polyfit(np.log10(freqs[fit]), level[:, fit].T, 1)[0]
    size = np.abs(x)
    d = np.diff(x, axis=1)
    amplitude = np.stack(
        [
            np.log(x.std(1)),
            stats.kurtosis(x, axis=1).clip(-2, 20),
            stats.skew(x, axis=1),
            np.log(np.percentile(size, 99, axis=1) / np.median(size, axis=1)),
            np.log(d.std(1) / x.std(1)),
            np.log(np.diff(d, axis=1).std(1) / d.std(1)),
            (np.diff(np.sign(x), axis=1) != 0).mean(1),
            slope,
        ],
        1,
    )
    return np.concatenate([bands.mean(2), bands.std(2), bands.max(2), amplitude], 1)


FEATURE_NAMES = (
    *(f"{how} {a:g}-{b:g} Hz" for how in ("power", "variation", "peak") for a, b in BANDS),
    *("amplitude", "kurtosis", "skewness", "p99/median", "mobility", "complexity", "crossings"),
    "slope",
)  # fmt: skip
