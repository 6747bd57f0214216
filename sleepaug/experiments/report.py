"""The report of a run: scores as text, training and confusion as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.augment.learned import Learned, amount_text, table
from sleepaug.experiments.figures import draw_layers
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import into_place, read_json
from sleepaug.training.runs import RunFolder


def read_run(run: Path) -> tuple[Any, list[dict[str, Any]], dict[str, Any] | None]:
    """Settings, rows and (once it is finished) metrics of a run folder."""
    folder = RunFolder(run)
    config = folder.config()
    metrics = None
    if folder.finished:
        metrics = read_json(folder / "metrics.json")
    return config, folder.rows(), metrics


def read_policy(run: Path) -> Learned:
    """Read what a finished run learned (`policy.json`)."""
    path = Path(run) / "policy.json"
    if not path.is_file():
        RunFolder(run).config()  # or it is no run at all
        raise ConfigError(f"{run}: holds no policy.json. Is the training finished?")
    try:
        return Learned.from_json(read_json(path))
    except ConfigError as error:
        raise ConfigError(f"{path}: not the policy of a run:\n{error}") from error


def learned_text(run: Path) -> list[str]:
    """What a run learned, as a table and sentences; nothing where nothing was learned."""
    if not (Path(run) / "policy.json").is_file():
        return []
    learned = read_policy(run)
    return [*([] if learned.layers is None else [table(learned.layers)]), *learned.sentences()]


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def scores_text(scores: Mapping[str, Any]) -> str:
    """Scores of one split as lines of text."""
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


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """What `metrics.json` holds, as text."""
    lines = []
    for name, one in metrics.get("variants", {}).items():
        scored = ", ".join(f"{p} {number(one[p]['balanced_accuracy'])}" for p in ("valid", "test"))
        kept = "  <- kept: best on valid" if name == metrics.get("best") else ""
        lines.append(f"{name}: balanced accuracy {scored}{kept}")
    if "valid" not in metrics:
        return "\n".join(lines)
    if "best_epoch" in metrics:
        lines.append(
            f"{metrics['status'].replace('_', ' ')} after {metrics['epochs']} epochs, "
            f"best epoch {metrics['best_epoch']}"
        )
    for part in ("valid", "test"):
        lines.append(f"{part}:")
        lines += [f"  {line}" for line in scores_text(metrics[part]).splitlines()]
        for what in ("folds", "seeds"):
            values = [v for v in metrics[part].get(what, []) if v is not None]
            if values:
                each = "  ".join(map(number, values))
                spread = f"median {np.median(values):.3f}, {min(values):.3f} to {max(values):.3f}"
                lines.append(f"  balanced accuracy of {len(values)} {what}: {each} ({spread})")
    return "\n".join(lines)


def invariance_text(metrics: Mapping[str, Any]) -> list[str]:
    """How invariant the model is to each transform (eq. 4), where it was measured."""
    found = metrics.get("invariance", {})
    if not found:
        return []
    lines = ["invariance (1: unchanged; 0: as different as two windows):"]
    for name, one in found.items():
        what = f"{name.replace('_', ' '):<20}up to {amount_text(one['amount'], one['unit']):<18}"
        lines.append(f"  {what}{number(one['median']):>6}")
    return lines


def draw_run(
    run: Path, rows: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any] | None
) -> list[Path]:
    """Draw loss and balanced accuracy over epochs, and the confusion matrix of the test split.

    Returns
    -------
    list of Path
        `report.png` in the run folder, and `learned.png` where layers learned something.
    """
    from matplotlib.figure import Figure

    if not rows and not metrics:
        raise ConfigError(f"{run}: has no epoch yet, there is nothing to draw.")
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    if rows:
        epochs = [row["epoch"] for row in rows]
        axes[0].plot(epochs, [row["train_loss"] for row in rows], label="train (augmented)")
        axes[0].plot(epochs, [row["valid_loss"] for row in rows], label="valid")
        axes[0].set(xlabel="epoch", ylabel="cross-entropy")
        axes[0].legend(frameon=False)
        axes[1].plot(epochs, [row["valid_balanced_accuracy"] for row in rows], color="C1")
        axes[1].axvline(rows[-1]["best_epoch"], color="0.7", linestyle=":")
        axes[1].set(xlabel="epoch", ylabel="balanced accuracy (valid)")
    else:
        folds = metrics["test"]["folds"] if metrics else []
        axes[0].set_axis_off()
        axes[1].plot(range(len(folds)), [np.nan if f is None else f for f in folds], "o")
        axes[1].set(xlabel="fold", ylabel="balanced accuracy (test)", xticks=range(len(folds)))
    if metrics:
        _draw_confusion(axes[2], metrics["test"])
    else:
        axes[2].set_axis_off()
    for axis in axes[:2]:
        axis.spines[["top", "right"]].set_visible(False)
    figures = {"report.png": figure, "learned.png": draw_layers(rows)}
    drawn = []
    for name, one in figures.items():
        if one is not None:
            into_place(run / name, partial(one.savefig, dpi=130))
            drawn.append(run / name)
    return drawn


def _draw_confusion(axis: Any, scores: Mapping[str, Any]) -> None:
    """Shares of each true stage; the counts stand in the cells."""
    counts = np.array(scores["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = list(scores["recall"])
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(counts):
        axis.text(j, i, n, ha="center", va="center", color="white" if shares[i, j] > 0.5 else "0.2")
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="predicted", ylabel="scored", title="test split (windows)")
