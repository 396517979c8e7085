"""Results that platforms sent to the example schools: definitions with norms, and messages in a few words."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from support.result_bench import Sent, message
from uwlr_adapter.contract.leerresultaten.records import (
    Ingang,
    Norm,
    Normering,
    Normkleur,
    OsoReferentiescore,
    OsoResultaat,
    OsoToetsscore,
    Toets,
    Toetsonderdeel,
    VocabulaireTerm,
)
from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.resultaten.taking import Taken, take

NORMEN = (
    Norm("onvoldoende", None, 0, 4, Normkleur(200, 30, 30, Decimal("0.50")), Decimal("1.0"), Decimal("5.4")),
    Norm("voldoende", "op niveau", 5, 8, None, Decimal("5.5"), Decimal("8.0")),
    Norm("goed", None, 9, 10, None, Decimal(9), Decimal(9)),
)
NORMERING = Normering(None, None, None, NORMEN, None, None)
OSO = OsoResultaat(
    OsoToetsscore(40, 31, 9, None, Decimal("1260.50"), Decimal("98.20"), "VS1", (Decimal("94.1"), Decimal(102))),
    (OsoReferentiescore("RS1", "VG1", "II", None),),
)


def term(text: str) -> VocabulaireTerm:
    """Return a text that is bound to no vocabulary."""
    return VocabulaireTerm(text)


def toets(
    code: str = "T1",
    naam: str | None = "Rekenen blok 1",
    onderdelen: Sequence[str] = ("Getallen", "Meten"),
    normering: Normering | None = NORMERING,
) -> Toets:
    """Return a toets with norms, whose parts have the codes A, B and so on."""
    parts = tuple(
        Toetsonderdeel(place, term(chr(ord("A") + place - 1) if place <= 26 else f"Z{place}"), name, normering)
        for place, name in enumerate(onderdelen, start=1)
    )
    return Toets(term(code), None, naam, term("5"), term("rekenen"), normering, (Ingang(1, term("blok 1")),), parts)


def send_results(
    database: Database,
    moment: datetime,
    *sent: Sent,
    toetsen: Iterable[Toets] = (),
    brin6: str = "21QW00",
    platform: str = "Snappet",
    schooljaar: str = "2026-2027",
) -> Taken:
    """Take a message of a platform at a moment, which is its aanmaakdatum too."""
    with database.reading() as connection:
        afnemer_id = connection.scalar(sa.select(afnemer.c.id).where(afnemer.c.klantnaam == platform))
    assert afnemer_id is not None
    with database.writing() as connection:
        return take(connection, moment, afnemer_id, brin6, message(sent, moment, toetsen, schooljaar))
