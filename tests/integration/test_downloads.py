"""Downloads of a vendor: WSDL, XSDs and pages, with a version, an ETag and the day of the last change."""

import re
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from lxml import etree
from support.served_school import ServedSchool
from support.wsgi import Reply, call

from uwlr_adapter.contract import published
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.bounds import MAX_CONDITION
from uwlr_adapter.web.vendor_pages import CONTRACT_VERSION, address_of

URL = "https://uwlr.example"
SERVICE, RESULTS = "/uwlr/leerlinggegevens", "/uwlr/leerresultaten"
PRESENT, *EARLIER = published.versions()
WSDL = address_of(published.WSDL, PRESENT)
XSD = address_of("schemas/2.3/antwoord.xsd", PRESENT)
RESULTS_XSD = address_of("schemas/leerresultaten/verzoek.xsd", PRESENT)
PAGES = ("/uwlr/fouten", "/uwlr/contract", "/uwlr/stijl.css")
STORED = [(address_of(name, PRESENT), "") for name in published.files(PRESENT.number)]
FILES = ((SERVICE, "wsdl"), (RESULTS, "wsdl"), *STORED)
"""The path and the query of each file of the contract."""
ALL = (*FILES, *((path, "") for path in PAGES))


@pytest.fixture
def app(served: ServedSchool) -> Iterator[App]:
    """Yield the service, under a public URL."""
    app = make_app(Settings(data=served.data, public_url=URL))
    yield app
    app.close()


def read(app: App, path: str, query: str = "", method: str = "GET", **environ: str) -> Reply:
    """Read an address; a caller may name any host."""
    host = environ.pop("HTTP_HOST", "elders.example")
    return call(app, b"", method=method, path=path, query=query, content_type=None, HTTP_HOST=host, **environ)


@pytest.mark.parametrize(("path", "query"), ALL)
def test_what_did_not_change_is_not_sent_again(app: App, path: str, query: str) -> None:
    """Each has a strong ETag by which it is asked for again, and is never taken from a cache without asking."""
    first = read(app, path, query)
    etag = first.headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    assert first.headers["Cache-Control"] == "no-cache"
    for condition in (etag, f'"anders", W/{etag}', "*"):
        again = read(app, path, query, HTTP_IF_NONE_MATCH=condition)
        assert (again.status, again.body, again.headers["ETag"]) == (HTTPStatus.NOT_MODIFIED, b"", etag)
    for condition in ('"anders"', etag + " " * MAX_CONDITION):
        # The length of a header is bounded before anything reads it.
        again = read(app, path, query, HTTP_IF_NONE_MATCH=condition)
        assert again.status in {HTTPStatus.OK, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE}
        assert again.status != HTTPStatus.OK or again.body == first.body


@pytest.mark.parametrize(("path", "query"), FILES)
def test_a_file_has_the_version_and_the_day_of_the_contract(app: App, path: str, query: str) -> None:
    """The header names the version; by its day it is asked for again, unless an ETag says otherwise."""
    first = read(app, path, query)
    assert first.headers[CONTRACT_VERSION] == str(PRESENT.number)
    moment = first.headers["Last-Modified"]
    assert moment == PRESENT.moment.strftime("%a, %d %b %Y 00:00:00 GMT")
    unchanged = read(app, path, query, HTTP_IF_MODIFIED_SINCE=moment)
    assert (unchanged.status, unchanged.body) == (HTTPStatus.NOT_MODIFIED, b"")
    assert unchanged.headers[CONTRACT_VERSION] == str(PRESENT.number)
    for environ in (
        {"HTTP_IF_MODIFIED_SINCE": "Thu, 01 Jan 2015 00:00:00 GMT"},
        {"HTTP_IF_MODIFIED_SINCE": "gisteren"},
        {"HTTP_IF_MODIFIED_SINCE": moment, "HTTP_IF_NONE_MATCH": '"anders"'},
    ):
        assert read(app, path, query, **environ).body == first.body, environ


@pytest.mark.parametrize(("path", "query"), ALL)
def test_head_is_get_without_a_body(app: App, path: str, query: str) -> None:
    """HEAD has the headers of GET, and no other method is taken."""
    first, head = read(app, path, query), read(app, path, query, "HEAD")
    assert (head.status, head.body) == (HTTPStatus.OK, b"")
    assert {**head.headers, "X-Request-ID": ""} == {**first.headers, "X-Request-ID": ""}
    assert head.headers["Content-Length"] == str(len(first.body))
    if path not in {SERVICE, RESULTS}:
        refused = read(app, path, query, "POST")
        assert (refused.status, refused.headers["Allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "GET, HEAD")


def test_the_wsdl_has_the_public_url_whatever_host_is_named(app: App) -> None:
    """Both addresses of a WSDL give the same bytes, and no Host of a caller is in them."""
    found = {
        read(app, path, query, HTTP_HOST=host).body
        for host in ("elders.example", "uwlr.example", "evil.example:8080", "127.0.0.1")
        for path, query in ((SERVICE, "wsdl"), (SERVICE, "WSDL=1"), (WSDL, ""))
    }
    (content,) = found
    places = [str(one.get("location")) for one in etree.fromstring(content).iter("{*}address")]
    assert places == [f"{URL}{SERVICE}"] * 2


def test_the_wsdl_of_results_names_its_own_service(app: App) -> None:
    """The address in the second WSDL is the public URL with the path of that service."""
    content = read(app, address_of(published.RESULTS_WSDL, PRESENT)).body
    assert content == read(app, RESULTS, "wsdl").body
    (place,) = etree.fromstring(content).iter("{*}address")
    assert place.get("location") == f"{URL}{RESULTS}"


def test_another_public_url_is_another_etag(app: App, served: ServedSchool) -> None:
    """Who asks by its ETag gets the new address when the service moved."""
    moved = make_app(Settings(data=served.data, public_url="https://elders.example"))
    etag = read(app, SERVICE, "wsdl").headers["ETag"]
    assert b"https://elders.example" in read(moved, SERVICE, "wsdl", HTTP_IF_NONE_MATCH=etag).body
    moved.close()


def test_the_xsds_are_those_that_judge(app: App) -> None:
    """Each file is downloaded as it stands, and what it includes is at the address to which that leads."""
    assert len(published.files(PRESENT.number)) > 1
    for name, content in published.files(PRESENT.number).items():
        assert content == contract_file(name).read_bytes()
        assert name.endswith(".wsdl") or read(app, address_of(name, PRESENT)).body == content
    for xsd in (XSD, RESULTS_XSD):
        schema = etree.fromstring(read(app, xsd).body)
        included = [*schema.findall("{*}include"), *schema.findall("{*}import")]
        assert included
        for one in included:
            parts = xsd.split("/")[:-1]
            for step in str(one.get("schemaLocation")).split("/"):
                parts = parts[:-1] if step == ".." else [*parts, step]
            assert read(app, "/".join(parts)).status == HTTPStatus.OK


def test_an_earlier_version_stays_where_it_is(served: ServedSchool, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there is a newer version, each file of this one has the same bytes at the same address, and its own day."""
    before = {path: read(app, path) for path, _ in STORED}
    newer = PRESENT._replace(number=PRESENT.number + 1, moment=PRESENT.moment + timedelta(days=30))
    kept = published.files(PRESENT.number)
    monkeypatch.setattr(published, "versions", lambda: (newer, PRESENT, *EARLIER))
    monkeypatch.setattr(published, "files", lambda _: kept)
    later = make_app(Settings(data=served.data, public_url=URL))
    for path, reply in before.items():
        again = read(later, path)
        assert (again.body, again.headers["ETag"]) == (reply.body, reply.headers["ETag"])
        assert again.headers["Last-Modified"] == reply.headers["Last-Modified"]
    assert read(later, SERVICE, "wsdl").headers[CONTRACT_VERSION] == str(newer.number)
    later.close()


def test_a_version_to_come_is_not_served(app: App) -> None:
    """An address of a number that is none has nothing."""
    for number in (0, PRESENT.number + 1):
        assert read(app, f"/uwlr/contract/{number}/{published.WSDL}").status == HTTPStatus.NOT_FOUND


def test_a_changed_file_is_a_new_version() -> None:
    """Each version has the digest of its files: a change in one needs a new version, with a line for vendors."""
    for version in published.versions():
        found = published.digest(published.files(version.number))
        assert found == version.digest, f"contract/published.toml says how to make a version; its digest: {found}"
        assert version.changes
    numbers = [version.number for version in published.versions()]
    assert numbers == list(range(len(numbers), 0, -1))


def test_the_files_of_earlier_versions_are_kept_whole() -> None:
    """What stands in contract/earlier is what the version of that number had."""
    digests = {str(version.number): version.digest for version in published.versions()}
    for folder in Path(published.__file__).with_name("earlier").iterdir():
        stored = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*sd*")}
        assert published.digest(stored) == digests[folder.name]


def test_the_page_of_the_contract_leads_to_each_file(app: App) -> None:
    """Each link on it works, and what changed stands there."""
    page = read(app, "/uwlr/contract").body.decode()
    links = re.findall(r'href="([^"]+)"', page)
    assert set(links) >= {path for path, _ in STORED} | {f"{URL}{path}?wsdl" for path in (SERVICE, RESULTS)}
    for link in links:
        path, _, query = link.removeprefix(URL).partition("?")
        assert read(app, path, query).status == HTTPStatus.OK, link
    for version in (PRESENT, *EARLIER):
        assert f"Version {version.number}, {version.moment.date()}" in page


def test_a_process_without_the_exchange_has_none_of_these(served: ServedSchool) -> None:
    """They are part of the service that they describe."""
    app = make_app(Settings(data=served.data, parts=frozenset({Part.PORTAL})))
    assert {read(app, path, query).status for path, query in ALL} == {HTTPStatus.NOT_FOUND}
    app.close()
