"""A classifier tries to tell simulated windows from real ones."""

import argparse

import numpy as np
from realism_tables import STAGES, table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from windows_of_eeg import (
    EXCERPT_CHANNEL,
    FEATURE_NAMES,
    features,
    read_excerpt,
    simulated_windows,
)


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
