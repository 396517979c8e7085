"""The ground on which a copy is made to fail: one database that is copied into another, of the other kind."""

import json
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from shutil import copy
from typing import Any

from support.auditor import SCHEMA, Answer, Contents
from support.failing import Done
from support.failing_acts import Act, Command
from support.failing_grounds import PostgresqlGround, SqliteGround
from uwlr_adapter.backup.tables import LEFT_OUT

SOURCE = "(source)"
"""The name under which the state has a digest of the source, which no copy may change."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass
class CopyGround:
    """A Ground whose state is that of the target; a command without `{target}` is about the target too."""

    source: SqliteGround | PostgresqlGround
    target: SqliteGround | PostgresqlGround

    def __post_init__(self) -> None:
        """Name both databases."""
        self.name = f"{self.source.name} to {self.target.name}"

    def begin(self, act: Act) -> None:
        """As Ground says."""
        self.source.begin(replace(act, base="school"))
        self.target.begin(act)
        self.target.klantcode = self.source.klantcode
        copy(self.source.data / "keys", self.target.data)
        copy(self.source.data / "keys", self.target.folder / "start")

    def reset(self) -> None:
        """As Ground says. The source is only read: that it stays as it is belongs to each state."""
        self.target.reset()

    def run(self, command: Command) -> Done:
        """As Ground says."""
        if "{target}" not in command:
            return self.target.run(command)
        url = self.target.environment.get("UWLR_DATABASE", f"sqlite:///{self.target.data}/uwlr.sqlite3")
        return self.source.run(tuple(one.format(target=url) for one in command))

    def execute(self, *statements: str) -> None:
        """As Ground says."""
        self.target.execute(*statements)

    def move_sequences(self) -> None:
        """Do nothing: there is none yet."""

    def fetch(self, code: str) -> Answer:
        """As Ground says."""
        return self.target.fetch(code)

    def contents(self) -> Contents:
        """As Ground says, with a digest of the source."""
        found = self.target.contents()
        digest = sha256(repr(self.source.contents()).encode()).hexdigest()
        return Contents({**found.columns, SOURCE: ()}, {**found.rows, SOURCE: [(digest,)]})

    def unlike_source(self) -> list[str]:
        """Return the tables that a copy carries, and of which the target has other rows than the source."""
        source, target = self.source.contents(), self.target.contents()
        tables = source.rows.keys() - LEFT_OUT.keys() - {SCHEMA, "alembic_version", "sqlite_sequence", "sqlite_stat1"}
        return sorted(name for name in tables if _canonical(source, name) != _canonical(target, name))


def _canonical(contents: Contents, table: str) -> list[str]:
    """Return the rows of a table as both kinds of database have them."""
    names = sorted(contents.columns[table])
    return sorted(repr([_plain(value) for value in row]) for row in contents.of(table, *names))


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        value = json.loads(value)
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, date):
        return value.isoformat()
    return bytes(value) if isinstance(value, memoryview) else int(value) if isinstance(value, bool) else value
