"""The example school, and a koppeling in each state that a call can meet."""

import functools
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from support import databases
from support.databases import make_tables
from support.messages import body, envelope, header, school_element
from support.school_builder import ACTOR, SchoolBuilder
from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import day_of, now
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.keys import key_file
from uwlr_adapter.keys.server_keys import KEY_BYTES, ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.settings import Settings

CODE = setup.VERIFICATIECODE
CODE_OF_ONE = "30AB00een-van-alles-1"
ONE_OF_EACH = """<EDEX><school><schooljaar>{schooljaar}</schooljaar><brincode>30AB</brincode></school>
<groepen><groep key="g"><naam>Enig</naam><jaargroep>3</jaargroep></groep></groepen>
<leerlingen><leerling key="l"><roepnaam>Één</roepnaam><groep key="g"/></leerling></leerlingen>
<leerkrachten><leerkracht key="k"><roepnaam>Uno</roepnaam></leerkracht></leerkrachten></EDEX>"""
"""The smallest school: one groep, a leerling with only a roepnaam, a leerkracht without rol or groep."""

REFUSED_CALLS = {
    "onbekende school": {"brin6": "99XX00", "key": "99XX00abcdefghijklmnop"},
    "onbekende schoolkey": {"school": "<schoolkey>bestaat-niet</schoolkey>"},
    "code onjuist": {"key": "21QW00Ygr67BfgKl!gr9"},
    "code in andere letters": {"key": CODE.lower()},
    "gepauzeerd": {"klantnaam": "Basispoort", "key": "21QW00gepauzeerd-koppeling"},
    "beëindigd": {"klantnaam": "UWLR-4D", "key": "21QW00beeindigde-koppeling"},
    "nog niet gestart": {"klantnaam": "Basispoort", "brin6": "21QW01", "key": "21QW01nog-niet-gestart"},
    "geen koppeling": {"brin6": "21QW01"},
    "code van een andere afnemer": {"klantnaam": "UWLR-4D"},
}
"""Calls of a known afnemer that have no access, by the true reason; arguments of `ServedSchool.request`."""


@dataclass(frozen=True)
class ServedSchool:
    """A data folder, and what its afnemers know."""

    data: Path
    schooljaar: str
    klantcodes: dict[str, str]
    refused_calls: dict[str, dict[str, str]]
    """As REFUSED_CALLS."""

    def header(self, klantnaam: str = "Snappet", klantcode: str | None = None, key: str = CODE) -> str:
        """Return an autorisatie header that is right unless told otherwise."""
        code = self.klantcodes.get(klantnaam, "onbekend") if klantcode is None else klantcode
        return header(key, code, klantnaam)

    def request(
        self, klantnaam: str = "Snappet", key: str = CODE, brin6: str = "21QW00", school: str | None = None
    ) -> bytes:
        """Return a request for the school year of today, right unless told otherwise."""
        named = school_element(brin6) if school is None else school
        return envelope(body(self.schooljaar, named), self.header(klantnaam, key=key))


def import_one_of_each(connection: sa.Connection, schooljaar: str) -> None:
    """Import the smallest school, 30AB00."""
    delivery = edexml.read(ONE_OF_EACH.format(schooljaar=schooljaar).encode())
    importer.apply(connection, [delivery], importer.ImportOptions(now()))


def furnish(data: Path, moment: datetime | None = None) -> ServedSchool:
    """Make the school in an empty data folder; as of now, it is a copy of one that is made once for each database."""
    if moment is not None:
        return _make(data, moment)
    if Settings(data=data).database is not None:
        return _on_postgresql(data)
    return _put(*_made_once(), data)


def open_for_results(data: Path) -> None:
    """Open the koppeling of the example school for results, whether or not it was open for them before."""
    database = Database(Settings(data=data).database_url)
    try:
        with database.writing() as connection:
            of_example = (koppeling.c.brin6 == setup.BRIN6, koppeling.c.entry_id == setup.ENTRY_ID)
            given = {"resultaten": ToestemmingStatus.ON.value, "version": koppeling.c.version + 1}
            connection.execute(koppeling.update().where(*of_example).values(given))
    finally:
        database.close()


def _put(school: ServedSchool, files: dict[str, bytes], data: Path) -> ServedSchool:
    """Write the files of its data folder, and return the school that is in it."""
    data.mkdir(parents=True, exist_ok=True)
    for naam, content in files.items():
        (data / naam).touch(mode=0o600)
        (data / naam).write_bytes(content)
    return replace(school, data=data)


def _on_postgresql(data: Path) -> ServedSchool:
    made: list[ServedSchool] = []
    database = Database(Settings(data=data).database_url)
    try:
        make_tables(database)
        databases.furnish(database, ServedSchool, lambda: made.append(_make(data, now())))
        if not made:
            return _put(*_kept[0], data)
        if databases.is_of_this_run(database):
            _kept[:] = [(made[0], {"keys": (data / "keys").read_bytes()})]
        return made[0]
    finally:
        database.close()


_kept: list[tuple[ServedSchool, dict[str, bytes]]] = []
"""The school of which PostgreSQL has a copy, with the other files of its folder."""


@functools.cache
def _made_once() -> tuple[ServedSchool, dict[str, bytes]]:
    """Return the school on SQLite with the files of its folder, by name."""
    with tempfile.TemporaryDirectory() as folder:
        school = _make(Path(folder), now())
        return school, {file.name: file.read_bytes() for file in Path(folder).iterdir()}


def _make(data: Path, moment: datetime) -> ServedSchool:
    settings = Settings(data=data)
    database = Database(settings.database_url)
    try:
        make_tables(database)
        if not database.backend.is_embedded:
            key_file.make(data / "keys", KEY_BYTES)
        server_keys = ServerKeys.from_settings(settings, database)
        example = setup.prepare(database, server_keys, moment)
        builder = SchoolBuilder(database, server_keys, moment=moment)
        with builder.transaction() as connection:
            klantcodes = {naam: builder.add_afnemer(naam) for naam in ("Basispoort", "UWLR-4D", "Gestopt")}
            klantcodes[setup.KLANTNAAM] = setup.KLANTCODE
            afnemers.disable(connection, "Gestopt", moment, actor=ACTOR)
            builder.pause(builder.activate("basispoort", "21QW00", "21QW00gepauzeerd-koppeling"))
            builder.end(builder.activate("uwlr-4d", "21QW00", "21QW00beeindigde-koppeling"))
            next_week = day_of(moment) + timedelta(days=7)
            builder.activate("basispoort", "21QW01", "21QW01nog-niet-gestart", startdatum=next_week)
            import_one_of_each(connection, example.schooljaar)
            builder.activate("snappet", "30AB00", CODE_OF_ONE)
    finally:
        database.close()
    return ServedSchool(data, example.schooljaar, klantcodes, REFUSED_CALLS)
