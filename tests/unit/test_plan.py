"""`Exchange.plan` by itself: rows of the access query made by hand go in, an outcome or work comes out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, NoReturn

import pytest
from lxml import etree
from sqlalchemy.exc import OperationalError
from support.endpoint_rows import REFUSED, ROWS, SMALL, XML, EndpointRow, Noted
from support.hand_made import (
    BEFORE,
    CALLERS,
    CONTENT_HASH,
    GATE,
    KEYS,
    NO_DATABASE,
    PROFIEL,
    SCHOOLJAAR,
    HandKoppeling,
    HandMade,
    content_of,
    make,
    play,
)
from support.messages import LG, body, envelope, school_element
from support.school_builder import MOMENT
from support.served_school import CODE_OF_ONE

from uwlr_adapter.answers.freshness import NO_DATA_HASH, AnswerKey
from uwlr_adapter.answers.store import Made
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.names import (
    HAAL_LEERKRACHTEN,
    HAAL_LEERLINGEN,
    HAAL_LEERLINGGEGEVENS,
    HAAL_STRUCTUUR,
    Operation,
)
from uwlr_adapter.contract.profiles import STANDARD, Profiel
from uwlr_adapter.contract.request import read
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.exchange.question import Question, Sender
from uwlr_adapter.exchange.work import Load, RecordProfiel, RecordShown, Render, Unfinished
from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.keys.server_keys import SecretPurpose
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.given import SLOTS, Given
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.web.head import Head

SENDER = Sender("192.0.2.1")
TODAY = day_of(MOMENT)
SECOND_CODE = "30AB00de-tweede-koppeling"
Planned = Outcome | Unfinished | Question
KEY = AnswerKey(SMALL, SCHOOLJAAR, PROFIEL.by_version["2.2"].digest, "2.2", HAAL_LEERLINGGEGEVENS.payload)
MADE = Made(KEY, CONTENT_HASH, content_of(KEY))


def ask(
    world: HandMade,
    message: bytes | None = None,
    *,
    sender: Sender = SENDER,
    made: Made | None = None,
    rows: list[tuple[Any, ...]] | None = None,
) -> Planned:
    """Plan a message, that for the small school unless told otherwise, by the rows of a world."""
    endpoint = make(world)
    question = endpoint.service.question(message or small(), "utf-8", sender)
    found = world.look(question.query) if rows is None else rows
    return endpoint.exchange.plan(question, found, world.moment, made)


def small(
    rest: str = "", *, operation: Operation = HAAL_LEERLINGGEGEVENS, key: str = CODE_OF_ONE, brin6: str = SMALL
) -> bytes:
    """Return a message of Snappet, with more in its body behind the version."""
    rest = f"<xsdversie>2.2</xsdversie>{rest}"
    return envelope(body(SCHOOLJAAR, school_element(brin6), rest, operation.request), CALLERS.header(key=key))


def settled(planned: Planned) -> tuple[VerzoekEntry, AnswerBytes, Given | None]:
    """Return the parts of an outcome that is no fault."""
    assert isinstance(planned, Outcome)
    assert isinstance(planned.entry, VerzoekEntry)
    assert isinstance(planned.answer, AnswerBytes)
    return planned.entry, planned.answer, planned.given


def refused(planned: Planned) -> tuple[VerzoekEntry, fault.Fault]:
    """Return the parts of the refusal of a known afnemer."""
    assert isinstance(planned, Outcome)
    assert isinstance(planned.entry, VerzoekEntry)
    assert isinstance(planned.answer, fault.Fault)
    assert planned.given is None
    return planned.entry, planned.answer


def work_of(planned: Planned) -> Render | Load | RecordProfiel:
    """Return the work that has to be done first, which is of a known afnemer and koppeling."""
    assert isinstance(planned, Unfinished)
    assert (planned.entry.afnemer_id, planned.entry.koppeling_id, planned.entry.brin6) == (1, 2, SMALL)
    assert isinstance(planned.work, Render | Load | RecordProfiel)
    return planned.work


JUDGED = [row for row in ROWS if row.row in {"5", "6", "7", "8", "9"}]


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: f"{row.row}: {row.name}")
def test_the_rows_that_refuse(row: EndpointRow) -> None:
    """Rows 5 to 9 of the table of checks are decided by the first rows, with the true reason for the journaal."""
    planned = ask(HandMade(), row.message(CALLERS))
    if row.noted is Noted.COUNT:
        assert isinstance(planned, Outcome)
        assert planned.entry == Refusal(MOMENT, SENDER.source, row.outcome)
        assert isinstance(planned.answer, fault.Fault)
        assert planned.answer.code == row.outcome
        return
    entry, refusal = refused(planned)
    assert (refusal.code, entry.outcome, entry.reason) == (row.outcome, row.outcome, row.reason)
    assert (refusal.finding is not None) == (row.row != "7")
    assert entry.koppeling_version is None  # it is written whatever becomes of the koppeling
    assert entry.koppeling_id == {"8": 1, "9": 1}.get(row.row, entry.koppeling_id)


def test_every_refusal_of_row_7_is_the_same_to_the_caller() -> None:
    """Nine true reasons, one fault."""
    messages = [CALLERS.request(**CALLERS.refused_calls[name]) for name in REFUSED]
    assert len({fault.render(refused(ask(HandMade(), message))[1]) for message in messages}) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"startdatum": TODAY}, None),
        ({"startdatum": TODAY + timedelta(days=1)}, RefusalReason.NOT_STARTED),
        ({"status": Status.GEPAUZEERD, "code": None}, RefusalReason.PAUSED),
        ({"status": Status.BEEINDIGD, "code": None}, RefusalReason.ENDED),
        ({"code": "30AB00een-andere-code-2"}, RefusalReason.WRONG_CODE),
        ({"brin6": "21QW01"}, RefusalReason.NO_KOPPELING),
    ],
)
def test_who_has_access(changes: dict[str, Any], reason: RefusalReason | None) -> None:
    """Only an active koppeling that has begun, with the code that is presented."""
    world = HandMade()
    world.koppelingen[1] = replace(world.koppelingen[1], **changes)
    planned = ask(world, made=MADE)
    if reason is None:
        assert settled(planned)[0].koppeling_version == 1
    else:
        assert refused(planned)[0].reason is reason


def test_a_koppeling_that_left_the_catalogue_has_no_profile_to_go_by() -> None:
    """Its afnemer is refused, as if there were no koppeling."""
    world = HandMade()
    rows = world.look(make(world).service.question(small(), "utf-8", SENDER).query)
    gone = [tuple("weg" if value == "snappet" else value for value in row) for row in rows]
    assert gone != rows
    assert refused(ask(world, rows=gone))[0].reason is RefusalReason.NO_KOPPELING


@pytest.mark.parametrize("stored", ["SNAPPET", "Snappet "])
def test_a_klantnaam_in_another_spelling_is_nobody(stored: str) -> None:
    """A database that compares without capitals may find it: a klantnaam is exact."""
    world = HandMade()
    rows = world.look(make(world).service.question(small(), "utf-8", SENDER).query)
    other = [tuple(stored if value == "Snappet" else value for value in row) for row in rows]
    planned = ask(world, rows=other)
    assert isinstance(planned, Outcome)
    assert isinstance(planned.entry, Refusal)


def test_a_school_in_another_spelling_is_unknown() -> None:
    """So is a brin6."""
    world = HandMade()
    rows = world.look(make(world).service.question(small(), "utf-8", SENDER).query)
    other = [tuple(SMALL.lower() if value == SMALL else value for value in row) for row in rows]
    assert refused(ask(world, rows=other))[0].reason is RefusalReason.UNKNOWN_SCHOOL


# Row 10: work first.


@pytest.mark.parametrize(
    "state",
    [
        {"content_hash": None},
        {"school_version": None},
        {"school_version": 4},
        {"valid_from": TODAY + timedelta(days=1)},
        {"valid_until": TODAY},
        {"renderer": "0"},
        {"renderer": None},
        {"profiel": STANDARD["volledig"].by_version["2.2"].digest},
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_sent_is_rendered(state: dict[str, Any]) -> None:
    """Of older records, for other days, by another renderer, or under another profile: then it is rendered first."""
    found = work_of(ask(HandMade(state=state), made=MADE))
    assert isinstance(found, Render)
    assert (found.answer_key, found.moment, found.opened) == (KEY, MOMENT, BEFORE)
    assert found.answer_format.profiel.digest == KEY.profiel


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"school_version": 6},
        {"valid_from": TODAY},
        {"valid_until": TODAY + timedelta(days=1)},
        {"valid_from": date(1, 1, 1), "valid_until": date(9999, 1, 1)},
    ],
    ids=str,
)
def test_an_answer_that_can_be_sent_is_loaded(state: dict[str, Any]) -> None:
    """Of these records or newer ones, for a period with today in it; its bytes are no more than what is needed."""
    found = work_of(ask(HandMade(state=state)))
    assert isinstance(found, Load)
    assert (found.answer_key, found.state.content_hash) == (KEY, CONTENT_HASH)
    settled(ask(HandMade(state=state), made=MADE))


@pytest.mark.parametrize(
    ("profiel", "since"), [(None, None), (PROFIEL.digest, None), (STANDARD["volledig"].digest, BEFORE)]
)
def test_another_profile_is_recorded_before_data_are_given(profiel: str | None, since: datetime | None) -> None:
    """A koppeling whose profile is not the one of its last fetch gets no data before that is written down."""
    world = HandMade()
    world.koppelingen[1] = replace(world.koppelingen[1], profiel=profiel, profiel_since=since)
    found = work_of(ask(world, made=MADE))
    assert isinstance(found, RecordProfiel)
    assert (found.koppeling_id, found.profiel, found.moment) == (2, PROFIEL.digest, MOMENT)


def shown_first(planned: Planned) -> RecordShown:
    """Return the work of a call whose code was not shown before."""
    assert isinstance(planned, Unfinished)
    assert isinstance(planned.work, RecordShown)
    return planned.work


def test_a_code_that_was_shown_is_recorded_before_anything_is_judged() -> None:
    """The first call with access, right or wrong in itself, waits for that; the next ones do not."""
    world = HandMade()
    world.koppelingen[1] = replace(world.koppelingen[1], is_shown=False)
    work = shown_first(ask(world, small()))
    assert work == shown_first(ask(world, small("<geenelement/>")))
    assert work.koppeling_id == 2
    assert KEYS.digest(SecretPurpose.VERIFICATIECODE, CODE_OF_ONE).endswith(work.shown)
    world.do(work)
    refused(ask(world, small("<geenelement/>")))


def test_no_data_need_no_profile() -> None:
    """A koppeling that is answered geengegevens was given nothing, and its profile is not recorded."""
    world = HandMade(state={"content_hash": NO_DATA_HASH})
    world.koppelingen[1] = replace(world.koppelingen[1], profiel=None, profiel_since=None)
    entry, answer, given = settled(ask(world))
    assert (entry.outcome, entry.reason, given) == ("geengegevens", RefusalReason.NO_DATA, None)
    assert b"<geengegevens/>" in answer.content


def nothing(**changes: Any) -> Made:
    """Return what rendering an answer without data brought, but for some changes."""
    usual = Made(KEY, NO_DATA_HASH, None, HandMade().school_version, TODAY)
    return replace(usual, **changes)


def test_rendering_nothing_is_no_data() -> None:
    """When rendering found no data and left no trace, the answer is geengegevens."""
    world = HandMade(state={"content_hash": None})
    assert settled(ask(world, made=nothing()))[0].outcome == "geengegevens"


@pytest.mark.parametrize(
    "other",
    [
        nothing(school_version=4),
        nothing(day=TODAY - timedelta(days=1)),
        nothing(answer_key=KEY._replace(brin6="21QW00")),
        nothing(answer_key=KEY._replace(xsdversie="2.3")),
        MADE,
        None,
    ],
)
def test_rendering_nothing_holds_for_these_records_and_this_day(other: Made | None) -> None:
    """That there were no data says nothing of other records, another day, or another answer."""
    assert isinstance(work_of(ask(HandMade(state={"content_hash": None}), made=other)), Render)


def test_bytes_of_other_content_are_not_sent() -> None:
    """The content that the last work brought is sent only while it is that of the state."""
    found = work_of(ask(HandMade(state={"content_hash": "anders"}), made=MADE))
    assert isinstance(found, Load)
    assert found.state.content_hash == "anders"


# Row 10: what is given, and what the platform has.


def given_for(message: bytes) -> Given:
    """Return what a koppeling has that gets the data of a message."""
    operation = HAAL_LEERLINGEN if HAAL_LEERLINGEN.request.encode() in message else HAAL_LEERLINGGEGEVENS
    key = KEY._replace(payload=operation.payload)
    given = settled(ask(HandMade(), message, made=Made(key, CONTENT_HASH, content_of(key))))[2]
    assert given is not None
    return given


def since(moment: datetime | str) -> bytes:
    """Return a message with this laatstontvangengegevens."""
    text = moment if isinstance(moment, str) else moment.isoformat()
    return small(f"<laatstontvangengegevens>{text}</laatstontvangengegevens>")


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (BEFORE, "geenwijzigingen"),
        ("2026-10-03T11:30:00", "geenwijzigingen"),
        ("2026-10-03T09:30:00Z", "geenwijzigingen"),
        ("2026-10-03T09:30:00", "leerlinggegevens"),
        (BEFORE - timedelta(seconds=1), "leerlinggegevens"),
        (BEFORE + timedelta(seconds=1), "leerlinggegevens"),
        (BEFORE + timedelta(minutes=4, seconds=59), "leerlinggegevens"),
        (BEFORE + timedelta(minutes=5), "geenwijzigingen"),
        (MOMENT, "geenwijzigingen"),
        (MOMENT + timedelta(seconds=1), "leerlinggegevens"),
        ("2026-10-09T24:00:00Z", "leerlinggegevens"),
    ],
    ids=str,
)
def test_a_platform_that_has_the_data(last: datetime | str, expected: str) -> None:
    """It hears geenwijzigingen by the very moment of the answer, or by its own clock from five minutes later to now."""
    given = given_for(small())
    assert given.gewijzigd == BEFORE
    entry, answer, again = settled(ask(HandMade(given={(2, given.slot): given}), since(last), made=MADE))
    assert entry.outcome == expected
    assert again is None  # what it has stays as it was
    assert (b"<geenwijzigingen/>" in answer.content) == (expected == "geenwijzigingen")
    assert entry.leerlingen == (None if expected == "geenwijzigingen" else 1)
    assert entry.koppeling_version == 1


def other_given(given: Given) -> Mapping[str, dict[tuple[int, int], Given]]:
    """Return what the database may have instead."""
    return {
        "nothing": {},
        "other content": {(2, given.slot): given._replace(gewijzigd=given.gewijzigd - timedelta(seconds=1))},
        "later content": {(2, given.slot): given._replace(gewijzigd=given.gewijzigd + timedelta(seconds=1))},
        "another ask": {(2, given.slot): given._replace(answer="0" * 64)},
        "another koppeling": {(1, given.slot): given},
        "another place": {(2, (given.slot + 1) % 256): given},
    }


@pytest.mark.parametrize("what", list(other_given(Given(0, "", BEFORE))))
@pytest.mark.parametrize("last", [BEFORE, BEFORE + timedelta(hours=1), MOMENT], ids=str)
def test_a_platform_that_has_something_else(what: str, last: datetime) -> None:
    """It gets the data, whatever moment it sends, and then has these."""
    given = given_for(small())
    entry, _, now_given = settled(ask(HandMade(given=dict(other_given(given)[what])), since(last), made=MADE))
    assert entry.outcome == "leerlinggegevens"
    assert now_given == given


def groepen(xml: str, operation: Operation = HAAL_LEERLINGEN) -> bytes:
    """Return a message that asks for groups."""
    return small(f"<groepen>{xml}</groepen>", operation=operation)


ASKS = {
    "everything": small(),
    "version 2.1": small().replace(b">2.2<", b">2.1<"),
    "version 2.3": small().replace(b">2.2<", b">2.3<"),
    "structuur": small(operation=HAAL_STRUCTUUR),
    "a group": groepen('<groep key="g"/>'),
    "a group and those in none": groepen('<groep key="g"/><groep/>'),
    "those in no composed group": groepen("<samengestelde_groep/>"),
    "leerkrachten": groepen("<groep/>", HAAL_LEERKRACHTEN),
}


def play_to_the_end(world: HandMade, message: bytes) -> Given:
    """Return what a koppeling has after the data of a message were given."""
    before = set(world.given.values())
    play(make(world), Head("POST", "", "192.0.2.1", XML), message, world)
    (new,) = set(world.given.values()) - before
    return new


def test_each_ask_is_another_thing_to_have() -> None:
    """Version, kind and set of groups each make another digest, so that the one is never taken for the other."""
    given = {name: play_to_the_end(HandMade(), message) for name, message in ASKS.items()}
    assert len({one.answer for one in given.values()}) == len(ASKS)
    assert {one.gewijzigd for one in given.values()} == {BEFORE}
    assert all(0 <= one.slot < SLOTS for one in given.values())


def test_a_set_of_groups_has_no_order() -> None:
    """The same groups in another order are the same thing, in the same place; one that is named twice is there once."""
    one, other, twice = (
        play_to_the_end(HandMade(), groepen(xml))
        for xml in (
            '<groep key="g"/><groep/><samengestelde_groep key="x"/>',
            '<samengestelde_groep key="x"/><groep/><groep key="g"/>',
            '<groep key="g"/><groep/><samengestelde_groep key="x"/><groep key="g"/>',
        )
    )
    assert one == other
    assert one.answer == twice.answer


@pytest.mark.parametrize("message", [small(), groepen('<groep key="g"/>')], ids=["everything", "a group"])
def test_no_changes_by_the_group_too(message: bytes) -> None:
    """A platform that has an answer, whole or by group, is told so; one that has another answer gets this one."""
    last = f"<laatstontvangengegevens>{BEFORE.isoformat()}</laatstontvangengegevens>"
    asked = message.replace(b"</xsdversie>", f"</xsdversie>{last}".encode())
    world = HandMade()
    play_to_the_end(world, message)
    endpoint = make(world)
    found = play(endpoint, Head("POST", "", "192.0.2.1", XML), asked, world)
    assert b"<geenwijzigingen/>" in found.response.body
    world.given = {place: one._replace(answer="0" * 64) for place, one in world.given.items()}
    found = play(endpoint, Head("POST", "", "192.0.2.1", XML), asked, world)
    assert b"<geenwijzigingen/>" not in found.response.body
    assert found.response.status == HTTPStatus.OK


@pytest.mark.parametrize(
    ("opened", "since_profile", "changed"),
    [(3, 2, 1), (2, 3, 1), (1, 2, 3), (2, 1, 3), (1, 1, 1), (3, 3, 1)],
)
def test_the_moment_of_an_answer(opened: int, since_profile: int, changed: int) -> None:
    """Aanmaakdatum is the latest of: the content, the opening, the profile; and so is what the koppeling then has."""
    at = [BEFORE, *(MOMENT - timedelta(hours=5 - number) for number in range(1, 4))]
    world = HandMade(state={"gewijzigd": at[changed].replace(tzinfo=None)})
    world.koppelingen[1] = replace(world.koppelingen[1], opened_at=at[opened], profiel_since=at[since_profile])
    _, answer, given = settled(ask(world, made=MADE))
    latest = at[max(opened, since_profile, changed)]
    assert given is not None
    assert given.gewijzigd == latest
    moment = etree.fromstring(answer.content).findtext(f".//{{{LG}}}aanmaakdatum")
    assert datetime.fromisoformat(moment or "") == latest


def test_the_moment_of_an_answer_is_in_whole_seconds() -> None:
    """It is rounded up, so that a platform that sends it back sends the moment that is remembered."""
    world = HandMade()
    world.koppelingen[1] = replace(world.koppelingen[1], opened_at=MOMENT - timedelta(seconds=2, microseconds=1))
    _, answer, given = settled(ask(world, made=MADE))
    assert given is not None
    assert given.gewijzigd == MOMENT - timedelta(seconds=2)
    assert (MOMENT - timedelta(seconds=2)).strftime(":%M:%S").encode() in answer.content


def test_two_koppelingen_of_one_afnemer() -> None:
    """The code says which koppeling it is: its opening, and what it was given, count."""
    given = given_for(small())
    last = f"<laatstontvangengegevens>{BEFORE.isoformat()}</laatstontvangengegevens>"
    for opened_at in (BEFORE, MOMENT - timedelta(hours=1)):
        world = HandMade(given={(2, given.slot): given})
        world.koppelingen.append(HandKoppeling(9, "Snappet", SMALL, SECOND_CODE, opened_at=opened_at))
        entry, _, _ = settled(ask(world, small(last), made=MADE))
        assert (entry.koppeling_id, entry.outcome) == (2, "geenwijzigingen")
        entry, _, again = settled(ask(world, small(last, key=SECOND_CODE), made=MADE))
        assert (entry.koppeling_id, entry.outcome) == (9, "leerlinggegevens")
        assert again == given._replace(gewijzigd=opened_at)


@pytest.mark.parametrize("named", ["smalle set", "LVS-set", "volledig"])
def test_another_profile_is_another_thing_to_have(named: str) -> None:
    """An answer under a narrower profile is not the one under the profile of the koppeling."""
    own = STANDARD["volledig"]
    entries = {name: replace(one, profiel=one.profiel and own.name) for name, one in GATE.catalogue.entries.items()}
    gate = replace(GATE, catalogue=Catalogue(entries))
    exchange = Exchange(NO_DATABASE, gate, Leerlinggegevens(NO_DATABASE, gate.catalogue))
    world = HandMade()
    world.koppelingen[1] = replace(world.koppelingen[1], profiel=own.digest)

    def given_to(message: bytes, profiel: Profiel) -> Given:
        world.state = {"profiel": profiel.digest}
        key = KEY._replace(profiel=profiel.digest)
        question = exchange.question(read(message), SENDER)
        made = Made(key, CONTENT_HASH, MADE.content)
        given = settled(exchange.plan(question, world.look(question.query), MOMENT, made))[2]
        assert given is not None
        return given

    narrow = own.by_version["2.2"].narrowed(STANDARD[named].by_version["2.2"])
    wide = given_to(small(), own.by_version["2.2"])
    narrower = given_to(small(f"<gegevenssetid>{named}</gegevenssetid>"), narrow)
    assert (wide.answer == narrower.answer) == (named == "volledig")


def test_unknown_groups_are_counted() -> None:
    """References that name no group are counted in the journaal; when nobody is left there are no data."""
    key = KEY._replace(payload=HAAL_LEERLINGEN.payload)
    made = Made(key, CONTENT_HASH, content_of(key))
    assert isinstance(work_of(ask(HandMade(), groepen('<groep key="g"/>'))), Load)
    entry, _, _ = settled(ask(HandMade(), groepen('<groep key="g"/><groep key="weg"/>'), made=made))
    assert (entry.outcome, entry.leerlingen) == (key.payload, 1)
    assert entry.remarks == ("onbekende-groepen=1", "onvolledig=1")
    entry, _, given = settled(ask(HandMade(), groepen('<groep key="weg"/>'), made=made))
    assert (entry.outcome, entry.remarks, given) == ("geengegevens", ("onbekende-groepen=1",), None)


def test_an_unknown_set_is_remarked() -> None:
    """A gegevenssetid that names no profile leaves the profile of the koppeling as it is."""
    entry, _, given = settled(ask(HandMade(), small("<gegevenssetid>onbekend</gegevenssetid>"), made=MADE))
    assert (entry.outcome, entry.remarks) == ("leerlinggegevens", ("gegevensset=onbekend",))
    assert given is not None
    assert given.answer == given_for(small()).answer


@pytest.mark.parametrize("gzip", [False, True])
def test_the_bytes_that_the_caller_accepts(*, gzip: bool) -> None:
    """The answer says whether its bytes are compressed."""
    answer = settled(ask(HandMade(), sender=Sender("192.0.2.1", gzip), made=MADE))[1]
    assert answer.gzip == gzip == answer.content.startswith(b"\x1f\x8b")


# Another question, and failures.


def test_an_empty_schooljaar_asks_for_the_year_of_today() -> None:
    """The rows were of no year: the question is asked anew, for the year of the moment at which it is decided."""
    message = small().replace(f">{SCHOOLJAAR}<".encode(), b"><")
    for moment, year in ((MOMENT, SCHOOLJAAR), (datetime(2027, 7, 31, 22, tzinfo=UTC), "2027-2028")):
        planned = ask(HandMade(moment=moment), message)
        assert isinstance(planned, Question)
        assert (planned.query.parameters["schooljaar"], planned.asked.parameters["schooljaar"]) == (year, year)
        assert planned.query.parameters["school"] == SMALL


def test_a_strict_afnemer_asks_what_it_sent() -> None:
    """A message that needs a repair is another question for a strict afnemer, who stays known."""
    message = small().replace(b">2.2<", b"> 2.2 <")
    planned = ask(HandMade(strict={"Snappet"}), message)
    assert isinstance(planned, Question)
    assert planned.call.strict
    assert planned.repairs == ("witruimte",)
    assert isinstance(ask(HandMade(strict={"Snappet"})), Unfinished)  # none is needed: no other question


class FailingUseCase:
    """A use case that fails in each thing that it is asked."""

    toestemming = Toestemming.LEERLINGGEGEVENS

    def __init__(self, error: Exception) -> None:
        self.error = error

    def answer(self, *_: object) -> NoReturn:
        """Fail."""
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "is_failure"),
    [
        (RuntimeError("merkteken"), "Server.InterneFout", True),
        (OperationalError("merkteken", {}, Exception()), "Server.TijdelijkNietBeschikbaar", True),
        (fault.TijdelijkNietBeschikbaar(), "Server.TijdelijkNietBeschikbaar", False),
        (fault.XsdVersieOngeldig(), "Client.XsdVersieOngeldig", False),
    ],
    ids=["our own", "database", "temporary", "fault"],
)
def test_whatever_is_raised_is_an_outcome(error: Exception, code: str, *, is_failure: bool) -> None:
    """An exception is a fault for the caller, and a failure of our own goes along for the log."""
    endpoint = make(world := HandMade())
    question = endpoint.service.question(small(), "utf-8", SENDER)
    exchange = endpoint.exchange
    failing: Any = FailingUseCase(error)
    broken = Exchange(exchange.database, exchange.gate, failing)
    planned = broken.plan(question, world.look(question.query), MOMENT)
    entry, refusal = refused(planned)
    assert (refusal.code, entry.outcome) == (code, code)
    assert isinstance(planned, Outcome)
    assert planned.failure is (error if is_failure else None)
    assert refusal.__traceback__ is None
    assert entry.koppeling_version is None


def test_the_same_rows_give_the_same_outcome() -> None:
    """Nothing is kept of a call: the same question and rows give the same answer, and the rows stay as they are."""
    endpoint = make(world := HandMade())
    question = endpoint.service.question(small(), "utf-8", SENDER)
    rows = world.look(question.query)
    before = list(rows)
    first, second = (settled(endpoint.exchange.plan(question, rows, MOMENT, MADE)) for _ in range(2))
    assert first == second
    assert rows == before
    assert first[0] is not second[0]
