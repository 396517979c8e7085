"""The API of the sandbox, as a program without a server meets it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import event_loop
from support.rsgi import send
from support.sandbox import SandboxBench, ask_api, message, sandbox_in
from support.wsgi import call

from uwlr_adapter.demo.setup import KLANTNAAM
from uwlr_adapter.sandbox.situations import LETTERS


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[SandboxBench]:
    """Yield a sandbox."""
    with sandbox_in(tmp_path) as bench:
        yield bench


@pytest.mark.parametrize("environ", [{"HTTP_AUTHORIZATION": ""}, {"HTTP_AUTHORIZATION": "Basic AAAA"}])
def test_the_api_wants_codes(bench: SandboxBench, environ: dict[str, str]) -> None:
    """Without the right codes there is nothing, and the answer says which."""
    for path, sent in (("", None), ("calls", None), ("schools/01ZA00", None), ("clock", b"to=%2B1")):
        status, refusal = ask_api(bench, path, sent, **environ)
        assert (status, "klantcode" in refusal["error"]) == (401, True)
    assert bench.world.clock.ahead.total_seconds() == 0
    token = base64.b64encode(f"{KLANTNAAM}:wrong".encode()).decode()
    refusal = ask_api(bench, "", HTTP_AUTHORIZATION=f"Basic {token}")[1]
    assert refusal["error"] == "No account of this sandbox has this klantnaam and klantcode."


def test_the_api_says_the_day(bench: SandboxBench) -> None:
    """A program reads the day and the schooljaar of the clock; a plus sign that a form did not encode is one too."""
    assert ask_api(bench, "clock", b"to=2027-07-31")[0] == 200
    found = ask_api(bench, "clock", b"to=+1")[1]
    assert (found["today"], found["schooljaar"]) == ("2027-08-01", "2027-2028")
    assert ask_api(bench, "")[1]["today"] == "2027-08-01"


def test_the_last_leerling_stays(bench: SandboxBench) -> None:
    """A school keeps one leerling, and says why: the service refuses an import without leerlingen."""
    status, refusal = ask_api(bench, "schools/04ZA00/leave", b"")
    assert (status, refusal["error"]) == (409, "the last leerling stays: an import without leerlingen is refused")
    assert len(ask_api(bench, "schools/04ZA00")[1]["leerlingen"]) == 1


def test_accounts_run_out(bench: SandboxBench) -> None:
    """There are 25 accounts; the next one is refused in a sentence, and so is a klantnaam with a colon."""
    for number in range(len(LETTERS) - 1):
        bench.world.take_account(f"Leverancier {number}")
    status, refusal = ask_api(bench, "accounts", b"klantnaam=Nog+een")
    assert (status, refusal["error"].partition(":")[0]) == (409, "all 25 accounts of this sandbox are taken")
    assert ask_api(bench, "accounts", b"klantnaam=a%3Ab")[0] == 409


def test_a_page_of_a_proxy_comes_for_an_answer(bench: SandboxBench) -> None:
    """As many answers as were asked are such a page; a fault that comes first is none of them."""

    async def calls() -> list[int]:
        assert ask_api(bench, "schools/01ZA00/break", b"calls=2&how=page")[0] == 200
        assert ask_api(bench, "schools/01ZA00/busy", b"calls=1")[0] == 200
        found = [await send(bench.rsgi, message("usual")) for _ in range(4)]
        assert found[1].headers == {"content-type": "text/html"}
        return [status for one in found for status in one.statuses]

    assert event_loop.run(calls()) == [500, 502, 502, 200]
    status, refusal = ask_api(bench, "schools/01ZA00/break", b"calls=1&how=well")
    assert (status, refusal["error"]) == (409, "an answer breaks in one of these ways: half, page")


def test_a_refusal_of_the_api_is_one_of_http(bench: SandboxBench) -> None:
    """A client library that waits to be asked for its codes is asked; a method that there is not names those there are.

    Both are JSON, as is a path that there is not, and a JSON of thousands of brackets.
    """
    refusals = {
        ("GET", "", b""): (401, "WWW-Authenticate", 'Basic realm="UWLR sandbox"'),
        ("PUT", "clock", b""): (405, "Allow", "POST"),
        ("GET", "nothing", b""): (404, "Allow", None),
        ("POST", "accounts", b"[" * 4000): (409, "Allow", None),
    }
    for (method, path, sent), (status, name, value) in refusals.items():
        got = call(bench.app, sent, method=method, path=f"/sandbox/api/{path}", content_type="application/json")
        assert (got.status, got.headers.get(name), got.headers["Content-Type"]) == (status, value, "application/json")
        assert json.loads(got.body)["error"]
