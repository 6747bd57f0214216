"""Judges that are stagers: one trained on real nights, and one trained on simulated nights."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from realism_tables import STAGES, table
from sklearn.ensemble import HistGradientBoostingClassifier
from windows_of_eeg import features, read_excerpt, simulated_windows

from sleepaug.simulation.night import simulate_night
from sleepaug.training.bootstrap import resampled
from sleepaug.training.metrics import (
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    confusion_matrix,
    recalls,
)


def judge_yasa(args: argparse.Namespace) -> None:
    """YASA stages simulated nights from C4 and the left EOG."""
    import yasa

    total = np.zeros((5, 5), int)
    rows = []
    for seed in range(args.seed, args.seed + args.nights):
        raw = simulate_night(seed, ch_names=["C4", "Left Horiz"], sfreq=100.0)
        y = np.array([STAGES.index(s) for s in raw.annotations.description])
        staging = yasa.SleepStaging(raw, eeg_name="EEG C4-CLE", eog_name="EOG Left Horiz")
        counts = confusion_matrix(y, yasa_stages(staging), len(STAGES))
        total += counts
        rows.append(
            (seed, *(float(score(counts)) for score in (accuracy, cohen_kappa)), *recalls(counts))
        )
    print(f"## YASA on {args.nights} simulated nights, seeds from {args.seed}\n")
    table(("seed", "accuracy", "kappa", *STAGES), rows)
    of_nights = np.mean([row[1:3] for row in rows], axis=0)
    print(
        f"pooled accuracy {accuracy(total):.3f}, kappa {cohen_kappa(total):.3f}; mean over nights: "
        f"accuracy {of_nights[0]:.3f}, kappa {of_nights[1]:.3f}"
    )
    print(f"recall {dict(zip(STAGES, recalls(total).round(3).tolist(), strict=True))}\n")
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
            [confusion_matrix(y, z, len(STAGES)) for y, z in zip(truth, said, strict=True)]
        )
        for label, said in answers.items()
    }
    for model in args.model:
        counts[str(model)] = ask_model(str(model), args.dreams, args.excerpts)
    (yasa, *_) = counts.values()
    draws = resampled(
        np.stack(list(counts.values()), axis=1), rng
    )  # all stagers, the same excerpts
    rows = []
    for k, (label, each) in enumerate(counts.items()):
        total = each.sum(0)
        known = [(s, r) for s, r in zip(STAGES, recalls(total), strict=True) if not np.isnan(r)]
        differences = []
        for score in (cohen_kappa, balanced_accuracy):
            low, high = np.percentile(score(draws[:, k]) - score(draws[:, 0]), (2.5, 97.5))
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
        nights = evaluate_model(model, settings).scores["nights"]
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
