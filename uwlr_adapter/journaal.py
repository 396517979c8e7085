"""The journaal: who fetched what, when, with what outcome; and every act on a koppeling. Append-only.

It holds ids, counts and fixed words only: no text of a caller, no code, no name. A row of an act stands in the same
transaction as the act. Calls that are refused before their afnemer is known are counted per minute and source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from uwlr_adapter.opslag import metadata
from uwlr_adapter.tijd import AMSTERDAM, from_utc, to_utc


class Soort(StrEnum):
    """What a row is about."""

    VERZOEK = "verzoek"
    KOPPELING = "koppeling"
    AFNEMER = "afnemer"


class Reden(StrEnum):
    """The true reason of a refusal, which the caller does not get to see."""

    ONBEKENDE_SCHOOL = "onbekende school"
    GEEN_KOPPELING = "geen koppeling"
    CODE_ONJUIST = "code onjuist"
    GEPAUZEERD = "gepauzeerd"
    BEEINDIGD = "beëindigd"
    NOG_NIET_GESTART = "nog niet gestart"
    GEEN_SCHOOL = "geen school genoemd"
    SCHEMA = "niet volgens het schema"
    VERSIE = "versie niet ondersteund"
    GEEN_GEGEVENS = "geen gegevens"
    EIGEN_FOUT = "eigen fout"


class Handeling(StrEnum):
    """An act on a koppeling, or on an afnemer."""

    GEACTIVEERD = "geactiveerd"
    CODE_GEWIJZIGD = "code gewijzigd"
    GEPAUZEERD = "gepauzeerd"
    HERVAT = "hervat"
    AKKOORD_VERNIEUWD = "akkoord vernieuwd"
    BEEINDIGD = "beëindigd"

    TOEGEVOEGD = "toegevoegd"
    KLANTCODE_VERNIEUWD = "klantcode vernieuwd"
    UITGESCHAKELD = "uitgeschakeld"
    INGESCHAKELD = "ingeschakeld"


class Uitkomst(StrEnum):
    """What rows of the journaal may be chosen by."""

    GELUKT = "gelukt"
    GEWEIGERD = "geweigerd"
    HANDELING = "handeling"


journaal = sa.Table(
    "journaal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("soort", sa.String(16), nullable=False),
    sa.Column("handeling", sa.String(32), nullable=False, comment="the operation, or the act"),
    sa.Column("afnemer_id", sa.Integer),
    sa.Column("koppeling_id", sa.Integer),
    sa.Column("brin6", sa.String(6), comment="of a vestiging that exists; a caller's own text never stands here"),
    sa.Column("uitkomst", sa.String(40), nullable=False),
    sa.Column("reden", sa.String(40)),
    sa.Column("leerlingen", sa.Integer),
    sa.Column("herstel", sa.String(200), comment="ids of the repairs that were needed"),
    sa.Column("opmerkingen", sa.String(200), comment="fixed words with counts, such as onvolledig=3"),
    sa.Index(None, "brin6", "id"),
    sa.Index(None, "koppeling_id", "moment"),
    comment="append-only",
)
geweigerd = sa.Table(
    "geweigerd",
    metadata,
    sa.Column("minuut", sa.DateTime, primary_key=True, comment="UTC"),
    sa.Column("bron", sa.String(45), primary_key=True, comment="network address of the caller"),
    sa.Column("uitkomst", sa.String(40), primary_key=True),
    sa.Column("aantal", sa.Integer, nullable=False),
    comment="refusals before the afnemer is known",
)


@dataclass(frozen=True, slots=True)
class Regel:
    """One row of the journaal, as it is read back."""

    moment: datetime
    soort: Soort
    handeling: str
    afnemer_id: int | None
    koppeling_id: int | None
    brin6: str | None
    uitkomst: str
    reden: str | None
    leerlingen: int | None
    herstel: tuple[str, ...]
    opmerkingen: tuple[str, ...] = ()
    id: int = 0

    @property
    def soort_uitkomst(self) -> Uitkomst:
        """Whether it is an act, a fetch that was answered, or one that was refused with a fault."""
        if self.soort is not Soort.VERZOEK:
            return Uitkomst.HANDELING
        return Uitkomst.GEWEIGERD if "." in self.uitkomst else Uitkomst.GELUKT


@dataclass(frozen=True, slots=True)
class Zoekvraag:
    """Which rows a school looks for in its own journaal; `van` and `tot` are days in Amsterdam, both included."""

    brin6: str
    koppeling_ids: tuple[int, ...] | None = None
    """Only these koppelingen; None: all of the vestiging."""
    van: date | None = None
    tot: date | None = None
    uitkomst: Uitkomst | None = None


@dataclass(frozen=True, slots=True)
class Dagtelling:
    """How many calls of one koppeling were answered and refused on one day."""

    gelukt: int = 0
    geweigerd: int = 0


@dataclass(slots=True)
class Verzoekregel:
    """The line of one call of a known afnemer, filled in while the call is judged.

    `brin6` is that of an existing vestiging, or None; `herstel` holds the ids of the repairs that were needed.
    """

    moment: datetime
    operatie: str
    afnemer_id: int
    herstel: tuple[str, ...] = ()
    uitkomst: str = ""
    reden: Reden | None = None
    koppeling_id: int | None = None
    brin6: str | None = None
    leerlingen: int | None = None
    opmerkingen: tuple[str, ...] = ()
    """`onvolledig=N` (records that lack a field which the profile wants), `onbekende-groepen=N`,
    `gegevensset=onbekend`."""


def record_verzoek(connection: sa.Connection, regel: Verzoekregel) -> None:
    """Write down a call of a known afnemer."""
    connection.execute(
        journaal.insert().values(
            moment=to_utc(regel.moment),
            soort=Soort.VERZOEK,
            handeling=regel.operatie,
            afnemer_id=regel.afnemer_id,
            koppeling_id=regel.koppeling_id,
            brin6=regel.brin6,
            uitkomst=regel.uitkomst,
            reden=regel.reden,
            leerlingen=regel.leerlingen,
            herstel=" ".join(regel.herstel) or None,
            opmerkingen=" ".join(regel.opmerkingen) or None,
        )
    )


def record_handeling(
    connection: sa.Connection, *, moment: datetime, handeling: Handeling, koppeling_id: int, brin6: str
) -> None:
    """Write down an act on a koppeling, in the transaction of the act itself."""
    connection.execute(
        journaal.insert().values(
            moment=to_utc(moment),
            soort=Soort.KOPPELING,
            handeling=handeling,
            koppeling_id=koppeling_id,
            brin6=brin6,
            uitkomst="gedaan",
        )
    )


def record_afnemer(connection: sa.Connection, *, moment: datetime, handeling: Handeling, afnemer_id: int) -> None:
    """Write down an act on an afnemer, in the transaction of the act itself; no school sees it."""
    connection.execute(
        journaal.insert().values(
            moment=to_utc(moment), soort=Soort.AFNEMER, handeling=handeling, afnemer_id=afnemer_id, uitkomst="gedaan"
        )
    )


def count_refusal(connection: sa.Connection, *, moment: datetime, bron: str, uitkomst: str) -> None:
    """Count a call that was refused before its afnemer was known."""
    minute = to_utc(moment).replace(second=0, microsecond=0)
    connection.execute(
        sqlite_insert(geweigerd)
        .values(minuut=minute, bron=bron, uitkomst=uitkomst, aantal=1)
        .on_conflict_do_update(index_elements=["minuut", "bron", "uitkomst"], set_={"aantal": geweigerd.c.aantal + 1})
    )


def read(connection: sa.Connection, *, brin6: str | None = None, limit: int = 100) -> list[Regel]:
    """Give the newest rows first, of one vestiging or of all."""
    query = sa.select(journaal).order_by(journaal.c.id.desc()).limit(limit)
    if brin6 is not None:
        query = query.where(journaal.c.brin6 == brin6)
    return [_regel(row) for row in connection.execute(query)]


def search(connection: sa.Connection, vraag: Zoekvraag, *, limit: int, before_id: int | None = None) -> list[Regel]:
    """Give the newest rows first of what a school looks for; `before_id` goes on where the last list ended.

    Only rows about a koppeling of the vestiging: a vendor that never had one stays out of sight.
    """
    table = journaal.c
    where: list[sa.ColumnElement[bool]] = [table.brin6 == vraag.brin6, table.koppeling_id.is_not(None)]
    if vraag.koppeling_ids is not None:
        where.append(table.koppeling_id.in_(vraag.koppeling_ids))
    if vraag.van is not None:
        where.append(table.moment >= _start_of(vraag.van))
    if vraag.tot is not None:
        where.append(table.moment < _start_of(vraag.tot + timedelta(days=1)))
    if vraag.uitkomst is Uitkomst.HANDELING:
        where.append(table.soort == Soort.KOPPELING)
    elif vraag.uitkomst is not None:
        refused = vraag.uitkomst is Uitkomst.GEWEIGERD
        where += [table.soort == Soort.VERZOEK, _REFUSED if refused else ~_REFUSED]
    if before_id is not None:
        where.append(table.id < before_id)
    query = sa.select(journaal).where(*where).order_by(table.id.desc()).limit(limit)
    return [_regel(row) for row in connection.execute(query)]


def last_call(connection: sa.Connection, koppeling_id: int) -> Regel | None:
    """Give the last call through a koppeling, answered or refused."""
    return _last(connection, koppeling_id)


def last_success(connection: sa.Connection, koppeling_id: int) -> Regel | None:
    """Give the last call through a koppeling that was answered."""
    return _last(connection, koppeling_id, ~_REFUSED)


def count_days(
    connection: sa.Connection, koppeling_ids: Iterable[int], days: Sequence[date]
) -> dict[int, list[Dagtelling]]:
    """Give for each koppeling its calls on each of these days in Amsterdam, which follow one another."""
    ids = list(koppeling_ids)
    table = journaal.c
    ends = [_start_of(day + timedelta(days=1)) for day in days]
    place = sa.case(*((table.moment < end, number) for number, end in enumerate(ends)), else_=-1)
    refused = sa.case((_REFUSED, 1), else_=0)
    query = (
        sa.select(table.koppeling_id, place.label("dag"), refused.label("geweigerd"), sa.func.count().label("aantal"))
        .where(table.koppeling_id.in_(ids), table.soort == Soort.VERZOEK)
        .where(table.moment >= _start_of(days[0]), table.moment < ends[-1])
        .group_by(table.koppeling_id, sa.literal_column("dag"), sa.literal_column("geweigerd"))
    )
    found: dict[tuple[int, int, int], int] = {
        (row.koppeling_id, row.dag, row.geweigerd): row.aantal for row in connection.execute(query)
    }
    return {
        id_: [Dagtelling(found.get((id_, dag, 0), 0), found.get((id_, dag, 1), 0)) for dag in range(len(days))]
        for id_ in ids
    }


_REFUSED = journaal.c.uitkomst.contains(".", autoescape=True)
"""A fault of the standard has a dot in its code; the outcome of an answered call has none."""


def _last(connection: sa.Connection, koppeling_id: int, *where: sa.ColumnElement[bool]) -> Regel | None:
    table = journaal.c
    query = (
        sa.select(journaal)
        .where(table.koppeling_id == koppeling_id, table.soort == Soort.VERZOEK, *where)
        .order_by(table.moment.desc(), table.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _regel(row)


def _start_of(day: date) -> datetime:
    """Give the moment at which a day in Amsterdam starts, as it is stored."""
    return to_utc(datetime.combine(day, time(), AMSTERDAM))


def _regel(row: sa.Row[Any]) -> Regel:
    return Regel(
        moment=from_utc(row.moment),
        soort=Soort(row.soort),
        handeling=row.handeling,
        afnemer_id=row.afnemer_id,
        koppeling_id=row.koppeling_id,
        brin6=row.brin6,
        uitkomst=row.uitkomst,
        reden=row.reden,
        leerlingen=row.leerlingen,
        herstel=tuple((row.herstel or "").split()),
        opmerkingen=tuple((row.opmerkingen or "").split()),
        id=row.id,
    )
