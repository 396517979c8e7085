"""`uwlr-adapter import bron`: import from an installed source, such as the database of a LAS."""

from typing import Any

import click

from uwlr_adapter.administratie.sources import bron
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.import_run import import_from, import_options


@click.command("bron")
@click.argument("source", metavar="NAME")
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the source.")
@import_options
@click.pass_obj
def from_bron(
    context: Context,
    /,
    source: str,
    parts: tuple[str, ...],
    options: tuple[str, ...],
    **chosen: Any,  # noqa: ANN401 - as above
) -> None:
    """Import from the installed source NAME, such as the database of a LAS (docs/guides/source.md).

    Without PART, every part of the source is imported; a part is usually a brincode.

    Example:  uwlr-adapter import bron mijnlas 21QW -o url=postgresql://las.example/records
    """
    named = {}
    for option in options:
        name, separator, value = option.partition("=")
        if not separator:
            raise click.BadParameter("write it as NAME=VALUE", param_hint="--option")
        named[name] = value
    try:
        opened = bron.make(source, named)
    except bron.BronError as error:
        raise click.ClickException(str(error)) from None
    import_from(context, opened, parts=parts, **chosen)
