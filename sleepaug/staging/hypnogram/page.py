"""One page about a night that needs nothing else: no network, no scripts, no other file."""

from __future__ import annotations

import base64
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from sleepaug import __version__
from sleepaug.data.stages import STAGES
from sleepaug.staging.hypnogram.statistics import NAMES
from sleepaug.support.errors import printable
from sleepaug.support.text import ranges

if TYPE_CHECKING:
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;"
    "color:#222}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}img{max-width:100%}"
    "table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;"
    "border-bottom:1px solid #ddd}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    ".use{background:#fff4d6;padding:.4rem .8rem}"
)


def html_report(night: Hypnogram) -> str:
    """The report of a night as HTML; everything that came from a file is escaped."""
    use = "<b>For research, not for diagnosis.</b> Stages were found by a model, not by a person."
    sections = [
        f"<h1>{_text(night.name)}</h1>",
        f'<p class="use">{use}</p>',
        f"<p>{_text(_when(night))}{_text(night.summary())}</p>",
    ]
    if len(night):
        sections.append(
            f'<img alt="Hypnogram, probabilities, spectrogram" src="{_picture(night)}">'
        )
    sections += [f"<h2>Sleep statistics, {_text(night.span())}</h2>", _statistics(night)]
    if len(night.look_first):
        sections += [
            "<h2>Look at these first</h2>",
            f"<p>The {len(night.look_first)} least certain epochs, the least certain first.</p>",
            _uncertain(night),
        ]
    if reasons := sorted({reason for reason in night.reason if reason}):
        sections += ["<h2>Not scored</h2>", "<table><tr><th>reason<th>epochs</tr>"]
        for reason in reasons:
            epochs = ranges(k + 1 for k, found in enumerate(night.reason) if found == reason)
            sections.append(f"<tr><td>{_text(reason)}<td>{epochs}</tr>")
        sections.append("</table>")
    sections += ["<h2>How it was made</h2>", "<ul>"]
    sections += [f"<li>{_text(note)}</li>" for note in night.notes]
    sections += ["</ul>", f"<p>sleepaug {__version__}</p>"]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{_text(night.name)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def _text(text: str) -> str:
    """Text from anywhere, harmless in HTML."""
    return escape(printable(text))


def _when(night: Hypnogram) -> str:
    if night.start is None:
        return "The recording does not say when it starts. "
    return f"Recording starts {night.start.isoformat(sep=' ')} (local time). "


def _picture(night: Hypnogram) -> str:
    """The picture as the address of its own content."""
    return "data:image/png;base64," + base64.b64encode(night.png).decode("ascii")


def _statistics(night: Hypnogram) -> str:
    rows = []
    for name, value in night.statistics().items():
        what, unit = NAMES[name]
        shown = "-" if value is None else f"{value:.1f}" if isinstance(value, float) else value
        rows.append(f'<tr><td>{name}<td>{_text(what)}<td class="n">{shown}<td>{unit}</tr>')
    return f"<table>{''.join(rows)}</table>"


def _uncertain(night: Hypnogram) -> str:
    """The deferred epochs with their probabilities."""
    rows = [f"<tr><th>epoch<th>time<th>stage{''.join(f'<th>p {s}' for s in STAGES)}</tr>"]
    stages = night.stages
    for k in night.look_first:
        onset = timedelta(seconds=float(night.onset[k]))
        time = str(onset) if night.start is None else f"{night.start + onset:%H:%M:%S}"
        values = "".join(f'<td class="n">{p:.2f}' for p in night.probabilities[k])
        rows.append(f"<tr><td>{k + 1}<td>{time}<td>{stages[k]}{values}</tr>")
    return f"<table>{''.join(rows)}</table>"
