"""The rival of the benchmarks is an honest one: it answers the same callers with the same content as the service."""

from pathlib import Path

import pytest
import sqlalchemy as sa
import world
from lxml import etree
from newcomer import make_newcomer
from pydantic import SecretStr
from records import write_edexml
from servers import SERVER_KEY, Backend
from support.wsgi import Reply, call

from uwlr_adapter.contract.names import LEERLINGGEGEVENS
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

BRIN6 = "21QW00"
SIZE = 60
Content = tuple[object, ...]


@pytest.fixture
def backend_with_school(backend: str, tmp_path: Path) -> Backend:
    """Return a database, of either kind, with one school of sixty leerlingen and its koppeling."""
    made = Backend(backend, tmp_path, Settings(data=tmp_path).database_url)
    database = world.open_database(made)
    world.add_afnemer(database)
    world.import_file(database, write_edexml(tmp_path / "school.xml", BRIN6, SIZE))
    world.activate(database, [BRIN6])
    database.close()
    return made


def both(backend: Backend, body: str) -> tuple[Reply, Reply]:
    """Ask the service and the newcomer the same."""
    settings = Settings(data=backend.data, database=SecretStr(backend.url), keys=SecretStr(SERVER_KEY))
    app, engine = make_app(settings), sa.create_engine(backend.url)
    try:
        return call(app, body.encode()), call(make_newcomer(engine, world.server_keys()), body.encode())
    finally:
        app.close()
        engine.dispose()


def records(reply: Reply, naam: str) -> list[Content]:
    """Return the records of one name in an answer: what they say, however it is written."""
    return [content(one) for one in etree.fromstring(reply.body).iter(f"{{{LEERLINGGEGEVENS}}}{naam}")]


def content(element: etree._Element) -> Content:
    """Return what an element says: its name, attributes, text and children."""
    return element.tag, sorted(element.items()), element.text or "", [content(child) for child in element]


def test_a_school_is_the_same(backend_with_school: Backend) -> None:
    """Every leerling, leerkracht and group has the same fields with the same values, in the same order."""
    ours, theirs = both(backend_with_school, world.fetch_message(BRIN6))
    assert (ours.status, theirs.status) == (200, 200)
    for naam, count in (("leerling", SIZE), ("leerkracht", 3), ("jaargroep", SIZE + 3)):
        found = records(ours, naam)
        assert len(found) == count
        assert records(theirs, naam) == found


def test_the_leerlingen_of_a_group_are_the_same(backend_with_school: Backend) -> None:
    """A group's leerlingen, and no others."""
    ours, theirs = both(backend_with_school, world.groep_message(BRIN6, "g1"))
    found = records(ours, "leerling")
    assert 0 < len(found) < SIZE
    assert records(theirs, "leerling") == found


def test_the_gate_is_the_same(backend_with_school: Backend) -> None:
    """The rival refuses the callers that the service refuses."""
    refused = {
        world.fetch_message(BRIN6, code=f"{BRIN6}een-andere-code-xx"): b"Client.AutorisatieOngeldig",
        world.fetch_message(BRIN6, klantnaam="Onbekend"): b"Client.OngeldigeKlantIdentificatie",
    }
    for body, fault in refused.items():
        for reply in both(backend_with_school, body):
            assert reply.status == 500
            assert fault in reply.body
            assert b"<leerling " not in reply.body


def test_geenwijzigingen_is_the_same(backend_with_school: Backend) -> None:
    """Both answer geenwijzigingen to a caller that has the data, asked with the moment that the service gave."""
    ours, _ = both(backend_with_school, world.fetch_message(BRIN6))
    (moment,) = etree.fromstring(ours.body).iter(f"{{{LEERLINGGEGEVENS}}}aanmaakdatum")
    for reply in both(backend_with_school, world.fetch_message(BRIN6, since=moment.text)):
        assert [etree.QName(one).localname for one in etree.fromstring(reply.body)[-1][0]] == ["geenwijzigingen"]
