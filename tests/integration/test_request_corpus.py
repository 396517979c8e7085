"""The corpus of requests through the whole application: every known client, every repair and every row of the table."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pytest
from support.messages import AUT, LG, SOAP11, SOAP12
from support.oracle import standard_file
from support.request_corpus import FOLDER, RequestCase, finding, read_manifest, send, verdict
from support.school_builder import MOMENT
from support.served_school import CODE, ServedSchool, furnish
from support.wsgi import Reply, call, forgiving

from uwlr_adapter.clock import now
from uwlr_adapter.contract import fault, repairs
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry, EntryKind
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.endpoint import REPAIRS

MANIFEST = read_manifest()
CALLERS = (
    "connector for ESIS",
    "test platform (vo), ext-soap",
    "NuSOAP",
    "a LAS vendor's library",
    "SoapUI set for LASes",
)
"""The callers that are known from the field, and the words by which the manifest names them."""
FAULTS = (
    *(fault.OngeldigBericht, fault.OngeldigeKlantIdentificatie, fault.AutorisatieOngeldig, fault.XsdVersieOngeldig),
    *(fault.VersionMismatch, fault.MustUnderstand),
)
"""The faults that a caller for leerlinggegevens can bring about."""
OF_ANSWERS = {Rule.CODE, Rule.KEY, Rule.IDENTITY}
"""The words that only an answer can get, which `check` finds."""
KNOWN_FROM = 6
"""The first row of the table that judges a known afnemer, and so the first that the journaal has a line of."""
IN_ORDER = (
    *("kop-namespace", "witruimte", "kop-volgorde", "leeg", "brincode-wint", "xsdversie", "volgorde", "schooljaar"),
)
"""The ids of docs/reference/repairs.md in their order."""
AT_THE_DAY = {repairs.SCHOOLJAAR_REPAIR.id}
"""Repairs made after the gate only: a strict reading never comes to them."""


@dataclass(frozen=True)
class Endpoint:
    """A school with its application and its journaal."""

    served: ServedSchool
    app: App
    database: Database

    def send(self, request: bytes) -> tuple[str, Entry | None]:
        """Send a request; returns the verdict, and its line in the journaal if it got one."""
        reply, line = self.ask(request)
        return verdict(reply), line

    def ask(self, request: bytes) -> tuple[Reply, Entry | None]:
        """Send a request; returns the response, and its line in the journaal if it got one."""
        before = self._lines()
        reply = send(self.app, request, values(self.served))
        lines = self._lines()
        assert len(lines) - len(before) in {0, 1}
        return reply, lines[0] if len(lines) > len(before) else None

    def _lines(self) -> list[Entry]:
        with self.database.reading() as connection:
            return [line for line in search.read(connection, limit=10_000) if line.kind is EntryKind.VERZOEK]


def values(context: ServedSchool) -> dict[str, str]:
    """Return what the placeholders of a file stand for."""
    return {
        "SLEUTEL": CODE,
        "KLANTCODE": context.klantcodes["Snappet"],
        "SCHOOLJAAR": context.schooljaar,
        "START": context.schooljaar[:4],
        **{f"KLANTCODE {klantnaam}": code for klantnaam, code in context.klantcodes.items()},
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Make one school, at a fixed moment."""
    return furnish(tmp_path_factory.mktemp("school"), MOMENT)


def opened(context: ServedSchool, **settings: Any) -> Iterator[Endpoint]:
    """Open the application of a school."""
    database = Database(Settings(data=context.data).database_url)
    app = forgiving(make_app(Settings(data=context.data, **settings), lambda: MOMENT))
    yield Endpoint(context, app, database)
    app.close()
    database.close()


@pytest.fixture(scope="module")
def tolerant(served: ServedSchool) -> Iterator[Endpoint]:
    """Yield the service as it comes."""
    yield from opened(served)


@pytest.fixture(scope="module")
def strict_service(served: ServedSchool) -> Iterator[Endpoint]:
    """Yield the same service with UWLR_STRICT."""
    yield from opened(served, strict=True)


@pytest.fixture(scope="module")
def strict_afnemers(served: ServedSchool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Yield a copy of the school in which every afnemer is strict."""
    data = tmp_path_factory.mktemp("streng") / "data"
    shutil.copytree(served.data, data)
    database = Database(Settings(data=data).database_url)
    with database.writing() as connection:
        for klantnaam in served.klantcodes:
            afnemers.set_strict(connection, klantnaam, now(), strict=True, actor="cli:proef")
    database.close()
    yield from opened(replace(served, data=data))


def name_of(case: RequestCase) -> str:
    """Return the name of a case."""
    return case.file.removesuffix(".http")


@pytest.mark.parametrize("case", MANIFEST, ids=name_of)
def test_tolerant(tolerant: Endpoint, case: RequestCase) -> None:
    """A request gets the verdict of the manifest with its detail; the journaal has that too, and the needed repairs.

    So has a header of the answer.
    """
    reply, line = tolerant.ask((FOLDER / case.file).read_bytes())
    assert (verdict(reply), finding(reply)) == (case.tolerant, case.finding)
    assert (line is not None) == (case.row >= KNOWN_FROM)
    if line is not None:
        assert (line.outcome, line.repairs) == (case.tolerant, case.repairs)
        assert told_in(line) == case.finding
    assert reply.headers.get(REPAIRS) == (", ".join(case.repairs) or None)


def told_in(line: Entry) -> str:
    """Return the path and the word in a line of the journaal; empty when it has none."""
    named = dict(remark.partition("=")[::2] for remark in line.remarks)
    return f"{named['pad']} {named['regel']}" if "regel" in named else ""


@pytest.mark.parametrize("case", MANIFEST, ids=name_of)
def test_strict_afnemer(strict_afnemers: Endpoint, case: RequestCase) -> None:
    """A strict afnemer gets the strict verdict; the journaal names what would have been repaired, and what was told."""
    reply, line = strict_afnemers.ask((FOLDER / case.file).read_bytes())
    answer = verdict(reply)
    assert answer == case.strict
    assert (line is not None) == (case.row >= KNOWN_FROM)
    if line is not None:
        assert told_in(line) == finding(reply)
        answered = not answer.startswith("Client.")
        named = () if answered else tuple(id_ for id_ in case.repairs if id_ not in AT_THE_DAY)
        assert (line.outcome, line.repairs) == (case.strict, named)
        is_klant = answer == "Client.OngeldigeKlantIdentificatie"
        assert reply.headers.get(REPAIRS) == (None if is_klant else ", ".join(named) or None)
    else:
        assert REPAIRS not in reply.headers


@pytest.mark.parametrize("case", MANIFEST, ids=name_of)
def test_strict_service(strict_service: Endpoint, case: RequestCase) -> None:
    """A strict service gives everybody the strict verdict."""
    assert strict_service.send((FOLDER / case.file).read_bytes())[0] == case.strict


def test_what_is_told_and_what_is_not() -> None:
    """Rows 5 and 7 have no detail; every other fault has one, and between them they have every word of a request."""
    told = {case.row: set[str]() for case in MANIFEST}
    for case in MANIFEST:
        told[case.row].add(case.finding.rpartition(" ")[2])
    assert {row: words for row, words in told.items() if "" in words} == {row: {""} for row in (1, 5, 7, 10)}
    assert set[str]().union(*told.values()) - {""} == set(Rule) - OF_ANSWERS


def test_every_repair_is_named_in_its_order() -> None:
    """The manifest has a request that needs each repair, and one that needs all, in the order of the document."""
    assert repairs.IDS == IN_ORDER
    assert set(IN_ORDER) == {id_ for case in MANIFEST for id_ in case.repairs if len(case.repairs) == 1}
    assert IN_ORDER in {case.repairs for case in MANIFEST}


def test_the_manifest_is_whole() -> None:
    """Every file has one line, and every known caller, row and fault of a caller has a file."""
    assert sorted(case.file for case in MANIFEST) == sorted(path.name for path in FOLDER.glob("*.http"))
    assert {case.row for case in MANIFEST} == set(range(1, 11))
    assert {error.code for error in FAULTS} <= {case.tolerant for case in MANIFEST}
    for caller in CALLERS:
        assert any(caller in case.caller for case in MANIFEST), caller
    for case in MANIFEST:
        assert case.repairs or case.tolerant == case.strict, case.file


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("php-soapclient-haalleerlinggegevens.http", "leerlinggegevens"),
        ("php-soapclient-haalleerlingen.http", "leerlinggegevens-leerlingen"),
        ("php-soapclient-haalstructuur.http", "leerlinggegevens-structuur"),
    ],
)
def test_what_was_seen_on_the_wire(tolerant: Endpoint, strict_afnemers: Endpoint, file: str, expected: str) -> None:
    """Requests captured from a real stack are answered in both modes, without any repair."""
    request = standard_file(f"wire/{file}").read_bytes()
    for theirs, ours in (
        (b"POST /svc ", b"POST /uwlr/leerlinggegevens "),
        (b">SLEUTEL<", b">{SLEUTEL}<"),
        (b">OV<", b">{KLANTCODE}<"),
        (b">Overig<", b">Snappet<"),
        (b">2023-2024<", b">{SCHOOLJAAR}<"),
        (b">99DE<", b">21QW<"),
        (b'"G1"', b'"{START}-1"'),
    ):
        request = request.replace(theirs, ours)
    for endpoint in (tolerant, strict_afnemers):
        answer, line = endpoint.send(request)
        assert answer == expected
        assert line is not None
        assert line.repairs == ()


@dataclass(frozen=True)
class Message:
    """A request in parts, so that several can be wrong at once; as it stands it is right but for its repairs."""

    klantcode: str
    key: str = CODE
    klantnaam: str = "Snappet"
    soap: str = SOAP11
    before: str = ""
    headers: int = 1
    extra_header: str = ""
    operation: str = "leerlinggegevens_verzoek"
    times: int = 1
    brincode: str = "<brincode>21QW</brincode>"
    schooljaar: str = "2026-2027"
    version: str = "2.2"
    rest: str = ""
    sloppy: bool = False

    def bytes(self) -> bytes:
        """Return it as it goes over the wire."""
        space = "" if self.sloppy else f' xmlns="{AUT}"'
        parts = [("autorisatiesleutel", self.key), ("klantcode", self.klantcode), ("klantnaam", self.klantnaam)]
        header_xml = "".join(f"<{naam}{space}> {value}</{naam}>" for naam, value in parts if value)
        if not self.sloppy:
            header_xml = header_xml.replace("> ", ">")
        inner = [f"<schooljaar>{self.schooljaar}</schooljaar>", f"<xsdversie>{self.version}</xsdversie>"]
        inner.insert(0 if self.sloppy else 1, self.brincode)
        request = f'<{self.operation} xmlns="{LG}">{"".join(inner)}{self.rest}</{self.operation}>'
        autorisatie = f'<a:autorisatie xmlns:a="{AUT}">{header_xml}</a:autorisatie>' * self.headers
        header = f"<e:Header>{autorisatie}{self.extra_header}</e:Header>"
        body = f"<e:Body>{request * self.times}</e:Body>"
        return f'{self.before}<e:Envelope xmlns:e="{self.soap}">{header}{body}</e:Envelope>'.encode()


MUST = '<x xmlns="urn:x" e:mustUnderstand="1"/>'
VIOLATIONS: dict[str, list[dict[str, Any]]] = {
    "Client.OngeldigBericht 2": [
        *({"before": "<!DOCTYPE x>"}, {"times": 2}, {"times": 0}, {"operation": "alles_verzoek"}),
    ],
    "VersionMismatch 3": [{"soap": SOAP12}],
    "MustUnderstand 3": [{"extra_header": MUST}],
    "Client.AutorisatieOngeldig 4": [{"headers": 0}, {"headers": 2}, {"key": ""}],
    "Client.OngeldigeKlantIdentificatie 5": [{"klantnaam": "Onbekend"}, {"klantcode": "onjuist"}],
    "Client.OngeldigBericht 6": [{"brincode": ""}, {"brincode": "<brincode>21qw</brincode>"}],
    "Client.AutorisatieOngeldig 7": [{"key": "21QW00een-andere-code"}, {"brincode": "<brincode>99XX</brincode>"}],
    "Client.OngeldigBericht 8": [{"schooljaar": "2026"}, {"rest": "<x/>"}],
    "Client.XsdVersieOngeldig 9": [{"version": "9.9"}],
}
"""Violations of the rows of the table, in its order: the fields that change in a Message."""


def faults_in_pairs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every two violations of different rows, with the fault of the earlier; in one place the earlier stands."""
    for (first, ones), (_, others) in combinations(VIOLATIONS.items(), 2):
        for one in ones:
            for other in others:
                yield first, other | one


@pytest.mark.parametrize("sloppy", [False, True], ids=["clean", "repaired"])
def test_of_two_errors_the_earlier_row_answers(tolerant: Endpoint, *, sloppy: bool) -> None:
    """Whatever two rows a request breaks, the earlier one answers; also when the request needs repairs besides."""
    good = Message(tolerant.served.klantcodes["Snappet"], sloppy=sloppy)
    assert b"<leerlinggegevens>" in call(tolerant.app, good.bytes()).body
    assert_each(good, lambda message: verdict(call(tolerant.app, message)))


@pytest.mark.parametrize("endpoint", ["strict_afnemers", "strict_service"])
def test_of_two_errors_the_earlier_row_answers_strictly(endpoint: str, request: pytest.FixtureRequest) -> None:
    """The same holds for those whose requests are never repaired."""
    strict: Endpoint = request.getfixturevalue(endpoint)
    good = Message(strict.served.klantcodes["Snappet"])
    assert b"<leerlinggegevens>" in call(strict.app, good.bytes()).body
    assert_each(good, lambda message: verdict(call(strict.app, message)))


def assert_each(good: Message, judge: Callable[[bytes], str]) -> None:
    """Hold each pair of violations to the fault of the earlier row."""
    wrong = [
        (expected, changes, answer)
        for expected, changes in faults_in_pairs()
        if (answer := judge(replace(good, **changes).bytes())) != expected.split()[0]
    ]
    assert wrong == []


def test_a_strict_service_refuses_a_bad_header_before_an_unknown_klant(strict_service: Endpoint) -> None:
    """Without repairs an incomplete header is row 4 for every afnemer."""
    message = Message("onjuist", sloppy=True).bytes()
    assert verdict(call(strict_service.app, message)) == "Client.AutorisatieOngeldig"
