"""No value of a number, a date or a text in any field of a request is a failure of ours, on either database."""

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from flask import Flask
from support.clock import Clock
from support.messages import body, envelope, header, school_element
from support.nasty_values import VALUES
from support.oracle import amount
from support.portal_browser import Browser
from support.portal_school import FULL, furnish
from support.school_builder import MOMENT
from support.wsgi import Reply, call

from uwlr_adapter.demo import setup
from uwlr_adapter.keys import key_file
from uwlr_adapter.keys.server_keys import KEY_BYTES
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

pytestmark = pytest.mark.usefixtures("quick_hashes")
SEARCHED = ("voor", "van", "tot", "koppeling", "uitkomst")
RESULTS = ("platform", "reden", "schooljaar", "groep", "kolom", "rij")
QUERY_NAMES = (*SEARCHED, "verder", "na", "zoek", "toegang", *RESULTS)
"""The names that the query of some page may have."""
DOUBLED = 0.1
"""How often a name is there twice."""
LOGINS = (None, "a.devries", "operator", "vendor")
Fields = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Place:
    """One place in a request that takes a value: a part of the path, or a name of the query or of the form."""

    login: str | None
    method: str
    path: str
    """With `{}` where the value goes, when it is a part of the path."""
    query: str = ""
    form: str = ""
    others: Fields = ()
    """The other fields of the form."""


@contextmanager
def _serving(folder: Path) -> Iterator[App]:
    """Serve the example school of the portal from a folder."""
    if "UWLR_DATABASE" in os.environ:
        key_file.make(folder / "keys", KEY_BYTES)
    furnish(folder, MOMENT)
    made = make_app(Settings(data=folder), Clock(MOMENT))
    yield made
    made.close()


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Make the school for the tests in which the database does not matter."""
    with _serving(tmp_path_factory.mktemp("values")) as app:
        yield app


@pytest.mark.usefixtures("backend")
def test_every_field_of_every_page(tmp_path: Path) -> None:
    """Whatever stands in a part of a path, in a query or in a field of a form: the answer is below 500.

    In a search of the journaal each value is tried, in the other places some.
    """
    choose = random.Random(14)  # noqa: S311 - no secret
    with _serving(tmp_path) as app:
        browsers = {login: _browser(app, login) for login in LOGINS}
        places = [place for login in LOGINS for place in _places(app, browsers[login], login)]
        assert len({(place.login, place.form) for place in places if place.form}) > 15, "the forms were found"
        assert any("/vragen/" in place.path and place.form == "versie" for place in places)
        searches = [Place("a.devries", "GET", f"/koppelingen/{FULL}/journaal", name) for name in SEARCHED]
        searches += [Place("a.devries", "GET", f"/koppelingen/{FULL}/resultaten/groep", name) for name in RESULTS]
        places = [place for place in places if "uitloggen" not in place.path]
        for place in searches + choose.sample(places, amount(min(120, len(places)), len(places))):
            values = VALUES if place in searches else choose.sample(VALUES, amount(1, len(VALUES)))
            for value in values:
                reply = _send(app, browsers[place.login], place, value, doubled=choose.random() < DOUBLED)
                assert reply.status < 500, (place, value[:40])


@pytest.mark.parametrize("path", ["/uwlr/leerlinggegevens", "/metrics", "/readyz", "/healthz", "/", "/koppelingen/x"])
def test_every_query_and_header_of_the_service(on_sqlite: App, path: str) -> None:
    """Whatever stands in a query or in a header that the service reads: it is answered."""
    names = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REQUEST_ID", "HTTP_ACCEPT_ENCODING", "CONTENT_TYPE", "HTTP_COOKIE")
    choose = random.Random(14)  # noqa: S311 - no secret
    for value in choose.sample(VALUES, amount(10, len(VALUES))):
        text, quoted = value.decode("latin-1"), quote_from_bytes(value)
        for method in ("GET", "HEAD", "POST"):
            replies = [call(on_sqlite, method=method, path=path, query=f"wsdl={quoted}&{quoted}={quoted}")]
            for name in names:
                environ = {"REMOTE_ADDR": "127.0.0.1", name: text}
                replies.append(call(on_sqlite, b"", method=method, path=path, content_type=None, **environ))
            for reply in replies:
                assert reply.status < 500 or b"Client." in reply.body, (method, value[:40])


def test_every_element_of_a_message(on_sqlite: App) -> None:
    """Whatever stands in an element of a message: the answer is one of the standard, and no failure of ours."""
    right = {
        "schooljaar": "2026-2027",
        "school": school_element("21QW00"),
        "rest": "<laatstontvangengegevens>{}</laatstontvangengegevens><xsdversie>2.2</xsdversie>",
    }
    texts = [value.decode(errors="replace") for value in VALUES if len(value) < 20_000]
    texts = [text.replace("&", "&amp;").replace("<", "&lt;") for text in texts]
    for text in (*texts, *(f"&#{number};" for number in (0, 1, 0x85, 0xD800, 0xFFFE, 0x10FFFF, 0x110000))):
        for wrong in (
            {"schooljaar": text},
            {"school": f"<brincode>{text}</brincode>"},
            {"school": f"<brincode>21QW</brincode><dependancecode>{text}</dependancecode>"},
            {"school": f"<schoolkey>{text}</schoolkey>"},
            {"rest": right["rest"].replace("{}", text)},
            {"rest": f"<xsdversie>{text}</xsdversie>"},
            {},
        ):
            head = header(text, text, text) if not wrong else header(setup.VERIFICATIECODE, setup.KLANTCODE)
            reply = call(on_sqlite, envelope(body(**{**right, "rest": "<xsdversie>2.2</xsdversie>", **wrong}), head))
            assert b"Server." not in reply.body, (wrong, text[:40])


def _browser(app: App, login: str | None) -> Browser:
    browser = Browser(app)
    if login is not None:
        assert browser.login(login).status == 303
    return browser


def _question_id(app: App) -> str:
    """Return the id of an open question of the school."""
    page = _browser(app, "a.devries").get(f"/koppelingen/{FULL}/vragen")
    return str(re.findall(r"/vragen/([0-9]+)/nieuw", page.body)[0])


def _with_results(app: App) -> dict[str, str]:
    """Return the ids of a leerling, of a toets, and of a result of the one in the other, as the routes name them."""
    browser = _browser(app, "a.devries")
    results = f"/koppelingen/{FULL}/resultaten"
    found = re.search(r"/leerling/([0-9]+)/resultaat/([0-9]+)", browser.get(f"{results}/bericht/3").body)
    persoon_id, resultaat_id = ("", "") if found is None else found.groups()
    toets_id = re.findall(r"/toets/([0-9a-f]{64})", browser.get(f"{results}/leerling/{persoon_id}").body)[0]
    return {"persoon_id": persoon_id, "toets_id": toets_id, "resultaat_id": resultaat_id, "message_id": "3"}


def _rules(app: App) -> list[tuple[str, dict[str, str], set[str]]]:
    """Return for each route of Flask its path with `{name}` for each part that varies, right values, and methods."""
    portal = app.mounts[PREFIX]
    assert isinstance(portal, Flask)
    right = {
        "brin6": FULL,
        "koppeling_id": "1",
        "question_id": _question_id(app),
        "answer": "nieuw",
        "entry_id": "uwlr-4d",
        "afnemer_id": "1",
        "gebruiker_id": "1",
        "invitation_id": "1",
        "batch_id": "1",
        "maintenance_id": "1",
        "soort": "resultaten",
        **_with_results(app),
        "name": "calls",
        "token": "x",
        "filename": "x",
    }
    return [
        (
            re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule),
            {name: right[name] for name in rule.arguments},
            rule.methods or set(),
        )
        for rule in portal.url_map.iter_rules()
    ]


def _places(app: App, browser: Browser, login: str | None) -> Iterator[Place]:
    """Yield every place that this login can reach: in the routes of Flask, and in the forms on their pages."""
    for pattern, right, methods in _rules(app):
        path = pattern.format(**right)
        for method in methods & {"GET", "POST"}:
            for name in right:
                yield Place(login, method, pattern.format(**{**right, name: "{}"}))
            for name in QUERY_NAMES:
                yield Place(login, method, path, query=name)
        if "GET" not in methods or "static" in path:
            continue
        page = browser.get(path)
        for form in page.forms() if page.status == 200 and "html" in page.body[:20] else ():
            fields = tuple((name, (value or "").encode()) for name, value in form.form_values())
            buttons = tuple((one.get("name"), (one.get("value") or "").encode()) for one in form.iter("button"))
            names = dict.fromkeys([*form.fields, *(name for name, _ in buttons if name)])
            for name in names:
                others = tuple(field for field in fields if field[0] != name)
                yield Place(login, form.method, form.get("action") or path, form=name, others=others)


def _send(app: App, browser: Browser, place: Place, value: bytes, *, doubled: bool = False) -> Reply:
    """Send a request with a value in its place, twice when told so."""
    pairs = [*place.others, *([(place.form, value)] * (1 + doubled) if place.form else [])]
    content = "&".join(f"{name}={quote_from_bytes(one)}" for name, one in pairs)
    query = "&".join([f"{place.query}={quote_from_bytes(value)}"] * (1 + doubled)) if place.query else ""
    is_get = place.method == "GET"
    return call(
        app,
        b"" if is_get else content.encode(),
        method=place.method,
        path=place.path.replace("{}", value.decode("latin-1")),
        query=query or (content if is_get else ""),
        content_type=None if is_get else "application/x-www-form-urlencoded",
        HTTP_COOKIE="; ".join(f"{name}={cookie}" for name, cookie in browser.cookies.items()),
    )
