"""The command `models`."""

from __future__ import annotations

import click


@click.command(short_help="List the models that ship with the package.")
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List the models that ship with the package, or show the card of the model NAME."""
    from sleepaug.models.cards import find_model, read_card, shipped_models

    if name is not None:
        card = read_card(find_model(name))
        click.echo("\n".join([f"{card.path}", *card.lines()]))
        return
    shipped = shipped_models()
    for key, path in shipped.items():
        click.echo(f"{key}: {read_card(path).description.summary}")
    click.echo("More about one of them: sleepaug models NAME" if shipped else "No model ships.")
    click.echo(
        "predict and evaluate also take yasa, another library's model: pip install 'sleepaug[yasa]'"
    )
