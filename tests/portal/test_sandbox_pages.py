"""The pages and the API of the sandbox, as a browser and a program without a server meet them."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from support import event_loop
from support.clock import Clock
from support.messages import body, envelope, header, school_element
from support.portal_browser import MOMENT
from support.rsgi import send
from support.sandbox import SandboxBench, ask_api, brin6, form_of, message, sandbox_in, situation, take
from support.wsgi import call

from uwlr_adapter.demo import example_files
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.sandbox import state
from uwlr_adapter.sandbox.acts import ACTS
from uwlr_adapter.sandbox.situations import SITUATIONS
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.services import LEERLINGGEGEVENS

USUAL = "/sandbox/schools/01ZA00"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SandboxBench]:
    """Yield a sandbox."""
    with sandbox_in(tmp_path) as bench:
        yield bench


def test_the_page_lists_every_situation(bench: SandboxBench) -> None:
    """Each situation of the table stands on the page with its codes; a page of a school has a button for each act."""
    page = bench.browser.get("/sandbox")
    for one in SITUATIONS:
        assert all(text in page.text for text in (one.name, one.code("ZA"), one.school, one.answer)), one.name
    school = bench.browser.get(f"/sandbox/schools/{brin6('held')}")
    assert {form.get("action").rpartition("/")[2] for form in school.forms()} == set(ACTS)


def test_an_act_of_a_page_is_done_once(bench: SandboxBench) -> None:
    """A form that is sent twice does it once: the second is of a version that is gone, and says so."""
    browser = bench.browser
    fields = form_of(browser, USUAL, "join")
    assert browser.post(f"{USUAL}/join", fields).status == 303
    again = browser.post(f"{USUAL}/join", fields)
    assert (again.status, again.h1) == (409, "Not done")
    assert "leerlingen25" in browser.get(USUAL).text
    assert len(bench.world.present.schools["01ZA00"].edits.joined) == 1


def test_an_account_that_is_taken_twice_is_one(bench: SandboxBench) -> None:
    """The form of an account that is sent twice shows the same klantcode twice, and takes one account."""
    browser = bench.browser
    fields = form_of(browser, "/sandbox", "account") | {"klantnaam": "Tweemaal"}
    pages = [browser.post("/sandbox/account", fields) for _ in range(2)]
    assert [page.h1 for page in pages] == ["Your account", "Your account"]
    assert all(fields["klantcode"] in page.text for page in pages)
    assert list(bench.world.present.accounts.values()) == ["Tweemaal"]


def test_a_form_without_its_token_is_refused(bench: SandboxBench) -> None:
    """No page of another site can do an act: not by a form, not by the API with the codes that a browser keeps."""
    fields = form_of(bench.browser, USUAL, "pause")
    assert bench.browser.post(f"{USUAL}/pause", {**fields, "csrf_token": "x"}).status == 400
    of_other_sites = (
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "same-site"},
        {"HTTP_ORIGIN": "http://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "http://["},
    )
    for one in of_other_sites:
        status, refusal = ask_api(bench, "schools/01ZA00/pause", b"", **one)
        assert (status, refusal["error"]) == (403, "The API is for programs, not for pages of other sites.")
        assert ask_api(bench, "accounts", b"klantnaam=Een+ander", **one)[0] == 403
    assert ask_api(bench, "schools/01ZA00")[1]["koppeling"] == "active"


def test_an_account_sees_its_own(bench: SandboxBench) -> None:
    """Who has an account sees its schools and calls and no other's; who logs out is back at the published one."""
    browser, klantcode = take(bench, "Een ander")
    assert "01ZB00" in browser.get("/sandbox").text
    assert "01ZA00" not in browser.get("/sandbox").text
    assert browser.get(USUAL).status == 409
    assert browser.get("/sandbox/schools/01ZB00").status == 200
    assert bench.browser.get("/sandbox/schools/01ZB00").status == 409
    token = form_of(browser, "/sandbox", "clock")["csrf_token"]
    browser.post("/sandbox/log-out", {"csrf_token": token})
    assert "01ZA00" in browser.get("/sandbox").text
    fields = form_of(browser, "/sandbox", "log-in") | {"klantnaam": "Een ander"}
    browser.post("/sandbox/log-in", fields | {"klantcode": "a-wrong-klantcode"})
    assert "01ZA00" in browser.get("/sandbox").text
    browser.post("/sandbox/log-in", fields | {"klantcode": klantcode})
    assert "01ZB00" in browser.get("/sandbox").text


def test_the_state_is_kept(bench: SandboxBench, tmp_path: Path) -> None:
    """A sandbox that starts again has its clock, its accounts and what was done to its schools."""
    ask_api(bench, "clock", b"to=%2B30")
    ask_api(bench, "schools/01ZA00/rename", b"achternaam=Nieuw")
    ask_api(bench, "schools/01ZA00/leave", b"")
    ask_api(bench, "schools/01ZA00/move", b"")
    ask_api(bench, "schools/01ZA00/break", b"calls=2")
    ask_api(bench, "accounts", b"klantnaam=Een+ander")
    kept = state.read(tmp_path)
    assert kept == bench.world.present
    assert (kept.ahead, kept.accounts) == (30 * 24 * 3600, {"ZB": "Een ander"})
    assert (len(kept.schools["01ZA00"].edits), kept.schools["01ZA00"].cut) == (3, 2)


def test_a_state_of_an_older_sandbox(bench: SandboxBench, tmp_path: Path) -> None:
    """A state without what was added to it later is read, with nobody moved and no answer that breaks off."""
    ask_api(bench, "schools/01ZA00/leave", b"")
    stored = json.loads((tmp_path / state.FILE).read_text(encoding="utf-8"))
    edits = stored["schools"]["01ZA00"].pop("edits")
    stored["schools"]["01ZA00"]["edits"] = {name: edits[name] for name in ("left", "renamed", "joined", "has_question")}
    del stored["schools"]["01ZA00"]["cut"]
    (tmp_path / state.FILE).write_text(json.dumps(stored), encoding="utf-8")
    assert state.read(tmp_path) == bench.world.present


def test_acts_have_an_end(bench: SandboxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done to the leerlingen of a school is bounded; after that it is made anew."""
    monkeypatch.setattr(state, "MAX_EDITS", 1)
    assert ask_api(bench, "schools/01ZA00/join", b"")[0] == 200
    status, refusal = ask_api(bench, "schools/01ZA00/join", b"")
    assert (status, refusal["error"]) == (409, "a school takes 1 acts on its leerlingen: reset it")
    assert ask_api(bench, "schools/01ZA00/reset", b"")[0] == 200
    assert len(ask_api(bench, "schools/01ZA00")[1]["leerlingen"]) == 24


SCHOOL = (
    '{"ahead": 0, "accounts": {}, "schools": {"01ZA00": {"version": 1, "years": ["2026-2027"], "calls": 0, '
    '"seconds": 0, "refused": 0, '
    '"edits": {"left": [], "renamed": {"L26000": ["Jan", "Bos"]}, "joined": {}, "has_question": false}}}}'
)
"""A file of the state, as the first release with a sandbox wrote it."""
DAMAGED = [
    *("", "{", "[]", "[" * 5000, '{"ahead": 0}', '{"ahead": 0, "accounts": {}, "schools": {"a": 1}}'),
    *(SCHOOL.replace('"ahead": 0', f'"ahead": {one}') for one in ('"1"', "1e30", "NaN", "null", f"1{'0' * 30}")),
    SCHOOL.replace('"accounts": {}', '"accounts": []'),
    SCHOOL.replace('"accounts": {}', '"accounts": {"ZB": 1}'),
    SCHOOL.replace('"seconds": 0', '"seconds": "10"'),
    SCHOOL.replace('["2026-2027"]', '"2026-2027"'),
    SCHOOL.replace('["Jan", "Bos"]', '["Jan", 1]'),
    SCHOOL.replace('"joined": {}', '"joined": {"N0001": "2026"}'),
]


def test_a_file_of_before_is_read(tmp_path: Path) -> None:
    """The state of a sandbox of the release before is read as it was."""
    (tmp_path / state.FILE).write_text(SCHOOL, encoding="utf-8")
    assert state.read(tmp_path).schools["01ZA00"].edits.renamed == {"L26000": ("Jan", "Bos")}


@pytest.mark.parametrize("content", DAMAGED)
def test_a_broken_file_of_the_sandbox_is_one_sentence(tmp_path: Path, content: str) -> None:
    """The file that keeps the state of a sandbox cannot be read: the demo says so, and what to do."""
    (tmp_path / state.FILE).write_text(content, encoding="utf-8")
    with pytest.raises(state.SandboxStateError, match="begins anew"):
        state.read(tmp_path)


def test_the_records_are_those_of_the_school(bench: SandboxBench) -> None:
    """Whoever left or came while the clock was elsewhere, an answer has the leerlingen that the school lists."""
    one = situation("usual")

    async def listed_and_answered(schooljaar: str) -> tuple[set[str], set[str]]:
        sent = envelope(body(schooljaar, school_element("01ZA00")), header(one.code("ZA"), KLANTCODE, KLANTNAAM))
        answer = etree.fromstring((await send(bench.rsgi, sent)).content)
        answered = {str(found.get("key")) for found in answer.iterfind(".//{*}leerlingen/{*}leerling")}
        return {found["key"] for found in ask_api(bench, "schools/01ZA00")[1]["leerlingen"]}, answered

    async def calls() -> None:
        for to, schooljaar, key in (
            ("real", "2026-2027", "L24001"),
            ("next-year", "2027-2028", "L24002"),
            ("real", "2026-2027", "L24000"),
            ("2025-11-25", "2025-2026", "L23000"),
            ("next-year", "2026-2027", "L25000"),
        ):
            ask_api(bench, "clock", f"to={to}".encode())
            listed, answered = await listed_and_answered(schooljaar)
            assert (answered, key in answered) == (listed, True), to
            assert ask_api(bench, "schools/01ZA00/leave", f"leerling={key}".encode())[0] == 200
            assert key not in (await listed_and_answered(schooljaar))[1]

    event_loop.run(calls())


def test_each_who_comes_has_a_key(bench: SandboxBench) -> None:
    """Nobody who comes gets the key of another one, at a school with a visitor either."""

    async def calls() -> None:
        for number in range(1, 5):
            await send(bench.rsgi, message("changing"))
            done = ask_api(bench, f"schools/{brin6('changing')}/join", b"")[1]["done"]
            assert done == f"N{number:04} came, in jaargroep 3"

    event_loop.run(calls())


def test_an_account_that_was_half_made(bench: SandboxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A klantnaam whose account was begun when the sandbox stopped can be taken; a refused one has no letters."""
    for module, name in ((state, "write"), (afnemers, "add")):
        with monkeypatch.context() as stopped:
            stopped.setattr(module, name, lambda *_given, **_named: sys.exit())
            with pytest.raises(SystemExit):
                bench.world.take_account("Een ander")
    for klantnaam in ("Een ander", "Nog een"):
        assert ask_api(bench, "accounts", f"klantnaam={klantnaam}".encode())[0] == 200
        assert ask_api(bench, "accounts", f"klantnaam={klantnaam}".encode())[0] == 409
        assert ask_api(bench, "accounts", b"klantnaam=")[0] == 409
    assert bench.world.present.accounts == {"ZB": "Een ander", "ZC": "Nog een"}


def test_the_examples_are_served(bench: SandboxBench) -> None:
    """The page of the examples is reached from the menu, and each example that it lists is there."""
    page = bench.browser.get("/sandbox")
    assert b'href="/sandbox/voorbeelden/"' in page.reply.body
    listed = example_files.names()
    index = bench.browser.get("/sandbox/voorbeelden/").reply.body.decode()
    assert [name for name in listed if f'href="/sandbox/voorbeelden/{name}"' not in index] == []
    got = call(bench.app, method="GET", path=f"/sandbox/voorbeelden/{listed[0]}")
    assert (got.status, got.body) == (200, (example_files.FOLDER / listed[0]).read_bytes())


def test_the_service_knows_nothing_of_it(bench: SandboxBench, tmp_path: Path) -> None:
    """In the same folder `make_app` has no page of the sandbox, its own clock, and no school that is busy."""
    bench.world.move_clock(MOMENT + timedelta(days=400))
    ask_api(bench, "schools/15ZA00")
    app = make_app(Settings(data=tmp_path), Clock(MOMENT))
    try:
        assert call(app, method="GET", path="/sandbox").status == 404
        assert call(app, method="GET", path="/sandbox/api/").status == 404
        endpoint = app.endpoints[LEERLINGGEGEVENS.path]
        assert endpoint.clock() == MOMENT
        assert isinstance(endpoint.exchange.use_case, Leerlinggegevens)
    finally:
        app.close()


def test_a_longer_path_has_its_own_application(bench: SandboxBench) -> None:
    """What is mounted below the sandbox is reached, and the pages of the sandbox beside it."""

    def other(_environ: object, start_response: Any) -> list[bytes]:
        start_response("202 Accepted", [("Content-Type", "text/plain")])
        return [b""]

    bench.app.mounts["/sandbox/voorbeelden"] = other
    paths = ("/sandbox/voorbeelden", "/sandbox/voorbeelden/2.2/x.xml", "/sandbox/voorbeeldenx", "/sandbox")
    assert [call(bench.app, method="GET", path=path).status for path in paths] == [202, 202, 404, 200]
