"""What a folder holds, in words and pictures: a run, several runs, or a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sleepaug.experiments.comparison.report import write_report
from sleepaug.experiments.figures import draw_experiment
from sleepaug.experiments.report import (
    invariance_text,
    learned_text,
    metrics_text,
    number,
    read_run,
)
from sleepaug.experiments.run_figures import draw_run
from sleepaug.experiments.variants import experiment_text, read_variants
from sleepaug.support.files import into_place
from sleepaug.training.runs import RunFolder


@dataclass(frozen=True)
class Summary:
    """The results of a folder.

    Attributes
    ----------
    texts : tuple of str
        Blocks of text, in their order.
    files : tuple of (str, Path)
        Files that were drawn or that hold the numbers, each after what it is.

    Examples
    --------
    >>> summary = Summary(("balanced accuracy 0.712",), (("Picture", Path("run/report.png")),))
    >>> print("\\n".join(summary.lines()))
    balanced accuracy 0.712
    Picture: run/report.png
    """

    texts: tuple[str, ...]
    files: tuple[tuple[str, Path], ...]

    def lines(self) -> list[str]:
        """Return the texts, and a line for each file."""
        return [*self.texts, *(f"{label}: {path}" for label, path in self.files)]


def summarize(folder: Path) -> Summary:
    """Write the report of a folder, finished or not.

    Parameters
    ----------
    folder : Path
        Of a run, of an experiment (several variants, seeds or folds), or of a comparison.

    Returns
    -------
    Summary

    Raises
    ------
    ConfigError
        The folder holds none of these, or nothing to draw yet.
    """
    config = RunFolder(folder).config()
    if "compare" in config:
        return summarize_comparison(folder)
    if config["run"]["variants"] or isinstance(config["run"]["seed"], str):
        return _summarize_experiment(folder)
    return _summarize_run(folder)


def summarize_comparison(folder: Path) -> Summary:
    """Write the report of a comparison, which may be running; see `summarize`."""
    written = write_report(folder)
    return Summary((written.text,), (("Report", written.page), ("Figures and tables", folder)))


def _summarize_run(run: Path) -> Summary:
    """Draw the training of a run, and what its layers learned."""
    _, rows, metrics = read_run(run)
    scores = metrics_text(metrics) if metrics else f"Not finished: {len(rows)} epochs so far."
    files = [("Metrics", run / "metrics.json")] if metrics else []
    return Summary(
        (scores, *learned_text(run), *(invariance_text(metrics) if metrics else ())),
        (*files, *(("Picture", picture) for picture in draw_run(run, rows, metrics))),
    )


def _summarize_experiment(run: Path) -> Summary:
    """Draw several variants or seeds, with medians and quartiles."""
    variants = read_variants(run)
    texts, files = [experiment_text(variants)], []
    metrics = read_run(run)[2]
    if metrics and metrics.best:
        score = number(metrics.valid["balanced_accuracy"])
        best = f"Kept: {metrics.best}, the best on valid ({score}, its runs pooled)"
        texts += [best, *learned_text(run)]
    for name, figure in draw_experiment(variants).items():
        into_place(run / name, partial(figure.savefig, dpi=130))
        files.append(("Picture", run / name))
    return Summary(tuple(texts), tuple(files))
