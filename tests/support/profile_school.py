"""An application with two vestigingen, a koppeling per vestiging and profile, and a clock that the test moves."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from lxml import etree
from pydantic import SecretStr

from support import messages
from support.databases import make_tables
from support.imports import options
from support.messages import LG, school_element
from support.school_builder import KLANTCODE, SERVER_KEYS, SchoolBuilder, write_catalogue
from support.school_model import View
from support.trial_school import OK
from support.wsgi import call
from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.app import App

PROFIELEN = {"smal": "smalle set", "lvs": "LVS-set", "vol": "volledig"}


def code_of(brin6: str, profiel: str) -> str:
    """Return the verificatiecode of a koppeling."""
    return f"{brin6}-{profiel}-0123456789ab"


@dataclass
class ProfileSchool:
    """An application on a database of its own, in `folder`; `moment` is what its clock says."""

    folder: Path
    moment: datetime
    database: Database = field(init=False)
    app: App = field(init=False)

    def __post_init__(self) -> None:
        """Open it, with a catalogue of one koppeling per profile."""
        catalogue = self.folder / "catalogus.toml"
        write_catalogue(catalogue, PROFIELEN.items())
        self.settings = Settings(
            data=self.folder,
            keys=SecretStr(",".join(SERVER_KEYS)),
            catalogus=catalogue,
            database=None,
            parts=frozenset({Part.SOAP}),
        )
        self.database = Database(self.settings.database_url)
        make_tables(self.database)
        self.builder.add_afnemer("Proef", KLANTCODE)
        self.app = make_app(self.settings, lambda: self.moment)
        for database in (self.database, self.app._database):  # noqa: SLF001 - thousands of calls, none of which need outlive us
            sa.event.listen(database.engine, "connect", _without_waiting)
            database.close()

    def close(self) -> None:
        """Close both ends of the database."""
        self.app.close()
        self.database.close()

    @property
    def builder(self) -> SchoolBuilder:
        """The builder of what the school itself does, as of now."""
        return SchoolBuilder(self.database, catalogue=Catalogue.load(self.settings.catalogus), moment=self.moment)

    def activate(self, *brin6s: str) -> None:
        """Activate each koppeling of vestigingen that exist."""
        for brin6 in brin6s:
            for id_ in PROFIELEN:
                self.builder.activate(id_, brin6, code_of(brin6, id_))

    def bring(self, *deliveries: Delivery) -> importer.Imported:
        """Import what a source delivers, as of now; a drop is no question."""
        return importer.import_deliveries(self.database, deliveries, options(self.moment))

    def fetch(self, brin6: str, schooljaar: str, profiel: str, last: str | None = None) -> bytes:
        """Fetch as a vendor does; returns the bytes."""
        rest = "<xsdversie>2.2</xsdversie>"
        rest += "" if last is None else f"<laatstontvangengegevens>{last}</laatstontvangengegevens>"
        header = messages.header(code_of(brin6, profiel), KLANTCODE, "Proef")
        reply = call(self.app, messages.envelope(messages.body(schooljaar, school_element(brin6), rest), header))
        assert reply.status == OK, (brin6, schooljaar, day_of(self.moment))
        return reply.body


def _without_waiting(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("PRAGMA synchronous = OFF")


def outcome(content: bytes) -> str:
    """Return the name of the one element in an answer."""
    return etree.QName(etree.fromstring(content)[0][0][0]).localname


def aanmaakdatum(content: bytes) -> str:
    """Return the moment that an answer gives itself."""
    return etree.fromstring(content).findtext(f".//{{{LG}}}aanmaakdatum") or ""


def view_of(content: bytes) -> View:
    """Return what an answer with data says, without its school block."""
    payload = etree.fromstring(content)[0][0][0]
    view: View = {"leerlingen": {}, "groepen": {}, "leerkrachten": {}}
    for list_name in list(payload)[1:]:
        records = view[etree.QName(list_name).localname]
        for record in list_name:
            key = record.get("key") or ""
            assert key not in records
            records[key] = _record(record)
    return view


def _record(record: etree._Element) -> dict[str, object]:
    kind = etree.QName(record).localname
    said: dict[str, object] = {} if record.get("eckid") is None else {"eckid": record.get("eckid")}
    if kind.endswith("groep"):
        said["soort"] = kind
    for child in record:
        naam = etree.QName(child).localname
        if naam == "groepen":
            said[naam] = tuple(
                (etree.QName(one).localname, one.get("key"), tuple(rol.text for rol in one)) for one in child
            )
        elif naam == "samengestelde_groepen":
            said[naam] = tuple(one.get("key") for one in child)
        elif naam == "rol":
            said["rollen"] = (*said.get("rollen", ()), child.text)  # type: ignore[misc] # a tuple so far
        else:
            said[naam] = child.get("key") or child.text
    return said
