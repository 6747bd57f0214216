"""The picture of two scorings: A over B, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sleepaug.staging.scoring_pairs import ScoringPair
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import into_place


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
    figure = Figure(figsize=(11, 3.6 * len(nights)), layout="constrained")
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
        top.set_title(f"{pair.name}: {share:.0%} alike", loc="left", fontsize=11, parse_math=False)
        for axis in (top, strip, bottom):
            label_time(axis, edges, None)
            if axis is not bottom:
                axis.set(xlabel="", xticklabels=[])
    into_place(path, lambda part: figure.savefig(part, format=path.suffix[1:].lower(), dpi=110))
