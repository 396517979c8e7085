"""Calls to the sandbox: what becomes of their answers, and what its page of calls keeps of them."""

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import event_loop
from support.messages import body, envelope, header, school_element
from support.rsgi import send
from support.sandbox import SandboxBench, ask_api, brin6, message, sandbox_in, situation, take

from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.sandbox import call_log, serving
from uwlr_adapter.sandbox.on_call import Consequence
from uwlr_adapter.sandbox.world import World
from uwlr_adapter.web.rsgi import MAX_CHUNKS


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SandboxBench]:
    """Yield a sandbox."""
    with sandbox_in(tmp_path) as bench:
        yield bench


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
    event_loop.run(calls())
    assert waited == [10, 3]


def test_a_message_that_is_too_long_is_refused_as_ever(bench: SandboxBench) -> None:
    """The sandbox reads no more of a body than the service does, with and without a length; nothing is made for it."""

    async def calls() -> list[int]:
        large = b"x" * (MESSAGE.octets + 1)
        length = ("content-length", str(len(large)))
        found = [await send(bench.rsgi, large, pieces=9), await send(bench.rsgi, large, length)]
        return [status for one in found for status in one.statuses]

    assert event_loop.run(calls()) == [413, 413]


def test_a_failure_of_the_sandbox_is_no_failure_of_the_call(
    bench: SandboxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a school cannot be made the call gets the answer that it would have had; the log has the failure."""

    def fail(_self: World, _call: Call) -> Consequence:
        raise ValueError

    monkeypatch.setattr(World, "before_call", fail)
    assert event_loop.run(send(bench.rsgi, message("usual"))).statuses == [500]
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
    event_loop.run(calls())
    assert made == [{}, {brin6("leaver"): 0}]


def test_calls_are_bounded(bench: SandboxBench) -> None:
    """The last 50 calls of an account are kept, and none of a klantnaam that no account has by that name."""

    async def calls() -> None:
        for _ in range(call_log.KEPT + 5):
            await send(bench.rsgi, message("paused"))
        await send(bench.rsgi, message("paused").replace(b">Snappet<", b">Nobody<"))

    event_loop.run(calls())
    assert len(bench.calls.calls_of(KLANTNAAM)) == call_log.KEPT
    assert bench.calls.calls_of("Nobody") == []


def test_the_page_of_calls(bench: SandboxBench) -> None:
    """A call stands there with its outcome, its true reason and its word; its own page has the masked request."""
    wrong = message("usual").replace(b"<xsdversie>2.2</xsdversie>", b"<xsdversie>2.2</xsdversie><geheim>Jan</geheim>")

    async def calls() -> None:
        for one in (message("paused"), wrong):
            await send(bench.rsgi, one)

    event_loop.run(calls())
    page = bench.browser.get("/sandbox/calls")
    assert "the school paused the koppeling" in page.text
    (link,) = page.tree.xpath('//a[starts-with(@href, "/uwlr/fouten#")]')
    assert link.get("href") == "/uwlr/fouten#" + link.text
    shown = bench.browser.get(page.tree.xpath('//td/a[starts-with(@href, "/sandbox/calls/")]/@href')[0])
    assert "leerlinggegevens_verzoek" in shown.text
    assert not any(secret in shown.text for secret in ("Jan", "geheim", KLANTCODE, situation("usual").code("ZA")))
    assert bench.browser.get("/sandbox/calls/0123456789abcdef").status == 404


def test_what_became_of_results_is_no_mistake(bench: SandboxBench) -> None:
    """How many results were new stands with the outcome, and nothing under what was wrong."""
    taken = call_log.LoggedCall(
        "f" * 32, bench.world.clock(), "BrengLeerresultaten", 200, "leerresultaten_bevestiging", "<Body/>"
    )
    bench.calls.keep(KLANTNAAM, replace(taken, results="87 new"))
    (row,) = bench.browser.get("/sandbox/calls").tree.xpath("//tbody/tr")
    cells = {one.get("data-kop"): " ".join(one.text_content().split()) for one in row}
    assert (cells["Outcome"], cells["Wrong"]) == ("leerresultaten_bevestiging 87 new", "")


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

    event_loop.run(calls())
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

    event_loop.run(calls())
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

    assert event_loop.run(calls()) == [200, 200, 200, 500, 500, 500]


def test_a_body_in_too_many_pieces_is_refused_as_ever(bench: SandboxBench) -> None:
    """A body in more pieces than the service reads is refused by the sandbox too, which reads no more of them."""
    sent = event_loop.run(send(bench.rsgi, message("usual"), pieces=2 * MAX_CHUNKS))
    assert (sent.statuses, sent.pieces_read) == ([400], MAX_CHUNKS + 1)


def test_a_charset_of_the_transport(bench: SandboxBench) -> None:
    """A message in the charset that its Content-Type names is understood as the service does: its school is made."""
    _, klantcode = take(bench, "Café")
    sent, _ = call_of("usual", "", "ZB", ("Café", klantcode))
    latin = sent.decode().encode("latin-1")
    event_loop.run(send(bench.rsgi, latin, ("content-type", "text/xml; charset=iso-8859-1")))
    assert [one.outcome for one in bench.calls.calls_of("Café")] == ["leerlinggegevens"]


def test_a_large_tree_is_not_masked(bench: SandboxBench) -> None:
    """A message that the service does not read is not written anew either: that could take long."""
    event_loop.run(send(bench.rsgi, b"<a>" + b"<b/>" * MESSAGE.elements + b"</a>", ("x-request-id", "0000000d")))
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

    event_loop.run(calls())
    assert waited == [10, 10]


def test_a_failure_to_keep_a_call_is_no_failure_of_it(bench: SandboxBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a call cannot be kept, it has its answer."""
    monkeypatch.setattr(call_log, "logged", lambda *_given: 1 / 0)
    assert event_loop.run(send(bench.rsgi, message("usual"))).statuses == [200]
