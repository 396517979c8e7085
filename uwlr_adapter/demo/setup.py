"""The demo made ready: the example school imported, its afnemer known, its koppeling active.

It makes or reopens: what is there already stays, and a new school year is added when the calendar asks for it.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import importer as administratie
from uwlr_adapter.administratie.sources.edexml import edexml as reader
from uwlr_adapter.clock import day_of, schooljaar_of, schooljaar_start
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import school
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import passwords
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, store
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue

KLANTNAAM = "Snappet"
KLANTCODE = "demo-klantcode-snappet"
VERIFICATIECODE = "21QW00Ygr67BfgKl!gr8"
PORTAL_LOGIN = "demo"
PORTAL_PASSWORD = "demo-wachtwoord-21QW"  # noqa: S105 - published, of the example only
"""Published constants of the demo, and of nothing else. Its user of the portal has no second factor."""
BRIN6 = VERIFICATIECODE[:6]
_AANBOD = "snappet"


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """What an afnemer needs to fetch from the demo."""

    klantnaam: str
    klantcode: str
    autorisatiesleutel: str
    brincode: str
    dependancecode: str
    schooljaar: str


def prepare(database: Database, server_keys: ServerKeys, moment: datetime) -> DemoSchool:
    """Make the demo ready in a database, as it is at this moment; again and again with the same result."""
    schooljaar = schooljaar_of(day_of(moment))
    start = schooljaar_start(schooljaar) or 0
    for brin6, naam in school.VESTIGINGEN.items():
        years = (schooljaar, f"{start + 1}-{start + 2}")
        deliveries = [reader.read(school.edexml(brin6, year)) for year in years]
        options = administratie.ImportOptions(moment, source="demo", brin6=brin6, naam=naam)
        administratie.import_deliveries(database, deliveries, options)
    with database.writing() as connection:
        _open_tap(connection, server_keys, moment)
        _add_gebruiker(connection, moment)
    return DemoSchool(KLANTNAAM, KLANTCODE, VERIFICATIECODE, BRIN6[:4], BRIN6[4:], schooljaar)


def _open_tap(connection: sa.Connection, server_keys: ServerKeys, moment: datetime) -> None:
    if afnemers.find(connection, KLANTNAAM) is None:
        afnemers.add(connection, server_keys, KLANTNAAM, moment, KLANTCODE, actor=PORTAL_LOGIN)
    if store.find_living(connection, BRIN6, _AANBOD) is None:
        request = ActivationRequest(
            brin6=BRIN6,
            entry_id=_AANBOD,
            login="demo",
            naam="Een voorbeeldschool",
            akkoord=True,
            verificatiecode=VERIFICATIECODE,
        )
        actions.activate(connection, Catalogue.load(), server_keys, request, moment, actor=PORTAL_LOGIN)


def _add_gebruiker(connection: sa.Connection, moment: datetime) -> None:
    """Add the user of the portal, who acts for both vestigingen."""
    if gebruikers.find(connection, PORTAL_LOGIN) is None:
        new = NewGebruiker(
            PORTAL_LOGIN, "Demo de Vries", GebruikerRol.BESTUUR, tuple(school.VESTIGINGEN), needs_totp=False
        )
        _, token = gebruikers.add(connection, new, moment)
        gebruikers.set_password(connection, token, passwords.make_hash(PORTAL_PASSWORD), moment)
