"""What an operator of a nation sees besides the schools: imports, answers that were received, mails and users."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import import_batch, import_not_taken, receipt
from uwlr_adapter.clock import day_of, schooljaar_of, to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_vestiging
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.mail.tables import mail

NIGHTS, MAILS, USERS = 8, 100_000, 20_000
_COUNTS = {kind: [3, 4, 200, 1] for kind in ("leerlingen", "groepen", "leerkrachten", "plaatsingen")}
_TOLD = [
    {"file": "a.csv", "element": "x", "reason": f"reason {n}", "lines": [*range(20)], "count": 30} for n in range(5)
]


def fill(connection: sa.Connection, places: Sequence[str], moment: datetime) -> None:
    """Write imports of some nights, received answers, mails, and users, each of one vestiging."""
    _imports(connection, places, moment)
    _receipts(connection, moment)
    _mails(connection, moment)
    _users(connection, places, moment)


def _imports(connection: sa.Connection, places: Sequence[str], moment: datetime) -> None:
    year, rows = schooljaar_of(day_of(moment)), []
    for id_, (night, brin6) in enumerate(product(range(NIGHTS, 0, -1), places), start=1):
        told = _TOLD if id_ % 100 == 0 else []
        report = {"brin6": brin6, "schooljaar": year, "warnings": len(told), "told": told, "is_source": True}
        reports = [{**report, "counts": _COUNTS}]
        rows.append((id_, brin6[:4], to_utc(moment - timedelta(days=night)), "csv", True, 0, reports, "cli:proef"))
    columns = ("id", "brincode", "moment", "source", "changes", "forgotten", "reports", "actor")
    for some in bulk.pieces(rows, 2_000):
        connection.execute(import_batch.insert(), [dict(zip(columns, row, strict=True)) for row in some])
    refused = {"schooljaar": year, "since": to_utc(moment), "moment": to_utc(moment), "questions": ["--accept-drop"]}
    connection.execute(import_not_taken.insert(), [{"brin6": brin6, **refused} for brin6 in places[:400]])


def _receipts(connection: sa.Connection, moment: datetime) -> None:
    year, present = schooljaar_of(day_of(moment)), to_utc(moment)
    pairs = product(connection.scalars(sa.select(koppeling.c.id)).all(), "abc")
    rows = [(id_, one, year, kind, "x" * 40, "", present, present) for id_, (one, kind) in enumerate(pairs, start=1)]
    columns = ("id", "koppeling_id", "schooljaar", "payload", "profiel", "fields", "first", "last")
    bulk.insert_rows(connection, receipt, columns, rows)


def _mails(connection: sa.Connection, moment: datetime) -> None:
    rows = [
        (f"proef:{n}", f"{n}@school.example", "Onderwerp", "<proef>", to_utc(moment - timedelta(minutes=n)), 1)
        + ((to_utc(moment), None) if n % 50 else (None, "onbereikbaar"))
        for n in range(MAILS)
    ]
    columns = ("cause", "address", "subject", "message_id", "created_at", "tries", "sent_at", "failure")
    bulk.insert_rows(connection, mail, columns, rows)


def _users(connection: sa.Connection, places: Sequence[str], moment: datetime) -> None:
    chance = random.Random(USERS)  # noqa: S311 - invented people
    ids = bulk.take_ids(connection, gebruiker, USERS)
    columns = ("id", "login", "naam", "rol", "created_at", "session_version", "totp_required", "last_login_at")
    own, present = GebruikerRol.SCHOOLBEHEERDER.value, to_utc(moment)
    rows = [(id_, f"gebruiker.{n}", f"G. de Vries {n}", own, present, 1, True, present) for n, id_ in enumerate(ids)]
    bulk.insert_rows(connection, gebruiker, columns, rows)
    acts_for = [(id_, chance.choice(places)) for id_ in ids]
    bulk.insert_rows(connection, gebruiker_vestiging, ("gebruiker_id", "brin6"), acts_for)
