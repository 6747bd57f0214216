"""Agreement of two scorings of the same nights: by stage, by night, with intervals, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sleepaug.data.stages import STAGES
from sleepaug.staging.scoring_pairs import ScoringPair
from sleepaug.support.errors import ConfigError
from sleepaug.support.figure_style import figure_style
from sleepaug.support.files import into_place
from sleepaug.training.metrics import confusion_matrix, scores

N_RESAMPLES = 2000
BLOCK = 20
"""Epochs that are drawn together where there is one night: neighbours are not independent."""


def compare(nights: Sequence[ScoringPair], *, seed: int = 0) -> dict[str, Any]:
    """Agreement over all nights, by night and by stage.

    Parameters
    ----------
    nights : sequence of ScoringPair
        A is the rows of the confusion, B its columns; B is the expert where there is one.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        `n_epochs`, `accuracy`, `cohen_kappa`, `balanced_accuracy` (mean over the stages of B of
        the share that A calls the same) with intervals of 95 % under `interval`; `stages`: for
        each, epochs in A and in B, kappa and F1 (twice the shared epochs over the sum of both),
        with intervals; `nights`; `confusion`; `notes` on how each pair was read.

    Notes
    -----
    Percentile bootstrap: nights are drawn with replacement where there are several, otherwise
    blocks of 10 minutes (Kuensch 1989), for neighbouring epochs are not independent.
    """
    counts = np.array([_confusion(pair) for pair in nights])
    pieces = counts if len(nights) > 1 else _blocks(nights[0])
    total = counts.sum(axis=0)
    random = np.random.default_rng(seed)
    drawn = random.integers(len(pieces), size=(N_RESAMPLES, len(pieces)))
    times = np.stack([np.bincount(row, minlength=len(pieces)) for row in drawn])
    draws = agreement_numbers(np.tensordot(times, pieces, axes=1))
    found = {key: float(value[0]) for key, value in agreement_numbers(total[None]).items()}
    interval = {key: _interval(values) for key, values in draws.items()}
    stages = {}
    for k, stage in enumerate(STAGES):
        stages[stage] = {
            "in_a": int(total[k].sum()),
            "in_b": int(total[:, k].sum()),
            "both": int(total[k, k]),
            **{
                what: {"value": _clean(found[key]), "interval": interval[key]}
                for what, key in (("f1", f"f1_{stage}"), ("kappa", f"kappa_{stage}"))
            },
        }
    overall = ("accuracy", "cohen_kappa", "balanced_accuracy")
    return {
        "n_nights": len(nights),
        "n_epochs": int(total.sum()),
        "notes": {pair.name: list(pair.notes) for pair in nights if pair.notes},
        "not_compared": int(sum((~pair.both).sum() for pair in nights)),
        **{key: _clean(found[key]) for key in overall},
        "interval": {key: interval[key] for key in overall},
        "resampled": "nights" if len(nights) > 1 else f"blocks of {BLOCK} epochs",
        "stages": stages,
        "nights": {
            pair.name: {k: v for k, v in scores(one.T, STAGES).items() if k != "confusion"}
            for pair, one in zip(nights, counts, strict=True)
        },
        "confusion": total.tolist(),
    }


def _confusion(pair: ScoringPair) -> np.ndarray:
    return confusion_matrix(*pair.codes(), len(STAGES))


def _blocks(pair: ScoringPair) -> np.ndarray:
    """Confusion of each stretch of `BLOCK` epochs, shape (n_blocks, 5, 5)."""
    a, b = pair.codes()
    return np.array(
        [
            confusion_matrix(a[k : k + BLOCK], b[k : k + BLOCK], len(STAGES))
            for k in range(0, len(a), BLOCK)
        ]
    )


def agreement_numbers(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """The numbers of confusion matrices.

    Parameters
    ----------
    confusion : ndarray of shape (n, 5, 5)
        Counts, A in rows and B in columns.

    Returns
    -------
    dict of ndarray of shape (n,)
        `accuracy`, `cohen_kappa`, `balanced_accuracy`, and `f1_W`, `kappa_W` and so on; NaN where
        there is none.
    """
    n = confusion.sum(axis=(1, 2)).astype(float)
    in_a, in_b = (confusion.sum(axis=k).astype(float) for k in (2, 1))
    both = np.diagonal(confusion, axis1=1, axis2=2).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = both / in_b
        found = {
            "accuracy": both.sum(axis=1) / n,
            "cohen_kappa": _kappa(both.sum(axis=1), (in_a * in_b).sum(axis=1), n),
            "balanced_accuracy": np.nansum(recall, axis=1) / (in_b > 0).sum(axis=1),
        }
        for k, stage in enumerate(STAGES):
            a, b = in_a[:, k], in_b[:, k]
            found[f"f1_{stage}"] = 2 * both[:, k] / (a + b)
            alike = n - a - b + 2 * both[:, k]
            found[f"kappa_{stage}"] = _kappa(alike, a * b + (n - a) * (n - b), n)
    return found


def _kappa(alike: np.ndarray, by_chance: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Cohen's kappa from counts of agreement, products of margins and totals; NaN for 0 / 0."""
    return (alike / n - by_chance / n**2) / (1 - by_chance / n**2)


def _interval(values: np.ndarray) -> list[float] | None:
    """2.5th and 97.5th percentile; None where no draw had a value."""
    known = values[np.isfinite(values)]
    return [float(v) for v in np.percentile(known, [2.5, 97.5])] if len(known) else None


def _clean(value: float) -> float | None:
    return value if np.isfinite(value) else None


def agreement_text(result: dict[str, Any]) -> str:
    """What `compare` found, as text."""

    def shown(value: float | None, interval: list[float] | None) -> str:
        if value is None:
            return "-"
        return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else f"{value:.3f}"

    lines = [
        f"{result['n_epochs']} epochs of {result['n_nights']} nights scored in both, "
        f"{result['not_compared']} in one of them only or in neither"
    ]
    lines += [
        f"Note on {name}: {note}" for name, notes in result["notes"].items() for note in notes
    ]
    lines += [
        f"{key.replace('_', ' ')}: {shown(result[key], result['interval'][key])}"
        for key in ("accuracy", "cohen_kappa", "balanced_accuracy")
    ]
    lines.append(f"{'stage':<7}{'in A':>6}{'in B':>6}{'both':>6}  {'F1':<24}kappa")
    for stage, one in result["stages"].items():
        f1, kappa = (shown(one[k]["value"], one[k]["interval"]) for k in ("f1", "kappa"))
        lines.append(f"{stage:<7}{one['in_a']:>6}{one['in_b']:>6}{one['both']:>6}  {f1:<24}{kappa}")
    if result["n_nights"] > 1:
        lines += [
            f"{name}: accuracy {shown(one['accuracy'], None)}, "
            f"kappa {shown(one['cohen_kappa'], None)} ({one['n_windows']} epochs)"
            for name, one in result["nights"].items()
        ]
    lines.append(f"Intervals: 95 %, bootstrap over {result['resampled']}.")
    return "\n".join(lines)


@figure_style()
def draw_disagreement(nights: Sequence[ScoringPair], path: Path) -> None:
    """Draw A over B for each night, with the epochs of disagreement marked between them.

    Raises
    ------
    ConfigError
        The file cannot be written, or is neither PNG nor SVG.
    """
    from matplotlib.figure import Figure

    from sleepaug.staging.hypnogram.plot import draw_stages, label_time, runs, time_axis

    if path.suffix.lower() not in (".png", ".svg"):
        raise ConfigError(f"{path}: pictures are .png or .svg.")
    figure = Figure(figsize=(11, 3.6 * len(nights)))
    grid = figure.subplots(3 * len(nights), 1, height_ratios=(5, 1, 5) * len(nights))
    for k, pair in enumerate(nights):
        top, strip, bottom = grid[3 * k : 3 * k + 3]
        edges = time_axis(pair.onset, None)
        for axis, stages, name in ((top, pair.a, "A"), (bottom, pair.b, "B")):
            draw_stages(axis, edges, stages)
            axis.set_ylabel(name)
        for begin, end in runs(pair.both & (pair.a != pair.b)):
            strip.axvspan(edges[begin], edges[end], color="#d1495b", linewidth=0)
        for begin, end in runs(~pair.both):
            strip.axvspan(edges[begin], edges[end], color="0.85", linewidth=0)
        share = (pair.a == pair.b)[pair.both].mean()
        strip.set(yticks=[], ylabel="differ")
        strip.spines[:].set_visible(True)
        top.set_title(f"{pair.name}: {share:.0%} alike", loc="left", fontsize=11, parse_math=False)
        for axis in (top, strip, bottom):
            label_time(axis, edges, None)
            if axis is not bottom:
                axis.set(xlabel="", xticklabels=[])
    into_place(path, lambda part: figure.savefig(part, format=path.suffix[1:].lower(), dpi=110))
