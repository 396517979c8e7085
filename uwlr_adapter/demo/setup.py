"""Preparation of the demo: the example school is imported, its afnemer added, its koppeling activated.

A database that was prepared before keeps what it has; a new schooljaar is added when the calendar reaches it.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import calendar_acts, school_calendar
from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import day_of, schooljaar_of, schooljaar_start
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import school
from uwlr_adapter.gebruikers import accounts, passwords
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, agreeing, store
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.toestemming import NOT_GIVEN, Toestemming

KLANTNAAM = "Snappet"
KLANTCODE = "demo-klantcode-snappet"
VERIFICATIECODE = "21QW00Ygr67BfgKl!gr8"
PORTAL_LOGIN = "demo"
PORTAL_PASSWORD = "demo-wachtwoord-21QW"  # noqa: S105 - published, of the example only
"""Published credentials, of the demo only. Its portal user has no second factor."""
BRIN6 = VERIFICATIECODE[:6]
"""The vestiging with the koppeling: a verificatiecode begins with its brin6."""
BRIN6S = frozenset(school.VESTIGINGEN)
"""The vestigingen of the example school."""
ENTRY_ID = "snappet"
"""The catalogue entry of its koppeling."""


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """The credentials and the school with which an afnemer fetches from the demo."""

    klantnaam: str
    klantcode: str
    autorisatiesleutel: str
    brincode: str
    dependancecode: str
    schooljaar: str


def prepare(database: Database, server_keys: ServerKeys, moment: datetime) -> DemoSchool:
    """Prepare the demo in a database for the schooljaar of `moment` and the next one. Idempotent."""
    schooljaar = schooljaar_of(day_of(moment))
    start = schooljaar_start(schooljaar) or 0
    for brin6, name in school.VESTIGINGEN.items():
        years = (schooljaar, f"{start + 1}-{start + 2}")
        deliveries = [edexml.read(school.edexml(brin6, year)) for year in years]
        options = importer.ImportOptions(moment, source="demo", actor=PORTAL_LOGIN, brin6=brin6, naam=name)
        importer.import_deliveries(database, deliveries, options)
        with database.writing() as connection:
            _share_next_year(connection, brin6, years[1], moment)
    with database.writing() as connection:
        _activate_koppeling(connection, server_keys, moment)
        _add_gebruiker(connection, moment)
    return DemoSchool(KLANTNAAM, KLANTCODE, VERIFICATIECODE, brincode_of(BRIN6), dependancecode_of(BRIN6), schooljaar)


def _share_next_year(connection: sa.Connection, brin6: str, schooljaar: str, moment: datetime) -> None:
    """Release the next school year, so that a platform can try it at any time."""
    calendar = school_calendar.find(connection, brin6, schooljaar)
    window = school_calendar.window_of(schooljaar, calendar)
    if calendar.shared_from is None and window is not None and not window.holds(day_of(moment)):
        calendar_acts.release(connection, brin6, schooljaar, moment, actor=PORTAL_LOGIN)


def _activate_koppeling(connection: sa.Connection, server_keys: ServerKeys, moment: datetime) -> None:
    if afnemers.find(connection, KLANTNAAM) is None:
        afnemers.add(connection, server_keys, KLANTNAAM, moment, KLANTCODE, actor=PORTAL_LOGIN)
    living = store.find_living(connection, BRIN6, ENTRY_ID)
    if living is None:
        request = ActivationRequest(
            brin6=BRIN6,
            entry_id=ENTRY_ID,
            login="demo",
            naam="Een voorbeeldschool",
            akkoord=True,
            verificatiecode=VERIFICATIECODE,
            akkoord_resultaten=True,
        )
        actions.activate(connection, Catalogue.load(), server_keys, request, moment, actor=PORTAL_LOGIN)
    elif living.resultaten == NOT_GIVEN:  # it was prepared before there were results
        agreeing.give(
            connection,
            Catalogue.load(),
            living.id,
            living.version,
            Toestemming.RESULTATEN,
            login="demo",
            naam="Een voorbeeldschool",
            akkoord=True,
            moment=moment,
            actor=PORTAL_LOGIN,
        )


def _add_gebruiker(connection: sa.Connection, moment: datetime) -> None:
    """Add the portal user, a schoolbeheerder of both vestigingen: who tries the demo sees every page of a school."""
    if accounts.find(connection, PORTAL_LOGIN) is None:
        gebruiker = NewGebruiker(
            PORTAL_LOGIN, "Demo de Vries", GebruikerRol.SCHOOLBEHEERDER, tuple(school.VESTIGINGEN), needs_totp=False
        )
        _, token = accounts.add(connection, gebruiker, moment)
        accounts.set_password(connection, token, passwords.make_hash(PORTAL_PASSWORD), moment)
