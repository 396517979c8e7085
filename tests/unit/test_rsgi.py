"""The RSGI driver around applications of WSGI: what it closes, and whose records it reports."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from support.event_loop import run
from support.hand_made import NO_DATABASE
from support.rsgi import send

from uwlr_adapter.web.app import App
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.response import plain
from uwlr_adapter.web.rsgi import RsgiApp
from uwlr_adapter.web.source import make_source_of


def service(application: Any) -> App:
    """Return a service with this WSGI application on /page, and no SOAP service."""
    return App(NO_DATABASE, {"/page": application}, Metrics(), make_source_of(()))


class Broken:
    """A body that breaks off, and says whether it was closed."""

    is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield a piece, and break off."""
        yield b"half"
        raise RuntimeError

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


def test_a_body_that_breaks_off_is_closed() -> None:
    """What a page holds is let go of, also when its body ends in an exception (PEP 3333)."""
    body = Broken()

    def application(_environ: object, start: Any) -> Broken:
        start("200 OK", [])
        return body

    found = run(send(RsgiApp(service(application), threads=1), b"", method="GET", path="/page"))
    assert (found.statuses, body.is_closed) == ([HTTPStatus.INTERNAL_SERVER_ERROR], True)


def test_a_page_reports_its_own_record_only(caplog: pytest.LogCaptureFixture) -> None:
    """The thread of a page leaves the records of the event loop alone, so that no two threads share a list of them."""
    good: Any = lambda _environ, start: plain(HTTPStatus.OK, "good").send(start)  # noqa: E731 - a WSGI application
    app = service(good)
    message = app.begin("")
    with caplog.at_level(logging.INFO, "uwlr_adapter.request"):
        assert app.finish(message)
        run(send(RsgiApp(app, threads=1), b"", method="GET", path="/page"))
        (page,) = [one for record in caplog.records for one in record.request_records]  # type: ignore[attr-defined]
        app.flush()
    assert page is not message
    assert [len(record.request_records) for record in caplog.records] == [1, 1]  # type: ignore[attr-defined]
