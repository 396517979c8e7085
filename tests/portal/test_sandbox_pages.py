"""The pages and the API of the sandbox, as a browser and a program without a server meet them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clock import Clock
from support.portal_browser import MOMENT, Browser
from support.rsgi import send
from support.sandbox import SandboxBench, ask_api, brin6, message, sandbox_in, situation
from support.wsgi import call

from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.demo import example_files
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.sandbox import call_log, serving, state
from uwlr_adapter.sandbox.acts import ACTS
from uwlr_adapter.sandbox.on_call import Consequence
from uwlr_adapter.sandbox.situations import SITUATIONS
from uwlr_adapter.sandbox.world import World
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

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
    status, refusal = ask_api(bench, "schools/01ZA00/pause", b"", HTTP_SEC_FETCH_SITE="cross-site")
    assert (status, refusal["error"]) == (403, "The API is for programs, not for pages of other sites.")
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


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"ahead": 0}', '{"ahead": 0, "accounts": {}, "schools": {"a": 1}}']
)
def test_a_broken_file_of_the_sandbox_is_one_sentence(tmp_path: Path, content: str) -> None:
    """The file that keeps the state of a sandbox cannot be read: the demo says so, and what to do."""
    (tmp_path / state.FILE).write_text(content, encoding="utf-8")
    with pytest.raises(state.SandboxStateError, match="begins anew"):
        state.read(tmp_path)


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
