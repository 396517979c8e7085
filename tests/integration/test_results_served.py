"""Messages with results over HTTP: what each is answered with, what is kept of it, and what the journaal says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.event_loop import run
from support.result_messages import Verdict, afname, manifest, message, resultaat, sample
from support.result_school import PATH, ResultReply, ResultSchool, from_here
from support.school_builder import BRIN6
from support.wsgi import call

from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.request import read
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import OutcomeKind, RefusalReason
from uwlr_adapter.journaal.search import EntryFilter
from uwlr_adapter.koppelingen import call_states
from uwlr_adapter.koppelingen.tables import afnemer, koppeling
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.portal.sentences import sentence_of
from uwlr_adapter.resultaten import reading
from uwlr_adapter.settings import Part

TAKEN = "leerresultaten_bevestiging"
NO_RESULTS = (0, 0, 0, 0, 0)
UNKNOWN, TWO_PEOPLE = "onzichtbaar/15-leerling-onbekend.xml", "onzichtbaar/14-eckid-van-ander.xml"
"""Samples of which the records decide."""
LEERLING = "leerresultaten_verzoek/toetsafnames/toetsafname[1]"


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[ResultSchool]:
    """Yield a school that takes results, on each database."""
    del backend
    made = ResultSchool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[ResultSchool]:
    """Yield such a school on SQLite."""
    made = ResultSchool(tmp_path)
    yield made
    made.close()


SAMPLES = [one for one in manifest() if one.file not in {"valid/bevestiging.xml", "valid/toetsdefinities.xml"}]


def expected(one: Verdict, *, strict: bool) -> tuple[str, str, str]:
    """Return the outcome, the place and the word of a sample."""
    if one.file == UNKNOWN:
        return "Client.LeerlingOngeldig", f"{LEERLING}/leerlingid", "onbekend"
    if one.strict == "goed" or (one.repairs and not strict):
        return TAKEN, "-", "-"
    return one.strict, one.pad, one.regel


def test_every_sample_gets_its_verdict(embedded: ResultSchool) -> None:
    """Each sample is taken, or refused with the fault and the place of the manifest and nothing is kept of it."""
    for strict in (False, True):
        embedded.restart(strict=strict)
        for one in SAMPLES:
            before = embedded.counts()
            found = embedded.bring_sample(one.file)
            assert (found.outcome, found.pad, found.regel) == expected(one, strict=strict), (one.file, strict)
            if found.outcome != TAKEN:
                assert embedded.counts() == before, one.file
            if not strict and found.outcome == TAKEN:
                assert found.repairs == ", ".join(one.repairs), one.file


def test_both_drivers_answer_the_same(embedded: ResultSchool) -> None:
    """Under granian and under any WSGI server each sample, sent again, gets the same answer, to the byte."""
    answers = [embedded.bring_sample(one.file) for one in SAMPLES]
    again = [embedded.bring_sample(one.file).reply.body for one in SAMPLES]

    async def bring_all() -> list[ResultReply]:
        app = embedded.rsgi(2)
        return [await embedded.bring_to(app, sample(one.file), pieces=3) for one in SAMPLES]

    found = run(bring_all())
    assert [one.reply.body for one in found] == again
    assert [(one.outcome, one.repairs) for one in found] == [(one.outcome, one.repairs) for one in answers]


@pytest.mark.parametrize("file", [one.file for one in SAMPLES if one.file.startswith("valid/")])
def test_a_valid_sample_is_read_back_value_by_value(embedded: ResultSchool, file: str) -> None:
    """Each value that was sent stands, with its leerling and the definition of its toets."""
    assert embedded.bring_sample(file).outcome == TAKEN
    sent = judge(read(from_here(sample(file)))).leerresultaten
    definitions = {one.code.term: one for one in sent.toetsen}
    for person in sent.toetsafnames:
        stand = {one.key: one for one in embedded.standing(person.leerlingid)}
        for one in person.resultaten:
            found = stand.pop(one.key)
            assert (found.toetscode, found.onderdeel, found.afnamedatum, found.score, found.osoresultaat) == (
                *(one.toetscode, one.toetsonderdeelcode, one.afnamedatum, one.score, one.osoresultaat),
            )
            assert (found.versie, found.infourl, found.verwerker) == (
                *(one.versie, one.infourl, person.resultaatverwerkerid),
            )
            with embedded.database.reading() as connection:
                assert reading.definition_of(connection, found.toets_id) == definitions[one.toetscode]


def test_a_message_and_its_entry(school: ResultSchool) -> None:
    """The journaal counts what became of a message; the same bytes again change nothing, a correction one result."""
    first = school.bring_sample("valid/02-onderdelen.xml")
    again = school.bring_sample("valid/02-onderdelen.xml")
    corrected = school.bring_sample("valid/06-correctie.xml")
    late = school.bring_sample("valid/02-onderdelen.xml")
    assert {one.outcome for one in (first, again, corrected, late)} == {TAKEN}
    assert {one.reply.body for one in (first, again, corrected, late)} == {BEVESTIGING}
    results = len(school.standing("10001"))
    entries = list(reversed(school.result_entries))
    assert [one.remarks for one in entries] == [
        (f"nieuw={results}",),
        (f"gelijk={results}",),
        ("gewijzigd=1", f"gelijk={results - 1}"),
        (f"ingehaald={results}",),
    ]
    for entry, reply in zip(entries, (first, again, corrected, late), strict=True):
        assert (entry.act, entry.outcome, entry.reason, entry.leerlingen) == ("BrengLeerresultaten", TAKEN, None, 1)
        assert (entry.brin6, entry.outcome_kind) == (BRIN6, OutcomeKind.ANSWERED)
        assert entry.request_id == reply.reply.headers["X-Request-ID"]
    assert sentence_of(entries[2], "Proef") == (
        f"Proef stuurde resultaten van 1 leerling: 1 gewijzigd, {results - 1} al bekend."
    )


def test_an_unknown_leerling_alone_is_left_out(school: ResultSchool) -> None:
    """The rest of the message is taken and confirmed; a message of which nobody is known is refused."""
    known, strange = afname(resultaat("a")), afname(resultaat("b"), "99999")
    assert school.bring(message(known + strange)).outcome == TAKEN
    assert [one.key for one in school.standing("10001")] == ["a"]
    (entry,) = school.result_entries
    assert entry.remarks == ("nieuw=1", "niet-verwerkt=1")
    before = school.counts()
    refused = school.bring(message(strange.replace('"b"', '"c"') + afname(resultaat("d"), "99998")))
    assert (refused.outcome, refused.pad) == ("Client.LeerlingOngeldig", f"{LEERLING}/leerlingid")
    assert school.counts() == before
    entry = school.result_entries[0]
    assert (entry.outcome, entry.reason, entry.leerlingen) == (
        *("Client.LeerlingOngeldig", RefusalReason.UNKNOWN_LEERLING, None),
    )
    assert entry.remarks == (f"pad={LEERLING}/leerlingid", "regel=onbekend")


def test_results_of_two_people_are_of_nobody(embedded: ResultSchool) -> None:
    """A leerlingid and an ECK-iD of two leerlingen are refused at the ECK-iD, where no other leerling is known."""
    embedded.own_eckid("10001")
    found = embedded.bring_sample(TWO_PEOPLE)
    assert (found.outcome, found.pad, found.regel) == ("Client.LeerlingOngeldig", f"{LEERLING}/eckid", "onbekend")
    assert embedded.counts() == NO_RESULTS


def test_what_is_wrong_with_a_leerling_goes_before_a_norm_and_a_score(embedded: ResultSchool) -> None:
    """Of a message that is wrong in several ways the first in the order of the faults is told."""
    for file in ("onzichtbaar/03-norm-omgekeerd.xml", "onzichtbaar/05-score-boven-norm.xml"):
        strange = sample(file).replace(b">10001<", b">99999<")
        assert embedded.bring(strange).outcome == "Client.LeerlingOngeldig"
        entry = embedded.result_entries[0]
        assert entry.reason == RefusalReason.UNKNOWN_LEERLING
        embedded.bring_sample(file)
        assert embedded.result_entries[0].reason == RefusalReason.NOT_VALID
    assert embedded.counts() == NO_RESULTS


def test_results_need_their_toestemming(school: ResultSchool) -> None:
    """Without it, or while it is paused, a message gets the one text of every refusal, and the journaal the reason."""
    answers = set()
    wrong = school.bring(
        sample("valid/02-onderdelen.xml").replace(b"21QW00VoorbeeldCode2026", b"21QW00een-andere-code")
    )
    answers.add(wrong.reply.body)
    reasons = {
        ToestemmingStatus.NOT_GIVEN: RefusalReason.RESULTS_NOT_AGREED,
        ToestemmingStatus.PAUSED: RefusalReason.RESULTS_PAUSED,
    }
    for status, reason in reasons.items():
        school.let(status)
        found = school.bring_sample("valid/02-onderdelen.xml")
        answers.add(found.reply.body)
        assert (found.outcome, school.result_entries[0].reason) == ("Client.AutorisatieOngeldig", reason)
        assert school.fetch().outcome == "leerlinggegevens"
    school.pause()
    answers.add(school.bring_sample("valid/02-onderdelen.xml").reply.body)
    assert school.result_entries[0].reason == RefusalReason.PAUSED
    assert (len(answers), school.counts()) == (1, NO_RESULTS)


def test_a_message_with_results_is_no_fetch(school: ResultSchool) -> None:
    """The counts of fetches and the moment of the last one leave a message with results out."""
    school.bring_sample("valid/02-onderdelen.xml")
    (entry,) = school.result_entries
    assert entry.koppeling_id is not None
    with school.database.reading() as connection:
        assert search.last_call(connection, entry.koppeling_id) is None
        assert call_states.read(connection, [entry.koppeling_id], school.moment)[entry.koppeling_id].called_at is None
        whole = EntryFilter(BRIN6, outcome=OutcomeKind.ANSWERED)
        assert [one.id for one in search.search(connection, whole, limit=10)] == [entry.id]


def test_the_wsdl_is_served(embedded: ResultSchool) -> None:
    """The service has the WSDL of its own with its address; a GET without it, and HEAD, are as at the other service."""
    found = call(embedded.app, path=PATH, query="wsdl", method="GET")
    assert found.status == 200
    assert f'location="{embedded.settings.base_url}{PATH}"'.encode() in found.body
    assert call(embedded.app, path=PATH, query="wsdl", method="HEAD").body == b""
    assert call(embedded.app, path=PATH, method="GET").status == 405
    assert call(embedded.app, b"x", path=PATH, HTTP_CONTENT_ENCODING="gzip").status == 415
    assert call(embedded.app, b"x", path=PATH, content_type="application/json").status == 415


def test_the_other_operation_is_not_known_here(embedded: ResultSchool) -> None:
    """Neither service takes the messages of the other one."""
    (fetch, bring) = (
        embedded.message(HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>"),
        sample("valid/01-kleinst.xml"),
    )
    assert embedded.bring(fetch).outcome == "Client.OngeldigBericht"
    assert embedded.send(from_here(bring)).outcome == "Client.OngeldigBericht"


def test_metrics_count_results(embedded: ResultSchool) -> None:
    """Each result of a message that was taken is counted by what became of it, and the message by its outcome."""
    embedded.restart(parts=frozenset({Part.SOAP, Part.METRICS}))
    embedded.bring(message(afname(resultaat("a") + resultaat("b")) + afname(resultaat("c"), "99999")))
    embedded.bring_sample("invalid/06-score-decimaal.xml")
    text = call(embedded.app, path="/metrics", method="GET", REMOTE_ADDR="127.0.0.1").body.decode()
    counted = dict(re.findall(r'^uwlr_results_total{effect="(\w+)"} (\S+)$', text, re.MULTILINE))
    assert counted == {"added": "2.0", "changed": "0.0", "same": "0.0", "overtaken": "0.0", "not_processed": "1.0"}
    for outcome in (TAKEN, "Client.ScoreOngeldig"):
        assert f'uwlr_requests_total{{operation="BrengLeerresultaten",outcome="{outcome}"}} 1.0' in text


def test_who_only_brings_results_has_its_codes_renewed(school: ResultSchool) -> None:
    """The digests of both codes are made anew under the server key in use, in the commit of a message that is taken."""

    def used() -> set[str]:
        with school.database.reading() as connection:
            digests = [*connection.scalars(sa.select(afnemer.c.klantcode_digest))]
            digests += connection.scalars(sa.select(koppeling.c.code_digest))
        return {digest.partition(":")[0] for digest in digests}

    before = used()
    server_keys = school.app.endpoints[PATH].exchange.gate.server_keys
    (other,) = (one for one in server_keys.keys if one.name not in before)
    server_keys.in_use = other
    assert school.bring_sample("onzichtbaar/03-norm-omgekeerd.xml").outcome == "Client.ToetsNormeringOngeldig"
    assert used() == before
    assert school.bring_sample("valid/02-onderdelen.xml").outcome == TAKEN
    assert used() == {other.name}
