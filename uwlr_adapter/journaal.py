"""The journaal: who fetched what, when, with what outcome; and every act on a koppeling. Append-only.

It holds ids, counts and fixed words only: no text of a caller, no code, no name. A row of an act stands in the same
transaction as the act. Calls that are refused before their afnemer is known are counted per minute and source.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.groepscommit import Groepscommit
from uwlr_adapter.opdracht import Invoer, Stap
from uwlr_adapter.opslag import Opslag, metadata
from uwlr_adapter.tijd import from_utc, to_utc
from uwlr_adapter.wachten import before_waiting


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


@dataclass(frozen=True, slots=True)
class Weigering:
    """A call that was refused before its afnemer was known; `bron` is a network address."""

    moment: datetime
    bron: str
    uitkomst: str


class Schrijver:
    """Writes down calls, many in one commit; a call returns when its line would survive a power cut."""

    def __init__(self, opslag: Opslag) -> None:
        self._opslag = opslag
        self._groep = Groepscommit(self.write_all)

    def write(self, regel: Verzoekregel | Weigering) -> None:
        """Write down a call. Raises what the database raised for the commit that it was part of."""
        self._groep.add(regel)

    def write_all(self, regels: Sequence[Verzoekregel | Weigering]) -> None:
        """Write down calls in one commit: of one kind, and not too many, in one statement. Raises MoetWachten."""
        verzoeken, weigeringen = _rows(regels)
        if not weigeringen and len(verzoeken) <= VEEL:
            self._opslag.put(_REGELS, verzoeken)
        elif not verzoeken and len(weigeringen) <= VEEL:
            self._opslag.put(_WEIGERINGEN, weigeringen)
        else:
            before_waiting()
            with self._opslag.writing() as connection:
                _execute(connection, _REGELS, verzoeken)
                _execute(connection, _WEIGERINGEN, weigeringen)


def steps(regels: Sequence[Verzoekregel | Weigering], dialect: sa.Dialect) -> list[Stap]:
    """Give the statements that write down calls, for a pipeline to PostgreSQL."""
    verzoeken, weigeringen = _rows(regels)
    return [
        *(_REGELS.step(dialect, part) for part in _parts(verzoeken)),
        *(_WEIGERINGEN.step(dialect, part) for part in _parts(weigeringen)),
    ]


def _rows(regels: Sequence[Verzoekregel | Weigering]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the rows of the journaal for some calls, and those of `geweigerd`."""
    geteld = Counter(_minuut(regel) for regel in regels if isinstance(regel, Weigering))
    # In one order, so that two processes never wait for each other.
    weigeringen = [dict(zip(_GETELD, (*key, geteld[key]), strict=True)) for key in sorted(geteld)]
    return [_row(regel) for regel in regels if isinstance(regel, Verzoekregel)], weigeringen


def record_verzoeken(connection: sa.Connection, regels: Sequence[Verzoekregel]) -> None:
    """Write down calls of known afnemers, in a transaction."""
    _execute(connection, _REGELS, [_row(regel) for regel in regels])


def _execute(connection: sa.Connection, invoer: Invoer, rijen: Sequence[dict[str, Any]]) -> None:
    for part in _parts(rijen):
        invoer.execute(connection, part)


def _parts(rijen: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [rijen[begin : begin + VEEL] for begin in range(0, len(rijen), VEEL)]


_GETELD = ("minuut", "bron", "uitkomst", "aantal")
_REGELS = Invoer(journaal, [column.name for column in journaal.c if column.name != "id"])
_WEIGERINGEN = Invoer(geweigerd, _GETELD, adds="aantal")
VEEL = 32
"""Rows that one statement takes at most: each number of them is a statement of its own."""


def _row(regel: Verzoekregel) -> dict[str, Any]:
    return {
        "moment": to_utc(regel.moment),
        "soort": Soort.VERZOEK.value,
        "handeling": regel.operatie,
        "afnemer_id": regel.afnemer_id,
        "koppeling_id": regel.koppeling_id,
        "brin6": regel.brin6,
        "uitkomst": regel.uitkomst,
        "reden": regel.reden,
        "leerlingen": regel.leerlingen,
        "herstel": " ".join(regel.herstel) or None,
        "opmerkingen": " ".join(regel.opmerkingen) or None,
    }


def _minuut(regel: Weigering) -> tuple[datetime, str, str]:
    return to_utc(regel.moment).replace(second=0, microsecond=0), regel.bron, regel.uitkomst


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


def read(connection: sa.Connection, *, brin6: str | None = None, limit: int = 100) -> list[Regel]:
    """Give the newest rows first, of one vestiging or of all."""
    query = sa.select(journaal).order_by(journaal.c.id.desc()).limit(limit)
    if brin6 is not None:
        query = query.where(journaal.c.brin6 == brin6)
    return [regel_of(row) for row in connection.execute(query)]


def regel_of(row: sa.Row[Any]) -> Regel:
    """Give a row of the table as it is read back."""
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
