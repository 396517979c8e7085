"""Many rows at once, on both databases: each value arrives as it was, and a failure is one without values."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from support.school_builder import open_database

from uwlr_adapter.administratie.tables import aanstelling, deelname, inschrijving, locatie, persoon
from uwlr_adapter.db import bulk
from uwlr_adapter.db.database import Database

BRIN6 = "21QW00"
YEAR = {"brin6": BRIN6, "schooljaar": "2026-2027"}
TEXTS = ("Zoë Çağla Łucja", "a\tb\nc\r\nd", "\\N", "\\.", '"; \\t {}', "", "👩‍🏫", " rand ")


def rows(database: Database, table: sa.Table) -> list[dict[str, Any]]:
    """Return every row of a table, by its key."""
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]


@pytest.mark.usefixtures("backend")
def test_every_value_arrives_as_it_was(tmp_path: Path) -> None:
    """Texts with everything that a stream of rows gives a meaning, none, days, yes and no, and lists."""
    database = open_database(tmp_path, BRIN6)
    locaties = [
        {**YEAR, "key": f"{place}", "naam": text, "omschrijving": None, "mutatiedatum": text}
        for place, text in enumerate(TEXTS)
    ]
    personen = [
        {"soort": "leerling", "brincode": "21QW", "key": f"{place}", "eckid": None}
        | {"roepnaam": text, "achternaam": None, "geboortedatum": None}
        for place, text in enumerate(TEXTS)
    ]
    with database.writing() as connection:
        bulk.insert_many(connection, locatie, locaties)
        bulk.insert_many(connection, persoon, personen)
        ids = sorted(connection.scalars(sa.select(persoon.c.id)))
        fields_ = {column.name: None for column in deelname.columns}
        deelnames = [{**fields_, **YEAR, "persoon_id": at, "ingedeeld": at % 2 == 0} for at in ids]
        bulk.insert_many(connection, deelname, deelnames)
        fields_ = {column.name: None for column in inschrijving.columns}
        period = {"volgorde": 0, "van": date(1, 1, 1), "tot": date(9999, 12, 31), "gast": True}
        inschrijvingen = [{**fields_, **YEAR, "persoon_id": at, **period} for at in ids]
        bulk.insert_many(connection, inschrijving, inschrijvingen)
        fields_ = {column.name: None for column in aanstelling.columns}
        rollen = [["rol", text] for text in TEXTS]
        aanstellingen = [{**fields_, **YEAR, "persoon_id": at, "rollen": rollen, "groepen": []} for at in ids]
        bulk.insert_many(connection, aanstelling, aanstellingen)
        bulk.insert_many(connection, locatie, [])
    assert rows(database, locatie) == locaties
    assert [{**row, "id": None} for row in rows(database, persoon)] == [{**row, "id": None} for row in personen]
    assert rows(database, deelname) == deelnames
    assert rows(database, inschrijving) == inschrijvingen
    assert rows(database, aanstelling) == aanstellingen


@pytest.mark.usefixtures("backend")
def test_a_failure_is_one_of_any_statement(tmp_path: Path) -> None:
    """A key that is there already: an IntegrityError that says no value, and nothing of the transaction stays."""
    database = open_database(tmp_path, BRIN6)
    row = {**YEAR, "key": "een-geheime-sleutel", "naam": "Naam", "omschrijving": None, "mutatiedatum": None}
    with pytest.raises(IntegrityError) as caught, database.writing() as connection:
        bulk.insert_many(connection, locatie, [{**row, "key": "een andere"}, row, row])
    assert "geheime" not in f"{caught.value} {caught.value.orig!r}"
    assert rows(database, locatie) == []


def test_a_value_that_fits_nowhere_is_a_failure_too(tmp_path: Path, backend: str) -> None:
    """A text that is too long for its column."""
    database = open_database(tmp_path, BRIN6)
    row = {**YEAR, "key": "k" * 300, "naam": "Naam", "omschrijving": None, "mutatiedatum": None}
    if backend == "sqlite":
        return  # it keeps texts of any length
    with pytest.raises(DBAPIError) as caught, database.writing() as connection:
        bulk.insert_many(connection, locatie, [row])
    assert "kkk" not in f"{caught.value} {caught.value.orig!r}"
    with database.writing() as connection:  # and the connection is as good as new
        bulk.insert_many(connection, locatie, [{**row, "key": "k"}])
    assert len(rows(database, locatie)) == 1
