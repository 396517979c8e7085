"""A furnished portal for browsers: the example school, a koppeling in each state, traffic, and a user of each role."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from argon2 import PasswordHasher

from uwlr_adapter.administratie import schools
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import second_factor
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, store
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.settings import Settings

PASSWORD = "een goed wachtwoord voor de test"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FULL, EMPTY = "21QW00", "30AB00"
"""The vestiging with a koppeling in each state, and the one with no records."""
DAYS, PAUSE = 30, 1
"""How many days ago the koppelingen were made, and the night that one of them met its pause."""
REFUSED = "Client.AutorisatieOngeldig"
GEBRUIKERS = (
    NewGebruiker("a.devries", "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, (FULL,), needs_totp=False),
    NewGebruiker("b.bakker", "B. Bakker", GebruikerRol.SCHOOLBEHEERDER, (FULL,), needs_totp=False),
    NewGebruiker("leeg", "C. Elders", GebruikerRol.SCHOOLBEHEERDER, (EMPTY,), needs_totp=False),
    NewGebruiker("bestuur", "D. van den Bestuur", GebruikerRol.BESTUUR, (FULL, "21QW01", EMPTY), needs_totp=False),
    NewGebruiker("operator", "E. Beheer", GebruikerRol.OPERATOR, (), needs_totp=False),
    NewGebruiker("streng", "F. Strik", GebruikerRol.SCHOOLBEHEERDER, (FULL,)),
    NewGebruiker("instellen", "G. Nieuw", GebruikerRol.SCHOOLBEHEERDER, (FULL,)),
)
"""`streng` has a second factor, `instellen` has to set one up."""


@dataclass(frozen=True)
class PortalSchool:
    """A data folder, and what a test knows of it."""

    data: Path
    schooljaar: str
    koppelingen: dict[str, int]
    """Ids of koppelingen of VOL, and one of LEEG, by what they are an example of."""
    link: str
    """The token of a one-time link that nobody used."""

    def open(self) -> Database:
        """Open its database."""
        return Database(Settings(data=self.data).database_url)


def furnish(data: Path, moment: datetime) -> PortalSchool:
    """Make the house in an empty data folder, as it is at this moment after a month of use."""
    settings = Settings(data=data)
    database = Database(settings.database_url)
    try:
        database.upgrade()
        server_keys = ServerKeys.from_settings(settings, database)
        begin = moment - timedelta(days=DAYS)
        setup.prepare(database, server_keys, begin)
        with database.writing() as connection:
            schools.add_vestiging(connection, EMPTY, "De Lege Bank")
            for klantnaam in ("Basispoort", "UWLR-4D", "Gestopt"):
                afnemers.add(connection, server_keys, klantnaam, begin)
            afnemers.disable(connection, "Gestopt", moment)
            link = _add_gebruikers(connection, server_keys, moment)
            koppelingen = _activate(connection, server_keys, begin)
            _live_through(connection, koppelingen, moment)
    finally:
        database.close()
    ids = {naam: one.id for naam, one in koppelingen.items()}
    return PortalSchool(data, schooljaar_of(day_of(moment)), ids, link)


def _add_gebruikers(connection: sa.Connection, server_keys: ServerKeys, moment: datetime) -> str:
    hash_ = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for new in GEBRUIKERS:
        _, token = gebruikers.add(connection, new, moment)
        made = gebruikers.set_password(connection, token, hash_, moment)
        if new.login == "streng":
            gebruikers.set_totp(connection, made.id, second_factor.seal(server_keys, TOTP), 0)
    _, token = gebruikers.add(
        connection, NewGebruiker("nieuw", "H. Nieuw", GebruikerRol.SCHOOLBEHEERDER, (FULL,)), moment
    )
    return token


def _activate(connection: sa.Connection, server_keys: ServerKeys, begin: datetime) -> dict[str, Koppeling]:
    """Activate a koppeling of each kind; that of Snappet is the demo's."""

    def activate(entry: str, code: str | None, brin6: str = FULL, days: int = 0) -> Koppeling:
        start = day_of(begin) + timedelta(days=days)
        request = ActivationRequest(brin6, entry, "a.devries", "A. de Vries", True, start, code)  # noqa: FBT003 - agreed
        return actions.activate(connection, Catalogue.load(), server_keys, request, begin)

    actief = store.find_living(connection, FULL, "snappet")
    assert actief is not None
    made = {
        "actief": actief,
        "gepauzeerd": activate("basispoort", f"{FULL}gepauzeerde-koppeling"),
        "beeindigd": activate("uwlr-4d", f"{FULL}beeindigde-koppeling"),
        "nieuwe voorwaarden": activate("ouderportaal-basis", None),
        "zonder leerlingen": activate("snappet", f"{EMPTY}zonder-leerlingen", EMPTY),
        "later": activate("uwlr-4d", f"{EMPTY}begint-nog-niet", EMPTY, days=DAYS + 60),
    }
    older_terms = koppeling.update().where(koppeling.c.id == made["nieuwe voorwaarden"].id)
    connection.execute(older_terms.values(akkoord_voorwaarden="ouderportaal-0"))
    return made


def _live_through(connection: sa.Connection, koppelingen: dict[str, Koppeling], moment: datetime) -> None:
    """Write a month of fetches by night, some of them refused; pause one koppeling and end another on the way."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)

    def fetch(naam: str, minutes: int, outcome: str, reason: RefusalReason | None = None) -> None:
        when = midnight - timedelta(days=days) + timedelta(hours=2, minutes=minutes)
        one, leerlingen = koppelingen[naam], 232 if outcome == "leerlinggegevens" else None
        afnemer_id = one.afnemer_id or 0
        line = VerzoekEntry(when, "HaalLeerlinggegevens", afnemer_id, (), outcome, reason, one.id, FULL, leerlingen)
        writer.record_verzoeken(connection, [line])

    for days in range(DAYS - 1, 0, -1):
        if days in {11, 12}:
            for minutes in (12, 22, 42):
                fetch("actief", minutes, REFUSED, RefusalReason.WRONG_CODE)
        else:
            fetch("actief", 12, "geenwijzigingen" if days % 7 in {1, 2} else "leerlinggegevens")
        if days == PAUSE:
            fetch("gepauzeerd", 40, REFUSED, RefusalReason.PAUSED)
        elif days > PAUSE:
            fetch("gepauzeerd", 40, "leerlinggegevens")
        for naam, day, act in (("gepauzeerd", PAUSE + 1, actions.clear_code), ("beeindigd", 9, actions.end)):
            if days == day:
                when = midnight - timedelta(days=days) + timedelta(hours=10, minutes=5)
                act(connection, koppelingen[naam].id, koppelingen[naam].versie, when)
