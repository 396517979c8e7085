"""A nation as the portal sees it, made quickly: vestigingen, platforms, koppelingen, and a journaal of millions.

The rows are written as they are, those of the journaal by the database itself: what is measured is the pages. What jobs
note of the journaal is written beside it. Every name is invented.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import portal_operations
import sqlalchemy as sa
import world
from records import brin6s
from servers import Backend

from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.clock import day_of, schooljaar_of, to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts, passwords
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.keys.server_keys import SecretPurpose
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.tables import koppeling, koppeling_calls, shown_code

PASSWORD = "een wachtwoord voor metingen"  # noqa: S105 - of nobody
PER_VESTIGING = 5
EVERYWHERE = 0
"""The platform that has a koppeling at every vestiging; its own user is `vendor`."""
NOTED_AGO = timedelta(minutes=20)
"""How long ago the job noted the calls."""
_FIRST = "De Het Sint Prins Klein Groot Oud Nieuw Ons Blij".split()
_SECOND = "Regenboog Kompas Eik Vlinder École Wijngaard Brug Toermalijn Zonnebloem Mozaïek Klaver Bron".split()
_VOORWAARDEN = '[[voorwaarden]]\nid = "proef"\nversie = "proef-1"\ntekst = "1. Verzonnen voor een meting."\n'
_ENTRY = """
[[koppeling]]
id = "platform-{0}"
naam = "Platform {0}"
type = "UWLR Leerlinggegevens"
omschrijving = "Verzonnen"
prijs = "Geen"
voorwaarden = "proef"
afnemer = "Platform {0}"
profiel = "smalle set"
"""


@dataclass(frozen=True)
class Size:
    """How much there is."""

    vestigingen: int = 6_600
    platforms: int = 40
    lines: int = 5_000_000
    questions: int = 2_000


def make(backend: Backend, size: Size, boards: Sequence[int]) -> Path:
    """Fill a database, with a board of each of these numbers of vestigingen; return the catalogue file.

    The login of a board is `bestuur-<number>`.
    """
    catalogue = backend.data / "catalogus.toml"
    catalogue.write_text(_VOORWAARDEN + "".join(_ENTRY.format(number) for number in range(size.platforms)), "utf-8")
    database, moment = world.open_database(backend), datetime.now(UTC)
    chance = random.Random(size.vestigingen)  # noqa: S311 - invented schools
    places = list(islice(brin6s(), size.vestigingen))
    with database.writing() as connection:
        _schools(connection, places, chance, size, moment)
        _koppelingen(connection, places, chance, size, moment)
        _boards(connection, places, boards, moment)
        portal_operations.fill(connection, places, moment)
    _journaal(database, size, moment)
    world.tidy(database)
    database.close()
    return catalogue


def _schools(
    connection: sa.Connection, places: Sequence[str], chance: random.Random, size: Size, moment: datetime
) -> None:
    bulk.insert_rows(connection, administratie.school, ("brincode", "version"), [(one[:4], 1) for one in places])
    names = [f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}" for number in range(len(places))]
    rows = [(one, one[:4], one[4:], naam) for one, naam in zip(places, names, strict=True)]
    bulk.insert_rows(connection, administratie.vestiging, ("brin6", "brincode", "dependancecode", "naam"), rows)
    ages = [(one, to_utc(moment - timedelta(days=chance.choice([0] * 19 + [20])))) for one in places]
    bulk.insert_rows(connection, administratie.records_age, ("brin6", "taken_at"), ages)
    year = schooljaar_of(day_of(moment))
    deelname = {"key": "L0001", "roepnaam": "Zoë", "achternaam": "de Vries", "geboortedatum": "2018-03-14"}
    asked = [
        {
            "id": number + 1,
            "persoon_id": None,
            "other_id": None,
            "soort": "leerling",
            "brincode": brin6[:4],
            "source_key": f"L{number}",
            "eckid": None,
            "doubt": "mistaken key",
            "since": to_utc(moment),
            "years": [{"brin6": brin6, "schooljaar": year, "line": 1, "held": [], "rows": {"deelname": [deelname]}}],
        }
        for number, brin6 in enumerate(chance.choices(places, k=size.questions))
    ]
    connection.execute(administratie.import_question.insert(), asked)


def _koppelingen(
    connection: sa.Connection, places: Sequence[str], chance: random.Random, size: Size, moment: datetime
) -> None:
    """Write the koppelingen, and what the job noted of their calls: most of them are well."""
    keys = world.server_keys()
    names = [f"Platform {number}" for number in range(size.platforms)]
    ids = [afnemers.add(connection, keys, naam, moment, actor="cli:proef")[0].id for naam in names]
    digest = keys.digest(SecretPurpose.VERIFICATIECODE, world.code_of(places[0]))
    begin, upto, last = (to_utc(moment - ago) for ago in (timedelta(days=150), NOTED_AGO, timedelta(hours=8)))
    koppeling_ids = bulk.take_ids(connection, koppeling, len(places) * PER_VESTIGING)
    rows: list[tuple[Any, ...]] = []
    calls: list[tuple[Any, ...]] = []
    for brin6 in places:
        for number in (EVERYWHERE, *chance.sample(range(1, size.platforms), PER_VESTIGING - 1)):
            id_, state = koppeling_ids[len(rows)], chance.random()
            is_paused = state < 0.03  # noqa: PLR2004 - a share
            status, code = ("gepauzeerd", None) if is_paused else ("actief", digest)
            rows.append(
                (
                    *(id_, brin6, f"platform-{number}", ids[number], status, begin.date(), code, begin, 1),
                    *("bestuur", "D. Bestuur", begin, "proef-1", shown_code(digest)),
                )
            )
            refused = last if 0.03 <= state < 0.05 else None  # noqa: PLR2004 - as above
            fetched = begin if 0.05 <= state < 0.06 else last  # noqa: PLR2004 - as above
            reason = None if refused is None else "wrong code"
            calls.append((id_, ids[number], upto, last, fetched, begin, refused, refused, reason, fetched, 200, "[]"))
    columns = (
        *("id", "brin6", "entry_id", "afnemer_id", "status", "startdatum", "code_digest", "opened_at", "version"),
        *("akkoord_login", "akkoord_naam", "akkoord_at", "akkoord_voorwaarden", "shown_code"),
    )
    bulk.insert_rows(connection, koppeling, columns, rows)
    noted = (
        *("koppeling_id", "afnemer_id", "upto", "called_at", "fetched_at", "first_at", "refused_since", "refused_at"),
        *("reason", "full_at", "leerlingen", "gaps"),
    )
    bulk.insert_rows(connection, koppeling_calls, noted, calls)


def _boards(connection: sa.Connection, places: Sequence[str], boards: Sequence[int], moment: datetime) -> None:
    users = [(f"bestuur-{count}", GebruikerRol.BESTUUR, tuple(places[:count])) for count in boards]
    made = [NewGebruiker(login, login, rol, own, needs_totp=False) for login, rol, own in users]
    made.append(NewGebruiker("operator", "operator", GebruikerRol.OPERATOR, needs_totp=False))
    klantnaam = f"Platform {EVERYWHERE}"
    made.append(NewGebruiker("vendor", "vendor", GebruikerRol.AFNEMER, needs_totp=False, klantnaam=klantnaam))
    for new in made:
        _, token = accounts.add(connection, new, moment)
        accounts.set_password(connection, token, passwords.make_hash(PASSWORD), moment)


def _journaal(database: Database, size: Size, moment: datetime) -> None:
    """Write a line for each koppeling and night, some nights in each transaction."""
    table, koppelingen = journaal.c, size.vestigingen * PER_VESTIGING
    columns = (table.moment, table.kind, table.act, table.afnemer_id, table.koppeling_id, table.brin6, table.outcome)
    for number in range(round(size.lines / koppelingen), 0, -1):
        night = to_utc(moment - timedelta(days=number - 1, hours=8))
        values = (sa.literal(night, sa.DateTime), sa.literal("verzoek"), sa.literal("HaalLeerlinggegevens"))
        rows = sa.select(
            *values, koppeling.c.afnemer_id, koppeling.c.id, koppeling.c.brin6, sa.literal("leerlinggegevens")
        )
        with database.writing() as connection:
            connection.execute(journaal.insert().from_select([one.name for one in columns], rows))
