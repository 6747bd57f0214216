"""The report of a run as text: its scores, and what it learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.augment.learned import Learned, amount_text, table
from sleepaug.experiments.metrics import Metrics
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import read_json
from sleepaug.training.metrics import Scores
from sleepaug.training.runs import RunFolder

ABOVE_CHANCE = 0.05
"""A model whose balanced accuracy is not so far above chance has learned nothing to speak of."""

LAST, CHANGED = 5, 0.1
"""A weight that changed by more than 0.1 in the last 5 epochs has not settled."""


def read_run(run: Path) -> tuple[Any, list[dict[str, Any]], Metrics | None]:
    """Read a run folder.

    Returns
    -------
    config : dict
        The settings, as plain values.
    rows : list of dict
        The epochs so far.
    metrics : Metrics or None
        The results, once the run is finished.
    """
    folder = RunFolder(run)
    metrics = Metrics.read(folder / "metrics.json") if folder.finished else None
    return folder.config(), folder.rows(), metrics


def read_policy(run: Path) -> Learned:
    """Read what a finished run learned: the content of its `policy.json`.

    Raises
    ------
    ConfigError
        The folder holds no run, one that is not finished, or a damaged policy.
    """
    path = Path(run) / "policy.json"
    if not path.is_file():
        RunFolder(run).config()  # an error of its own where there is no run
        raise ConfigError(f"{run}: has no policy.json. Is the training finished?")
    try:
        return Learned.from_json(read_json(path))
    except ConfigError as error:
        raise ConfigError(f"{path}: not the policy of a run:\n{error}") from error


def learned_text(run: Path) -> list[str]:
    """Write what a run learned as a table and sentences; nothing where nothing was learned.

    Where the model is no better than chance, or its choices still change, the sentences, which say
    what was kept and rejected, give way to one that says so.
    """
    if not (Path(run) / "policy.json").is_file():
        return []
    _, rows, metrics = read_run(run)
    learned = read_policy(run)
    state = [] if learned.layers is None else [table(learned.layers)]
    sentences = learned.sentences()
    doubt = at_chance(metrics.valid) if metrics and metrics.splits else ""
    if learned.layers and not doubt:
        doubt = unstable(rows)
    return [*state, *([doubt] if doubt and sentences else sentences)]


def at_chance(valid: Scores) -> str:
    """Say that a model is hardly better than guessing; nothing where it is."""
    if valid["balanced_accuracy"] is None:
        return ""
    chance = 1 / max(1, len(valid["recall"]) - len(valid["absent"]))
    if valid["balanced_accuracy"] > chance + ABOVE_CHANCE:
        return ""
    return (
        f"Nothing can be said about what was kept: balanced accuracy {number(chance)} is chance, "
        f"and this model has {number(valid['balanced_accuracy'])} (valid)."
    )


def unstable(rows: Sequence[Mapping[str, Any]]) -> str:
    """Name the transforms whose weight still changed in the last epochs; nothing if none did."""
    last = [row["augmentation"] for row in rows[-LAST:]]
    changed = [
        key.removesuffix(".weight").replace("_", " ").replace(".", " ", 1)
        for key in (last[0] if last else {})
        if key.endswith(".weight") and abs(last[-1][key] - last[0][key]) > CHANGED
    ]
    if not changed:
        return ""
    return (
        f"Nothing is settled yet: in the last {len(last)} epochs these weights still changed: "
        f"layer {', layer '.join(changed)}. Train for more epochs."
    )


def number(value: float | None) -> str:
    """Write a score with three decimals, or a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def scores_text(scores: Scores | Mapping[str, Any]) -> str:
    """Write the scores of one split."""
    recall = "  ".join(f"{stage} {number(value)}" for stage, value in scores["recall"].items())
    lines = [
        f"balanced accuracy {number(scores['balanced_accuracy'])}   "
        f"accuracy {number(scores['accuracy'])}   kappa {number(scores['cohen_kappa'])}   "
        f"macro F1 {number(scores['macro_f1'])}   ({scores['n_windows']} windows)",
        f"recall: {recall}",
    ]
    if scores["absent"]:
        lines.append(
            f"No window of {', '.join(scores['absent'])} in the scoring: left out of the means."
        )
    return "\n".join(lines)


def brief_text(scores: Mapping[str, float | None]) -> str:
    """Write the scores by which contexts are compared."""
    return (
        f"balanced accuracy {number(scores['balanced_accuracy'])}, "
        f"kappa {number(scores['cohen_kappa'])}, "
        f"certainty off by {number(scores['calibration_error'])}"
    )


def metrics_text(metrics: Metrics) -> str:
    """Write what `metrics.json` holds."""
    lines = []
    for name, variant in metrics.variants.items():
        accuracy = ", ".join(
            f"{part} {number(scores['balanced_accuracy'])}"
            for part, scores in variant.splits.items()
        )
        best = "  <- kept: best on valid" if name == metrics.best else ""
        lines.append(f"{name}: balanced accuracy {accuracy}{best}")
    if metrics.status:
        lines.append(
            f"{metrics.status.replace('_', ' ')} after {metrics.epochs} epochs, "
            f"best epoch {metrics.best_epoch}"
        )
    for part, scores in metrics.splits.items():
        lines.append(f"{part}:")
        lines += [f"  {line}" for line in scores_text(scores).splitlines()]
        for name, brief in scores.get("contexts", {}).items():
            used = ", kept for predictions" if name == metrics.context else ""
            lines.append(f"  calibrated, context {name}{used}: {brief_text(brief)}")
        for runs, each in (("folds", scores.get("folds")), ("seeds", scores.get("seeds"))):
            if values := [value for value in each or [] if value is not None]:
                shown = "  ".join(map(number, values))
                spread = f"median {np.median(values):.3f}, {min(values):.3f} to {max(values):.3f}"
                lines.append(f"  balanced accuracy of {len(values)} {runs}: {shown} ({spread})")
    return "\n".join(lines)


def invariance_text(metrics: Metrics) -> list[str]:
    """Write how invariant the model is to each transform (paper, eq. 4), where it was measured."""
    if not metrics.invariance:
        return []
    lines = ["invariance (1: unchanged; 0: as different as two windows):"]
    for name, entry in metrics.invariance.items():
        transform = (
            f"{name.replace('_', ' '):<20}up to {amount_text(entry['amount'], entry['unit']):<18}"
        )
        lines.append(f"  {transform}{number(entry['median']):>6}")
    return lines
