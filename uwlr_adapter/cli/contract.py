"""`uwlr-adapter contract`: compare our XSDs, which validate every message, with the official ones."""

from collections import Counter
from pathlib import Path

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.contract.versions import FULL_VERSIONS, USUAL_VERSION


@click.group()
def contract() -> None:
    """Inspect the contract: the XSDs that validate every message.

    Example:  uwlr-adapter contract compare standard/
    """


@contract.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--xsdversie",
    type=click.Choice(FULL_VERSIONS),
    default=USUAL_VERSION,
    show_default=True,
    help="UWLR version of the files in DIR.",
)
@click.option("--stated", is_flag=True, help="Also list the stated differences, instead of only counting them.")
@click.pass_obj
def compare(context: Context, folder: Path, xsdversie: str, *, stated: bool) -> None:
    """Show where the official XSDs in DIR differ from ours, for anyone who has the official files of one version.

    DIR is searched recursively for the XSDs of leerlinggegevens and autorisatie, and of leerresultaten where it has
    them. Their elements, attributes, order, cardinality, facets and code lists are compared with ours, and both
    validate the same samples. The exit status is 0
    if every difference is a stated one (the list of schooljaren, keys that work, toevoegingen), 1 if there are others,
    and 2 if DIR cannot be compared.

    Example:  uwlr-adapter contract compare UWLR2.3_Technische_bestanden --xsdversie 2.3
    """
    # xmlschema takes as long to load as the rest of the program, and only this command needs it.
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
    unstated = [diff for diff in diffs if not diff.stated]
    shown = diffs if stated else unstated
    if shown:
        table = make_table("where", "what", "ours", "theirs", "stated")
        for diff in shown:
            cells = (diff.path, diff.kind, diff.ours, diff.theirs, diff.stated)
            table.add_row(*(escape(cell) for cell in cells))
        context.console.print(table)
    reasons = Counter(diff.stated for diff in diffs if diff.stated)
    for reason, count in reasons.items():
        context.console.print(f"stated, {count_noun(count, 'time', 'times')}: {escape(reason)}")
    context.console.print(f"unstated differences: {len(unstated)}")
    if unstated:
        raise click.exceptions.Exit(1)
