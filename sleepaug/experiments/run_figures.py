"""Pictures of one run: its training, its confusion matrix, and what its layers learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sleepaug.augment.learned import UNDECIDED, kept
from sleepaug.experiments.metrics import Metrics
from sleepaug.support.errors import ConfigError
from sleepaug.support.figure_style import figure_style
from sleepaug.support.files import into_place
from sleepaug.training.metrics import Scores


@figure_style()
def draw_run(run: Path, rows: Sequence[Mapping[str, Any]], metrics: Metrics | None) -> list[Path]:
    """Draw loss and balanced accuracy over epochs, and the confusion matrix of the test split.

    Parameters
    ----------
    run : Path
        The run folder.
    rows : sequence of dict
        Its epochs; empty for the pooled folds of an experiment.
    metrics : Metrics, optional
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
        folds = metrics.test.get("folds", []) if metrics else []
        axes[0].set_axis_off()
        axes[1].plot(range(len(folds)), [np.nan if f is None else f for f in folds], "o")
        axes[1].set(xlabel="fold", ylabel="balanced accuracy (test)", xticks=range(len(folds)))
    if metrics:
        _draw_confusion(axes[2], metrics.test)
    else:
        axes[2].set_axis_off()
    figures = {"report.png": figure, "learned.png": draw_layers(rows)}
    drawn = []
    for name, picture in figures.items():
        if picture is not None:
            into_place(run / name, partial(picture.savefig, dpi=130))
            drawn.append(run / name)
    return drawn


def _draw_confusion(axis: Axes, scores: Scores) -> None:
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


@figure_style()
def draw_layers(rows: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Draw weights and amounts over epochs, a row of panels for each layer (as Figure B.1).

    Parameters
    ----------
    rows : sequence of dict
        The epochs of a run; `augmentation` holds values such as ``"1.frequency_shift.weight"``.

    Returns
    -------
    Figure, or None where nothing was learned layer by layer
    """
    keys = [key for key in rows[0]["augmentation"] if key.endswith(".weight")] if rows else []
    layers = list(dict.fromkeys(key.split(".")[0] for key in keys))
    if not layers:
        return None
    figure = Figure(figsize=(10, 2.6 * len(layers)))
    axes = figure.subplots(len(layers), 2, squeeze=False, sharex=True)
    epochs = [row["epoch"] for row in rows]
    for (left, right), layer in zip(axes, layers, strict=True):
        names = [key.split(".")[1] for key in keys if key.split(".")[0] == layer]
        for i, name in enumerate(names):
            series = {
                quantity: [row["augmentation"][f"{layer}.{name}.{quantity}"] for row in rows]
                for quantity in ("weight", "amount")
            }
            largest = max(max(series["amount"]), 1e-12)
            is_kept = kept(rows[-1]["augmentation"], f"{layer}.{name}")
            color, style = f"C{i}", "-" if is_kept else ":"
            used = is_kept or series["weight"][-1] >= UNDECIDED
            last = f"{series['amount'][-1]:.3g}" if used else "not used"
            label = f"{name.replace('_', ' ')} ({last})"
            left.plot(epochs, series["weight"], color=color, linestyle=style)
            relative = [value / largest if used else np.nan for value in series["amount"]]
            right.plot(epochs, relative, color=color, linestyle=style, label=label)
        left.set(ylabel=f"layer {layer}\nweight", ylim=(-0.03, 1.03))
        right.set(ylabel="amount / its largest", ylim=(-0.03, 1.03))
        right.legend(
            loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8,
            title="last amount", title_fontsize=8,
        )  # fmt: skip
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    return figure
