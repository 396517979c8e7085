"""A gate of its own for tests: a database, vestigingen, afnemers, and the shortest way to activate and to call."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa

from support import messages
from uwlr_adapter.administratie import schools
from uwlr_adapter.contract.request import read
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers
from uwlr_adapter.koppelingen.access import Access, Gate
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BRIN6 = "21QW00"
OTHER_BRIN6 = "21QW01"
CODE = "21QW00Ygr67BfgKl!gr8"
KLANTCODE = "een-lange-klantcode"
SERVER_KEYS = "b=" + "0b" * 32, "a=" + "0a" * 32


def school_element(brin6: str) -> str:
    """Give the elements by which a request names a vestiging."""
    return f"<brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}</dependancecode>"


def open_database(folder: Path, *brin6s: str) -> Database:
    """Open a new database with every table and these vestigingen, each with a schoolkey `key-<brin6>`."""
    database = Database(Settings(data=folder).database_url)
    database.upgrade()
    with database.writing() as connection:
        for brin6 in brin6s:
            add_vestiging(connection, brin6)
    return database


def add_vestiging(connection: sa.Connection, brin6: str) -> None:
    """Add a vestiging."""
    schools.add_vestiging(connection, brin6, brin6, f"key-{brin6}")


@dataclass(frozen=True)
class World:
    """An open database with its gate."""

    database: Database
    gate: Gate

    @classmethod
    def make(cls, folder: Path, *klantnamen: str) -> "World":
        """Make one with both vestigingen, and afnemers that all have KLANTCODE."""
        world = cls(open_database(folder, BRIN6, OTHER_BRIN6), Gate(Catalogue.load(), ServerKeys.parse(SERVER_KEYS)))
        with world.database.writing() as connection:
            for klantnaam in klantnamen:
                afnemers.add(connection, world.gate.server_keys, klantnaam, MOMENT, KLANTCODE)
        return world

    def activate(
        self,
        entry: str = "snappet",
        brin6: str = BRIN6,
        code: str | None = CODE,
        *,
        startdatum: date | None = None,
        moment: datetime = MOMENT,
    ) -> Koppeling:
        """Activate a koppeling in a transaction of its own."""
        request = ActivationRequest(brin6, entry, "jdevries", "J. de Vries", True, startdatum, code)  # noqa: FBT003 - agreed
        with self.database.writing() as connection:
            return actions.activate(connection, self.gate.catalogue, self.gate.server_keys, request, moment)

    def fetch(
        self,
        *,
        key: str = CODE,
        school: str = school_element(BRIN6),
        klantnaam: str = "Snappet",
        klantcode: str = KLANTCODE,
        moment: datetime = MOMENT,
    ) -> Access:
        """Call as a client does, up to and including the gate."""
        header = messages.header(key=key, klantcode=klantcode, klantnaam=klantnaam)
        call = read(messages.envelope(messages.body(school=school), header))
        rows_seen = self.gate.look(self.database, call.autorisatie, call.school)
        self.gate.identify(rows_seen, call.autorisatie, moment)
        return self.gate.decide(rows_seen, call, moment)

    def rows(self, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
        """Give every row of a table."""
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(table)))
