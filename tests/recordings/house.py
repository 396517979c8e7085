"""Lay out the furnished house of the recordings: an old database, upgraded by the code."""

import functools
import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from recordings import seam
from support.clock import Clock
from support.databases import PostgresServer

DATA = Path(__file__).parent / "data"
FACTS: dict[str, Any] = json.loads((DATA / "house.json").read_text(encoding="utf-8"))
MOMENT = datetime.fromisoformat(FACTS["moment"])
SCHOOLJAAR: str = FACTS["schooljaar"]
KLANTCODES: dict[str, str] = FACTS["klantcodes"]
CODES: dict[str, str] = FACTS["verificatiecodes"]
"""The verificatiecodes by `brin6 aanbod`."""


@dataclass(frozen=True)
class House:
    """Represent a data folder with the old database in it, upgraded."""

    data: Path
    clock: Clock
    database: str | None = None
    """The URL of its PostgreSQL database, if it is not the SQLite file of the folder."""

    @property
    def chosen(self) -> dict[str, Any]:
        """Return the settings that make the code use this database."""
        return {} if self.database is None else {"database": self.database}

    def application(self, **chosen: Any) -> Any:
        """Open the application, with the catalogue that has a koppeling of each profile unless told otherwise."""
        return seam.application(
            self.data, self.clock, **{"catalogus": self.data / "catalogus.toml", **self.chosen, **chosen}
        )

    def run(self, *arguments: str, stdin: str | None = None, **chosen: Any) -> seam.Ran:
        """Run a command on it."""
        return seam.run(self.data, self.clock, arguments, stdin, **self.chosen, **chosen)


def lay_out(folder: Path) -> House:
    """Return the house in a new folder, on SQLite."""
    house = _folder(folder)
    (house.data / "uwlr.sqlite3").write_bytes(_upgraded())
    return house


@functools.cache
def _upgraded() -> bytes:
    """Return the bytes of the SQLite database, upgraded once for all tests of this process."""
    with tempfile.TemporaryDirectory() as folder, gzip.open(DATA / "house.sqlite3.gz") as packed:
        path = Path(folder) / "uwlr.sqlite3"
        path.write_bytes(packed.read())
        seam.upgrade(path.parent)
        return path.read_bytes()


@contextmanager
def on_postgresql(folder: Path, server: PostgresServer) -> Iterator[House]:
    """Yield the house in a new folder, with its database on a server of PostgreSQL, where it is upgraded once."""
    with server.copy_of(House, _upgrade_on_postgresql) as url:
        yield replace(_folder(folder), database=url)


def _upgrade_on_postgresql(url: str) -> None:
    with gzip.open(DATA / "house.postgresql.sql.gz") as packed:
        statements = packed.read()
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute(statements)
    with tempfile.TemporaryDirectory() as folder:
        house = replace(_folder(Path(folder)), database=url)
        seam.upgrade(house.data, **house.chosen)


def _folder(folder: Path) -> House:
    data = folder / "data"
    data.mkdir(parents=True)
    for name in ("keys", "catalogus.toml"):
        (data / name).write_bytes((DATA / name).read_bytes())
    (data / "keys").chmod(0o600)
    return House(data, Clock(MOMENT))
