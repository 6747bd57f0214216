"""How real are the simulated nights? Four judges.

    pip install yasa        # needed by this benchmark only
    python benchmarks/realism.py all --dreams ../shared/data/dreams

1 `yasa`           a stager trained on over 3,000 real nights scores simulated ones;
2 `statistics`     band powers, spindles, slow waves and alpha beside real and published ones;
3 `transfer`       a stager trained on simulated nights only scores real EEG;
4 `discriminator`  a classifier tries to tell simulated windows from real ones.

The real EEG is the DREAMS Sleep Spindles Database (excerpts 1-3 unless `--excerpts` says more).
"""

import argparse
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import signal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, confusion_matrix, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from windows_of_eeg import (
    EXCERPT_CHANNEL,
    FEATURE_NAMES,
    STAGES,
    features,
    read_excerpt,
    simulated_windows,
)

from sleepaug.simulation import simulate_night
from sleepaug.simulation.night import MASS_CHANNELS, plan_night, render
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, recalls


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        cells = [f"{c:.3f}" if isinstance(c, float) else str(c) for c in row]
        print("| " + " | ".join(cells) + " |")
    print()


def judge_yasa(args: argparse.Namespace) -> None:
    """YASA stages simulated nights from C4 and the left EOG."""
    import yasa

    total = np.zeros((5, 5), int)
    rows = []
    for seed in range(args.seed, args.seed + args.nights):
        raw = simulate_night(seed, ch_names=["C4", "Left Horiz"], sfreq=100.0)
        y = np.array([STAGES.index(s) for s in raw.annotations.description])
        staging = yasa.SleepStaging(raw, eeg_name="EEG C4-CLE", eog_name="EOG Left Horiz")
        said = yasa_stages(staging)
        counts = confusion_matrix(y, said, labels=range(5))
        total += counts
        recall = np.diag(counts) / np.maximum(counts.sum(1), 1)
        kappa = float(cohen_kappa_score(y, said))
        rows.append((seed, float((y == said).mean()), kappa, *recall))
    print(f"## YASA on {args.nights} simulated nights, seeds from {args.seed}\n")
    table(("seed", "accuracy", "kappa", *STAGES), rows)
    recall = np.diag(total) / total.sum(1)
    observed, n = np.trace(total) / total.sum(), total.sum()
    chance = (total.sum(0) * total.sum(1)).sum() / n**2
    kappa = (observed - chance) / (1 - chance)
    print(f"pooled accuracy {observed:.3f}, kappa {kappa:.3f}; mean over nights: ", end="")
    print(
        f"accuracy {np.mean([r[1] for r in rows]):.3f}, kappa {np.mean([r[2] for r in rows]):.3f}"
    )
    print(f"recall {dict(zip(STAGES, recall.round(3).tolist(), strict=True))}\n")
    table(("true \\ YASA", *STAGES), [(s, *c) for s, c in zip(STAGES, total, strict=True)])


def judge_speed(args: argparse.Namespace) -> None:
    """Processor time of a night of 8 hours, 26 channels, 256 Hz."""
    start = time.process_time()
    for _ in render(plan_night(args.seed), MASS_CHANNELS, 256.0):
        pass
    seconds = time.process_time() - start
    print("## Speed\n")
    print(f"8 h, 26 channels, 256 Hz: {seconds:.1f} s of one core, ", end="")
    print(f"{8 * 3600 / seconds:.0f} times faster than real time\n")


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


def span(values: Sequence[float]) -> str:
    """Return median and range (10th to 90th percentile; all values if fewer than 5)."""
    if not values:
        return "-"
    low, high = np.percentile(values, (10, 90) if len(values) > 4 else (0, 100))
    return f"{np.median(values):.2f} ({low:.2f} to {high:.2f})"


def judge_discriminator(args: argparse.Namespace) -> None:
    """Tell simulated from real windows of a stage, of persons not seen before and of known ones."""
    print("## A discriminator of simulated and real windows (AUC, 0.5 is perfect)\n")
    real = {k: read_excerpt(args.dreams, k) for k in args.excerpts}
    real_x = {k: features(x) for k, (x, _) in real.items()}
    sim = []
    for i in range(args.nights):
        channel = EXCERPT_CHANNEL[args.excerpts[i % len(args.excerpts)]]
        x, y = simulated_windows(args.seed + i, channel)
        sim.append((features(x), y))
    rows = []
    for s, name in enumerate(STAGES):
        of_real = {k: real_x[k][real[k][1] == s] for k in args.excerpts}
        train = np.concatenate([x[y == s] for x, y in sim[::2]])
        test = np.concatenate([x[y == s] for x, y in sim[1::2]])
        unseen, counts = [], []
        for out, held in of_real.items():
            others = np.concatenate([x for k, x in of_real.items() if k != out])
            if len(held) and len(others) >= 4:
                unseen.append(auc(train, others, test, held))
                counts.append(len(held))
        if not unseen:
            continue
        halves = [np.concatenate([x[k::2] for x in of_real.values()]) for k in (0, 1)]
        known = np.mean([auc(train, halves[k], test, halves[1 - k]) for k in (0, 1)])
        a, b = np.concatenate(halves), np.concatenate([train, test])
        apart = (a.mean(0) - b.mean(0)) / np.sqrt((a.var(0) + b.var(0)) / 2)
        worst = np.argsort(-np.abs(apart))[:5]
        tells = "; ".join(f"{FEATURE_NAMES[k]} {apart[k]:+.1f}" for k in worst)
        average = float(np.average(unseen, weights=counts))
        rows.append((name, sum(counts), average, float(known), tells))
    table(
        (
            "stage", "real windows", "AUC, persons left out", "AUC, persons known",
            "real minus simulated, in standard deviations",
        ),
        rows,
    )  # fmt: skip


def auc(
    simulated: np.ndarray, real: np.ndarray, simulated_test: np.ndarray, real_test: np.ndarray
) -> float:
    """Train logistic regression to tell real from simulated features; return its AUC."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.05, class_weight="balanced", max_iter=2000)
    )
    label = np.r_[np.zeros(len(simulated)), np.ones(len(real))]
    model.fit(np.concatenate([simulated, real]), label)
    score = model.decision_function(np.concatenate([simulated_test, real_test]))
    return float(
        roc_auc_score(np.r_[np.zeros(len(simulated_test)), np.ones(len(real_test))], score)
    )


def judge_transfer(args: argparse.Namespace) -> None:
    """Train on simulated half-hours, score real ones, without and with context."""
    print(f"## From simulation to reality, excerpts {args.excerpts}\n")
    rng = np.random.default_rng(args.seed)
    x, y = [], []
    for i in range(args.nights):
        channel = ("C3-A1", "Cz-A1")[i % 2]
        xs, ys = simulated_windows(args.seed + i, channel)
        f = features(xs)
        for start in rng.integers(0, len(ys) - 60, 8):  # half-hours, as the excerpts are
            part = slice(start, start + 60)
            if len(np.unique(ys[part])) > 1:
                x.append(f[part])
                y.append(ys[part])
    real = {k: read_excerpt(args.dreams, k) for k in args.excerpts}
    truth = [y for _, y in real.values()]
    answers = {"YASA (trained on real nights)": [ask_yasa(args.dreams, k) for k in real]}
    for label, view in (("one window", alone), ("with 2 windows on either side", in_context)):
        model = HistGradientBoostingClassifier(
            learning_rate=0.06, max_iter=200, max_leaf_nodes=15, l2_regularization=5.0,
            class_weight="balanced", random_state=0,
        )  # fmt: skip
        model.fit(np.concatenate([view(f) for f in x]), np.concatenate(y))
        answers[label] = [model.predict(view(features(w))) for w, _ in real.values()]
    counts = {
        label: np.stack(
            [confusion_matrix(y, z, labels=range(5)) for y, z in zip(truth, said, strict=True)]
        )
        for label, said in answers.items()
    }
    for model in args.model:
        for context in ("none", "transitions"):
            found = ask_model(model, args.dreams, args.excerpts, context)
            counts[f"{model.stem}, context {context}"] = found
    draws = rng.integers(0, len(real), (2000, len(real)))
    (yasa, *_) = counts.values()
    rows = []
    for label, each in counts.items():
        total = each.sum(0)
        known = [(s, r) for s, r in zip(STAGES, recalls(total), strict=True) if not np.isnan(r)]
        apart = [
            balanced_accuracy(each[d].sum(0)) - balanced_accuracy(yasa[d].sum(0)) for d in draws
        ]
        low, high = np.percentile(apart, (2.5, 97.5))
        difference = balanced_accuracy(total) - balanced_accuracy(yasa.sum(0))
        rows.append(
            (
                label,
                balanced_accuracy(total),
                cohen_kappa(total),
                ", ".join(f"{s} {r:.2f}" for s, r in known),
                ", ".join(f"{balanced_accuracy(one):.2f}" for one in each),
                "-" if each is yasa else f"{difference:+.3f} ({low:+.3f} to {high:+.3f})",
            )
        )
    table(
        (
            "stager", "balanced accuracy", "kappa", "recall", "by excerpt",
            "minus YASA (95 %, over excerpts)",
        ),
        rows,
    )  # fmt: skip


def ask_model(model: Path, folder: Path, excerpts: Sequence[int], context: str) -> np.ndarray:
    """Return a model's confusion matrix for each excerpt."""
    from sleepaug.staging.evaluation import evaluate_model

    with tempfile.TemporaryDirectory() as chosen:
        for k in excerpts:
            for name in (f"excerpt{k}.txt", f"Hypnogram_excerpt{k}.txt"):
                (Path(chosen) / name).symlink_to((folder / name).resolve())
        found = evaluate_model(
            model,
            data="dreams",
            data_dir=Path(chosen),
            map={"C3": "C3-A1|CZ-A1"},
            context=context,
        )["nights"]
    return np.stack([np.array(found[f"excerpt{k}"]["confusion"]) for k in excerpts])


def ask_yasa(folder: Path, number: int) -> np.ndarray:
    """Return YASA's stages of an excerpt from its one channel."""
    import mne
    import yasa

    x, _ = read_excerpt(folder, number, 100)
    info = mne.create_info(["C3"], 100, "eeg")
    raw = mne.io.RawArray(x.reshape(1, -1) * 1e-6, info, verbose="error")
    return yasa_stages(yasa.SleepStaging(raw, eeg_name="C3"))


def yasa_stages(staging: object) -> np.ndarray:
    """Return YASA's stages as indices of `STAGES`."""
    names = {"WAKE": "W", "REM": "R"}
    said = np.asarray(staging.predict().hypno).astype(str)
    return np.array([STAGES.index(names.get(s, s)) for s in said])


def alone(f: np.ndarray) -> np.ndarray:
    """Features, and the same relative to the recording (median and spread)."""
    spread = np.percentile(f, 90, axis=0) - np.percentile(f, 10, axis=0) + 0.1
    return np.concatenate([f, (f - np.median(f, 0)) / spread], 1)


def in_context(f: np.ndarray) -> np.ndarray:
    """As `alone`, with the features of the neighbours and their mean over 5 windows."""
    f = alone(f)
    padded = np.pad(f, ((2, 2), (0, 0)), mode="edge")
    around = np.stack([padded[k : k + len(f)] for k in range(5)])
    return np.concatenate([f, around.mean(0), around[1], around[3]], 1)


def main() -> None:
    """Run one judge or all."""
    judges: dict[str, Callable[[argparse.Namespace], None]] = {
        "yasa": judge_yasa,
        "statistics": judge_statistics,
        "transfer": judge_transfer,
        "discriminator": judge_discriminator,
        "speed": judge_speed,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("judge", choices=[*judges, "all"])
    parser.add_argument("--dreams", type=Path, default=Path("../shared/data/dreams"))
    parser.add_argument("--excerpts", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--nights", type=int, default=20)
    parser.add_argument("--model", type=Path, nargs="+", default=[], help="to be scored by judge 3")
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first night")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for name, judge in judges.items():
        if args.judge in (name, "all"):
            judge(args)


if __name__ == "__main__":
    main()
