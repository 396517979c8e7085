"""`uwlr-adapter contract`: the XSDs that judge every message, held against the official ones."""

from collections import Counter
from pathlib import Path

import click
from rich.markup import escape

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.contract.versions import FULL_VERSIONS, USUAL_VERSION


@click.group()
def contract() -> None:
    """Look at the contract: the XSDs that judge every message."""


@contract.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--xsdversie",
    type=click.Choice(FULL_VERSIONS),
    default=USUAL_VERSION,
    show_default=True,
    help="Version of UWLR of the files in DIR.",
)
@click.option("--stated", is_flag=True, help="List the differences that we state as well, not only how many they are.")
@click.pass_obj
def compare(context: Context, folder: Path, xsdversie: str, *, stated: bool) -> None:
    """Tell where the official XSDs in DIR and ours differ, for an owner of the official files of one version.

    DIR and all under it is searched for the XSDs of leerlinggegevens and autorisatie. Their elements, attributes,
    order, cardinality, facets and code lists are compared with ours, and both judge the same samples. Ends with 0 when
    all differences are those that we state (the list of schooljaren, keys that work, toevoegingen), 1 when there are
    others, and 2 when DIR cannot be compared.

    Example:  uwlr-adapter contract compare UWLR2.3_Technische_bestanden --xsdversie 2.3
    """
    # xmlschema takes as long to load as the rest of the command, and only this needs it.
    from uwlr_adapter.compare.compare import compare as compare_with_ours  # noqa: PLC0415
    from uwlr_adapter.compare.schema_files import CompareError, find  # noqa: PLC0415

    try:
        theirs = find(folder, xsdversie)
        with context.messages.status("Comparing …"):
            diffs = compare_with_ours(theirs, xsdversie)
    except CompareError as error:
        raise click.UsageError(str(error)) from None
    for path in theirs.paths:
        context.messages.print(f"Compared with {escape(str(path))}")
    news = [diff for diff in diffs if not diff.stated]
    shown = diffs if stated else news
    if shown:
        table = make_table("where", "what", "ours", "theirs", "stated")
        for diff in shown:
            cells = (diff.path, diff.kind, diff.ours, diff.theirs, diff.stated)
            table.add_row(*(escape(cell) for cell in cells))
        context.console.print(table)
    reasons = Counter(diff.stated for diff in diffs if diff.stated)
    for reason, number in reasons.items():
        context.console.print(f"stated, {number} times: {reason}")
    context.console.print(f"differences that are not stated: {len(news)}")
    if news:
        raise click.exceptions.Exit(1)
