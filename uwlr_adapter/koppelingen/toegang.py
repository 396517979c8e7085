"""The one decision: may this caller fetch this school, now? Rows 5 and 7 of the table of checks.

Every refusal of one row is the same to the caller: one text, and the same work. The true reason goes to the journaal.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.contract.fault import AutorisatieOngeldig, OngeldigeKlantIdentificatie
from uwlr_adapter.contract.verzoek import Aanroep, Autorisatie, SchoolVerwijzing
from uwlr_adapter.journaal import Reden
from uwlr_adapter.koppelingen import afnemer as afnemers
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.afnemer import Afnemer
from uwlr_adapter.koppelingen.catalogus import Catalogus
from uwlr_adapter.koppelingen.koppeling import Koppeling
from uwlr_adapter.koppelingen.sleutels import Doel, Proef, Sleutelbos
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.tijd import AMSTERDAM

_NERGENS = ""
"""A brin6 that no vestiging has: an unknown school is looked up as any other."""


class Geweigerd(AutorisatieOngeldig):
    """Access is refused. What only the journaal sees: the true reason, the vestiging if it exists, the koppeling."""

    def __init__(self, reden: Reden, brin6: str | None = None, koppeling_id: int | None = None) -> None:
        super().__init__()
        self.reden = reden
        self.brin6 = brin6
        self.koppeling_id = koppeling_id


@dataclass(frozen=True, slots=True)
class Toegang:
    """Access to one vestiging under one profile. `geopend_op`: since when this koppeling has been open."""

    afnemer_id: int
    koppeling_id: int
    brin6: str
    profiel: str
    geopend_op: datetime


@dataclass(frozen=True, slots=True)
class Poort:
    """The gate of one service: its catalogue and its server keys. Safe to share between threads."""

    catalogus: Catalogus
    sleutels: Sleutelbos

    def identify(self, connection: sa.Connection, autorisatie: Autorisatie, moment: datetime) -> Afnemer:
        """Give the afnemer that calls (row 5). Raises OngeldigeKlantIdentificatie."""
        afnemer = afnemers.identify(connection, autorisatie.klantnaam, autorisatie.klantcode, moment, self.sleutels)
        if afnemer is None:
            raise OngeldigeKlantIdentificatie
        return afnemer

    def decide(self, connection: sa.Connection, afnemer_id: int, aanroep: Aanroep, moment: datetime) -> Toegang:
        """Give the access that a known afnemer has to the school it names (row 7). Raises Geweigerd."""
        proef = self.sleutels.probe(Doel.VERIFICATIECODE, aanroep.autorisatie.autorisatiesleutel)
        brin6 = _resolve(connection, aanroep.school)
        koppelingen = store.of_afnemer(connection, afnemer_id, brin6 or _NERGENS)
        koppeling = _with_code(koppelingen, proef)
        if brin6 is None:
            raise Geweigerd(Reden.ONBEKENDE_SCHOOL)
        if koppeling is None:
            raise _refusal(koppelingen, brin6)
        if not koppeling.is_open(moment):
            raise Geweigerd(Reden.NOG_NIET_GESTART, brin6, koppeling.id)
        aanbod = self.catalogus.get(koppeling.aanbod)
        if aanbod is None or aanbod.profiel is None:  # taken out of the catalogue: there is no profile to go by
            raise Geweigerd(Reden.GEEN_KOPPELING, brin6, koppeling.id)
        return Toegang(afnemer_id, koppeling.id, brin6, aanbod.profiel, _opened(koppeling))


def _resolve(connection: sa.Connection, school: SchoolVerwijzing | None) -> str | None:
    """Give the brin6 of an existing vestiging, named by brin6 or by schoolkey; one query either way."""
    brin6 = school and school.brin6
    column, value = (vestiging.c.brin6, brin6) if brin6 else (vestiging.c.schoolkey, school and school.schoolkey)
    found = connection.execute(
        sa.select(vestiging.c.brin6, column.label("genoemd")).where(column == (value or _NERGENS))
    )
    row = found.one_or_none()
    return row.brin6 if row is not None and row.genoemd == value else None


def _with_code(koppelingen: list[Koppeling], proef: Proef) -> Koppeling | None:
    """Give the koppeling whose code was presented; each living one is compared, and a dummy when there is none."""
    living = [koppeling for koppeling in koppelingen if koppeling.leeft]
    good = [koppeling for koppeling in living if proef.matches(koppeling.code_digest)]
    if not living:
        proef.matches(None)
    return good[0] if good else None


def _refusal(koppelingen: list[Koppeling], brin6: str) -> Geweigerd:
    """Give the refusal with its true reason: an active koppeling explains more than a paused or an ended one."""
    redenen = {
        Status.ACTIEF: Reden.CODE_ONJUIST,
        Status.GEPAUZEERD: Reden.GEPAUZEERD,
        Status.BEEINDIGD: Reden.BEEINDIGD,
    }
    for status, reden in redenen.items():
        for koppeling in koppelingen:
            if koppeling.status is status:
                return Geweigerd(reden, brin6, koppeling.id)
    return Geweigerd(Reden.GEEN_KOPPELING, brin6)


def _opened(koppeling: Koppeling) -> datetime:
    """Give since when a koppeling is open: its last activation or resumption, or later the start of its Startdatum."""
    start = datetime.combine(koppeling.startdatum, time(), AMSTERDAM).astimezone(UTC)
    return max(koppeling.geopend_op, start)
