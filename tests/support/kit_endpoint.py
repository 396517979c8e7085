"""A right endpoint in this process for the kit, fast enough to be broken in a hundred ways."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from support.databases import make_tables
from support.wsgi import call, forgiving
from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.kit import plans, runner
from uwlr_adapter.kit.checks import Check, Verdict
from uwlr_adapter.kit.masking import Masker
from uwlr_adapter.kit.plans import PLANS
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.session import Intensity, Session, Target, Transport
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.outbound import Reply
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

URL = "http://127.0.0.1:8080/uwlr/leerlinggegevens"
CODE = "21QW01conformiteit-kit-1"
SNAPPET = "snappet"


def furnish(
    data: Path, moment: datetime, entry: str = SNAPPET, *, profiel: str = "smalle set", strict: bool = False
) -> App:
    """Make the example school in an empty folder, with a koppeling for its small vestiging, and serve it.

    `profiel` is that of each koppeling; `strict` is whether nothing of a request is repaired.
    """
    catalogus = data / "catalogus.toml"
    shipped = files("uwlr_adapter.koppelingen").joinpath("catalogue.toml").read_text(encoding="utf-8")
    catalogus.write_text(shipped.replace('profiel = "smalle set"', f'profiel = "{profiel}"'), encoding="utf-8")
    settings = Settings(data=data, catalogus=catalogus, strict=strict)
    database = Database(settings.database_url)
    try:
        make_tables(database)
        server_keys = ServerKeys.from_settings(settings, database)
        setup.prepare(database, server_keys, moment)
        request = ActivationRequest("21QW01", entry, "demo", "Test", akkoord=True, verificatiecode=CODE)
        with database.writing() as connection:
            actions.activate(connection, Catalogue.load(catalogus), server_keys, request, moment, actor="test")
    finally:
        database.close()
    return forgiving(make_app(settings, now))


def target(**changes: Any) -> Target:
    """Return the target for the small vestiging."""
    usual: dict[str, Any] = {
        "url": URL,
        "klantnaam": setup.KLANTNAAM,
        "klantcode": setup.KLANTCODE,
        "autorisatiesleutel": CODE,
        "brincode": "21QW",
        "dependancecode": "01",
        "schooljaar": schooljaar(),
        "xsdversie": "2.2",
    }
    return Target(**{**usual, **changes})


def schooljaar() -> str:
    """Return the schooljaar of today."""
    from uwlr_adapter.clock import day_of, schooljaar_of  # noqa: PLC0415

    return schooljaar_of(day_of(now()))


def transport_of(app: Any) -> Transport:
    """Return a transport that calls an application in this process."""

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        path, _, query = url.removeprefix("http://127.0.0.1:8080").partition("?")
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        content_type = environ.pop("HTTP_CONTENT_TYPE", None)
        reply = call(app, body or b"", method=method, path=path, query=query, content_type=content_type, **environ)
        return Reply(reply.status, reply.body, reply.all_headers)

    return send


def remembered(transport: Transport) -> Transport:
    """Return a transport that asks each question once: a right endpoint says the same again."""
    known: dict[tuple[Any, ...], Reply] = {}

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        key = method, url, body, tuple(sorted(headers.items()))
        if key not in known:
            known[key] = transport(method, url, body, headers)
        return known[key]

    return send


class Bits(random.Random):
    """Chooses by the bits of a number, so that no two numbers choose alike."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = 2 * number + 1  # two bits or more are set

    def random(self) -> float:
        """Return 0 for a bit that is set and 1 for another one; the number is 1 or more."""
        self._number, bit = divmod(self._number, 2)
        return 0.0 if bit else 1.0


class NoMasker(Masker):
    """Shows nothing at all: most of the time of a run goes into what is shown."""

    def document(self, content: bytes, *_given: object) -> str:  # noqa: ARG002 - as its base has it
        """Return nothing of a document."""
        return ""

    def tree(self, root: object) -> str:  # noqa: ARG002 - as above
        """Return nothing of a parsed document."""
        return ""


def run_kit(
    transport: Transport,
    checks: list[Check] | None = None,
    own: Target | None = None,
    *,
    shows: bool = False,
    number: int = 1,
) -> Report:
    """Run checks against a transport, without waiting between the calls.

    `shows` is whether documents are shown. Another `number` makes other choices of groups: an endpoint remembers which
    ones it gave.
    """
    made = Session(own or target(), transport, intensity=Intensity.FULL, sleep=lambda _: None)
    made.random = Bits(number)
    if not shows:
        made.masker = NoMasker()
    return runner.run(made, checks or plans.choose(PLANS["las-2.2"]), "las-2.2", now())


def failed(report: Report) -> set[str]:
    """Return the ids of the checks that failed."""
    return {one.id for one in report.results if one.verdict is Verdict.FAIL}


@dataclass(frozen=True)
class Exchange:
    """One exchange as a broken endpoint sees it: the request, and what a right endpoint would answer."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str]
    reply: Reply
    right: Callable[[bytes], Reply]
    """Ask the right endpoint something else instead, with the same headers."""
    post: Callable[[bytes], Reply]
    """Post a message to the right endpoint, with the usual headers."""

    def usual(self) -> Reply:
        """Return the right answer to the usual request, as POST with the right Content-Type."""
        return self.post(Session(target()).usual.message())

    @property
    def is_data(self) -> bool:
        """Whether the right answer has data."""
        return self.reply.status == 200 and b"<school>" in self.reply.content

    @property
    def is_fault(self) -> bool:
        """Whether the right answer is a fault."""
        return b"<faultcode>" in self.reply.content

    @property
    def is_wsdl(self) -> bool:
        """Whether this is the WSDL."""
        return self.method == "GET" and self.url.endswith("?wsdl")


def broken(transport: Transport, breakage: Callable[[Exchange], Reply]) -> Transport:
    """Return an endpoint that is broken in one way; what it does not touch is right."""

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        plain = {**headers, "Accept-Encoding": "identity"}

        def right(other: bytes) -> Reply:
            return transport(method, url, other, plain)

        def post(other: bytes) -> Reply:
            return transport("POST", URL, other, {"Content-Type": "text/xml; charset=utf-8"})

        return breakage(Exchange(method, url, body or b"", headers, transport(method, url, body, plain), right, post))

    return send
