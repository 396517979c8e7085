"""The fault catalogue: each example is sent to the real service, and the page and the document say what comes back."""

import re
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from lxml import etree
from support.hostile_server import hostile, response, says
from support.served_school import CODE, ServedSchool, furnish, open_for_results
from support.wsgi import Reply, call, forgiving

from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.contract import fault, fault_catalogue
from uwlr_adapter.contract.answer import check
from uwlr_adapter.contract.fault_catalogue import FaultEntry, FaultExample, FaultSubject
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.resultaten import reading
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

ROOT = Path(__file__).parents[2]
CATALOGUE = fault_catalogue.load()
URL = "https://uwlr.example"
PAGE = f"{URL}/uwlr/fouten"
OF_CODES = {FaultSubject.CODE, FaultSubject.RESULTS}
WORDS = [entry for entry in CATALOGUE.entries if entry.about not in OF_CODES]
CODES = [entry for entry in CATALOGUE.entries if entry.about in OF_CODES]
EXAMPLES = [(entry, entry.example) for entry in CATALOGUE.entries if entry.example is not None]
SENT = [(entry, example) for entry, example in EXAMPLES if entry.about is not FaultSubject.ANSWER and not example.when]
FOUND = [(entry, example) for entry, example in EXAMPLES if entry.about is FaultSubject.ANSWER]
RESULTS_PATH = "/uwlr/leerresultaten"
NEVER_SENT = {fault.VocabulaireTermOngeldig.code}
"""The faults that no request gets: no vocabulaire is known here."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return the school of the demo, on which the examples are."""
    school = furnish(tmp_path_factory.mktemp("school"))
    open_for_results(school.data)
    return school


@pytest.fixture
def app(served: ServedSchool) -> Iterator[App]:
    """Yield the service, under a public URL."""
    app = make_app(Settings(data=served.data, public_url=f"{URL}/"))
    yield app
    app.close()


def message(served: ServedSchool, text: str) -> bytes:
    """Return a message of the catalogue for the schooljaar of today."""
    return text.replace("2026-2027", served.schooljaar).encode()


def send(app: App, served: ServedSchool, entry: FaultEntry, example: FaultExample) -> Reply:
    """Send the request of an example."""
    asked = {"path": RESULTS_PATH} if entry.about is FaultSubject.RESULTS else {}
    return call(app, message(served, example.message), content_type=example.content_type, **asked)


def name_of(value: object) -> str:
    """Return the name of an entry."""
    return value.name if isinstance(value, FaultEntry) else ""


def test_every_word_and_every_code_has_an_entry() -> None:
    """Each word and each faultcode has one entry, and an example unless no request can get it."""
    assert sorted(entry.name for entry in WORDS) == sorted(Rule)
    kinds = {kind for kind in vars(fault).values() if isinstance(kind, type) and issubclass(kind, fault.Fault)}
    assert sorted(entry.name for entry in CODES) == sorted({kind.code for kind in kinds - {fault.Fault}})
    assert {entry.name for entry in CATALOGUE.entries if entry.example is None} == NEVER_SENT
    assert all(entry.without for entry in CATALOGUE.entries if entry.example is None)


def test_every_example_has_its_word() -> None:
    """An example of a word gets that word, one of a code that code, and each change of it changes something."""
    for entry, example in EXAMPLES:
        assert entry.name == (example.code if entry.about in OF_CODES else example.rule)
        changed = {FaultSubject.ANSWER: CATALOGUE.answer, FaultSubject.RESULTS: CATALOGUE.results}
        right = changed.get(entry.about, CATALOGUE.request)
        assert all(before in right for before, _ in example.changes), entry.name


def test_the_request_that_the_examples_change_is_right(app: App, served: ServedSchool) -> None:
    """Without a change it is answered with data, and its values are the published ones of the demo."""
    assert b"<leerling " in call(app, message(served, CATALOGUE.request)).body
    for value in (setup.KLANTNAAM, setup.KLANTCODE, setup.VERIFICATIECODE):
        assert f">{value}<" in CATALOGUE.request
        assert f">{value}<" in CATALOGUE.results
    assert check(CATALOGUE.answer.encode(), CATALOGUE.answer_version) == []


def test_the_message_with_results_that_the_examples_change_is_right(app: App, served: ServedSchool) -> None:
    """Without a change it is confirmed, and each leerling in it is known."""
    reply = call(app, message(served, CATALOGUE.results), path=RESULTS_PATH)
    assert (reply.status, reply.body) == (HTTPStatus.OK, BEVESTIGING)
    database = Database(Settings(data=served.data).database_url)
    with database.reading() as connection:
        assert [one.not_processed for one in reading.messages(connection, setup.BRIN6)] == [0]
    database.close()


@pytest.mark.parametrize(("entry", "example"), SENT, ids=name_of)
def test_an_example_gets_its_fault(app: App, served: ServedSchool, entry: FaultEntry, example: FaultExample) -> None:
    """The service answers with the code, the path and the word of the catalogue, and leads to the word on its page."""
    reply = send(app, served, entry, example)
    assert reply.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert reply.body == fault.render(example.fault, PAGE)
    found = etree.fromstring(reply.body).find(".//{*}fout")
    assert (found is None) == (example.rule is None)
    if found is not None:
        assert found.get("uitleg") == f"{PAGE}#{example.rule}"
        assert found.get("uitleg", "").partition("#")[2] in {word.name for word in WORDS}


def test_who_guesses_is_told_when_to_call_again(tmp_path: Path) -> None:
    """The example of too many wrong codes gets its fault once that many were sent, with Retry-After."""
    served = furnish(tmp_path)
    app = make_app(Settings(data=served.data))
    ((entry, example),) = [(one, it) for one, it in EXAMPLES if one.name == fault.TijdelijkNietBeschikbaar.code]
    (calls,) = re.findall(r"\d+", example.when)
    replies = [send(app, served, entry, example) for _ in range(int(calls) + 1)]
    assert {reply.body for reply in replies[:-1]} == {fault.render(fault.AutorisatieOngeldig())}
    assert replies[-1].body == fault.render(example.fault)
    assert int(replies[-1].headers["Retry-After"]) > 0
    app.close()


def test_a_failure_of_ours(app: App, served: ServedSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of a failure gets its fault while the service fails."""
    ((entry, example),) = [(one, it) for one, it in EXAMPLES if one.name == fault.InterneFout.code]

    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Database, "look", fail)
    assert send(app, served, entry, example).body == fault.render(example.fault, PAGE)


def test_faults_without_a_detail_are_alike(app: App, served: ServedSchool) -> None:
    """No cause of a refusal without a detail shows in its bytes, and none of them has an address of a word."""
    forgiving(app)
    bodies = {call(app, served.request(**parts)).body for parts in served.refused_calls.values()}
    assert bodies == {fault.render(fault.AutorisatieOngeldig())}
    assert b"uitleg" not in bodies.pop()


@pytest.mark.parametrize(("entry", "example"), FOUND, ids=name_of)
def test_an_example_of_an_answer_is_found(entry: FaultEntry, example: FaultExample) -> None:
    """`check` finds the word in the bytes of the answer, and `pull` in the answer of a server."""
    content = example.message.encode()
    assert [(one.path, one.rule) for one in check(content, CATALOGUE.answer_version)] == [(example.path, example.rule)]
    request = PullRequest("Snappet", "code", CODE, "21QW", "00", "2026-2027", xsdversie=CATALOGUE.answer_version)
    with hostile(says(response("200 OK", content))) as server:
        found = pull(server.url, request, allow_private=True).findings
    assert [(one.path, one.rule) for one in found] == [(example.path, example.rule)]


def read(app: App, path: str) -> Reply:
    """Read an address, as somebody who names another host than ours."""
    return call(app, method="GET", path=path, content_type=None, HTTP_HOST="elders.example")


def test_the_page_shows_every_entry(app: App) -> None:
    """The page has a place for each word and code, with the whole request and the bytes of the answer."""
    reply = read(app, "/uwlr/fouten")
    assert (reply.status, reply.headers["Content-Type"]) == (HTTPStatus.OK, "text/html; charset=utf-8")
    root = etree.fromstring(reply.body, etree.HTMLParser())
    places = {place.get("id"): place for place in root.iter("article")}
    assert list(places) == [entry.name.replace(".", "-") for entry in CATALOGUE.entries]
    for entry in CATALOGUE.entries:
        shown = ["".join(map(str, one.itertext())) for one in places[entry.anchor].iter("pre")]
        if entry.example is None:
            assert shown == []
        else:
            assert shown[0] == entry.example.message
            assert shown[1:] in ([], [fault.render(entry.example.fault, PAGE).decode()])
    assert b"elders.example" not in reply.body


def test_the_page_runs_nothing(app: App) -> None:
    """The page allows its own style sheet and nothing else, and has no style or script in it."""
    reply = read(app, "/uwlr/fouten")
    policy = reply.headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert not re.search(rb"<script|<style| style=| on\w+=", reply.body)
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', reply.body.decode())
    assert read(app, style).headers["Content-Type"] == "text/css; charset=utf-8"


def test_the_document_is_the_catalogue() -> None:
    """docs/reference/faults.md and contract.md are what is made from the data files."""
    result = subprocess.run(
        [sys.executable, ROOT / ".ci" / "vendor_pages.py", "--check"], capture_output=True, text=True, check=False
    )
    assert result.stdout == ""
    assert result.returncode == 0
