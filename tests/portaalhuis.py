"""A furnished portal for browsers: the example school, a koppeling in each state, traffic, and a user of each role."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from argon2 import PasswordHasher

from uwlr_adapter.administratie import schools
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.demo import setup
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import second_factor
from uwlr_adapter.gebruikers.accounts import Nieuw
from uwlr_adapter.gebruikers.tables import Rol
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Reden, Verzoekregel
from uwlr_adapter.keys.server_keys import Sleutelbos
from uwlr_adapter.koppelingen import actions, afnemers, store
from uwlr_adapter.koppelingen.actions import Aanvraag
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.settings import Settings

WACHTWOORD = "een goed wachtwoord voor de test"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
VOL, LEEG = "21QW00", "30AB00"
"""The vestiging with a koppeling in each state, and the one with no records."""
DAGEN, PAUZE = 30, 1
"""How many days ago the koppelingen were made, and the night that one of them met its pause."""
GEWEIGERD = "Client.AutorisatieOngeldig"
GEBRUIKERS = (
    Nieuw("a.devries", "A. de Vries", Rol.SCHOOLBEHEERDER, (VOL,), totp_nodig=False),
    Nieuw("b.bakker", "B. Bakker", Rol.SCHOOLBEHEERDER, (VOL,), totp_nodig=False),
    Nieuw("leeg", "C. Elders", Rol.SCHOOLBEHEERDER, (LEEG,), totp_nodig=False),
    Nieuw("bestuur", "D. van den Bestuur", Rol.BESTUUR, (VOL, "21QW01", LEEG), totp_nodig=False),
    Nieuw("operator", "E. Beheer", Rol.OPERATOR, (), totp_nodig=False),
    Nieuw("streng", "F. Strik", Rol.SCHOOLBEHEERDER, (VOL,)),
    Nieuw("instellen", "G. Nieuw", Rol.SCHOOLBEHEERDER, (VOL,)),
)
"""`streng` has a second factor, `instellen` has to set one up."""


@dataclass(frozen=True)
class Portaalhuis:
    """A data folder, and what a test knows of it."""

    data: Path
    schooljaar: str
    koppelingen: dict[str, int]
    """Ids of koppelingen of VOL, and one of LEEG, by what they are an example of."""
    link: str
    """The token of a one-time link that nobody used."""

    def open(self) -> Opslag:
        """Open its database."""
        return Opslag(Settings(data=self.data).database_url)


def furnish(data: Path, moment: datetime) -> Portaalhuis:
    """Make the house in an empty data folder, as it is at this moment after a month of use."""
    settings = Settings(data=data)
    opslag = Opslag(settings.database_url)
    try:
        opslag.upgrade()
        sleutels = Sleutelbos.from_settings(settings, opslag)
        begin = moment - timedelta(days=DAGEN)
        setup.prepare(opslag, sleutels, begin)
        with opslag.writing() as connection:
            schools.add_vestiging(connection, LEEG, "De Lege Bank")
            for klantnaam in ("Basispoort", "UWLR-4D", "Gestopt"):
                afnemers.add(connection, sleutels, klantnaam, begin)
            afnemers.disable(connection, "Gestopt", moment)
            link = _add_gebruikers(connection, sleutels, moment)
            koppelingen = _activate(connection, sleutels, begin)
            _live_through(connection, koppelingen, moment)
    finally:
        opslag.close()
    ids = {naam: one.id for naam, one in koppelingen.items()}
    return Portaalhuis(data, schooljaar_of(day_of(moment)), ids, link)


def _add_gebruikers(connection: sa.Connection, sleutels: Sleutelbos, moment: datetime) -> str:
    hash_ = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(WACHTWOORD)
    for nieuw in GEBRUIKERS:
        _, token = gebruikers.add(connection, nieuw, moment)
        made = gebruikers.set_password(connection, token, hash_, moment)
        if nieuw.login == "streng":
            gebruikers.set_totp(connection, made.id, second_factor.seal(sleutels, TOTP), 0)
    _, token = gebruikers.add(connection, Nieuw("nieuw", "H. Nieuw", Rol.SCHOOLBEHEERDER, (VOL,)), moment)
    return token


def _activate(connection: sa.Connection, sleutels: Sleutelbos, begin: datetime) -> dict[str, Koppeling]:
    """Activate a koppeling of each kind; that of Snappet is the demo's."""

    def activate(aanbod: str, code: str | None, brin6: str = VOL, days: int = 0) -> Koppeling:
        start = day_of(begin) + timedelta(days=days)
        aanvraag = Aanvraag(brin6, aanbod, "a.devries", "A. de Vries", True, start, code)  # noqa: FBT003 - agreed
        return actions.activate(connection, Catalogus.load(), sleutels, aanvraag, begin)

    actief = store.living(connection, VOL, "snappet")
    assert actief is not None
    made = {
        "actief": actief,
        "gepauzeerd": activate("basispoort", f"{VOL}gepauzeerde-koppeling"),
        "beeindigd": activate("uwlr-4d", f"{VOL}beeindigde-koppeling"),
        "nieuwe voorwaarden": activate("ouderportaal-basis", None),
        "zonder leerlingen": activate("snappet", f"{LEEG}zonder-leerlingen", LEEG),
        "later": activate("uwlr-4d", f"{LEEG}begint-nog-niet", LEEG, days=DAGEN + 60),
    }
    older_terms = koppeling.update().where(koppeling.c.id == made["nieuwe voorwaarden"].id)
    connection.execute(older_terms.values(akkoord_voorwaarden="ouderportaal-0"))
    return made


def _live_through(connection: sa.Connection, koppelingen: dict[str, Koppeling], moment: datetime) -> None:
    """Write a month of fetches by night, some of them refused; pause one koppeling and end another on the way."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)

    def fetch(naam: str, minutes: int, uitkomst: str, reden: Reden | None = None) -> None:
        when = midnight - timedelta(days=days) + timedelta(hours=2, minutes=minutes)
        one, leerlingen = koppelingen[naam], 232 if uitkomst == "leerlinggegevens" else None
        afnemer_id = one.afnemer_id or 0
        regel = Verzoekregel(when, "HaalLeerlinggegevens", afnemer_id, (), uitkomst, reden, one.id, VOL, leerlingen)
        writer.record_verzoeken(connection, [regel])

    for days in range(DAGEN - 1, 0, -1):
        if days in {11, 12}:
            for minutes in (12, 22, 42):
                fetch("actief", minutes, GEWEIGERD, Reden.CODE_ONJUIST)
        else:
            fetch("actief", 12, "geenwijzigingen" if days % 7 in {1, 2} else "leerlinggegevens")
        if days == PAUZE:
            fetch("gepauzeerd", 40, GEWEIGERD, Reden.GEPAUZEERD)
        elif days > PAUZE:
            fetch("gepauzeerd", 40, "leerlinggegevens")
        for naam, day, act in (("gepauzeerd", PAUZE + 1, actions.clear_code), ("beeindigd", 9, actions.end)):
            if days == day:
                when = midnight - timedelta(days=days) + timedelta(hours=10, minutes=5)
                act(connection, koppelingen[naam].id, koppelingen[naam].versie, when)
