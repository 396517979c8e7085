"""The acts that must be there whole or not at all, and the two grounds on which they are made to fail."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from support.auditor import Answer, Contents, JournalRow, PostgresqlPlace, SqlitePlace, connect
from support.databases import PostgresServer
from support.edexml_files import eckid, make_dataset, to_edexml
from support.failing import Commands, Done, OnSqlite, What
from support.failing_proxy import Proxy
from support.messages import body, envelope, header, school_element
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling

BRIN6 = "21QW00"
CODE, NEW_CODE = "21QW00eerste-code-van-school", "21QW00tweede-code-van-school"
Command = tuple[str, ...]


def schooljaar_of(day: date) -> str:
    """Return the schooljaar of a day."""
    start = day.year if day.month >= 8 else day.year - 1
    return f"{start}-{start + 1}"


SCHOOLJAAR = schooljaar_of(datetime.now(UTC).date())


def message(klantcode: str, code: str) -> bytes:
    """Return the request of the afnemer."""
    return envelope(body(SCHOOLJAAR, school_element(BRIN6)), header(code, klantcode, "Snappet"))


@dataclass(frozen=True)
class Act:
    """One act, from a state of its own."""

    name: str
    command: Command = ()
    """The command; none is a fetch."""
    base: str = "school"
    """The state to begin with: old, tables, records, or school (with a koppeling)."""
    prepare: tuple[Command, ...] = ()
    """Commands that lead from the base to the state before the act."""
    milestones: tuple[Command, ...] = ()
    """Commands whose states, one after the other, the act may leave: it is so many acts."""
    journal: tuple[JournalRow, ...] = ()
    """The entries that the act leaves."""
    codes: tuple[str | None, str | None] = (CODE, CODE)
    """The verificatiecode that opens the koppeling before and after; None is none."""
    then: tuple[Command, ...] = ()
    """Acts that succeed when this one is done."""
    caches: frozenset[str] = frozenset()
    """Tables that the act may write to before it is done: stored answers."""


ANSWERS = frozenset({"answer_content", "answer_state", "koppeling"})
"""The tables that a fetch may write before it is decided: the stored answer, and the profile of the koppeling."""
_KOPPELING = ("koppeling", BRIN6, "snappet")


def _koppeling(verb: str, *more: str) -> Command:
    return ("koppeling", verb, BRIN6, "snappet", *more)


_ACTIVATE = _koppeling("activate", "--naam", "J. de Vries", "--akkoord", "--login", "jdv", "--code", CODE)
_SECOND = ("import", "edexml", "{files}/second.xml", "--accept-drop")
_ASKING = ("import", "edexml", "{files}/asking.xml")
_DONE = "gedaan"

ACTS = {
    act.name: act
    for act in (
        Act(
            "import",
            _SECOND,
            journal=(("gegevens", "gegevens ingelezen", _DONE),),
            then=(("import", "undo", "{batch}", "--yes"), _SECOND),
        ),
        Act(
            "answer",
            ("import", "answer", "{question}", "new", "--yes"),
            prepare=(_ASKING,),
            journal=(("gegevens", "vraag beantwoord", _DONE),),
            then=(("import", "undo", "{batch}", "--yes"),),
        ),
        Act(
            "undo",
            ("import", "undo", "{batch}", "--yes"),
            prepare=(_SECOND,),
            journal=(("gegevens", "import teruggedraaid", _DONE),),
            then=(("import", "redo", "{batch}", "--yes"),),
        ),
        Act(
            "activate",
            _ACTIVATE,
            base="records",
            journal=(("koppeling", "geactiveerd", _DONE),),
            codes=(None, CODE),
            then=(_koppeling("pause", "--yes"),),
        ),
        Act(
            "code",
            _koppeling("code", "--code", NEW_CODE),
            journal=(("koppeling", "code gewijzigd", _DONE),),
            codes=(CODE, NEW_CODE),
            then=(_koppeling("code", "--code", CODE),),
        ),
        Act(
            "pause",
            _koppeling("pause", "--yes"),
            journal=(("koppeling", "gepauzeerd", _DONE),),
            codes=(CODE, None),
            then=(_koppeling("resume", "--code", CODE),),
        ),
        Act(
            "forget",
            ("leerling", "forget", BRIN6, "102", "--yes"),
            prepare=(_SECOND,),
            journal=(("gegevens", "persoon vergeten", _DONE),),
            then=(_SECOND,),
        ),
        Act("fetch", journal=(("verzoek", "HaalLeerlinggegevens", "leerlinggegevens"),), prepare=(("fetch",),)),
        Act("first fetch", journal=(("verzoek", "HaalLeerlinggegevens", "leerlinggegevens"),), caches=ANSWERS),
        Act(
            "init",
            ("init",),
            base="tables",
            codes=(None, None),
            then=(("init",), ("afnemer", "add", "Nieuw")),
        ),
        Act("migration", ("db", "upgrade"), base="old", codes=(None, None), then=(("init",),)),
    )
}


def write_files(folder: Path) -> None:
    """Write the EDEXML files of the school: the first one, the second, and one that asks who somebody is."""
    first = [_leerling(number) for number in (101, 102, 103)]
    second = [*(_leerling(number, achternaam="Jansen") for number in (101, 103, 104)), first[1]]
    somebody = _leerling(101, eckid=None, roepnaam="Anders", achternaam="Heel", geboortedatum="2018-01-01")
    for name, leerlingen in {"first": first, "second": second, "asking": [*first[1:], somebody]}.items():
        day = {"first": 1, "second": 2, "asking": 3}[name]
        dataset = make_dataset(
            leerlingen,
            groepen=[Groep("groep", "g1", f"3{name}", "3")],
            leerkrachten=[Leerkracht("m1", roepnaam="Kim", achternaam=name)],
            brin6=BRIN6,
            schooljaar=SCHOOLJAAR,
            aanmaakdatum=f"{SCHOOLJAAR[:4]}-09-0{day}T07:00:00+02:00",
        )
        (folder / f"{name}.xml").write_bytes(to_edexml(dataset))


def _leerling(number: int, **others: str | None) -> Leerling:
    fields: dict[str, Any] = {
        "eckid": eckid(number),
        "roepnaam": f"Roep{number}",
        "achternaam": "Vries",
        "geboortedatum": "2019-03-02",
        "jaargroep": "3",
        "groep": "g1",
    }
    return Leerling(str(number), **{**fields, **others})


OLD_REVISION = "0002"
OLD_ROWS = """
INSERT INTO vestiging (brin6, brincode, dependancecode, naam, schoolkey)
VALUES ('21QW00', '21QW', '00', 'De Regenboog', 'k');
INSERT INTO persoon (id, soort, brincode, key, eckid)
VALUES (1, 'leerling', '21QW', '101', 'https://ketenid.nl/1'), (2, 'leerkracht', '21QW', 'm1', NULL);
INSERT INTO bronsleutel (soort, brincode, bronkey, persoon_id) VALUES ('leerling', '21QW', '101', 1);
INSERT INTO groep (brin6, schooljaar, key, soort, naam, jaargroep)
VALUES ('21QW00', '2026-2027', 'g', 'groep', '4A', '4');
INSERT INTO deelname (brin6, schooljaar, persoon_id, roepnaam, achternaam)
VALUES ('21QW00', '2026-2027', 1, 'Zoë', 'Zonneveld');
INSERT INTO plaatsing (brin6, schooljaar, persoon_id, groep_key, volgorde)
VALUES ('21QW00', '2026-2027', 1, 'g', 0);
INSERT INTO aanstelling (brin6, schooljaar, persoon_id, roepnaam, rollen, groepen)
VALUES ('21QW00', '2026-2027', 2, 'Kim', '[["rol", "LRK"]]', '[]')
""".split(";")
"""A database of the second revision, when nothing had an English name yet and there were no periods or batches."""


class Ground(Protocol):
    """A database on which acts are made to fail."""

    name: str

    def begin(self, act: Act) -> None:
        """Make the state that an act begins with the present one, from now on."""

    def reset(self) -> None:
        """Go back to that state."""

    def run(self, command: Command) -> Done:
        """Run a command, or a fetch for an empty one; it is acknowledged when it says that it is done."""

    def fetch(self, code: str) -> Answer:
        """Fetch as the afnemer."""

    def contents(self) -> Contents:
        """Return all that the database holds."""

    def fingerprint(self) -> bytes:
        """Return what tells one state from another; two with one fingerprint need not be audited twice."""


@dataclass
class Base:
    """Common parts of both grounds."""

    commands: Commands
    folder: Path
    klantcode: str = ""
    question: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data folder of the present state."""
        return self.folder / "now"

    @property
    def files(self) -> Path:
        """The folder of the EDEXML files."""
        return self.folder / "files"

    def run(self, command: Command) -> Done:
        """As Ground says."""
        if command in {(), ("fetch",)}:
            done, answer = self.commands.fetch(
                message(self.klantcode, CODE), data=self.data, environment=self.environment
            )
            return Done(done.status, answer.decode(), done.err)
        batch = max(self._batches()) if "{batch}" in command else 0
        filled = [one.format(files=self.files, question=self.question, batch=batch) for one in command]
        return self.commands.run(*filled, data=self.data, environment=self.environment)

    def contents(self) -> Contents:
        """As Ground says."""
        raise NotImplementedError

    def _batches(self) -> list[int]:
        return [row[0] for row in self.contents().of("import_batch", "id")]

    def done(self, command: Command) -> str:
        """Run a command that must succeed; returns what it printed."""
        done = self.run(command)
        assert done.status == 0, f"{command}: {done}"
        return done.out

    def fetch(self, code: str) -> Answer:
        """As Ground says."""
        _, answer = self.commands.fetch(message(self.klantcode, code), data=self.data, environment=self.environment)
        return Answer.read(answer)

    def prepare(self, act: Act) -> None:
        """Run the commands that lead to the state before an act."""
        if act.base in {"records", "school"}:
            self.done(("init",))
            self.klantcode = self.done(("afnemer", "add", "Snappet")).strip()
            self.done(("import", "edexml", "{files}/first.xml"))
        if act.base == "school":
            self.done(_ACTIVATE)
        if act.base == "tables":
            self.done(("db", "upgrade"))
        if act.base == "old":
            self.commands.make_old(OLD_REVISION, OLD_ROWS, data=self.data, environment=self.environment)
        for command in act.prepare:
            self.run(command)
        if "{question}" in act.command:
            (asked,) = json.loads(self.done(("import", "questions", "--json")))
            self.question = str(asked["id"])


class SqliteGround(Base):
    """SQLite, in a data folder."""

    name = "sqlite"

    def begin(self, act: Act) -> None:
        """As Ground says."""
        for folder in (self.data, self.folder / "start"):
            shutil.rmtree(folder, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.files.mkdir(exist_ok=True)
        write_files(self.files)
        self.prepare(act)
        shutil.copytree(self.data, self.folder / "start")

    def reset(self) -> None:
        """As Ground says."""
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "start", self.data)

    def contents(self) -> Contents:
        """As Ground says."""
        return SqlitePlace(self.data, self.folder).contents()

    def fingerprint(self) -> bytes:
        """As Ground says: of every byte of every file."""
        files = sorted(file for file in self.data.iterdir() if not file.name.endswith("-shm"))
        found = sha256()
        for file in files:
            found.update(file.name.encode() + sha256(file.read_bytes()).digest())
        return found.digest()

    def striker(self, what: What) -> OnSqlite:
        """Return what makes a call fail here."""
        return OnSqlite(self.commands.page, what, self.data)


@dataclass
class PostgresqlGround(Base):
    """PostgreSQL, behind a proxy."""

    server: PostgresServer = None  # type: ignore[assignment] # given by `postgresql_ground`
    proxy: Proxy = None  # type: ignore[assignment] # as above
    name = "postgresql"

    @property
    def _names(self) -> tuple[str, str]:
        return f"failing_{self.folder.name}".replace("-", "_").lower(), f"start_{self.folder.name}".replace(
            "-", "_"
        ).lower()

    def begin(self, act: Act) -> None:
        """As Ground says."""
        now, start = self._names
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.files.mkdir(exist_ok=True)
        write_files(self.files)
        self._drop(now, start)
        self.server.run(f"CREATE DATABASE {now} TEMPLATE template0 ENCODING 'UTF8'")
        self.environment["UWLR_DATABASE"] = self._proxied(now)
        self.prepare(act)
        self.proxy.hang_up()
        self.server.run(f"ALTER DATABASE {now} RENAME TO {start}")
        shutil.rmtree(self.folder / "start", ignore_errors=True)
        shutil.copytree(self.data, self.folder / "start")
        self.server.run(f"CREATE DATABASE {now} TEMPLATE {start}")

    def reset(self) -> None:
        """As Ground says."""
        now, start = self._names
        self.proxy.hang_up()
        self._drop(now)
        self.server.run(f"CREATE DATABASE {now} TEMPLATE {start}")
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "start", self.data)

    def move_sequences(self) -> None:
        """Make each sequence skip some numbers, as failed transactions do."""
        with connect(self.server.url(self._names[0])) as connection:
            for (name,) in connection.execute("SELECT sequencename FROM pg_sequences").fetchall():
                connection.execute(f"SELECT nextval('\"{name}\"'), nextval('\"{name}\"')".encode())

    def contents(self) -> Contents:
        """As Ground says."""
        self.server.run(
            f"SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = '{self._names[0]}'"  # noqa: S608 - our own name
        )
        return PostgresqlPlace(self.server.url(self._names[0])).contents()

    def fingerprint(self) -> bytes:
        """As Ground says: of every row, since a transaction that failed leaves nothing else."""
        return sha256(repr(self.contents()).encode()).digest()

    def drop(self) -> None:
        """Remove its databases."""
        self._drop(*self._names)

    def _drop(self, *names: str) -> None:
        for name in names:
            self.server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _proxied(self, name: str) -> str:
        url = self.server.admin.set(database=name, host=None, port=None, query={"host": str(self.folder)})
        return url.render_as_string(hide_password=False)


@contextmanager
def postgresql_ground(commands: Commands, folder: Path, server: PostgresServer) -> Iterator[PostgresqlGround]:
    """Yield a ground on a PostgreSQL server."""
    folder.mkdir()
    proxy = Proxy(folder, server.admin)
    ground = PostgresqlGround(commands, folder, server=server, proxy=proxy)
    try:
        yield ground
    finally:
        proxy.close()
        ground.drop()
