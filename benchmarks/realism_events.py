"""Spindles, slow waves, band powers and alpha beside real excerpts and published figures."""

import argparse

import numpy as np
from realism_tables import STAGES, span, table
from scipy import signal
from windows_of_eeg import EXCERPT_CHANNEL, features, read_excerpt, simulated_windows

from sleepaug.simulation.night import simulate_night
from sleepaug.simulation.night_plan import plan_night


def detect(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Spindles of N2 and slow waves of N2 and N3 as YASA finds them; x at 100 Hz."""
    import yasa

    out = {}
    flat, hypno = x.reshape(-1), np.repeat(y, x.shape[1])
    for stage in (2, 3):
        minutes = (y == stage).sum() / 2
        if minutes < 3:
            continue
        spindles = yasa.spindles_detect(flat, 100, hypno=hypno, include=(stage,))
        if spindles is not None:
            all_ = spindles.summary()
            out[f"spindles a minute, {STAGES[stage]}"] = len(all_) / minutes
            out[f"spindle frequency, {STAGES[stage]} (Hz)"] = all_["Frequency"].median()
            out[f"spindle duration, {STAGES[stage]} (s)"] = all_["Duration"].median()
            out[f"spindle amplitude, {STAGES[stage]} (uV)"] = all_["Amplitude"].median()
        waves = yasa.sw_detect(flat, 100, hypno=hypno, include=(stage,))
        if waves is not None:
            all_ = waves.summary()
            out[f"slow waves a minute, {STAGES[stage]}"] = len(all_) / minutes
            out[f"slow-wave size, {STAGES[stage]} (uV p-p)"] = all_["PTP"].median()
    return out


PUBLISHED = {
    "slow waves a minute, N2": "fewer than in N3 (Massimini et al. 2004)",
    "slow waves a minute, N3": "6 and more: a fifth of the time, 2 s at most each (AASM manual)",
    "slow-wave size, N2 (uV p-p)": "more than 75 (AASM manual)",
    "slow-wave size, N3 (uV p-p)": "more than 75 (AASM manual)",
    "spindle amplitude, N2 (uV)": "mostly below 50 by eye (Noachtar et al. 1999)",
    "spindle amplitude, N3 (uV)": "as in N2 (Zeitlhofer et al. 1997)",
    "spindle duration, N2 (s)": "0.5-1 (Lacourse et al. 2020); 0.8-1.1 (Coelho et al. 2025)",
    "spindle duration, N3 (s)": "as in N2 (Zeitlhofer et al. 1997)",
    "spindle frequency, N2 (Hz)": "11-16 (AASM manual); 13.4-14.3 (Coelho et al. 2025)",
    "spindle frequency, N3 (Hz)": "as in N2 (Zeitlhofer et al. 1997)",
    "spindles a minute, N2": "2.7 +- 2.1 (Zeitlhofer et al. 1997); 1.0-5.8 (Coelho et al. 2025)",
    "spindles a minute, N3": "fewer than in N2 (Zeitlhofer et al. 1997)",
}


BANDS = {  # columns of `features`
    "0.5-2": (0, 1), "2-4": (2,), "4-8": (3, 4), "8-12": (5, 6), "12-16": (7, 8), "16-22": (9,),
}  # fmt: skip

Sides = dict[str, list[tuple[np.ndarray, np.ndarray]]]  # windows and stages of each night


def judge_statistics(args: argparse.Namespace) -> None:
    """Band powers by stage and electrode, detected events, alpha reactivity."""
    print("## Statistics, simulated beside real\n")
    real = [read_excerpt(args.dreams, k, 100) for k in args.excerpts]
    channels = [EXCERPT_CHANNEL[args.excerpts[i % len(real)]] for i in range(args.nights)]
    simulated = [simulated_windows(args.seed + i, c, 100) for i, c in enumerate(channels)]
    sides = {"simulated": simulated, "real": real}
    events(sides)
    powers(sides)
    topography(args.seed)
    alpha(args.seed, args.nights)


def events(sides: Sides) -> None:
    """Print the table of spindles and slow waves."""
    detected = [[detect(*night) for night in nights] for nights in sides.values()]
    rows = []
    for key in sorted({key for nights in detected for night in nights for key in night}):
        values = [[night[key] for night in nights if key in night] for nights in detected]
        rows.append((key, *map(span, values), PUBLISHED.get(key, "")))
    table(("of a night's", "simulated, median (10-90 %)", "real excerpts", "published"), rows)


def powers(sides: Sides) -> None:
    """Print the table of band powers by stage."""
    print("Power (dB of 1 uV^2/Hz, median over windows, then mean and range over nights)\n")
    rows = []
    for s, stage in enumerate(STAGES):
        for side, nights in sides.items():
            levels = np.array([decibels(x[y == s]) for x, y in nights if (y == s).sum() >= 4])
            cells = [f"{v.mean():.1f} ({v.min():.0f} to {v.max():.0f})" for v in levels.T]
            rows.append((stage, side, *(cells or ["-"] * len(BANDS))))
    table(("stage", "", *(f"{name} Hz" for name in BANDS)), rows)


def decibels(x: np.ndarray) -> list[float]:
    """Return the median power in each band, over windows (n_windows, n_times) at 100 Hz."""
    power = features(signal.resample_poly(x, 1, 2, axis=1))
    return [10 * float(np.median(power[:, list(columns)].mean(1))) for columns in BANDS.values()]


def topography(seed: int) -> None:
    """Print the table of rhythms by electrode."""
    rows = []
    names = ["Fz", "C3", "Pz", "O1"]
    nights = [simulate_night(seed + i, ch_names=names, sfreq=100.0) for i in range(4)]
    for low, high, stage in ((8, 12, "W"), (0.5, 4, "N3"), (11, 12.5, "N2"), (12.5, 15, "N2")):
        level = []
        for raw in nights:
            keep = np.repeat(raw.annotations.description == stage, 3000)
            freqs, power = signal.welch(raw.get_data()[:, keep] * 1e6, 100, nperseg=400)
            inside = (freqs >= low) & (freqs < high)
            level.append(np.log10(power[:, inside].mean(1)) * 10)
        rows.append((f"{stage}, {low}-{high} Hz", *np.mean(level, 0).round(1)))
    print("Topography of simulated nights (dB of 1 uV^2/Hz, linked ears)\n")
    table(("", *names), rows)


def alpha(seed: int, n_nights: int) -> None:
    """Print how much larger alpha is with the eyes closed."""
    ratios = []
    for i in range(n_nights):
        night = plan_night(seed + i)
        (x,) = simulate_night(seed + i, ch_names=["O1"], sfreq=100.0).get_data()
        freqs, power = signal.welch(x.reshape(-1, 100) * 1e6, 100, nperseg=100, axis=1)
        of_alpha = power[:, (freqs >= 8) & (freqs <= 12)].mean(1)
        awake = night.course.weight[:, 0] > 0.9
        opened = awake & (night.course.eyes_open > 0.9)
        closed = awake & (night.course.eyes_open < 0.1)
        if min(opened.sum(), closed.sum()) > 60:
            ratios.append(np.median(of_alpha[closed]) / np.median(of_alpha[opened]))
    print(f"Alpha at O1, eyes closed over open: {span(ratios)} (power ratio)\n")
