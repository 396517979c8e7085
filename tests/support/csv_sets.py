"""CSV sets for tests: the corpus with its manifest, and the commands as an operator types them."""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from click.testing import CliRunner, Result
from rich.console import Console

from support.counted import wrong_numbers
from support.databases import furnish, make_tables
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.main import main
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.settings import MAX_DROP, Settings

CORPUS = Path(__file__).parents[1] / "data" / "csv"
GOOD = CORPUS / "goed"
"""The one good set; a case of the corpus has only the files in which it differs."""
MOMENT = datetime(2026, 11, 25, 10, tzinfo=UTC)
PERSON_COLUMNS = {
    *("Sleutel", "Leerling", "ECK-iD", "Achternaam", "Voorvoegsel", "Voornamen", "Roepnaam"),
    *("E-mailadres", "BSN", "Leerlingnummer"),
}
"""The columns whose values may stand in no output; those of other files with the same labels do no harm."""


@dataclass(frozen=True, slots=True)
class CsvCase:
    """One line of the manifest: a case, and what the import must say of it; `.` is the row or the file as a whole."""

    naam: str
    verdict: str
    file: str
    line: str
    column: str
    reason: str

    def says(self, output: str) -> bool:
        """Return whether the report of a command has this problem."""
        verdict = "refused" if self.verdict == "refused" else "warning"
        where = (verdict, self.file, self.column.replace(".", ""))
        return any(
            row[:3] == list(where) and self.reason in row[3] and self.line in (row[4] or "0").split(", ")
            for row in rows_of(output)
            if len(row) == len(("", "file", "column", "reason", "line"))
        )


def read_manifest() -> list[CsvCase]:
    """Return every case of the corpus."""
    lines = (CORPUS / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [CsvCase(*line.split("\t")) for line in lines]


def lay_out(folder: Path, naam: str) -> Path:
    """Return a folder with the good set, and over it the files of a case."""
    made = shutil.copytree(GOOD, folder / naam)
    if naam != GOOD.name:
        shutil.copytree(CORPUS / naam, made, dirs_exist_ok=True)
    return made


def change(folder: Path, naam: str, *changes: tuple[str, str]) -> None:
    """Change texts of one file of a set; each must be there."""
    file = folder / f"{naam}.csv"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def rows_of(output: str) -> list[list[str]]:
    """Return the cells of every row of the tables in an output."""
    lines = [line for line in output.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def values_about_persons(folder: Path) -> set[str]:
    """Return the values of a set that may stand in no output: every cell that identifies a person."""
    found: set[str] = set()
    for naam in ("leerlingen", "leerkrachten"):
        text = (folder / f"{naam}.csv").read_bytes().replace(b"\0", b"").decode("utf-8", "replace")
        header, *rows = [line.split(";") for line in text.splitlines()] or [[]]
        places = [place for place, label in enumerate(header) if label in PERSON_COLUMNS]
        found |= {row[place].strip('"') for row in rows for place in places if place < len(row)}
    return {value for value in found if len(value) > len("Ole")}


@dataclass(slots=True)
class CommandBench:
    """A data folder, and the commands run on it as the shell does."""

    data: Path
    moment: datetime = MOMENT
    max_drop: float = MAX_DROP

    def run(self, command: str, *arguments: str | Path, answer: str | None = None) -> Result:
        """Run a command, such as `import`, with these arguments; `answer` is typed when the command asks."""
        console = Console(width=220, highlight=False)
        settings = Settings(data=self.data, max_drop=self.max_drop)
        context = Context(settings, clock=lambda: self.moment, console=console, messages=console)
        group = main.get_command(click.Context(main), command)
        assert group is not None
        result = CliRunner().invoke(group, [str(one) for one in arguments], obj=context, input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert wrong_numbers(result.output) == []
        return result

    def init(self, also: Callable[[Any], object] = lambda _bench: None) -> None:
        """Create the database, as `init` does; `also` fills it, which is done once: the next ones are copies."""
        with closing(self.open()) as database:
            make_tables(database)
            furnish(database, (type(self), self.moment, also), lambda: also(self))

    def taken(self, *arguments: str | Path) -> Result:
        """Run an import that must be taken."""
        result = self.run("import", *arguments)
        assert result.exit_code == 0, result.output
        return result

    def copy(self, data: Path) -> "CommandBench":
        """Return a copy of the data folder, for a test that changes its records."""
        shutil.copytree(self.data, data)
        return CommandBench(data, self.moment)

    def open(self) -> Database:
        """Open the database."""
        return Database(Settings(data=self.data).database_url)

    def dump(self) -> dict[str, list[str]]:
        """Return every row of every table, as text, except that an import was not taken, and the highest ids."""
        with closing(self.open()) as database, database.reading() as connection:
            return {
                table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
                for table in metadata.sorted_tables
                if table.name not in {"import_not_taken", "highest_id"}
            }


def counts_of(output: str) -> dict[str, tuple[int, int, int, int]]:
    """Return the counts of an import per kind, added up over its years: added, changed, unchanged, removed."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for kind, *counts in rows_of(output):
        if kind in {"locaties", "groepen", "leerlingen", "leerkrachten"} and len(counts) == len("acur"):
            a, c, u, r = map(int, counts)
            before = found.get(kind, (0, 0, 0, 0))
            found[kind] = (before[0] + a, before[1] + c, before[2] + u, before[3] + r)
    return found
