"""The whole application in one process: the journaal, failures of our own, and what never shows."""

import logging
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from support.databases import everything
from support.messages import LG, body, envelope
from support.served_school import ServedSchool, furnish
from support.wsgi import call

from uwlr_adapter.contract import answer
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.db.database import Database, DatabaseUnusableError
from uwlr_adapter.journaal import model, search, tables
from uwlr_adapter.journaal.model import Entry
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App


@pytest.fixture
def served(tmp_path: Path, backend: str) -> ServedSchool:
    """Return the example school of `served_school`, of its own for each test."""
    return furnish(tmp_path)


@pytest.fixture
def database(served: ServedSchool) -> Iterator[Database]:
    """Open its database beside the application."""
    opened = Database(Settings(data=served.data).database_url)
    yield opened
    opened.close()


@pytest.fixture
def app(served: ServedSchool) -> Iterator[App]:
    """Make the application on that school."""
    made = make_app(Settings(data=served.data))
    yield made
    made.close()


def lines(database: Database) -> list[Entry]:
    """Return the journaal, newest first, without the acts of furnishing."""
    with database.reading() as connection:
        return [line for line in search.read(connection) if line.kind is model.EntryKind.VERZOEK]


def test_a_database_that_fails_as_it_starts_is_told(served: ServedSchool, database: Database) -> None:
    """What fails after the schema was found good is told with its cause, as every other reason not to start."""
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE server_key RENAME TO elsewhere")
    with pytest.raises(DatabaseUnusableError, match="the database cannot be used: tables"):
        make_app(Settings(data=served.data))


def test_a_verzoek_has_the_id_of_its_request(app: App, served: ServedSchool, database: Database) -> None:
    """The id in the answer's header, given by a proxy or made here, is in the journaal, of a refusal too."""
    given = "0123456789abcdef0123456789abcdef"
    replies = [
        call(app, served.request(), HTTP_X_REQUEST_ID=given),
        call(app, served.request()),
        *(call(app, served.request(**case)) for case in served.refused_calls.values()),
    ]
    with database.reading() as connection:
        query = sa.select(tables.journaal.c.request_id, tables.journaal.c.actor).order_by(tables.journaal.c.id)
        found = connection.execute(query.where(tables.journaal.c.kind == model.EntryKind.VERZOEK)).all()
    assert [tuple(row) for row in found] == [(reply.headers["X-Request-ID"], None) for reply in replies]
    assert found[0].request_id == given


def test_every_call_of_a_known_klant_is_written_down(app: App, served: ServedSchool, database: Database) -> None:
    """The journaal has one line per call, with its outcome and the true reason of a refusal."""
    assert call(app, served.request()).status == 200
    (line,) = lines(database)
    assert (line.act, line.outcome, line.reason) == ("HaalLeerlinggegevens", "leerlinggegevens", None)
    assert (line.brin6, line.leerlingen) == ("21QW00", 232)
    for reason, case in served.refused_calls.items():
        call(app, served.request(**case))
        found = lines(database)[0]
        assert found.outcome == "Client.AutorisatieOngeldig"
        expected = {
            "onbekende schoolkey": "onbekende school",
            "code in andere letters": "code onjuist",
            "code van een andere afnemer": "beëindigd",
        }.get(reason, reason)
        assert found.reason == expected


@pytest.mark.parametrize(
    ("body_xml", "outcome", "reason"),
    [
        (body(school=""), "Client.OngeldigBericht", "geen school genoemd"),
        (body("2026"), "Client.OngeldigBericht", "niet volgens het schema"),
        (body(rest="<xsdversie>9.9</xsdversie>"), "Client.XsdVersieOngeldig", "versie niet ondersteund"),
        (body("1999-2000"), "geengegevens", "geen gegevens"),
    ],
)
def test_the_other_refusals_are_written_down(
    app: App, served: ServedSchool, database: Database, body_xml: str, outcome: str, reason: str
) -> None:
    """Also what goes wrong after the gate, or before it, stands in the journaal."""
    call(app, envelope(body_xml, served.header()))
    (line,) = lines(database)
    assert (line.outcome, line.reason) == (outcome, reason)


def test_a_repair_is_written_down(app: App, served: ServedSchool, database: Database) -> None:
    """A request that needed a repair is answered, and the journaal names the repair."""
    message = envelope(body(f" {served.schooljaar} "), served.header())
    assert call(app, message).status == 200
    assert lines(database)[0].repairs == ("witruimte",)


def test_calls_of_strangers_are_counted(app: App, served: ServedSchool, database: Database) -> None:
    """A request refused before its afnemer is known makes no entry, but is counted per source and outcome."""
    for message in (b"", b"x", envelope(header_xml=""), envelope(header_xml=served.header(klantnaam="Vreemd"))):
        call(app, message)
    assert lines(database) == []
    with database.reading() as connection:
        counted = connection.execute(
            sa.select(tables.refusal.c.source, tables.refusal.c.outcome, sa.func.sum(tables.refusal.c.occurrences))
            .group_by(tables.refusal.c.source, tables.refusal.c.outcome)
            .order_by(tables.refusal.c.outcome)
        ).all()
    assert [tuple(row) for row in counted] == [
        ("192.0.2.1", "Client.AutorisatieOngeldig", 1),
        ("192.0.2.1", "Client.OngeldigBericht", 2),
        ("192.0.2.1", "Client.OngeldigeKlantIdentificatie", 1),
    ]


def test_nothing_of_a_caller_reaches_the_database(app: App, served: ServedSchool, database: Database) -> None:
    """No text of a request, no code and no key stands anywhere in the database, whatever the outcome."""
    marks = ("merkteken-sleutel", "merkteken-klantcode", "77ZZ", "merkteken-set")
    body_xml = body(
        school="<brincode>77ZZ</brincode>",
        rest="<xsdversie>2.2</xsdversie><gegevenssetid>merkteken-set</gegevenssetid>",
    )
    call(app, envelope(body_xml, served.header(key="merkteken-sleutel")))
    call(app, envelope(body_xml, served.header(klantcode="merkteken-klantcode")))
    call(app, envelope(f'<merkteken-sleutel xmlns="{LG}"/>', served.header()))
    content = everything(database)
    assert b"Snappet" in content
    for mark in (*marks, *served.klantcodes.values(), "Ygr67BfgKl"):
        assert mark.encode() not in content, mark


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RuntimeError("merkteken"), b"Server.InterneFout"),
        (sa.exc.OperationalError("select merkteken", {}, Exception("merkteken")), b"Server.TijdelijkNietBeschikbaar"),
        (sa.exc.TimeoutError("merkteken"), b"Server.TijdelijkNietBeschikbaar"),
    ],
)
def test_a_failure_of_our_own_is_a_fault_and_a_log_line(
    app: App,
    served: ServedSchool,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    code: bytes,
) -> None:
    """The caller gets a server fault without a trace; the log names the place, the journaal that it was ours."""
    with (
        patch("uwlr_adapter.administratie.selection.Selection.read", side_effect=failure),
        caplog.at_level(logging.DEBUG),
    ):
        reply = call(app, served.request())
    assert reply.status == 500
    assert code in reply.body
    assert b"merkteken" not in reply.body
    assert (lines(database)[0].outcome, lines(database)[0].reason) == (code.decode(), "eigen fout")
    assert "own failure" in caplog.text
    assert "leerlinggegevens.py" in caplog.text
    for secret in ("merkteken", "Ygr67BfgKl", served.klantcodes["Snappet"]):
        assert secret not in caplog.text


def test_no_answer_leaves_without_its_line(app: App, served: ServedSchool, database: Database) -> None:
    """When the journaal cannot be written the caller gets no data."""
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE journaal RENAME TO journaal_weg")
    reply = call(app, served.request())
    assert b"Server.TijdelijkNietBeschikbaar" in reply.body
    assert b"leerling" not in reply.body.replace(b"leerplatform", b"")


def test_an_answer_that_breaks_our_schema_never_leaves(
    app: App, served: ServedSchool, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """All or a fault: an answer that our XSD refuses is Server.InterneFout, written down as our own."""
    wrong = answer.geengegevens(HAAL_LEERLINGGEGEVENS).replace(b"geengegevens", b"leeg")
    with patch.object(answer, "wrap", return_value=wrong):
        reply = call(app, served.request())
    assert b"Server.InterneFout" in reply.body
    assert (lines(database)[0].outcome, lines(database)[0].reason) == ("Server.InterneFout", "eigen fout")
    assert "InvalidAnswerError" in caplog.text


def test_a_database_that_is_gone_is_temporary(app: App, served: ServedSchool, database: Database) -> None:
    """Without its tables the service says so as the standard has it, and is right again when they are back."""
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE afnemer RENAME TO afnemer_weg")
    assert b"Server.TijdelijkNietBeschikbaar" in call(app, served.request()).body
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE afnemer_weg RENAME TO afnemer")
    assert call(app, served.request()).status == 200


def test_a_service_without_its_tables_does_not_start(tmp_path: Path) -> None:
    """An empty database is refused at the start, with what to do about it."""
    with pytest.raises(DatabaseUnusableError, match="uwlr-adapter init"):
        make_app(Settings(data=tmp_path))
