"""Nothing outside the room of the database asks which kind of database it has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import uwlr_adapter

PACKAGE = Path(uwlr_adapter.__file__).parent
KINDS = {"sqlite", "postgresql"}
DRIVERS = {"sqlite3", "psycopg"}
ATTRIBUTES = {"dialect", "drivername", "get_backend_name"}


def findings(source: str) -> Iterator[str]:
    """Yield each place of a module that names a kind of database, a driver, or what tells the two apart."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if text in KINDS:
                yield f"line {node.lineno}: the word {text}"
            case ast.Attribute(attr=attribute) if attribute in ATTRIBUTES:
                yield f"line {node.lineno}: .{attribute}"
            case ast.Import(names=names) if any(name.name.partition(".")[0] in DRIVERS for name in names):
                yield f"line {node.lineno}: a driver"
            case ast.ImportFrom(module=str(module), names=names) if (
                module.partition(".")[0] in DRIVERS
                or module.rpartition(".")[2] in KINDS
                or any(name.name in KINDS for name in names)
            ):
                yield f"line {node.lineno}: {module}"
            case _:
                pass


def test_only_the_room_of_the_database_knows_its_kind() -> None:
    """A kind of database is a class in `db`, and its differences are attributes and methods of that class."""
    files = [file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] != "db"]
    assert len(files) > 100
    found = [f"{file.relative_to(PACKAGE)}, {place}" for file in files for place in findings(file.read_text("utf-8"))]
    assert found == []


def test_the_rule_finds_what_it_forbids() -> None:
    """Each form in which code used to ask is found."""
    asked = [
        "kind = connection.dialect.name",
        'if name == "postgresql": pass',
        "from uwlr_adapter.db import sqlite",
        "from uwlr_adapter.db.postgresql import copy_rows",
        "import psycopg",
        "from sqlite3 import Row",
        "url.get_backend_name()",
    ]
    assert all(list(findings(one)) for one in asked)
