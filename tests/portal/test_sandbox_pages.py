"""The pages and the API of the sandbox, as a browser and a program without a server meet them."""

import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from support.clock import Clock
from support.messages import body, envelope, header, school_element
from support.portal_browser import MOMENT, Browser
from support.rsgi import send
from support.sandbox import SandboxBench, ask_api, brin6, message, sandbox_in, situation
from support.wsgi import call

from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.demo import example_files
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.sandbox import call_log, serving, state
from uwlr_adapter.sandbox.acts import ACTS
from uwlr_adapter.sandbox.on_call import Consequence
from uwlr_adapter.sandbox.situations import SITUATIONS
from uwlr_adapter.sandbox.world import World
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.rsgi import MAX_CHUNKS

USUAL = "/sandbox/schools/01ZA00"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SandboxBench]:
    """Yield a sandbox."""
    with sandbox_in(tmp_path) as bench:
        yield bench


def form_of(browser: Browser, path: str, act: str) -> dict[str, str]:
    """Return what the form of an act would send."""
    page = browser.get(path)
    (number,) = [place for place, one in enumerate(page.forms()) if one.get("action", "").endswith(f"/{act}")]
    return page.fields(number)


def take(bench: SandboxBench, klantnaam: str) -> tuple[Browser, str]:
    """Take an account by the form; returns its browser, and its klantcode."""
    browser = bench.browser
    fields = form_of(browser, "/sandbox", "account") | {"klantnaam": klantnaam}
    assert browser.post("/sandbox/account", fields).status == 200
    return browser, fields["klantcode"]


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


def test_a_slow_school_waits(bench: SandboxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of a slow school leaves after as many seconds as were asked; another school's leaves at once."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    async def calls() -> None:
        for name in ("slow", "usual"):
            assert (await send(bench.rsgi, message(name))).statuses == [200]
        assert waited == [10]
        ask_api(bench, "schools/01ZA00/slow", b"seconds=3")
        assert (await send(bench.rsgi, message("usual"), pieces=3)).statuses == [200]

    monkeypatch.setattr(serving, "wait", wait)
    asyncio.run(calls())
    assert waited == [10, 3]


def test_a_message_that_is_too_long_is_refused_as_ever(bench: SandboxBench) -> None:
    """The sandbox reads no more of a body than the service does, with and without a length; nothing is made for it."""

    async def calls() -> list[int]:
        large = b"x" * (MESSAGE.octets + 1)
        length = ("content-length", str(len(large)))
        found = [await send(bench.rsgi, large, pieces=9), await send(bench.rsgi, large, length)]
        return [status for one in found for status in one.statuses]

    assert asyncio.run(calls()) == [413, 413]


def test_a_failure_of_the_sandbox_is_no_failure_of_the_call(
    bench: SandboxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a school cannot be made the call gets the answer that it would have had; the log has the failure."""

    def fail(_self: World, _call: Call) -> Consequence:
        raise ValueError

    monkeypatch.setattr(World, "before_call", fail)
    assert asyncio.run(send(bench.rsgi, message("usual"))).statuses == [500]
    (call_,) = bench.calls.calls_of(KLANTNAAM)
    assert call_.outcome == "Client.AutorisatieOngeldig"


def test_only_the_owner_sets_something_off(bench: SandboxBench) -> None:
    """A call with a wrong klantcode makes no school; one with a wrong autorisatiesleutel changes none."""

    async def calls() -> None:
        for wrong in (KLANTCODE, situation("leaver").code("ZA")):
            for _ in range(2):
                await send(bench.rsgi, message("leaver").replace(wrong.encode(), b"a-wrong-code-of-somebody"))
            made.append({one: school.calls for one, school in bench.world.present.schools.items()})

    made: list[dict[str, int]] = []
    asyncio.run(calls())
    assert made == [{}, {brin6("leaver"): 0}]


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

    asyncio.run(calls())


def test_each_who_comes_has_a_key(bench: SandboxBench) -> None:
    """Nobody who comes gets the key of another one, at a school with a visitor either."""

    async def calls() -> None:
        for number in range(1, 5):
            await send(bench.rsgi, message("changing"))
            done = ask_api(bench, f"schools/{brin6('changing')}/join", b"")[1]["done"]
            assert done == f"N{number:04} came, in jaargroep 3"

    asyncio.run(calls())


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


def test_calls_are_bounded(bench: SandboxBench) -> None:
    """The last 50 calls of an account are kept, and none of a klantnaam that no account has by that name."""

    async def calls() -> None:
        for _ in range(call_log.KEPT + 5):
            await send(bench.rsgi, message("paused"))
        await send(bench.rsgi, message("paused").replace(b">Snappet<", b">Nobody<"))

    asyncio.run(calls())
    assert len(bench.calls.calls_of(KLANTNAAM)) == call_log.KEPT
    assert bench.calls.calls_of("Nobody") == []


def test_the_page_of_calls(bench: SandboxBench) -> None:
    """A call stands there with its outcome, its true reason and its word; its own page has the masked request."""
    wrong = message("usual").replace(b"<xsdversie>2.2</xsdversie>", b"<xsdversie>2.2</xsdversie><geheim>Jan</geheim>")

    async def calls() -> None:
        for one in (message("paused"), wrong):
            await send(bench.rsgi, one)

    asyncio.run(calls())
    page = bench.browser.get("/sandbox/calls")
    assert "the school paused the koppeling" in page.text
    (link,) = page.tree.xpath('//a[starts-with(@href, "/uwlr/fouten#")]')
    assert link.get("href") == "/uwlr/fouten#" + link.text
    shown = bench.browser.get(page.tree.xpath('//td/a[starts-with(@href, "/sandbox/calls/")]/@href')[0])
    assert "leerlinggegevens_verzoek" in shown.text
    assert not any(secret in shown.text for secret in ("Jan", "geheim", KLANTCODE, situation("usual").code("ZA")))
    assert bench.browser.get("/sandbox/calls/0123456789abcdef").status == 404


def call_of(name: str, request_id: str, letters: str = "ZA", codes: tuple[str, str] = (KLANTNAAM, KLANTCODE)) -> Any:
    """Return the parts of a call of an account for the school of a situation, with an X-Request-ID."""
    one = situation(name)
    sent = envelope(
        body("2026-2027", school_element(one.brin6(letters))), header(one.code(letters), codes[1], codes[0])
    )
    return sent, ("x-request-id", request_id)


def test_calls_with_one_request_id(bench: SandboxBench) -> None:
    """Calls that a vendor sends with one X-Request-ID each have their own outcome and reason; the last one is found."""
    names = ("paused", "ended", "usual", "other-code")

    async def calls() -> None:
        for name in names:
            await send(bench.rsgi, *call_of(name, "0000000a"))

    asyncio.run(calls())
    found = [(one.outcome, one.reason) for one in reversed(bench.calls.calls_of(KLANTNAAM))]
    wanted = ("gepauzeerd", "beëindigd", None, "code onjuist")
    refused = "Client.AutorisatieOngeldig"
    assert found == [
        (refused, call_log.REASONS[reason]) if reason is not None else ("leerlinggegevens", "") for reason in wanted
    ]
    assert ask_api(bench, "calls/0000000a")[1]["reason"] == call_log.REASONS["code onjuist"]


def test_a_call_is_found_by_its_account(bench: SandboxBench) -> None:
    """Who guesses the X-Request-ID of a call does not get it; its account does, with its codes or in its browser."""
    browser, klantcode = take(bench, "Een ander")

    async def calls() -> None:
        await send(bench.rsgi, *call_of("usual", "0000000b", "ZB", ("Een ander", klantcode)))
        await send(bench.rsgi, b"<no XML", ("x-request-id", "0000000c"))

    asyncio.run(calls())
    token = base64.b64encode(f"Een ander:{klantcode}".encode()).decode()
    codes: tuple[dict[str, str], ...] = ({}, {"HTTP_AUTHORIZATION": ""}, {"HTTP_AUTHORIZATION": f"Basic {token}"})
    assert [ask_api(bench, "calls/0000000b", None, **one)[0] for one in codes] == [404, 404, 200]
    assert [ask_api(bench, "calls/0000000c", None, **one)[0] for one in codes] == [200, 200, 200]
    assert [one.get("/sandbox/calls/0000000b").status for one in (bench.browser, browser)] == [404, 200]
    assert [one.get("/sandbox/calls/0000000c").status for one in (bench.browser, browser)] == [200, 200]
    (found,) = (
        browser.get(f"/sandbox/calls/by-id?id={one}").reply.headers["Location"] for one in ("../../koppelingen",)
    )
    assert found == "/sandbox/calls/none"


def test_a_call_that_comes_too_early_is_that_call(bench: SandboxBench) -> None:
    """Of calls at once to a busy school as many are refused as was asked, and the others have the data."""
    ask_api(bench, "schools/01ZA00/busy", b"calls=3")

    async def calls() -> list[int]:
        found = await asyncio.gather(*(send(bench.rsgi, message("usual")) for _ in range(6)))
        return sorted(status for one in found for status in one.statuses)

    assert asyncio.run(calls()) == [200, 200, 200, 500, 500, 500]


def test_a_body_in_too_many_pieces_is_refused_as_ever(bench: SandboxBench) -> None:
    """A body in more pieces than the service reads is refused by the sandbox too, which reads no more of them."""
    sent = asyncio.run(send(bench.rsgi, message("usual"), pieces=2 * MAX_CHUNKS))
    assert (sent.statuses, sent.pieces_read) == ([400], MAX_CHUNKS + 1)


def test_a_charset_of_the_transport(bench: SandboxBench) -> None:
    """A message in the charset that its Content-Type names is understood as the service does: its school is made."""
    _, klantcode = take(bench, "Café")
    sent, _ = call_of("usual", "", "ZB", ("Café", klantcode))
    latin = sent.decode().encode("latin-1")
    asyncio.run(send(bench.rsgi, latin, ("content-type", "text/xml; charset=iso-8859-1")))
    assert [one.outcome for one in bench.calls.calls_of("Café")] == ["leerlinggegevens"]


def test_a_large_tree_is_not_masked(bench: SandboxBench) -> None:
    """A message that the service does not read is not written anew either: that could take long."""
    asyncio.run(send(bench.rsgi, b"<a>" + b"<b/>" * MESSAGE.elements + b"</a>", ("x-request-id", "0000000d")))
    shown = bench.calls.find(KLANTNAAM, "0000000d")
    assert shown is not None
    assert "not shown: more than 500 elements" in shown.request


def test_what_waits_is_bounded(bench: SandboxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When as many answers wait as may, the next one of a slow school leaves without waiting."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            assert (await send(bench.rsgi, message("slow"))).statuses == [200]

    monkeypatch.setattr(serving, "wait", wait)
    monkeypatch.setattr(serving, "MAX_WAITING", 1)

    async def calls() -> None:
        for _ in range(2):
            assert (await send(bench.rsgi, message("slow"))).statuses == [200]

    asyncio.run(calls())
    assert waited == [10, 10]


def test_a_failure_to_keep_a_call_is_no_failure_of_it(bench: SandboxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a call cannot be kept, it has its answer."""
    monkeypatch.setattr(call_log, "logged", lambda *_given: 1 / 0)
    assert asyncio.run(send(bench.rsgi, message("usual"))).statuses == [200]


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
        (endpoint,) = app.endpoints.values()
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
