"""Judges that are stagers: one trained on real nights, and one trained on simulated nights."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from realism_tables import STAGES, table
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from windows_of_eeg import features, read_excerpt, simulated_windows

from sleepaug.simulation.night import simulate_night
from sleepaug.training.metrics import balanced_accuracy, cohen_kappa, recalls


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
        counts[str(model)] = ask_model(str(model), args.dreams, args.excerpts)
    draws = rng.integers(0, len(real), (2000, len(real)))
    (yasa, *_) = counts.values()
    rows = []
    for label, each in counts.items():
        total = each.sum(0)
        known = [(s, r) for s, r in zip(STAGES, recalls(total), strict=True) if not np.isnan(r)]
        differences = []
        for score in (cohen_kappa, balanced_accuracy):
            apart = [score(each[d].sum(0)) - score(yasa[d].sum(0)) for d in draws]
            low, high = np.percentile(apart, (2.5, 97.5))
            difference = score(total) - score(yasa.sum(0))
            differences.append(f"{difference:+.3f} ({low:+.3f} to {high:+.3f})")
        rows.append(
            (
                label,
                cohen_kappa(total),
                balanced_accuracy(total),
                ", ".join(f"{s} {r:.2f}" for s, r in known),
                ", ".join(f"{cohen_kappa(one):.2f}" for one in each),
                *(("-", "-") if each is yasa else differences),
            )
        )
    table(
        (
            "stager", "kappa", "balanced accuracy", "recall", "kappa by excerpt",
            "kappa minus YASA's (95 %, over excerpts)", "balanced accuracy minus YASA's",
        ),
        rows,
    )  # fmt: skip


def ask_model(model: str, folder: Path, excerpts: Sequence[int]) -> np.ndarray:
    """Return the confusion matrix of a model, or of several, for each excerpt."""
    from sleepaug import load_model
    from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model
    from sleepaug.staging.stager import Stager

    needs_name = isinstance(load_model(model), Stager)
    with tempfile.TemporaryDirectory() as chosen:
        for k in excerpts:
            for name in (f"excerpt{k}.txt", f"Hypnogram_excerpt{k}.txt"):
                (Path(chosen) / name).symlink_to((folder / name).resolve())
        settings = EvaluationSettings(
            data="dreams",
            data_dir=Path(chosen),
            map={"C3": "C3-A1|CZ-A1"} if needs_name else None,
        )
        nights = evaluate_model(model, settings)["nights"]
    return np.stack([np.array(nights[f"excerpt{k}"]["confusion"]) for k in excerpts])


def ask_yasa(folder: Path, number: int) -> np.ndarray:
    """Return YASA's stages of an excerpt from its one channel."""
    import mne
    import yasa

    x, _ = read_excerpt(folder, number, 100)
    info = mne.create_info(["C3"], 100, "eeg")
    raw = mne.io.RawArray(x.reshape(1, -1) * 1e-6, info, verbose="error")
    return yasa_stages(yasa.SleepStaging(raw, eeg_name="C3"))


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


def yasa_stages(staging: object) -> np.ndarray:
    """Return YASA's stages as indices of `STAGES`."""
    names = {"WAKE": "W", "REM": "R"}
    said = np.asarray(staging.predict().hypno).astype(str)
    return np.array([STAGES.index(names.get(s, s)) for s in said])
