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
        found = yasa.spindles_detect(flat, 100, hypno=hypno, include=(stage,))
        if found is not None:
            all_ = found.summary()
            out[f"spindles a minute, {STAGES[stage]}"] = len(all_) / minutes
            out[f"spindle frequency, {STAGES[stage]} (Hz)"] = all_["Frequency"].median()
            out[f"spindle duration, {STAGES[stage]} (s)"] = all_["Duration"].median()
            out[f"spindle amplitude, {STAGES[stage]} (uV)"] = all_["Amplitude"].median()
        found = yasa.sw_detect(flat, 100, hypno=hypno, include=(stage,))
        if found is not None:
            all_ = found.summary()
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


def judge_statistics(args: argparse.Namespace) -> None:
    """Band powers by stage and electrode, detected events, alpha reactivity."""
    print("## Statistics, simulated beside real\n")
    real = [read_excerpt(args.dreams, k, 100) for k in args.excerpts]
    channels = [EXCERPT_CHANNEL[args.excerpts[i % len(real)]] for i in range(args.nights)]
    sim = [simulated_windows(args.seed + i, c, 100) for i, c in enumerate(channels)]
    found = [[detect(*night) for night in nights] for nights in (sim, real)]
    rows = []
    for key in sorted({key for nights in found for night in nights for key in night}):
        sides = [[night[key] for night in nights if key in night] for nights in found]
        rows.append((key, *map(span, sides), PUBLISHED.get(key, "")))
    table(("of a night's", "simulated, median (10-90 %)", "real excerpts", "published"), rows)

    print("Power (dB of 1 uV^2/Hz, median over windows, then mean and range over nights)\n")
    named = {
        "0.5-2": (0, 1),
        "2-4": (2,),
        "4-8": (3, 4),
        "8-12": (5, 6),
        "12-16": (7, 8),
        "16-22": (9,),
    }
    rows = []
    for s, stage in enumerate(STAGES):
        for side, nights in (("simulated", sim), ("real", real)):
            cells = []
            for columns in named.values():
                values = []
                for x, y in nights:
                    if (y == s).sum() >= 4:
                        power = features(signal.resample_poly(x[y == s], 1, 2, axis=1))
                        values.append(10 * np.median(power[:, list(columns)].mean(1)))
                cells.append(
                    f"{np.mean(values):.1f} ({min(values):.0f} to {max(values):.0f})"
                    if values
                    else "-"
                )
            rows.append((stage, side, *cells))
    table(("stage", "", *(f"{k} Hz" for k in named)), rows)

    rows = []
    names = ["Fz", "C3", "Pz", "O1"]
    nights = [simulate_night(args.seed + i, ch_names=names, sfreq=100.0) for i in range(4)]
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

    ratios = []
    for i in range(args.nights):
        night = plan_night(args.seed + i, hours=8)
        (raw,) = [simulate_night(args.seed + i, ch_names=["O1"], sfreq=100.0)]
        x = raw.get_data()[0].reshape(-1, 100) * 1e6
        freqs, power = signal.welch(x, 100, nperseg=100, axis=1)
        alpha = power[:, (freqs >= 8) & (freqs <= 12)].mean(1)
        awake = night.course.weight[:, 0] > 0.9
        opened = awake & (night.course.eyes_open > 0.9)
        closed = awake & (night.course.eyes_open < 0.1)
        if min(opened.sum(), closed.sum()) > 60:
            ratios.append(np.median(alpha[closed]) / np.median(alpha[opened]))
    print(f"Alpha at O1, eyes closed over open: {span(ratios)} (power ratio)\n")
