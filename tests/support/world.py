"""A gate on a database of its own, and the shortest way to activate a koppeling and to call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa

from support import messages
from support.messages import school_element
from support.school_builder import (
    BRIN6,
    CODE,
    KLANTCODE,
    MOMENT,
    OTHER_BRIN6,
    SERVER_KEYS,
    SchoolBuilder,
    open_database,
)
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.fault import OngeldigeKlantIdentificatie
from uwlr_adapter.contract.request import SchoolReference, read
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.access import Access, AccessRows, AccessStatements, Gate
from uwlr_adapter.koppelingen.afnemers import AfnemerRow
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming

_STATEMENTS = AccessStatements()


def look(gate: Gate, database: Database, caller: Autorisatie, school: SchoolReference | None) -> AccessRows:
    """Run the access query about a caller and a school."""
    query = gate.query(caller, school, _STATEMENTS, {})
    return gate.read(database.look(query), query)


def identify(
    database: Database, server_keys: ServerKeys, klantnaam: str, klantcode: str, moment: datetime
) -> AfnemerRow | None:
    """Identify a caller as a request does; None when it is refused."""
    gate, caller = Gate(Catalogue.load(), server_keys), Autorisatie(CODE, klantcode, klantnaam)
    try:
        return gate.identify(look(gate, database, caller, None), caller, moment)
    except OngeldigeKlantIdentificatie:
        return None


@dataclass(frozen=True)
class World:
    """An open database with its gate."""

    database: Database
    gate: Gate

    @classmethod
    def make(cls, folder: Path, *klantnamen: str) -> "World":
        """Make one with both vestigingen, and afnemers that all have KLANTCODE."""
        world = cls(open_database(folder, BRIN6, OTHER_BRIN6), Gate(Catalogue.load(), ServerKeys.parse(SERVER_KEYS)))
        builder = world.builder
        with builder.transaction():
            for klantnaam in klantnamen:
                builder.add_afnemer(klantnaam, KLANTCODE)
        return world

    @property
    def builder(self) -> SchoolBuilder:
        """A builder on its database, with the keys and the catalogue of its gate."""
        return SchoolBuilder(
            self.database, self.gate.server_keys, self.gate.catalogue, login="jdevries", naam="J. de Vries"
        )

    def activate(
        self,
        entry: str = "snappet",
        brin6: str = BRIN6,
        code: str | None = CODE,
        *,
        startdatum: date | None = None,
        moment: datetime = MOMENT,
        toestemmingen: Collection[Toestemming] = (Toestemming.LEERLINGGEGEVENS,),
    ) -> Koppeling:
        """Activate a koppeling in a transaction of its own."""
        return self.builder.activate(
            entry, brin6, code, startdatum=startdatum, moment=moment, toestemmingen=toestemmingen
        )

    def fetch(
        self,
        *,
        key: str = CODE,
        school: str = school_element(BRIN6),
        klantnaam: str = "Snappet",
        klantcode: str = KLANTCODE,
        moment: datetime = MOMENT,
        toestemming: Toestemming = Toestemming.LEERLINGGEGEVENS,
    ) -> Access:
        """Call as a client does, up to and including the gate."""
        header = messages.header(key=key, klantcode=klantcode, klantnaam=klantnaam)
        call = read(messages.envelope(messages.body(school=school), header))
        rows_seen = look(self.gate, self.database, call.autorisatie, call.school)
        self.gate.identify(rows_seen, call.autorisatie, moment)
        return self.gate.decide(rows_seen, call, day_of(moment), toestemming)

    def rows(self, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
        """Return every row of a table."""
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(table)))
