"""Band powers of simulated nights beside those of real nights of Sleep-EDF.

The real numbers (`bands.npz`: a Fpz-Cz, Pz-Oz and horizontal EOG channel; five bands, absolute and
relative, one row per 30 s) come without the EEG. Simulated nights are filtered, scaled and
transformed in the same way. People whose number is divisible by 5 are kept for a final score.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from realism_tables import STAGES, table
from scipy import signal
from second_opinion import opinion_of_array
from sklearn.ensemble import HistGradientBoostingClassifier

from sleepaug.simulation.night import render
from sleepaug.simulation.night_plan import NightSettings, plan_night
from sleepaug.simulation.recorder import SLEEP_EDF
from sleepaug.training.bootstrap import resampled
from sleepaug.training.metrics import accuracy, cohen_kappa, confusion_matrix, recalls

CHANNELS = ("Fpz-Cz", "Pz-Oz", "EOG")
FULL_NAMES = ("EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal")
BANDS = {"delta": (0.5, 4), "theta": (4, 8), "alpha": (8, 12), "sigma": (12, 16), "beta": (16, 30)}
SFREQ = 100
EOG_LOW_PASS = 15.0  # Hz: beyond it the real EOG holds next to nothing
PEOPLE = ("design", "check", "development", "held-out")


@dataclass(frozen=True)
class Night:
    """Band powers of one night."""

    person: int
    x: np.ndarray  # (n_windows, n_channels, 10): log-powers, then shares
    y: np.ndarray  # (n_windows,) 0-4, below 0 unscored
    opinion: np.ndarray | None = None  # (n_windows, 5) YASA's probabilities


def belongs(person: int, people: str) -> bool:
    """Say whether a person of Sleep-EDF belongs to a part of `PEOPLE`."""
    if person % 5 == 0:
        return people == "held-out"
    return people == "development" or people == ("design" if person % 2 else "check")


def real_nights(path: Path, people: str) -> list[Night]:
    """Read the nights of a part of the people."""
    stored = np.load(path)
    keys = sorted(key[2:] for key in stored.files if key.startswith("X_"))
    chosen = [key for key in keys if belongs(int(key[:2]), people)]
    return [
        Night(int(k[:2]), stored[f"X_{k}"].astype(float), stored[f"y_{k}"].astype(int))
        for k in chosen
    ]


def band_powers(x: np.ndarray) -> np.ndarray:
    """Return log-powers and shares (n_windows, n_channels, 10) of x (n_channels, n_times).

    0.5-30 Hz (the EOG to 15 Hz), unit variance over the recording, then Welch: Hamming windows of
    4 s, half overlapped, median over the 14 of a window of 30 s.
    """
    x = x.astype(float)
    low_pass = signal.firwin(89, EOG_LOW_PASS + 1.875, fs=SFREQ)
    x[2:] = signal.fftconvolve(x[2:], low_pass[None], "same", axes=1)
    sos = signal.butter(4, [0.5, 30], "bandpass", fs=SFREQ, output="sos")
    x = signal.sosfiltfilt(sos, x, axis=1)
    x /= x.std(1, keepdims=True)
    windows = x.reshape(len(x), -1, 30 * SFREQ)
    freqs, density = signal.welch(windows, SFREQ, "hamming", 4 * SFREQ, 2 * SFREQ, average="median")
    inside = [(freqs >= low) & (freqs < high) for low, high in BANDS.values()]
    power = np.stack([density[..., band].sum(-1) * freqs[1] for band in inside], -1)
    power = np.maximum(power, 1e-9)
    shares = power / power.sum(-1, keepdims=True)
    return np.concatenate([np.log(power), shares], -1).transpose(1, 0, 2)


def simulated_nights(n_nights: int, seed: int, *, opinions: bool = False) -> list[Night]:
    """Simulate nights of as many people, cut as the real ones are: some wake on either side.

    With `opinions`, YASA says what it thinks of them.
    """
    nights = []
    for i in range(n_nights):
        rng = np.random.default_rng([seed, i])
        before, after = rng.exponential(0.8, 2).clip(0.1, 4)
        settings = NightSettings(wake_before=before, wake_after=after)
        plan = plan_night(seed + i, rng.uniform(6.5, 9), settings)
        x = np.concatenate(list(render(plan, FULL_NAMES, float(SFREQ), amplifier=SLEEP_EDF)), 1)
        opinion = opinion_of_array(x, FULL_NAMES, float(SFREQ)) if opinions else None
        nights.append(Night(i, band_powers(x), plan.stages.astype(int), opinion))
    return nights


def judge_percentiles(args: argparse.Namespace) -> None:
    """Shares of the bands by stage: 10th, 50th and 90th percentile over windows."""
    real = real_nights(args.features / "bands.npz", args.people)
    simulated = simulated_nights(args.nights, args.seed)
    print(
        f"## Relative band powers, {len(real)} real nights ({args.people}) and "
        f"{len(simulated)} simulated ones\n"
    )
    rows = []
    for c, channel in enumerate(CHANNELS):
        for s, stage in enumerate(STAGES):
            for name, nights in (("real", real), ("simulated", simulated)):
                x = np.concatenate([n.x[n.y == s, c, 5:] for n in nights])
                cells = [" ".join(f"{v:.3f}" for v in column) for column in percentiles(x)]
                rows.append((channel, stage, name, *cells))
    table(("channel", "stage", "", *BANDS), rows)


def percentiles(x: np.ndarray) -> np.ndarray:
    """Return the 10th, 50th and 90th percentile of every column, shape (n_columns, 3)."""
    return np.percentile(x, (10, 50, 90), axis=0).T


def judge_spread(args: argparse.Namespace) -> None:
    """How log-shares spread between nights, within them, and from one window to the next."""
    real = real_nights(args.features / "bands.npz", args.people)
    simulated = simulated_nights(args.nights, args.seed)
    print("## Standard deviation of log-shares: between nights / within / window to window\n")
    rows = []
    for c, channel in enumerate(CHANNELS):
        for s, stage in enumerate(STAGES):
            for name, nights in (("real", real), ("simulated", simulated)):
                spreads = [
                    spread(np.log(np.maximum(n.x[n.y == s, c, 5:], 1e-4)))
                    for n in nights
                    if (n.y == s).sum() >= 20
                ]
                mean, within, step = (np.array(part) for part in zip(*spreads, strict=True))
                parts = (mean.std(0), np.sqrt(within.mean(0)), np.sqrt(step.mean(0)))
                cells = [" / ".join(f"{p[k]:.2f}" for p in parts) for k in range(len(BANDS))]
                rows.append((channel, stage, name, *cells))
    table(("channel", "stage", "", *BANDS), rows)


def spread(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, variance, and half the mean squared step of every column."""
    return x.mean(0), x.var(0), (np.diff(x, axis=0) ** 2).mean(0) / 2


def in_context(x: np.ndarray) -> np.ndarray:
    """Add the means over 3, 7 and 15 windows around each; x (n_windows, n_features)."""
    n = len(x)
    total = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x, 0)])
    views = [x]
    for width in (3, 7, 15):
        start = np.maximum(np.arange(n) - width // 2, 0)
        stop = np.minimum(np.arange(n) + width // 2 + 1, n)
        views.append((total[stop] - total[start]) / (stop - start)[:, None])
    return np.concatenate(views, 1)


def train_tree(nights: Sequence[Night], channel: int) -> HistGradientBoostingClassifier:
    """Fit gradient boosting to one channel's band powers in context."""
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.08, max_leaf_nodes=15, l2_regularization=5.0, random_state=0
    )
    x = np.concatenate([in_context(n.x[:, channel]) for n in nights])
    y = np.concatenate([n.y for n in nights])
    return model.fit(x[y >= 0], y[y >= 0])


def matched(nights: Sequence[Night], real: Sequence[Night]) -> list[Night]:
    """Give the features of every stage the mean and standard deviation that they have in `real`.

    Each of the logarithms of powers and shares by itself: the levels of a perfectly calibrated
    simulator, with what else there is in the simulated nights.
    """
    everything = [
        (np.concatenate([logarithms(n.x) for n in part]), np.concatenate([n.y for n in part]))
        for part in (nights, real)
    ]
    for stage in range(len(STAGES)):
        (ours, own), (theirs, wanted) = (
            (x[y == stage].mean(0), x[y == stage].std(0)) for x, y in everything
        )
        x, y = everything[0]
        x[y == stage] = (x[y == stage] - ours) / own * wanted + theirs
    x = everything[0][0]
    x[..., len(BANDS) :] = np.exp(x[..., len(BANDS) :])
    ends = np.cumsum([len(n.y) for n in nights])[:-1]
    return [Night(n.person, own, n.y) for n, own in zip(nights, np.split(x, ends), strict=True)]


def centred(nights: Sequence[Night]) -> list[Night]:
    """Measure the log-powers of every night from its medians, not by its variance."""
    moved = []
    for night in nights:
        x = night.x.copy()
        x[..., : len(BANDS)] -= np.median(x[..., : len(BANDS)], axis=0)
        moved.append(Night(night.person, x, night.y))
    return moved


def logarithms(x: np.ndarray) -> np.ndarray:
    """Return the logarithms of powers and of shares."""
    shares = np.log(np.maximum(x[..., len(BANDS) :], 1e-4))
    return np.concatenate([x[..., : len(BANDS)], shares], -1)


def judge_bands(args: argparse.Namespace) -> None:
    """A tree trained on simulated nights alone stages real ones from one channel's bands."""
    simulated = simulated_nights(args.nights, args.seed)
    if args.matched:
        simulated = matched(simulated, real_nights(args.features / "bands.npz", "design"))
    changed = centred if args.centred else list
    simulated = changed(simulated)
    parts = ["design", "check"] if args.people == "development" else [args.people]
    print(f"## A tree on the bands of {args.nights} simulated nights stages real ones\n")
    rows = []
    for c, channel in enumerate(CHANNELS[:2]):
        model = train_tree(simulated, c)
        for part in parts:
            real = changed(real_nights(args.features / "bands.npz", part))
            each = np.stack([confusion_of(model, night, c) for night in real])
            counts = each.sum(0)
            kappas = cohen_kappa(resampled(each, np.random.default_rng(args.seed)))
            low, high = np.percentile(kappas, (2.5, 97.5))
            recall = recalls(counts)
            people = len({n.person for n in real})
            rows.append(
                (
                    channel, f"{part} ({people} people)", float(accuracy(counts)),
                    f"{cohen_kappa(counts):.3f} ({low:.3f} to {high:.3f})",
                    " ".join(f"{s} {r:.2f}" for s, r in zip(STAGES, recall, strict=True)),
                )
            )  # fmt: skip
    table(("channel", "real people", "accuracy", "kappa (95 %, over nights)", "recall"), rows)


def confusion_of(model: HistGradientBoostingClassifier, night: Night, channel: int) -> np.ndarray:
    """Return the confusion matrix of one night's scored windows."""
    scored = night.y >= 0
    predicted = model.predict(in_context(night.x[:, channel]))
    return confusion_matrix(night.y[scored], predicted[scored], len(STAGES))
