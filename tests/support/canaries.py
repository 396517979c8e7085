"""Canaries: marked values for every field that a caller or a file fills, and the search for them in any spelling."""

import base64
import gzip
import re
import zlib
from dataclasses import dataclass, field

import sqlalchemy as sa

from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata

STEM = "Kanarie"


def canary(name: str) -> str:
    """Return the marked value of a field; `name` is letters only."""
    return f"{STEM}{name}q"


def _in_base64(stem: bytes) -> list[bytes]:
    """Return what a stem becomes in base64 at each of the three places where it may begin."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + stem + b"\0\0")
        first = (0, 2, 3)[before]
        found.append(encoded[first : (before + len(stem)) * 8 // 6])
    return found


def _spelled(form: str, stem: bytes) -> bytes:
    """Return a pattern of a stem with each of its bytes in one form, in either case of the letter."""
    return b"".join(
        f"(?:{'|'.join(form.format(byte) for byte in {letter.lower()[0], letter.upper()[0]})})".encode()
        for letter in (stem[place : place + 1] for place in range(len(stem)))
    )


_WORD = re.compile(STEM.encode() + rb"([a-z]*?)q", re.IGNORECASE)
_OTHER = re.compile(
    b"|".join(
        [
            *(_spelled(form, STEM.encode()) for form in ("{:02x}", "%{:02x}", r"\\x{:02x}", r"\\u00{:02x}")),
            *(_spelled(form, STEM.encode()) for form in ("&#{};", "&#x{:x};")),
            *(_spelled("{:c}\\0", STEM.encode()), _spelled("\\0{:c}", STEM.encode())),
        ]
    ),
    re.IGNORECASE,
)
_BASE64 = re.compile(
    b"|".join(re.escape(form) for stem in (STEM, STEM.lower(), STEM.upper()) for form in _in_base64(stem.encode()))
)


def find(content: bytes) -> set[str]:
    """Return the names of the canaries in bytes, in any case; one that stands there encoded is `(encoded)`."""
    found = {match[1].decode().lower() for match in _WORD.finditer(content)}
    if _OTHER.search(content) or _BASE64.search(content):
        found.add("(encoded)")
    return found


@dataclass
class Search:
    """What was searched, and the canaries that were found where they may not be."""

    lines: int = 0
    octets: int = 0
    cells: int = 0
    hits: list[tuple[str, str]] = field(default_factory=list)
    """The place and the name of each."""
    secrets: dict[bytes, str] = field(default_factory=dict)
    """Values that the service made itself, such as a one-time link, with their names."""

    def text(self, place: str, content: str | bytes, allowed: frozenset[str] = frozenset()) -> None:
        """Search one text."""
        octets = content.encode(errors="surrogateescape") if isinstance(content, str) else content
        self.lines += octets.count(b"\n") + 1
        self.octets += len(octets)
        found = find(octets) | {name for secret, name in self.secrets.items() if secret in octets}
        self.hits += [(place, name) for name in sorted(found - allowed)]

    def database(self, database: Database, owners: dict[str, set[str]]) -> None:
        """Search every column of every table; `owners` has, by name of a canary, the columns that may hold it."""
        with database.reading() as connection:
            for table in metadata.sorted_tables:
                for row in connection.execute(sa.select(table)):
                    for column, value in zip(table.columns, row, strict=True):
                        place = f"{table.name}.{column.name}"
                        here = frozenset(name for name, places in owners.items() if place in places)
                        self.cells += 1
                        self.text(place, _octets(value), here)

    def __str__(self) -> str:
        """Return what was searched in one line."""
        return f"{len(self.hits)} hits in {self.lines} lines, {self.octets} bytes, {self.cells} cells of tables"


def _octets(value: object) -> bytes:
    """Return the bytes of a cell, unpacked when they are compressed."""
    if not isinstance(value, bytes):
        return str(value).encode(errors="surrogateescape")
    try:
        return gzip.decompress(value) if value[:2] == b"\x1f\x8b" else value + zlib.decompressobj().decompress(value)
    except (OSError, EOFError, zlib.error):
        pass
    try:
        return value + zlib.decompressobj(-zlib.MAX_WBITS).decompress(value)
    except zlib.error:
        return value
