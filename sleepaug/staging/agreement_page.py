"""Files of a comparison of two scorings: a picture, or a page that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sleepaug import __version__
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.staging.agreement import Agreement
from sleepaug.staging.disagreement import draw_agreement, draw_night
from sleepaug.staging.hypnogram.plot import runs
from sleepaug.staging.hypnogram.statistics import STATISTICS
from sleepaug.staging.scoring_pairs import ScoringPair
from sleepaug.support.errors import ConfigError
from sleepaug.support.figure_style import png_for_page
from sleepaug.support.files import into_place, write_text
from sleepaug.support.text import html_template

ENDINGS = (".png", ".svg", ".html")
MOST_NIGHTS = 12
"""Nights that the page draws: those that agree least."""
MOST_STRETCHES = 5
"""Longest disagreements of a night that the page lists."""


@dataclass(frozen=True)
class Stretch:
    """A run of epochs that two scorings call differently: when, how many, and what each says."""

    time: str
    epochs: int
    a: str
    b: str


@dataclass(frozen=True)
class DrawnNight:
    """A night on the page: its name, the picture (PNG, base64), and its longest disagreements."""

    name: str
    picture: str
    stretches: list[Stretch]


def check_ending(path: Path) -> None:
    """Raise a `ConfigError` unless a file is a picture or a page by its name."""
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"{path}: allowed are {', '.join(ENDINGS)}: a picture or a page.",
            parameters=("output",),
        )


def write_agreement(agreement: Agreement, nights: Sequence[ScoringPair], path: Path) -> None:
    """Write a comparison as a picture or a page.

    Parameters
    ----------
    agreement : Agreement
    nights : sequence of ScoringPair
        What was compared.
    path : Path
        Ends in .png or .svg (one night: both scorings; several: confusion matrix and Bland-Altman
        plots), or .html (all of it).

    Raises
    ------
    ConfigError
        It has another ending.
    OutputError
        It cannot be written.
    """
    check_ending(path)
    kind = path.suffix[1:].lower()
    if kind == "html":
        write_text(path, html_agreement(agreement, nights))
        return
    names = agreement.a, agreement.b
    figure = draw_agreement(agreement) if len(nights) > 1 else draw_night(nights[0], names)
    into_place(path, lambda part: figure.savefig(part, format=kind, dpi=110))


def html_agreement(agreement: Agreement, nights: Sequence[ScoringPair]) -> str:
    """Write a comparison as HTML; text from files is escaped."""
    ranked = sorted(nights, key=lambda pair: (pair.a == pair.b)[pair.both].mean())
    return html_template(Path(__file__).with_name("agreement.html")).render(
        agreement=agreement,
        statistics=STATISTICS,
        picture=png_for_page(draw_agreement(agreement)),
        drawn=[
            DrawnNight(
                pair.name,
                png_for_page(draw_night(pair, (agreement.a, agreement.b))),
                longest_disagreements(pair),
            )
            for pair in ranked[:MOST_NIGHTS]
        ],
        version=__version__,
    )


def longest_disagreements(pair: ScoringPair) -> list[Stretch]:
    """List the longest runs of epochs that two scorings call differently, by the clock if known."""
    differing = runs(pair.both & (pair.a != pair.b))
    longest = sorted(differing.tolist(), key=lambda run: run[0] - run[1])[:MOST_STRETCHES]
    return [
        Stretch(
            f"{_clock(pair, begin)} to {_clock(pair, end)}",
            end - begin,
            *(", ".join(dict.fromkeys(stages[begin:end])) for stages in (pair.a, pair.b)),
        )
        for begin, end in longest
    ]


def _clock(pair: ScoringPair, epoch: int) -> str:
    """Return when an epoch begins: the time of day, or hours from the start of the recording."""
    seconds = timedelta(seconds=float(pair.onset[0] + epoch * WINDOW_SECONDS))
    return str(seconds) if pair.start is None else f"{pair.start + seconds:%H:%M:%S}"
