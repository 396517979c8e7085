"""The journaal: who fetched what, when, with what outcome; and every act on a koppeling. Append-only.

It holds ids, counts and fixed words only: no text of a caller, no code, no name. A row of an act stands in the same
transaction as the act. Calls that are refused before their afnemer is known are counted per minute and source.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.blocking import before_waiting
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.group_commit import Groepscommit
from uwlr_adapter.db.libpq import Stap
from uwlr_adapter.db.statements import Invoer
from uwlr_adapter.journaal.model import Handeling, Soort, Verzoekregel, Weigering
from uwlr_adapter.journaal.tables import geweigerd, journaal


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
