"""The header that names the repairs which a request needed: on every answer to a known klant, and on no other."""

import json
from dataclasses import replace

import pytest
from support.endpoint_rows import SMALL, XML, Trouble
from support.hand_made import CALLERS, HandMade, Played, make, play
from support.messages import AUT, body, envelope, school_element
from support.served_school import CODE, CODE_OF_ONE, REFUSED_CALLS

from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.web.endpoint import REPAIRS, Ask, SoapRequest
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.request_record import RequestRecord

HEAD = Head("POST", "", "192.0.2.1:4711", XML)
DISORDERLY = "witruimte, kop-volgorde, volgorde"
"""The header for a message of `disorderly`."""
CERTIFICATE = json.dumps(
    [{"fingerprint": "a" * 64, "subject": "", "not_after": "2100-01-01", "added_at": "2026-01-01"}]
)
"""The client certificates of an afnemer that shows none."""


def disorderly(klantnaam: str = "Snappet", key: str = CODE_OF_ONE, code: str = "", school: str | None = None) -> bytes:
    """Return a request with a header in another order, and in the body white space and another order."""
    parts = {
        "klantnaam": klantnaam,
        "klantcode": code or CALLERS.klantcodes.get(klantnaam, "x"),
        "autorisatiesleutel": key,
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items())
    named = school_element(SMALL) if school is None else school
    content = body("2026-2027", "", f"<xsdversie> 2.2 </xsdversie>{named}")
    return envelope(content, f'<autorisatie xmlns="{AUT}">{inner}</autorisatie>')


def fetch(world: HandMade, content: bytes, *, strict: bool = False) -> Played:
    """Send a request to an endpoint that was made just now."""
    return play(make(world, strict=strict), HEAD, content, world)


def needed(played: Played) -> str | None:
    """Return the header of the answer."""
    return dict(played.response.headers).get(REPAIRS)


def test_the_repairs_stand_in_the_order_of_the_document() -> None:
    """White space in the body comes before disorder in the header, which was repaired earlier."""
    played = fetch(HandMade(), disorderly())
    assert b"<leerlinggegevens>" in played.response.body
    assert needed(played) == DISORDERLY


def test_a_request_that_needs_none_has_no_header() -> None:
    """Data and refusals have the headers that they always had."""
    good = envelope(body("2026-2027", school_element(SMALL)), CALLERS.header(key=CODE_OF_ONE))
    assert needed(fetch(HandMade(), good)) is None
    assert (
        needed(fetch(HandMade(), envelope(body("2026", school_element(SMALL)), CALLERS.header(key=CODE_OF_ONE))))
        is None
    )


@pytest.mark.parametrize(
    "content",
    [
        disorderly("Onbekend"),
        disorderly(code="onjuist"),
        disorderly("Gestopt"),
        disorderly().replace(b"<klantcode>", b"<x>").replace(b"</klantcode>", b"</x>"),
    ],
    ids=["klantnaam", "klantcode", "disabled", "half a header"],
)
def test_nothing_is_said_before_the_klant_is_known(content: bytes) -> None:
    """A caller that is not known learns nothing of its message."""
    assert needed(fetch(HandMade(), content)) is None


def test_a_missing_certificate_is_not_told_by_the_header() -> None:
    """The answer to a right klantcode without its certificate is that to a wrong one, headers included."""
    world = HandMade(certificates={"Snappet": CERTIFICATE})
    right, wrong = fetch(world, disorderly()), fetch(HandMade(), disorderly(code="onjuist"))
    assert right.response == wrong.response


@pytest.mark.parametrize("reason", REFUSED_CALLS)
def test_a_refusal_without_access_has_it_for_every_reason(reason: str) -> None:
    """It tells of the message alone: whether the school exists, and how its koppeling is, shows in no header."""
    parts = REFUSED_CALLS[reason]
    school = parts.get("school") or school_element(parts.get("brin6", "21QW00"))
    content = disorderly(parts.get("klantnaam", "Snappet"), parts.get("key", CODE), school=school)
    played = fetch(HandMade(), content)
    assert b"Client.AutorisatieOngeldig" in played.response.body
    assert needed(played) == DISORDERLY


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (b">2026-2027<", b">2026<", b"Client.OngeldigBericht"),
        (b"> 2.2 <", b"> 2.0 <", b"Client.XsdVersieOngeldig"),
        (b"<brincode>30AB", b"<brincode>30ab", b"Client.OngeldigBericht"),
    ],
)
def test_a_fault_of_a_known_klant_has_it(before: bytes, after: bytes, code: bytes) -> None:
    """Rows 6, 8 and 9 name the repairs beside the fault."""
    played = fetch(HandMade(), disorderly().replace(before, after))
    assert code in played.response.body
    assert needed(played) == DISORDERLY


def test_a_failure_of_ours_has_it() -> None:
    """So does a failure while the answer is made."""
    played = fetch(HandMade(Trouble.RECORDS), disorderly())
    assert b"Server.InterneFout" in played.response.body
    assert needed(played) == DISORDERLY


def test_a_request_that_is_given_up_has_it() -> None:
    """So does a request for which the database takes all its time."""
    world = HandMade()
    request = SoapRequest(make(world), HEAD, RequestRecord())
    request.start()
    asked = request.body(disorderly())
    assert isinstance(asked, Ask)
    request.rows(world.look(asked.query))
    assert dict(request.given_up().headers)[REPAIRS] == DISORDERLY


def test_a_klant_that_goes_meanwhile_is_not_known_any_more() -> None:
    """When the afnemer is bound to a certificate while the answer is made, nothing is said."""
    world = HandMade()

    def bind(step: str) -> None:
        if step == "Fetch":
            world.certificates["Snappet"] = CERTIFICATE

    content = disorderly()
    played = play(make(world), HEAD, content, world, between=bind)
    assert b"Client.OngeldigeKlantIdentificatie" in played.response.body
    assert needed(played) is None


def test_a_strict_afnemer_is_told_what_it_would_have_needed() -> None:
    """Its request is not repaired; the header names what it would have needed, as the journaal does."""
    played = fetch(HandMade(strict={"Snappet"}), disorderly())
    assert b"Client.OngeldigBericht" in played.response.body
    assert needed(played) == DISORDERLY


def test_a_paused_koppeling_says_no_more_than_a_wrong_code() -> None:
    """The whole response is the same, the header included."""
    world = HandMade()
    world.koppelingen[1] = replace(world.koppelingen[1], status=Status.GEPAUZEERD, code=None)
    paused, wrong = fetch(world, disorderly()), fetch(HandMade(), disorderly(key=CODE))
    assert paused.response == wrong.response
