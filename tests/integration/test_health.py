"""Health endpoints, metrics, the log and memory; none of them holds text of a caller."""

import gc
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from support.messages import envelope
from support.served_school import ServedSchool, furnish
from support.wsgi import call

from uwlr_adapter.db.database import Database
from uwlr_adapter.db.schema_version import SCHEMA, schema_version
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web import metrics_files, readiness, request_record
from uwlr_adapter.web.app import App
from uwlr_adapter.web.logs import JsonFormatter

LOCAL = "127.0.0.1"


@pytest.fixture
def served(tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> ServedSchool:
    """Return the example school of `served_school`, of its own for each test."""
    monkeypatch.delenv(metrics_files.FOLDER, raising=False)
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 0)
    return furnish(tmp_path)


@pytest.fixture
def app(served: ServedSchool) -> App:
    """Make the application on it."""
    return make_app(Settings(data=served.data))


def figures(app: App) -> dict[str, float]:
    """Return the figures by name and labels."""
    reply = call(app, method="GET", path="/metrics", REMOTE_ADDR=LOCAL)
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    lines = [line for line in reply.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def get(app: App, path: str) -> tuple[int, str]:
    """Return status and text of a page."""
    reply = call(app, method="GET", path=path)
    return reply.status, reply.body.decode().strip()


def test_a_sound_service_is_healthy_and_ready(app: App) -> None:
    """Both say so."""
    assert get(app, "/healthz") == (200, "ok")
    assert get(app, "/readyz") == (200, "ready")


def test_without_its_database_it_is_healthy_and_not_ready(app: App, served: ServedSchool) -> None:
    """A database of another version, or that is away, makes it not ready; it is right again by itself."""
    database = Database(Settings(data=served.data).database_url)
    set_version = "UPDATE schema_version SET number = {}, readable_from = {}"
    for change, back in (
        (set_version.format(SCHEMA + 1, SCHEMA + 1), set_version.format(SCHEMA, SCHEMA)),
        (set_version.format(SCHEMA - 1, SCHEMA - 1), set_version.format(SCHEMA, SCHEMA)),
        ("ALTER TABLE server_key RENAME TO weg", "ALTER TABLE weg RENAME TO server_key"),
    ):
        with database.writing() as connection:
            connection.exec_driver_sql(change)
        assert get(app, "/readyz") == (503, "schema")
        assert get(app, "/healthz") == (200, "ok")
        with database.writing() as connection:
            connection.exec_driver_sql(back)
        assert get(app, "/readyz") == (200, "ready")


def test_a_newer_database_that_declares_itself_readable_is_served(app: App, served: ServedSchool) -> None:
    """Newer code has migrated the database, which only added to it: this code goes on, and can be started."""
    database = Database(Settings(data=served.data).database_url)
    with database.writing() as connection:
        connection.execute(schema_version.update().values(number=SCHEMA + 1, readable_from=SCHEMA))
    assert get(app, "/readyz") == (200, "ready")
    assert call(app, served.request()).status == 200
    started = make_app(Settings(data=served.data))
    assert call(started, served.request()).status == 200
    started.close()


def test_with_another_key_it_is_not_ready(app: App, served: ServedSchool) -> None:
    """When the database was used with another key of the same name, no code would be right."""
    database = Database(Settings(data=served.data).database_url)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE server_key SET check_value = 'van een andere sleutel'")
    assert get(app, "/readyz") == (503, "keys")


def test_requests_are_counted_by_operation_and_outcome(app: App, served: ServedSchool) -> None:
    """Each outcome has its figure, and so have refusals of strangers and the ages of the records."""
    call(app, served.request())
    call(app, served.request())
    call(app, served.request(key="21QW00een-andere-code-dan-deze"))
    call(app, envelope(header_xml=served.header(klantnaam="Vreemd")))
    call(app, b"x")
    call(app, method="GET", query="wsdl")
    call(app, method="PUT")
    call(app, method="GET", path="/geheim/pad")
    found = figures(app)
    counted = {
        match.groups(): value
        for name, value in found.items()
        if (match := re.fullmatch(r'uwlr_requests_total\{operation="(.*)",outcome="(.*)"\}', name))
    }
    assert counted == {
        ("HaalLeerlinggegevens", "leerlinggegevens"): 2,
        ("HaalLeerlinggegevens", "Client.AutorisatieOngeldig"): 1,
        ("HaalLeerlinggegevens", "Client.OngeldigeKlantIdentificatie"): 1,
        ("soap", "Client.OngeldigBericht"): 1,
        ("wsdl", "200"): 1,
        ("wsdl", "405"): 1,
        ("-", "404"): 1,
    }
    assert found["uwlr_refused_unknown_total"] == 2
    assert found['uwlr_request_seconds_count{operation="HaalLeerlinggegevens"}'] == 4
    assert 0 <= found['uwlr_records_age_seconds{which="newest"}'] <= found['uwlr_records_age_seconds{which="oldest"}']


def test_failures_of_the_database_are_counted(app: App, served: ServedSchool) -> None:
    """A statement that fails has its figure."""
    database = Database(Settings(data=served.data).database_url)
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE journaal RENAME TO weg")
    call(app, served.request())
    found = figures(app)
    assert found["uwlr_database_errors_total"] == 1
    outcome = 'uwlr_requests_total{operation="HaalLeerlinggegevens",outcome="Server.TijdelijkNietBeschikbaar"}'
    assert found[outcome] == 1


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1, 192.0.2.7"},
    ],
)
def test_the_figures_are_for_this_machine(app: App, environ: dict[str, str]) -> None:
    """Somebody elsewhere finds nothing there, whatever it says of itself, also through the proxy."""
    assert call(app, b"", method="GET", path="/metrics", query="", content_type=None, **environ).status == 404


def test_a_process_shows_its_parts_only(served: ServedSchool) -> None:
    """UWLR_PARTS chooses what is there; health always is."""
    app = make_app(Settings(data=served.data, parts=frozenset({Part.SOAP})))
    assert call(app, served.request()).status == 200
    assert call(app, method="GET", path="/metrics", REMOTE_ADDR=LOCAL).status == 404
    app = make_app(Settings(data=served.data, parts=frozenset({Part.PORTAL, Part.METRICS})))
    assert call(app, served.request()).status == 404
    assert call(app, method="GET", path="/metrics", REMOTE_ADDR=LOCAL).status == 200
    assert get(app, "/healthz") == (200, "ok")


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef", "123e4567-e89b-12d3-a456-426614174000"])
def test_the_id_of_a_proxy_is_kept(app: App, given: str) -> None:
    """An id that can hold no text comes back in the answer."""
    assert call(app, method="GET", path="/healthz", HTTP_X_REQUEST_ID=given).headers["X-Request-ID"] == given


def test_another_id_is_replaced(app: App) -> None:
    """An X-Request-ID that could hold text of a caller is not taken over; each request gets one of its own."""
    others = ["", "jan jansen", "0123", "0" * 33, "123e4567-e89b", "ABCDEF0123456789", "a\nb"] * 2
    asked = [call(app, method="GET", path="/healthz", HTTP_X_REQUEST_ID=other) for other in others]
    found = {reply.headers["X-Request-ID"] for reply in asked}
    assert len(found) == len(others)
    assert [one for one in found if not re.fullmatch("[0-9a-f]{32}", one)] == []


def test_the_log_has_a_line_for_each_request(app: App, served: ServedSchool, caplog: pytest.LogCaptureFixture) -> None:
    """A line says what a request came to, under the id of the answer, and nothing that the caller sent."""
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(JsonFormatter())
    reply = call(app, served.request(), HTTP_USER_AGENT="merkteken")
    call(app, method="GET", path="/merkteken", query="merkteken")
    call(app, method="GET", path="/healthz")
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    assert [(line["operation"], line["outcome"]) for line in lines] == [
        ("HaalLeerlinggegevens", "leerlinggegevens"),
        ("-", "404"),
    ]
    assert lines[0]["request"] == reply.headers["X-Request-ID"]
    assert lines[0].keys() == {"time", "level", "logger", "request", "operation", "outcome", "seconds"}
    for secret in ("merkteken", "Ygr67BfgKl", "Snappet", "21QW", "192.0.2.1", served.klantcodes["Snappet"]):
        assert secret not in caplog.text


def test_a_failure_in_the_log_names_its_request_and_no_text() -> None:
    """An event inside a request has its id; an exception has its kind and place only."""
    found = request_record.RequestRecord()
    try:
        raise ValueError("merkteken")  # noqa: TRY301 - the log is the subject
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("uwlr_adapter.x", logging.ERROR, __file__, 1, "it failed", None, info)
    with request_record.request_context(found):
        line = json.loads(JsonFormatter().format(record))
    assert (line["request"], line["message"]) == (found.id, "it failed")
    assert re.fullmatch(r"builtins.ValueError at test_health\.py:\d+ test_a_failure_in\w+", line["failure"])


FORKED = """
import os
from uwlr_adapter.web import request_record
from uwlr_adapter.web.metrics import Metrics
metrics = Metrics()
child = os.fork()
metrics.count([request_record.RequestRecord()])
if child:
    os.waitpid(child, 0)
    print(os.getpid(), child)
"""


def test_a_process_that_was_forked_counts_for_itself(tmp_path: Path) -> None:
    """A server may make the application before it forks its workers: each of them writes down its own figures."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", FORKED], env=environment, capture_output=True, text=True, check=True)
    assert {file.name for file in tmp_path.glob("counter_*.db")} == {f"counter_{pid}.db" for pid in done.stdout.split()}


def test_a_request_leaves_no_rings_of_objects(app: App, served: ServedSchool) -> None:
    """A request leaves no reference cycles: its objects are freed when it is answered, granted or refused."""
    good = served.request()
    messages = {
        "granted": good,
        "code": served.request(key="21QW00ietsheelanders"),
        "klantcode": good.replace(served.klantcodes["Snappet"].encode(), b"iets anders"),
        "version": good.replace(b">2.2<", b">9.9<"),
        "schema": good.replace(b"xsdversie", b"xsdversje"),
        "no XML": good[:-9],
        "nothing": b"",
    }
    assert len(set(messages.values())) == len(messages)
    gc.collect()
    gc.freeze()  # what other tests left need not be visited again
    assert {what: _left_behind(app, message) for what, message in messages.items()} == dict.fromkeys(messages, 0)
    with patch.object(Database, "look", side_effect=sa.exc.OperationalError("select", {}, Exception())):
        assert _left_behind(app, good) == 0


def _left_behind(app: App, message: bytes) -> int:
    """Count the objects in rings that a request leaves."""
    call(app, message)  # whatever is made once
    gc.collect()
    gc.disable()
    try:
        for _ in range(9):
            call(app, message)
        return gc.collect() // 9
    finally:
        gc.enable()
