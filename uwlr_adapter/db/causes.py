"""Why a database fails, in our own words: what a code of the driver means, and what an operator does about it.

The text of a driver is never shown, since it may quote a row. A code is: the SQLSTATE of PostgreSQL, or the name of
SQLite's extended error code. A connection that could not be made has no SQLSTATE: libpq keeps only the text. That text
is searched for the few phrases of `_PHRASES`, and shown neither. A server that speaks another language than English is
recognised by none of them, so that it counts as one that cannot be reached.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from uwlr_adapter.errors import UwlrAdapterError, causes_of, code_of


class Reason(StrEnum):
    """What a database lacks, in a word; `ADVICE` has a sentence for each."""

    DISK_FULL = "disk full"
    READ_ONLY = "read-only"
    MOVED = "moved"
    LOCKED = "locked"
    CONNECTIONS = "too many connections"
    PASSWORD = "password"  # noqa: S105 - a word
    NOT_ADMITTED = "not admitted"
    NO_DATABASE = "no such database"
    RIGHTS = "rights"
    DEADLOCK = "deadlock"
    CANCELLED = "cancelled"
    STOPPING = "server stops or starts"
    NETWORK = "network"
    SILENT = "no answer"
    MEMORY = "memory"
    TABLES = "tables"
    DAMAGED = "damaged"
    NO_DATABASE_FILE = "not a database"
    DISK = "disk"
    VALUE = "value"
    STATEMENT = "statement"
    UNKNOWN = "unknown"


ADVICE = {
    Reason.DISK_FULL: "its disk is full: make room, or give it a larger one; nothing that was answered is lost",
    Reason.READ_ONLY: "it takes no writes: it is a standby, its role or database is set to read-only, or its file or "
    "folder may not be written. Name the primary in UWLR_DATABASE (target_session_attrs=read-write), or mend the "
    "rights",
    Reason.MOVED: "its file was moved, removed or replaced while it was in use: nothing is written any more, since it "
    "would be lost. Put the same file back, or restart the service, which then uses the file that is there",
    Reason.LOCKED: "another process holds what is needed for too long: see who (an import, a migration, a backup) and "
    "let it end",
    Reason.CONNECTIONS: "it has no connection left: raise max_connections, or lower UWLR_WORKERS or UWLR_THREADS",
    Reason.PASSWORD: "it refuses the user or the password: mend UWLR_DATABASE, or the file of PGPASSFILE",
    Reason.NOT_ADMITTED: "it does not admit this machine or user: mend pg_hba.conf, or the user in UWLR_DATABASE",
    Reason.NO_DATABASE: "there is no database of this name on the server: make it (createdb), or mend UWLR_DATABASE",
    Reason.RIGHTS: "its user lacks a right on a table or the schema: make that user the owner, or grant it",
    Reason.DEADLOCK: "two transactions waited for each other, and one was ended: the next try succeeds",
    Reason.CANCELLED: "a statement took too long (statement_timeout) or was cancelled: see what keeps the server busy",
    Reason.STOPPING: "the server is stopping or starting: wait for it, or start it",
    Reason.NETWORK: "it cannot be reached, or the connection was lost: see whether it runs, and the host and port in "
    "UWLR_DATABASE, name server and firewall",
    Reason.SILENT: "it accepted a statement and says nothing: the server or its disk hangs, a synchronous standby is "
    "away, or something between drops what is sent",
    Reason.MEMORY: "it has no memory left: give the machine more, or lower the server's settings",
    Reason.TABLES: "a table or column is missing: run `uwlr-adapter db upgrade`, or restore the backup",
    Reason.DAMAGED: "it is damaged: restore the backup, and have the disk examined",
    Reason.NO_DATABASE_FILE: "the file is not an SQLite database: mend UWLR_DATA or UWLR_DATABASE",
    Reason.DISK: "its disk fails, or its file cannot be opened: see the rights of the folder, and the system's log",
    Reason.VALUE: "a value breaks a rule of a table: report it, it is a defect of uwlr-adapter",
    Reason.STATEMENT: "it refuses a statement: report it, with the version of the server",
    Reason.UNKNOWN: "it failed for a reason that has no name here: see the log of the database",
}

_STATES = {
    "53100": Reason.DISK_FULL,
    "53200": Reason.MEMORY,
    "53300": Reason.CONNECTIONS,
    "25006": Reason.READ_ONLY,
    "55P03": Reason.LOCKED,
    "57014": Reason.CANCELLED,
    "57P01": Reason.STOPPING,
    "57P02": Reason.STOPPING,
    "57P03": Reason.STOPPING,
    "57P05": Reason.NETWORK,
    "25P03": Reason.NETWORK,
    "28P01": Reason.PASSWORD,
    "3D000": Reason.NO_DATABASE,
    "42501": Reason.RIGHTS,
    "42P01": Reason.TABLES,
    "42703": Reason.TABLES,
    "3F000": Reason.TABLES,
    "0A000": Reason.TABLES,
    "40P01": Reason.DEADLOCK,
    "58P01": Reason.DAMAGED,
    "58030": Reason.DISK,
}
"""By SQLSTATE."""
_CLASSES = {
    "08": Reason.NETWORK,
    "22": Reason.VALUE,
    "23": Reason.VALUE,
    "28": Reason.NOT_ADMITTED,
    "40": Reason.DEADLOCK,
    "42": Reason.STATEMENT,
    "53": Reason.MEMORY,
    "57": Reason.STOPPING,
    "58": Reason.DISK,
    "XX": Reason.DAMAGED,
}
"""By the first two characters of an SQLSTATE that has no line of its own."""
_SQLITE = {
    "SQLITE_FULL": Reason.DISK_FULL,
    "SQLITE_IOERR_SHMSIZE": Reason.DISK_FULL,
    "SQLITE_READONLY": Reason.READ_ONLY,
    "SQLITE_READONLY_DBMOVED": Reason.MOVED,
    "SQLITE_BUSY": Reason.LOCKED,
    "SQLITE_LOCKED": Reason.LOCKED,
    "SQLITE_PERM": Reason.RIGHTS,
    "SQLITE_AUTH": Reason.RIGHTS,
    "SQLITE_CANTOPEN": Reason.DISK,
    "SQLITE_IOERR": Reason.DISK,
    "SQLITE_CORRUPT": Reason.DAMAGED,
    "SQLITE_NOTADB": Reason.NO_DATABASE_FILE,
    "SQLITE_NOMEM": Reason.MEMORY,
    "SQLITE_CONSTRAINT": Reason.VALUE,
    "SQLITE_MISMATCH": Reason.VALUE,
    "SQLITE_TOOBIG": Reason.VALUE,
    "SQLITE_SCHEMA": Reason.TABLES,
    "SQLITE_ERROR": Reason.TABLES,
    "SQLITE_INTERRUPT": Reason.CANCELLED,
}
"""By the name of an extended error code, or by the primary code that it begins with. SQLITE_ERROR is what a missing
table or column gives."""
_PHRASES = (
    ("password authentication failed", Reason.PASSWORD),
    ("no password supplied", Reason.PASSWORD),
    ("too many connections", Reason.CONNECTIONS),
    ("too many clients", Reason.CONNECTIONS),
    ("connection slots are reserved", Reason.CONNECTIONS),
    ("no pg_hba.conf entry", Reason.NOT_ADMITTED),
    ("authentication failed", Reason.NOT_ADMITTED),
    ("is not permitted to log in", Reason.NOT_ADMITTED),
    ('database "', Reason.NO_DATABASE),
    ('role "', Reason.PASSWORD),
    ("session is read-only", Reason.READ_ONLY),
    ("server is in hot standby mode", Reason.READ_ONLY),
    ("is starting up", Reason.STOPPING),
    ("is shutting down", Reason.STOPPING),
    ("in recovery mode", Reason.STOPPING),
    ("not yet accepting connections", Reason.STOPPING),
)
"""What libpq quotes of a server that refuses a connection, in the order in which they are searched for."""
_EXISTS = "does not exist"
_WITHOUT_CODE = {"DataError": Reason.VALUE, "IntegrityError": Reason.VALUE, "ProgrammingError": Reason.STATEMENT}
"""What a driver refuses by itself, so without a code: a character or a number that the database cannot hold, or a value
of a type that it does not know. Nothing of it is about the connection."""
_DRIVERS = frozenset({"psycopg", "sqlite3"})
"""The packages whose exceptions are those of a database."""


class DatabaseCause(NamedTuple):
    """Why a database failed: our word for it, and the code of the driver, which is empty where there is none."""

    reason: Reason
    code: str

    def __str__(self) -> str:
        """Return the word and the code, such as `disk full (SQLSTATE 53100)`."""
        return f"{self.reason} ({self.code})" if self.code else str(self.reason)

    @property
    def sentence(self) -> str:
        """The word, the code, what it means and what to do about it."""
        return f"{self}: {ADVICE[self.reason]}"


UNKNOWN = DatabaseCause(Reason.UNKNOWN, "")
"""Of a failure that is about a database, and is none that is known here."""


class SilentDatabaseError(UwlrAdapterError, TimeoutError):
    """The database said nothing for as long as a request may take."""


def cause_of(error: BaseException) -> DatabaseCause | None:
    """Return why the database failed, from an exception or one of its causes; None when it is not about a database."""
    steps = list(causes_of(error))
    for step in steps:
        if code := code_of(step):
            return DatabaseCause(_reason_of(code), code)
    if any(isinstance(step, TimeoutError) for step in steps):
        return DatabaseCause(Reason.SILENT, "")
    for step in steps:
        if type(step).__module__.partition(".")[0] in _DRIVERS:
            return DatabaseCause(_WITHOUT_CODE.get(type(step).__name__) or _reason_in(str(step)), "")
    return None


def advice_of(error: BaseException) -> str:
    """Return a sentence for an operator about a failure of the database: our word, the code, and what to do."""
    return (cause_of(error) or UNKNOWN).sentence


def is_outcome_unknown(error: BaseException) -> bool:
    """Return whether a commit that failed in this way may have been done.

    The answer to it was lost; or its sync failed, and SQLite finds it whole in its log if nothing is written after it.
    """
    return (cause_of(error) or UNKNOWN).reason in {Reason.NETWORK, Reason.SILENT, Reason.STOPPING, Reason.DISK}


def _reason_of(code: str) -> Reason:
    kind, _, state = code.partition(" ")
    if state:
        return _STATES.get(state) or _CLASSES.get(state[:2]) or Reason.UNKNOWN
    return next((_SQLITE[name] for name in _prefixes(kind) if name in _SQLITE), Reason.UNKNOWN)


def _prefixes(name: str) -> Iterator[str]:
    """Yield the name of an extended error code, then that of its primary code: SQLITE_IOERR_WRITE, SQLITE_IOERR."""
    yield name
    yield "_".join(name.split("_")[:2])


def _reason_in(text: str) -> Reason:
    """Return why a connection was refused, from the text of libpq; `NETWORK` when it has none of our phrases."""
    if NO_ANSWER in text:
        return Reason.SILENT
    for phrase, reason in _PHRASES:
        if phrase in text and (not phrase.endswith('"') or _EXISTS in text):
            return reason
    return Reason.NETWORK


NO_ANSWER = "the database does not answer"
"""The text of our own exceptions, in the family of the driver, for a database that says nothing."""
