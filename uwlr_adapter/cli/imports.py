"""`uwlr-adapter import`: import records from a source, show earlier imports, undo and redo them."""

import click

from uwlr_adapter.cli.command_group import CommandEntry, CommandGroup

COMMANDS = {
    "edexml": CommandEntry("import_edexml", "edexml", "Import EDEXML files."),
    "csv": CommandEntry("import_csv", "csv", "Import folders with the CSV set of one school."),
    "bron": CommandEntry("import_bron", "from_bron", "Import from an installed source, such as the database of a LAS."),
    "template": CommandEntry("import_csv", "template", "Write an empty CSV set to a folder."),
    "list": CommandEntry("import_list", "list_", "List the imports, and what was not taken."),
    "show": CommandEntry("import_list", "show", "Show what one import did, and its warnings."),
    "questions": CommandEntry(
        "import_questions", "list_questions", "List the rows of which it is not certain who they are."
    ),
    "answer": CommandEntry("import_questions", "give_answer", "Answer such a question."),
    "undo": CommandEntry("import_undo", "undo", "Take imports back."),
    "redo": CommandEntry("import_undo", "redo", "Do again what was taken back."),
}
"""The commands in the order of the help text: an import loads what imports its kind of source, and nothing else."""


@click.group("import", cls=CommandGroup, entries=COMMANDS)
def imports() -> None:
    """Import the records of a school, show earlier imports, undo and redo them.

    Example:  uwlr-adapter import edexml EDEX.XML
    """
