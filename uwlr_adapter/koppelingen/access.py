"""The one decision: may this caller fetch this school, now? Rows 5 and 7 of the table of checks.

Every refusal of one row is the same to the caller: one text, and the same work. The true reason goes to the journaal.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import school as scholen
from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.clock import AMSTERDAM, day_of, from_utc
from uwlr_adapter.contract.fault import AutorisatieOngeldig, OngeldigeKlantIdentificatie
from uwlr_adapter.contract.request import Aanroep, Autorisatie, SchoolVerwijzing
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.libpq import Rij
from uwlr_adapter.db.statements import Gesteld, Vraag
from uwlr_adapter.journaal.model import Reden
from uwlr_adapter.keys.server_keys import Doel, Proef, Sleutelbos
from uwlr_adapter.koppelingen import afnemers, tables
from uwlr_adapter.koppelingen.afnemers import Afnemer
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.koppelingen.tables import Status

_NERGENS = ""
"""A brin6 that no vestiging has: an unknown school is looked up as any other."""


class Geweigerd(AutorisatieOngeldig):
    """Access is refused. What only the journaal sees: the true reason, the vestiging if it exists, the koppeling."""

    def __init__(self, reden: Reden, brin6: str | None = None, koppeling_id: int | None = None) -> None:
        super().__init__()
        self.reden = reden
        self.brin6 = brin6
        self.koppeling_id = koppeling_id


class Toegang(NamedTuple):
    """Access to one vestiging under one profile. `geopend_op`: since when this koppeling has been open."""

    koppeling_id: int
    brin6: str
    profiel: str
    geopend_op: datetime
    gehaald: tuple[str | None, datetime | None] = (None, None)
    """Under which profile it was last fetched, and since when."""
    schoolversie: int = 0
    """The version of the school's records when access was decided."""


class _Gekoppeld(NamedTuple):
    """A koppeling, as far as the gate looks at it."""

    id: int
    aanbod: str
    status: str
    startdatum: date
    code_digest: str | None
    geopend_op: datetime
    profiel: str | None
    profiel_sinds: datetime | None

    @property
    def leeft(self) -> bool:
        return self.status != Status.BEEINDIGD


@dataclass(frozen=True, slots=True)
class Blik:
    """What the database says, at one moment, about a caller and the school it names; nothing is judged yet."""

    afnemer: afnemers.Bekend | None
    brin6: str | None
    """Of the vestiging that is named, if it exists."""
    schoolversie: int
    koppelingen: list[_Gekoppeld] = field(repr=False)
    """The living ones of this afnemer at this vestiging, and the last one that ended, by id."""
    erbij: Sequence[Rij] = ()
    """What was looked up with it (`Erbij`), for the vestiging that is named."""


@dataclass(frozen=True, slots=True)
class Erbij:
    """Rows of another table that are looked up in the same statement: what a request needs once it has access.

    `op` are the columns that equal a parameter of the same name; `brin6` is that of the vestiging.
    """

    tabel: sa.Table
    kolommen: tuple[str, ...]
    op: tuple[str, ...]


class Vragen:
    """The one statement of the gate, for a school by its brin6 and by its schoolkey."""

    def __init__(self, erbij: Erbij | None = None) -> None:
        self.bij_brin6 = _vraag(vestiging.c.brin6, erbij)
        self.bij_schoolkey = _vraag(vestiging.c.schoolkey, erbij)


@dataclass(frozen=True, slots=True)
class Poort:
    """The gate of one service: its catalogue and its server keys. Safe to share between threads."""

    catalogus: Catalogus
    sleutels: Sleutelbos

    def look(self, opslag: Opslag, autorisatie: Autorisatie, school: SchoolVerwijzing | None) -> Blik:
        """Look up who calls and what it names, and nothing more. Raises DBAPIError."""
        gesteld = self.ask(autorisatie, school, _VRAGEN)
        return self.see(opslag.look(gesteld), autorisatie, school)

    def ask(self, autorisatie: Autorisatie, school: SchoolVerwijzing | None, vragen: Vragen, **asked: str) -> Gesteld:
        """Give the one question to the database about who calls and what it names, whatever is there.

        `vragen` may look up more with it, by the parameters `asked`.
        """
        brin6 = school and school.brin6
        vraag, genoemd = (vragen.bij_brin6, brin6) if brin6 else (vragen.bij_schoolkey, school and school.schoolkey)
        return Gesteld(vraag, {"klantnaam": autorisatie.klantnaam, "school": genoemd or _NERGENS, **asked})

    def see(self, rows: Sequence[Rij], autorisatie: Autorisatie, school: SchoolVerwijzing | None) -> Blik:
        """Give what the answer to that question says."""
        first = rows[0]
        genoemd = school and (school.brin6 or school.schoolkey)
        # A database with a collation of its own may find another spelling; a klantnaam and a school are exact.
        bekend = None if first[1] != autorisatie.klantnaam else afnemers.Bekend(*first[:_AFNEMER])
        gevonden, spelling, versie = first[_AFNEMER:_KOPPELING]
        if gevonden is None or spelling != genoemd:
            return Blik(bekend, None, 0, [])
        koppelingen = {row[_KOPPELING]: _Gekoppeld(*row[_KOPPELING:_ERBIJ]) for row in rows}
        koppelingen.pop(None, None)
        erbij = [row[_ERBIJ:] for row in rows]
        return Blik(bekend, gevonden, versie or 0, [koppelingen[number] for number in sorted(koppelingen)], erbij)

    def identify(self, blik: Blik, autorisatie: Autorisatie, moment: datetime) -> Afnemer:
        """Give the afnemer that calls (row 5). Raises OngeldigeKlantIdentificatie."""
        afnemer = afnemers.recognise(blik.afnemer, autorisatie.klantcode, moment, self.sleutels)
        if afnemer is None:
            raise OngeldigeKlantIdentificatie
        return afnemer

    def decide(self, blik: Blik, aanroep: Aanroep, moment: datetime) -> Toegang:
        """Give the access that a known afnemer has to the school it names (row 7). Raises Geweigerd."""
        proef = self.sleutels.probe(Doel.VERIFICATIECODE, aanroep.autorisatie.autorisatiesleutel)
        koppeling = _with_code(blik.koppelingen, proef)
        if blik.brin6 is None:
            raise Geweigerd(Reden.ONBEKENDE_SCHOOL)
        if koppeling is None:
            raise _refusal(blik.koppelingen, blik.brin6)
        return self._open(blik, koppeling, moment)

    def decide_without_code(self, blik: Blik, aanbod: str, moment: datetime) -> Toegang:
        """Give the access that the afnemer of a koppeling, named by its catalogue entry, has with the right code.

        For who may see the records anyway. Raises Geweigerd.
        """
        found = [one for one in blik.koppelingen if one.leeft and one.aanbod == aanbod]
        if not found:
            raise Geweigerd(Reden.GEEN_KOPPELING, blik.brin6)
        if found[0].status != Status.ACTIEF:
            raise Geweigerd(Reden.GEPAUZEERD, blik.brin6, found[0].id)
        return self._open(blik, found[0], moment)

    def _open(self, blik: Blik, koppeling: _Gekoppeld, moment: datetime) -> Toegang:
        """Give the access through a koppeling that was found, so at a vestiging that exists. Raises Geweigerd."""
        brin6 = blik.brin6 or _NERGENS
        if koppeling.startdatum > day_of(moment):
            raise Geweigerd(Reden.NOG_NIET_GESTART, brin6, koppeling.id)
        aanbod = self.catalogus.get(koppeling.aanbod)
        if aanbod is None or aanbod.profiel is None:  # taken out of the catalogue: there is no profile to go by
            raise Geweigerd(Reden.GEEN_KOPPELING, brin6, koppeling.id)
        sinds = None if koppeling.profiel_sinds is None else from_utc(koppeling.profiel_sinds)
        return Toegang(
            koppeling_id=koppeling.id,
            brin6=brin6,
            profiel=aanbod.profiel,
            geopend_op=_opened(koppeling),
            gehaald=(koppeling.profiel, sinds),
            schoolversie=blik.schoolversie,
        )


def _vraag(column: sa.ColumnElement[str], erbij: Erbij | None) -> Vraag:
    """Give the one query of the gate, by a column that names the vestiging.

    It always gives a row: an unknown klantnaam or school is looked up as any other.
    """
    afnemer, koppeling, ended = tables.afnemer, tables.koppeling, tables.koppeling.alias("geeindigd")
    own = [(one.c.afnemer_id == afnemer.c.id, one.c.brin6 == vestiging.c.brin6) for one in (koppeling, ended)]
    last_ended = (
        sa.select(ended.c.id)
        .where(*own[1], ended.c.status == Status.BEEINDIGD.value)
        .order_by(ended.c.beeindigd_op.desc(), ended.c.id.desc())
        .limit(1)
        .correlate(afnemer, vestiging)
        .scalar_subquery()
    )
    leeft = koppeling.c.status != Status.BEEINDIGD.value
    een = sa.select(sa.literal_column("1").label("een")).subquery("een")
    found = (
        een.outerjoin(afnemer, afnemer.c.klantnaam == sa.bindparam("klantnaam", type_=sa.String))
        .outerjoin(vestiging, column == sa.bindparam("school", type_=sa.String))
        .outerjoin(scholen, scholen.c.brincode == vestiging.c.brincode)
        .outerjoin(koppeling, sa.and_(*own[0], sa.or_(leeft, koppeling.c.id == last_ended)))
    )
    more: list[sa.ColumnElement[Any]] = []
    if erbij is not None:
        columns = erbij.tabel.c
        asked = (columns[naam] == sa.bindparam(naam, type_=columns[naam].type) for naam in erbij.op)
        found = found.outerjoin(erbij.tabel, sa.and_(columns.brin6 == vestiging.c.brin6, *asked))
        more = [columns[naam] for naam in erbij.kolommen]
    return Vraag(
        sa.select(
            *(afnemer.c[naam] for naam in afnemers.Bekend._fields),
            *(vestiging.c.brin6, column.label("genoemd"), scholen.c.versie),
            *(koppeling.c[naam] for naam in _Gekoppeld._fields),
            *more,
        ).select_from(found)
    )


_AFNEMER = len(afnemers.Bekend._fields)
_KOPPELING = _AFNEMER + 3
_ERBIJ = _KOPPELING + len(_Gekoppeld._fields)
_VRAGEN = Vragen()


def _with_code(koppelingen: list[_Gekoppeld], proef: Proef) -> _Gekoppeld | None:
    """Give the koppeling whose code was presented; each living one is compared, and a dummy when there is none."""
    living = [koppeling for koppeling in koppelingen if koppeling.leeft]
    good = [koppeling for koppeling in living if proef.matches(koppeling.code_digest)]
    if not living:
        proef.matches(None)
    return good[0] if good else None


def _refusal(koppelingen: list[_Gekoppeld], brin6: str) -> Geweigerd:
    """Give the refusal with its true reason: an active koppeling explains more than a paused or an ended one."""
    redenen = {
        Status.ACTIEF: Reden.CODE_ONJUIST,
        Status.GEPAUZEERD: Reden.GEPAUZEERD,
        Status.BEEINDIGD: Reden.BEEINDIGD,
    }
    for status, reden in redenen.items():
        for koppeling in koppelingen:
            if koppeling.status == status:
                return Geweigerd(reden, brin6, koppeling.id)
    return Geweigerd(Reden.GEEN_KOPPELING, brin6)


def _opened(koppeling: _Gekoppeld) -> datetime:
    """Give since when a koppeling is open: its last activation or resumption, or later the start of its Startdatum."""
    return max(from_utc(koppeling.geopend_op), _begin(koppeling.startdatum))


@functools.lru_cache(maxsize=1024)
def _begin(startdatum: date) -> datetime:
    return datetime.combine(startdatum, time(), AMSTERDAM).astimezone(UTC)
