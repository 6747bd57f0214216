"""The report of a study: one page and one table of all nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sleepaug import __version__
from sleepaug.data.stages import STAGES
from sleepaug.staging.group.figures import draw_groups, draw_hypnograms
from sleepaug.staging.group.nights import GroupNight
from sleepaug.staging.group.table import Spread, nights_table, spreads
from sleepaug.staging.hypnogram.statistics import STATISTICS
from sleepaug.support.figure_style import png_for_page
from sleepaug.support.files import write_text
from sleepaug.support.text import html_template

PANELS = 60
"""Hypnograms in one picture; a group with more nights has several."""


@dataclass(frozen=True)
class Part:
    """A group as the page shows it: its name, people, nights and hypnograms (PNG, base64)."""

    name: str
    n_people: int
    n_nights: int
    pictures: list[str]


@dataclass(frozen=True)
class StatisticRow:
    """A statistic in words, and what each group has of it."""

    name: str
    unit: str
    values: list[Spread]


def write_group(nights: Sequence[GroupNight], page: Path) -> Path:
    """Write the page, and the table of all nights beside it.

    Parameters
    ----------
    nights : sequence of GroupNight
        At least one.
    page : Path
        Ends in .html; the table has the same name and ends in .csv.

    Returns
    -------
    Path
        The table.
    """
    text = html_group(nights, page.with_suffix(".csv").name)
    table = nights_table(nights).to_csv(index=False, lineterminator="\n", float_format="%.4f")
    write_text(page.with_suffix(".csv"), table)
    write_text(page, text)
    return page.with_suffix(".csv")


def html_group(nights: Sequence[GroupNight], table: str) -> str:
    """Write the page of a study as HTML.

    Parameters
    ----------
    nights : sequence of GroupNight
        Text from files is escaped.
    table : str
        Name of the table beside it.
    """
    values = spreads(nights)
    whole = [night for night in nights if night.hypnogram is not None]
    read = [night.hypnogram for night in whole if night.hypnogram is not None]
    known = {
        "lights_off": any(night.lights_off is not None for night in read),
        "lights_on": any(night.lights_on is not None for night in read),
    }
    return html_template(Path(__file__).with_name("page.html")).render(
        nights=nights,
        whole=whole,
        n_people=len({night.subject for night in whole}),
        broken=[night for night in nights if night.hypnogram is None],
        doubtful=[night for night in whole if night.warnings],
        models=sorted({night.model for night in whole if night.model}),
        grouped_by=list(nights[0].groups),
        spans=sorted({night.span() for night in read}),
        rows=[
            StatisticRow(one.named(**known), one.unit, [part[key] for part in values.values()])
            for key, one in STATISTICS.items()
        ],
        columns=[f"{name} (n = {part['TIB'].n})" for name, part in values.items()],
        groups=png_for_page(draw_groups(nights)) if whole else "",
        parts=_parts(nights),
        made=dict.fromkeys(line for night in read for line in night.made.lines()),
        stages=STAGES,
        table=table,
        version=__version__,
    )


def _parts(nights: Sequence[GroupNight]) -> list[Part]:
    """Draw the hypnograms of each group."""
    parts = []
    for name in dict.fromkeys(night.group for night in nights):
        own = [night for night in nights if night.group == name]
        starts = np.arange(0, len(own), PANELS)
        pictures = [png_for_page(draw_hypnograms(own[k : k + PANELS])) for k in starts]
        parts.append(Part(name, len({night.subject for night in own}), len(own), pictures))
    return parts
