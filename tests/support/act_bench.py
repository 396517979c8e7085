"""The commands that change records by hand, run on a database of their own."""

import json
from typing import Any

from click.testing import Result

import uwlr_adapter.server.application  # noqa: F401 - so that every table is known before the first dump
from support.csv_sets import CommandBench
from support.edexml_files import to_edexml
from support.imports import dump
from support.school_builder import SchoolBuilder
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.contract.dataset import Dataset


class ActBench(CommandBench):
    """A data folder in which EDEXML files are imported, and acts of an operator done and taken back."""

    def take(self, dataset: Dataset, *options: str, exit_code: int = 0) -> Result:
        """Import a dataset as an EDEXML file."""
        file = self.data.parent / "edex.xml"
        file.write_bytes(to_edexml(dataset))
        result = self.run("import", "edexml", file, "--accept-drop", "--new-school", *options)
        assert result.exit_code == exit_code, result.output
        return result

    def done(self, *words: str) -> str:
        """Run a command that must succeed, and return its output."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *words: str) -> str:
        """Run a command that must be refused and change nothing; return its output."""
        before = self.dump()
        result = self.run(*words)
        assert result.exit_code != 0, result.output
        assert self.dump() == before
        return result.output

    def shown(self, brin6: str, key: str, noun: str = "leerling") -> dict[str, Any]:
        """Return what `show --json` says."""
        found: dict[str, Any] = json.loads(self.done(noun, "show", brin6, key, "--json"))
        return found

    def standing(self) -> list[str]:
        """Return the numbers of the imports and acts that stand, the newest first."""
        with self.open().reading() as connection:
            return [str(one.id) for one in batches.find_all(connection) if one.undone_at is None]

    def undo_all(self) -> None:
        """Undo everything, the newest first."""
        for batch in self.standing():
            self.done("import", "undo", batch, "--yes")

    def undone_is_exact(self, *words: str) -> str:
        """Run a command with --yes, undo its batch, and show that all is as it was; then run it again."""
        database = self.open()
        before = dump(database)
        output = self.done(*words, "--yes")
        assert dump(database) != before
        batch = output.rpartition("import undo ")[2].partition("`")[0]
        self.done("import", "undo", batch, "--yes")
        assert dump(database) == before
        return self.done(*words, "--yes")

    def builder(self) -> SchoolBuilder:
        """Return a builder of afnemers, koppelingen and gebruikers in this database."""
        return SchoolBuilder(self.open(), moment=self.moment)
