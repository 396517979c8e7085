"""A school of two vestigingen at the door: a koppeling per vestiging and profile, and a clock that the test moves."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import berichten
import sqlalchemy as sa
from administratie_hulp import opties
from berichten import LG
from koppelingen_hulp import KLANTCODE, SLEUTELS, school_element
from lxml import etree
from proefschool import OK
from pydantic import SecretStr
from schoolmodel import Beeld
from wsgi import call

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.model import Levering
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.keys.server_keys import Sleutelbos
from uwlr_adapter.koppelingen import actions, afnemers
from uwlr_adapter.koppelingen.actions import Aanvraag
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

PROFIELEN = {"smal": "smalle set", "lvs": "LVS-set", "vol": "volledig"}
_VOORWAARDEN = """
[[voorwaarden]]
id = "uwlr"
versie = "uwlr-1"
tekst = "Verzonnen voor een test."
"""
_KOPPELING = """
[[koppeling]]
id = "{id}"
naam = "{profiel}"
type = "UWLR Leerlinggegevens"
omschrijving = "Proef"
prijs = "Geen"
voorwaarden = "uwlr"
afnemer = "Proef"
profiel = "{profiel}"
"""


def code_of(brin6: str, profiel: str) -> str:
    """Give the verificatiecode of a koppeling."""
    return f"{brin6}-{profiel}-0123456789ab"


@dataclass
class Schooldeur:
    """An application on a database of its own, in `map`; `moment` is what its clock says."""

    map: Path
    moment: datetime
    opslag: Opslag = field(init=False)
    app: App = field(init=False)

    def __post_init__(self) -> None:
        """Open it, with a catalogue of one koppeling per profile."""
        catalogus = self.map / "catalogus.toml"
        entries = (_KOPPELING.format(id=id_, profiel=naam) for id_, naam in PROFIELEN.items())
        catalogus.write_text(_VOORWAARDEN + "".join(entries), encoding="utf-8")
        self.settings = Settings(data=self.map, keys=SecretStr(",".join(SLEUTELS)), catalogus=catalogus, database=None)
        self.opslag = Opslag(self.settings.database_url)
        self.opslag.upgrade()
        with self.opslag.writing() as connection:
            afnemers.add(connection, Sleutelbos.parse(SLEUTELS), "Proef", self.moment, KLANTCODE)
        self.app = make_app(self.settings, lambda: self.moment)
        for opslag in (self.opslag, self.app._opslag):  # noqa: SLF001 - thousands of calls, none of which need outlive us
            sa.event.listen(opslag.engine, "connect", _without_waiting)
            opslag.close()

    def close(self) -> None:
        """Close both ends of the database."""
        self.app.close()
        self.opslag.close()

    def activate(self, *brin6s: str) -> None:
        """Activate each koppeling of vestigingen that exist."""
        catalogus = Catalogus.load(self.settings.catalogus)
        for brin6 in brin6s:
            for id_ in PROFIELEN:
                code = code_of(brin6, id_)
                aanvraag = Aanvraag(brin6, id_, "test", "Test", akkoord=True, verificatiecode=code)
                with self.opslag.writing() as connection:
                    actions.activate(connection, catalogus, Sleutelbos.parse(SLEUTELS), aanvraag, self.moment)

    def bring(self, *leveringen: Levering) -> importer.Ingevoerd:
        """Import what a source delivers, as of now; a drop is no question."""
        return importer.import_leveringen(self.opslag, leveringen, opties(self.moment))

    def fetch(self, brin6: str, schooljaar: str, profiel: str, laatst: str | None = None) -> bytes:
        """Fetch as a vendor does; gives the bytes."""
        rest = "<xsdversie>2.2</xsdversie>"
        rest += "" if laatst is None else f"<laatstontvangengegevens>{laatst}</laatstontvangengegevens>"
        kop = berichten.header(code_of(brin6, profiel), KLANTCODE, "Proef")
        reply = call(self.app, berichten.envelope(berichten.body(schooljaar, school_element(brin6), rest), kop))
        assert reply.status == OK, (brin6, schooljaar, day_of(self.moment))
        return reply.body


def _without_waiting(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("PRAGMA synchronous = OFF")


def outcome(inhoud: bytes) -> str:
    """Give the name of the one element in an answer."""
    return etree.QName(etree.fromstring(inhoud)[0][0][0]).localname


def aanmaakdatum(inhoud: bytes) -> str:
    """Give the moment that an answer gives itself."""
    return etree.fromstring(inhoud).findtext(f".//{{{LG}}}aanmaakdatum") or ""


def beeld_of(inhoud: bytes) -> Beeld:
    """Give what an answer with data says, without its school block."""
    payload = etree.fromstring(inhoud)[0][0][0]
    beeld: Beeld = {"leerlingen": {}, "groepen": {}, "leerkrachten": {}}
    for lijst in list(payload)[1:]:
        records = beeld[etree.QName(lijst).localname]
        for record in lijst:
            key = record.get("key") or ""
            assert key not in records
            records[key] = _record(record)
    return beeld


def _record(record: etree._Element) -> dict[str, object]:
    soort = etree.QName(record).localname
    said: dict[str, object] = {} if record.get("eckid") is None else {"eckid": record.get("eckid")}
    if soort.endswith("groep"):
        said["soort"] = soort
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
