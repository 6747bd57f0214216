"""The command `review`."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sleepaug.cli.options import FILE, FOLDER, channel_option, exclude_option, names_of


@click.command(short_help="Look at staged nights and correct them.")
@click.argument("recordings", type=FILE, nargs=-1, required=True)
@click.option(
    "--hypnograms",
    type=click.Path(path_type=Path, exists=True),
    help="What predict wrote for them: a folder or a table (default: stage each night now).",
)
@click.option("--model", type=FILE, help="Model that stages them (default: the shipped model).")
@click.option(
    "-o",
    "--output",
    type=FOLDER,
    default="reviewed",
    show_default=True,
    help="Folder of the results; an earlier review in it is continued.",
)
@channel_option
@exclude_option
@click.option(
    "--to",
    "forms",
    metavar="NAME,...",
    callback=names_of,
    default="csv,png,html,json",
    show_default=True,
    help="Files to write: csv, edf (annotations), bids (events.tsv), png, svg, html, json.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port (default: any free one)."
)
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
def review(
    recordings: Sequence[Path],
    hypnograms: Path | None,
    model: Path | None,
    output: Path,
    port: int,
    no_browser: bool,
    **options: Any,
) -> None:
    """Look at the nights RECORDINGS in a browser, and correct their stages.

    Recordings are files or folders of them. The page shows each epoch's signals, offers the least
    certain epochs first, and saves the model's stages to OUTPUT/automatic and the corrected ones to
    OUTPUT/corrected. It is served on this machine only, until Ctrl-C.

    For research, not for diagnosis.
    """
    from sleepaug.staging.nights import find_nights
    from sleepaug.staging.review.nights import nights_to_stage, stored_nights
    from sleepaug.staging.review.server import ReviewServer
    from sleepaug.staging.review.session import Review, ReviewSettings
    from sleepaug.support.errors import ConfigError
    from sleepaug.support.files import check_writable

    if hypnograms is not None and model is not None:
        raise ConfigError("the nights are staged already.", parameters=("model", "hypnograms"))
    check_writable(output)  # now, and not when hours of work are saved
    settings = ReviewSettings(output, **options)
    files = find_nights(recordings)
    nights = (
        stored_nights(files, hypnograms)
        if hypnograms is not None
        else nights_to_stage(files, model, map=settings.map, exclude=settings.exclude)
    )
    session = Review(nights, settings)
    try:
        server = ReviewServer(session, port)
    except OSError as error:
        raise ConfigError(f"port {port}: {error.strerror}.", parameters=("port",)) from error
    with server:
        count = f"{len(nights)} night{'s' * (len(nights) > 1)}"
        click.echo(f"{count} to review: {server.url}\nSave in the page, then end it by Ctrl-C.")
        if not no_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            saved = sum(session.is_saved(k) for k in range(len(nights)))
            click.echo(f"\n{saved} of {len(nights)} nights reviewed: {output}")
