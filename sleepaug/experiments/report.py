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
from sleepaug.support.figure_style import figure_style
from sleepaug.support.files import into_place, read_json
from sleepaug.training.runs import RunFolder

ABOVE_CHANCE = 0.05
"""A model whose balanced accuracy is not so far above chance has learned nothing to speak of."""

LAST, CHANGED = 5, 0.1
"""A weight that changed by more than 0.1 in the last 5 epochs has not settled."""


def read_run(run: Path) -> tuple[Any, list[dict[str, Any]], dict[str, Any] | None]:
    """Read a run folder.

    Returns
    -------
    config : dict
        The settings, as plain values.
    rows : list of dict
        The epochs so far.
    metrics : dict or None
        The results, once the run is finished.
    """
    folder = RunFolder(run)
    metrics = read_json(folder / "metrics.json") if folder.finished else None
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
    doubt = at_chance(metrics or {}) or (unstable(rows) if learned.layers else "")
    return [*state, *([doubt] if doubt and sentences else sentences)]


def at_chance(metrics: Mapping[str, Any]) -> str:
    """Say that a model is hardly better than guessing; nothing where it is."""
    valid = metrics.get("valid")
    if not valid or valid["balanced_accuracy"] is None:
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


def scores_text(scores: Mapping[str, Any]) -> str:
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


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """Write what `metrics.json` holds."""
    lines = []
    for name, variant in metrics.get("variants", {}).items():
        scores = ", ".join(
            f"{part} {number(variant[part]['balanced_accuracy'])}" for part in ("valid", "test")
        )
        best = "  <- kept: best on valid" if name == metrics.get("best") else ""
        lines.append(f"{name}: balanced accuracy {scores}{best}")
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
        for name, scores in metrics[part].get("contexts", {}).items():
            kept = ", kept for predictions" if name == metrics["context"] else ""
            lines.append(f"  calibrated, context {name}{kept}: {brief_text(scores)}")
        for runs in ("folds", "seeds"):
            values = [v for v in metrics[part].get(runs, []) if v is not None]
            if values:
                each = "  ".join(map(number, values))
                spread = f"median {np.median(values):.3f}, {min(values):.3f} to {max(values):.3f}"
                lines.append(f"  balanced accuracy of {len(values)} {runs}: {each} ({spread})")
    return "\n".join(lines)


def invariance_text(metrics: Mapping[str, Any]) -> list[str]:
    """Write how invariant the model is to each transform (paper, eq. 4), where it was measured."""
    invariance = metrics.get("invariance", {})
    if not invariance:
        return []
    lines = ["invariance (1: unchanged; 0: as different as two windows):"]
    for name, entry in invariance.items():
        transform = (
            f"{name.replace('_', ' '):<20}up to {amount_text(entry['amount'], entry['unit']):<18}"
        )
        lines.append(f"  {transform}{number(entry['median']):>6}")
    return lines


@figure_style()
def draw_run(
    run: Path, rows: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any] | None
) -> list[Path]:
    """Draw loss and balanced accuracy over epochs, and the confusion matrix of the test split.

    Parameters
    ----------
    run : Path
        The run folder.
    rows : sequence of dict
        Its epochs; empty for the pooled folds of an experiment.
    metrics : dict, optional
        Its results, once it is finished.

    Returns
    -------
    list of Path
        `report.png` in the run folder, and `learned.png` where layers learned something.

    Raises
    ------
    ConfigError
        There is nothing to draw yet.
    OutputError
        A picture cannot be written.
    """
    from matplotlib.figure import Figure

    if not rows and not metrics:
        raise ConfigError(f"{run}: has no epoch yet, there is nothing to draw.")
    figure = Figure(figsize=(11, 3.6))
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    if rows:
        epochs = [row["epoch"] for row in rows]
        axes[0].plot(epochs, [row["train_loss"] for row in rows], label="train (augmented)")
        axes[0].plot(epochs, [row["valid_loss"] for row in rows], label="valid")
        axes[0].set(xlabel="epoch", ylabel="cross-entropy")
        axes[0].legend()
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
    figures = {"report.png": figure, "learned.png": draw_layers(rows)}
    drawn = []
    for name, picture in figures.items():
        if picture is not None:
            into_place(run / name, partial(picture.savefig, dpi=130))
            drawn.append(run / name)
    return drawn


def _draw_confusion(axis: Any, scores: Mapping[str, Any]) -> None:
    """Draw the shares of each scored stage, with the counts in the cells."""
    counts = np.array(scores["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = list(scores["recall"])
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(counts):
        axis.text(j, i, n, ha="center", va="center", color="white" if shares[i, j] > 0.5 else "0.2")
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="predicted", ylabel="scored", title="test split (windows)")
    axis.spines[:].set_visible(True)
