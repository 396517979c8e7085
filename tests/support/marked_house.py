"""The service with a canary in each field, what it says of them, and the requests, forms and files that bring them."""

import io
import logging
import shutil
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from click.testing import CliRunner

from support.canaries import Search, canary
from support.clock import Clock
from support.csv_sets import GOOD
from support.databases import make_tables
from support.messages import body, envelope, header, school_element
from support.portal_browser import Browser, Page
from support.school_builder import MOMENT, SchoolBuilder, quick_hash
from support.wsgi import Reply, call
from uwlr_adapter.administratie.tables import import_question
from uwlr_adapter.cli.main import main
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.logs import JsonFormatter

if TYPE_CHECKING:
    from uwlr_adapter.web.app import App

BRIN6, OTHER = "21QW00", "30AB00"
SLEUTEL = f"{BRIN6}{canary('sleutel')}"
KLANTCODE = canary("klantcode")
PASSWORD = canary("wachtwoord")
SECRETS = ("sleutel", "klantcode", "anderecode", "wachtwoord", "inlogwachtwoord", "nogmaals")
RECORD = """<EDEX><!-- {comment} --><school><schooljaar>2026-2027</schooljaar><brincode>21QW</brincode>
<dependancecode>00</dependancecode><schoolkey>{schoolkey}</schoolkey><auteur>{auteur}</auteur></school>
<groepen><groep key="{groepkey}"><naam>{groepnaam}</naam><jaargroep>3</jaargroep>
<omschrijving>{omschrijving}</omschrijving></groep></groepen>
<leerlingen><leerling key="{key}" eckid="https://ketenid.nl/201703/{eckid}"><achternaam>{achternaam}</achternaam>
<voorvoegsel>{vv}</voorvoegsel><voornamen>{voornamen}</voornamen><roepnaam>{roepnaam}</roepnaam>{wrong}
<groep key="{groepkey}"/></leerling></leerlingen>
<leerkrachten><leerkracht key="{lkrkey}"><achternaam>{lkrnaam}</achternaam><roepnaam>{lkrroepnaam}</roepnaam>
<emailadres>{email}</emailadres></leerkracht></leerkrachten></EDEX>"""
NAMES = (
    *("comment", "schoolkey", "auteur", "groepkey", "groepnaam", "omschrijving", "key", "eckid", "achternaam"),
    *("voornamen", "roepnaam", "lkrkey", "lkrnaam", "lkrroepnaam", "email"),
)
HELD = {"achternaam": "andernaam", "roepnaam": "anderroepnaam", "eckid": "anderkenmerk"}
"""The canaries of a row of which it is a question who it is, by the field that has another one in the known person."""
_HELD = "import_question.years"
PACKED = {"import_step.rows", "answer_content.content", "answer_content.person_index"}
"""Columns that hold records of every kind: for undoing an import, and the stored answer."""
OWNERS = {
    **{name: set(PACKED) for name in NAMES},
    "schoolkey": {*PACKED, "vestiging.schoolkey", "answer_content.schoolkey"},
    "groepkey": {*PACKED, "groep.key", "plaatsing.groep_key", "aanstelling.groepen", _HELD},
    "groepnaam": {*PACKED, "groep.naam"},
    "omschrijving": {*PACKED, "groep.omschrijving"},
    "key": {*PACKED, "persoon.key", "source_key.key", "import_question.source_key", _HELD},
    "lkrkey": {*PACKED, "persoon.key", "source_key.key"},
    "eckid": {*PACKED, "persoon.eckid"},
    "achternaam": {*PACKED, "deelname.achternaam", "persoon.achternaam"},
    "voornamen": {*PACKED, "deelname.voornamen", _HELD},
    "roepnaam": {*PACKED, "deelname.roepnaam", "persoon.roepnaam"},
    "lkrnaam": {*PACKED, "aanstelling.achternaam", "persoon.achternaam"},
    "lkrroepnaam": {*PACKED, "aanstelling.roepnaam", "persoon.roepnaam"},
    **{name: {_HELD} for name in HELD.values()},
    "anderkenmerk": {_HELD, "import_question.eckid"},
    "email": {*PACKED, "aanstelling.emailadres"},
    "comment": set(),
    "auteur": set(),
    "bestand": {"import_batch.source"},
    "klantnaam": {"afnemer.klantnaam"},
    "login": {"gebruiker.login", "koppeling.akkoord_login", "journaal.actor"},
    "persoon": {"gebruiker.naam"},
    "akkoord": {"koppeling.akkoord_naam"},
}
"""The columns that may hold a canary, by its name; those of no name here may stand in none."""


class MarkedHouse:
    """The service with canaries in its records, all that it said, and the requests that fill every field."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.settings = Settings(data=data)
        self.log = io.StringIO()
        self.escaped = io.StringIO()
        """Exceptions that reached the caller, as a server in front of the application would log them."""
        self.search = Search()
        self.clock = Clock(MOMENT)
        self.link = ""
        self.question = 0
        self.app: App
        self.browsers: dict[str, Browser] = {}

    def furnish(self) -> None:
        """Fill the database."""
        database = Database(self.settings.database_url)
        make_tables(database)
        server_keys = ServerKeys.from_settings(self.settings, database)
        builder = SchoolBuilder(database, server_keys, moment=MOMENT, login=canary("login"), naam=canary("akkoord"))
        people = [
            NewGebruiker(canary("login"), canary("persoon"), GebruikerRol.SCHOOLBEHEERDER, (BRIN6,), needs_totp=False),
            NewGebruiker("andere", "Anders", GebruikerRol.SCHOOLBEHEERDER, (OTHER,), needs_totp=False),
            NewGebruiker("operator", "Operator", GebruikerRol.OPERATOR, (), needs_totp=False),
        ]
        with builder.transaction():
            builder.add_vestigingen(BRIN6, OTHER)
            builder.add_afnemer("Snappet", KLANTCODE)
            builder.add_afnemer(canary("klantnaam"), canary("anderecode"))
            builder.add_gebruikers(people, quick_hash(PASSWORD), {})
            self.link = builder.add_gebruiker(NewGebruiker("nieuw", "N.", GebruikerRol.BESTUUR, (OTHER,)))
        self.search.secrets[self.link.encode()] = "link"
        database.close()
        self.import_all()
        with builder.transaction():
            builder.activate("snappet", BRIN6, SLEUTEL)
        database.close()
        self.app = make_app(self.settings, self.clock)
        for login in (canary("login").lower(), "andere", "operator"):
            self.browsers[login[:7]] = Browser(self.app)
            assert self.browsers[login[:7]].login(login, PASSWORD).status == 303

    def run(self, *arguments: str, shows: frozenset[str] = frozenset()) -> None:
        """Run a command as the shell does, and search all that it prints, and what Python would print of a failure.

        `shows` are the canaries that its operator may see.
        """
        result = CliRunner().invoke(main, ["--data", str(self.data), *arguments])
        shown = result.output + result.stderr
        if result.exc_info is not None and not isinstance(result.exception, SystemExit):
            shown += "".join(traceback.format_exception(*result.exc_info))
        self.search.text(f"command {' '.join(arguments[:2])}", shown, shows | {"bestand", "klantnaam"})

    def import_all(self) -> None:
        """Import an EDEXML file and a CSV set, good ones and wrong ones."""
        for wrong in (
            "",
            f"<onbekend>{canary('onbekend')}</onbekend>",
            f"<geboortedatum>{canary('datum')}</geboortedatum>",
        ):
            file = self.data / f"{canary('bestand')}.xml"
            texts = {name: canary(name) for name in NAMES}
            file.write_text(RECORD.format(wrong=wrong, vv="van", **texts), encoding="utf-8")
            self.run("import", "edexml", str(file), "--dry-run")
            self.run("import", "edexml", str(file), "--accept-drop")
        self._hold(file, texts)
        file.write_text(RECORD.format(wrong=f"<{canary('element')}", vv=canary("vv"), **texts), encoding="utf-8")
        self.run("import", "edexml", str(file))
        folder = shutil.copytree(GOOD, self.data / "csv", dirs_exist_ok=True)
        pupils = folder / "leerlingen.csv"
        text = pupils.read_text(encoding="utf-8")
        for old, new in (
            ("Kwikstaart", canary("achternaam")),
            ("05-11-2018", canary("datum")),
            ("pilot/bram", canary("eckid")),
        ):
            pupils.write_text(text.replace(old, new), encoding="utf-8")
            self.run("import", "csv", str(folder), "--dry-run")
        for command in (("import", "list"), ("import", "show", "1"), ("journaal", "list")):
            self.run(*command)
            self.run(*command, "--json")
        self.run("journaal", "export")

    def _hold(self, file: Path, texts: dict[str, str]) -> None:
        """Import a row of which it is a question who it is, and ask for the question: who it is about stands there."""
        held = texts | {field: canary(name) for field, name in HELD.items()}
        file.write_text(RECORD.format(wrong="", vv="van", **held), encoding="utf-8")
        self.run("import", "edexml", str(file), "--json")
        who = frozenset({"key", "eckid", "achternaam", "roepnaam", "groepkey", "groepnaam", *HELD.values()})
        self.run("import", "questions", shows=who)
        with Database(self.settings.database_url).reading() as connection:
            (self.question,) = connection.scalars(sa.select(import_question.c.id))
        self.run("import", "answer", str(self.question), "new", "--dry-run", shows=who)

    def requests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the body and the rest of each request that a stranger or an afnemer may send."""
        headers = {
            f"HTTP_{name}": canary(name.replace("_", "").lower())
            for name in (
                "USER_AGENT",
                "REFERER",
                "COOKIE",
                "X_REQUEST_ID",
                "X_FORWARDED_FOR",
                "AUTHORIZATION",
                "SOAPACTION",
            )
        }
        right = body(rest=f"<xsdversie>2.2</xsdversie><!-- {canary('commentaar')} -->")
        stranger = header(canary("vreemdesleutel"), canary("vreemdecode"), canary("vreemdenaam"))
        known = header(SLEUTEL, KLANTCODE, "Snappet")
        marked = canary("waarde")
        yield envelope(right, known).decode(), headers
        yield envelope(right, stranger).decode(), headers
        yield envelope(right, header(canary("verkeerd"), KLANTCODE, "Snappet")).decode(), headers
        yield envelope(right, header(SLEUTEL, canary("verkeerd"), "Snappet")).decode(), headers
        yield envelope(right, known + f'<x xmlns="urn:x" e:mustUnderstand="1">{marked}</x>').decode(), headers
        for schooljaar, school, rest in (
            (marked, school_element(BRIN6), "<xsdversie>2.2</xsdversie>"),
            ("2026-2027", f"<brincode>{marked}</brincode>", "<xsdversie>2.2</xsdversie>"),
            ("2026-2027", f"<schoolkey>{marked}</schoolkey>", "<xsdversie>2.2</xsdversie>"),
            ("2026-2027", school_element(BRIN6), f"<xsdversie>{marked}</xsdversie>"),
            ("2026-2027", school_element(BRIN6), f"<{marked}>{marked}</{marked}>"),
            ("2026-2027", school_element(BRIN6), f"<laatstontvangengegevens>{marked}</laatstontvangengegevens>"),
            ("2026-2027", f'<brincode {marked}="{marked}">21QW</brincode>', "<xsdversie>2.2</xsdversie>"),
        ):
            yield envelope(body(schooljaar, school, rest), known).decode(), headers
        yield f"<!DOCTYPE {marked} SYSTEM 'http://{marked}.example/'>" + envelope(right, known).decode(), headers
        yield f"<?{marked} {marked}?>" + envelope(right, known).decode(), headers
        yield marked, headers
        yield f"<{marked}>", headers
        yield envelope(right, known).decode(), {**headers, "content_type": f"text/xml; charset={marked}"}
        yield envelope(right, known).decode(), {**headers, "content_type": f"text/{marked}"}
        yield "", {**headers, "query": f"wsdl={marked}&{marked}={marked}", "method": "GET"}
        yield "", {**headers, "path": f"/{marked}", "method": "PUT"}
        yield "", {**headers, "path": f"/koppelingen/{marked}?{marked}", "method": "GET"}

    def call_all(self) -> None:
        """Send every request, and search each fault; an answer with data is for its afnemer."""
        for content, environ in self.requests():
            reply = self._guarded(call, self.app, content.encode(), **environ)
            if reply is not None and b"<leerlinggegevens>" not in reply.body and reply.body[:2] != b"\x1f\x8b":
                self._look("fault", reply, frozenset())

    def a_bit_of_all(self) -> None:
        """Do one thing of each kind: fetch, be refused, look, log in, type, import."""
        headers = {"HTTP_COOKIE": canary("koek")}
        for sleutel in (SLEUTEL, canary("verkeerd")):
            content = envelope(body(), header(sleutel, KLANTCODE, "Snappet"))
            reply = self._guarded(call, self.app, content, **headers)
            if reply is not None and reply.status >= 400:
                self._look("fault", reply, frozenset())
        fields = {"login": canary("inlog"), "wachtwoord": canary("inlogwachtwoord")}
        self._submit(Browser(self.app, "192.0.2.78"), "/koppelingen/inloggen", fields)
        for path in (
            "",
            f"/journaal?van={canary('van')}",
            "/koppeling/1",
            "/koppeling/1/delen",
            "/koppeling/1/niet-delen",
            f"/vragen/{self.question}/dezelfde",
            "/activeren/basispoort",
        ):
            page = self._guarded(self.browsers["kanarie"].get, f"/koppelingen/{BRIN6}{path}")
            if page is not None:
                self._look("page", page, _EVERY if page.status in {200, 422} else frozenset({"persoon"}), secrets=True)
        reply = self._guarded(call, self.app, method="GET", path="/metrics", REMOTE_ADDR="127.0.0.1")
        if reply is not None:
            self._look("/metrics", reply, frozenset())
        self.run("import", "edexml", str(self.data / f"{canary('bestand')}.xml"), "--dry-run")

    def visit_all(self) -> None:
        """Fill every form, as its owner and as others, and search the pages that are not the owner's."""
        school = self.browsers["kanarie"]
        for path, fields in (
            ("/koppelingen/inloggen", {"login": canary("inlog"), "wachtwoord": canary("inlogwachtwoord")}),
            (
                f"/koppelingen/wachtwoord/{self.link}",
                {"wachtwoord": canary("kort")[:9], "nogmaals": canary("nogmaals")},
            ),
            (f"/koppelingen/wachtwoord/{canary('link')}", {}),
        ):
            self._submit(Browser(self.app, "192.0.2.77"), path, fields)
        for path, fields in (
            (
                f"/koppelingen/{BRIN6}/activeren/basispoort",
                {"naam": canary("typnaam"), "verificatiecode": canary("fout")},
            ),
            (f"/koppelingen/{BRIN6}/koppeling/1", {"verificatiecode": canary("fout")}),
            (f"/koppelingen/{BRIN6}/koppeling/1/pauzeren", {"versie": canary("versie")}),
            (f"/koppelingen/{BRIN6}/koppeling/1/niet-delen", {"naam": canary("zoeknaam")}),
            (f"/koppelingen/{BRIN6}/koppeling/1/niet-delen", {"naam": "a"}),
            (f"/koppelingen/{BRIN6}/koppeling/1/niet-delen/1", {"versie": canary("versie")}),
            (f"/koppelingen/{BRIN6}/vragen/{self.question}/dezelfde", {"versie": canary("versie")}),
            ("/koppelingen/tweede-factor", {"code": canary("totp")}),
        ):
            self._submit(school, path, fields)
        self._submit(self.browsers["operato"], "/koppelingen/beheer/afnemers", {"klantnaam": canary("klantnaam")})
        queries = "&".join(f"{name}={canary(name)}" for name in ("van", "tot", "koppeling", "uitkomst", "voor"))
        for path in (
            *("", "/delen", f"/journaal?{queries}", f"/journaal.csv?{queries}", "/koppeling/1", "/koppeling/1/delen"),
            *("/koppeling/1/niet-delen", "/koppeling/1/niet-delen/1", "/vragen", f"/vragen/{self.question}/dezelfde"),
            f"/{canary('pad')}",
        ):
            for who, browser in self.browsers.items():
                page = self._guarded(browser.get, f"/koppelingen/{BRIN6}{path}")
                if page is not None:
                    is_own = who == "kanarie" and page.status in {200, 422}
                    allowed = _EVERY if is_own else frozenset({"persoon"}) if who == "kanarie" else frozenset()
                    self._look(f"page of {who}", page, allowed, secrets=who == "kanarie")
        for path in ("/metrics", "/readyz", "/healthz"):
            reply = self._guarded(call, self.app, method="GET", path=path, REMOTE_ADDR="127.0.0.1")
            if reply is not None:
                self._look(path, reply, frozenset())

    def _submit(self, browser: Browser, path: str, fields: dict[str, str]) -> None:
        """Send a form with its token; who typed may see what was typed, but no secret."""
        page = self._guarded(browser.get, path)
        token = b"" if page is None else page.body.partition(b'name="csrf_token" value="')[2].partition(b'"')[0]
        reply = self._guarded(browser.post, path, {"csrf_token": token.decode(), **fields})
        if reply is not None:
            self._look(f"form {path[:25]}", reply, _EVERY, secrets=True)

    def _look(self, place: str, reply: Reply, allowed: frozenset[str], *, secrets: bool = False) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in reply.all_headers if name != "Set-Cookie")
        content = headers.encode() + b"\n\n" + reply.body
        if secrets or reply.status >= 500:
            own = frozenset({"persoon"}) if secrets else frozenset()  # the name of who is logged in stands on each page
            allowed = (allowed if reply.status < 500 else own) - frozenset(SECRETS)
        self.search.text(place, content, allowed)

    def _guarded(self, act: Callable[..., Reply | Page], *values: Any, **named: Any) -> Reply | None:
        """Do something; an exception that comes out is noted as a server would note it."""
        try:
            found = act(*values, **named)
        except Exception:  # noqa: BLE001 - it is searched
            traceback.print_exc(file=self.escaped)
            return None
        return found.reply if isinstance(found, Page) else found

    def finish(self) -> Search:
        """Search the log, what escaped, and the database."""
        self.search.text("log", self.log.getvalue())
        self.search.text("exception that escaped", self.escaped.getvalue())
        self.search.database(Database(self.settings.database_url), OWNERS)
        return self.search


_EVERY = frozenset(
    {
        *OWNERS,
        "inlog",
        "zoeknaam",
        "typnaam",
        "fout",
        "versie",
        "van",
        "tot",
        "koppeling",
        "uitkomst",
        "voor",
        "pad",
        "kort",
        "link",
        "totp",
    }
)


@contextmanager
def talkative(stream: io.StringIO) -> Iterator[None]:
    """Let every logger there is say all it can, in the form that `serve` writes."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "spyne", "werkzeug", "zeep", "alembic", "granian", "_granian"):
        logging.getLogger(name)
    loggers = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    before = [(one, one.level, one.disabled) for one in (logging.root, *loggers)]
    for one, _, _ in before:
        one.setLevel(logging.DEBUG)
        one.disabled = False
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
        for one, level, disabled in before:
            one.setLevel(level)
            one.disabled = disabled
