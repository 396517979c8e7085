"""Stored answers: never stale whichever application answers, gone with their records, made again when they are lost."""

import gzip
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha512
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from support.edexml_files import make_dataset
from support.school_builder import BRIN6
from support.trial_school import SCHOOLJAAR, SMALLEST, TrialSchool
from support.wsgi import Reply, call

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches, forget
from uwlr_adapter.administratie.tables import answer_content, import_batch
from uwlr_adapter.answers import store
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.contract import answer, names, rendered
from uwlr_adapter.contract.dataset import Dataset, Leerling
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Query, Row
from uwlr_adapter.server.application import make_app

EVERYTHING, LEERLINGEN = names.HAAL_LEERLINGGEGEVENS, names.HAAL_LEERLINGEN
pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def school(tmp_path: Path) -> Iterator[TrialSchool]:
    """Yield the smallest school."""
    made = TrialSchool(tmp_path)
    made.import_data(SMALLEST)
    yield made
    made.close()


def named(achternaam: str) -> Dataset:
    """Return the smallest school with another achternaam, which is a correction."""
    leerling = Leerling("101", achternaam=achternaam, roepnaam="Zoë", groep="g1")
    return make_dataset([leerling], groepen=SMALLEST.groepen, schooljaar=SCHOOLJAAR)


def stored(school: TrialSchool) -> list[str]:
    """Return the kinds of which bytes are kept."""
    with school.database.reading() as connection:
        return sorted(connection.scalars(sa.select(answer_content.c.payload)))


def post(school: TrialSchool, accept: str | None = "gzip", rest: str = "<xsdversie>2.2</xsdversie>") -> Reply:
    """Fetch with an Accept-Encoding."""
    headers = {} if accept is None else {"HTTP_ACCEPT_ENCODING": accept}
    return call(school.app, school.message(EVERYTHING, rest), **headers)


def test_made_once(school: TrialSchool) -> None:
    """The second request, and that of another application, is answered without a look at the records."""
    with patch.object(rendered, "make", wraps=rendered.make) as made:
        first = school.fetch()
        assert school.fetch().content == first.content
        school.restart()
        assert school.fetch().content == first.content
        assert made.call_count == 1
        keys = [
            school.fetch(LEERLINGEN, groepen=question).keys("leerling")
            for question in ('<groep key="g1"/>', "<groep/>")
        ]
        assert (keys, made.call_count) == ([["101"], []], 2)
    assert stored(school) == sorted([EVERYTHING.payload, LEERLINGEN.payload])


def test_an_answer_at_hand_is_found_without_reading_the_school(school: TrialSchool) -> None:
    """The same holds for a caller that leaves the schooljaar empty, so that the gate could not look its answer up."""
    first = school.fetch()
    with patch.object(Database, "snapshot", side_effect=AssertionError):
        assert school.fetch().content == school.fetch(schooljaar="").content == first.content


def test_geenwijzigingen_needs_no_bytes(school: TrialSchool) -> None:
    """A caller that has the content is answered without a read of the bytes, also by a process that never sent them."""
    first = school.fetch()
    school.restart()
    with patch.object(store, "content_query", side_effect=AssertionError):
        assert school.fetch(last=first.aanmaakdatum).outcome == "geenwijzigingen"


def test_never_stale_from_another_application(school: TrialSchool) -> None:
    """Two applications on one database, imports, pauses and midnights between requests: each sees them at once."""
    other = make_app(school.settings, lambda: school.moment)
    apps = [school.app, other]
    dice = random.Random(6)  # noqa: S311 - a test that plays the same each time
    achternaam, paused = None, False
    for number in range(40):
        act = dice.choice(["import", "pause", "day", "nothing", "nothing"])
        if act == "import":
            achternaam = f"Zwaan{number}"
            school.import_data(named(achternaam))
        elif act == "pause":
            (school.resume if paused else school.pause)()
            paused = not paused
        elif act == "day":
            school.wait(86_400)
        school.app = dice.choice(apps)
        found = school.fetch()
        if paused:
            assert found.outcome == "Client.AutorisatieOngeldig"
        else:
            assert [one.findtext("{*}achternaam") for one in found.all("leerling")] == [achternaam]
    school.app = apps[0]
    other.close()


def test_the_calendar_ends_an_answer(school: TrialSchool) -> None:
    """A leerling who leaves tomorrow is in the stored answer of today, and not in one of tomorrow."""
    leaves = Leerling("2", roepnaam="Bo", uitstroomdatum="2026-11-24")
    school.import_data(replace(SMALLEST, leerlingen=(*SMALLEST.leerlingen, leaves)))
    other = make_app(school.settings, lambda: school.moment)
    assert school.fetch().keys("leerling") == ["101", "2"]
    school.wait(86_400)
    school.app, first = other, school.app
    assert school.fetch().keys("leerling") == ["101"]
    school.app = first
    assert school.fetch().keys("leerling") == ["101"]
    other.close()


@pytest.mark.parametrize("act", ["forget", "import", "undo"])
def test_bytes_go_with_their_records(school: TrialSchool, act: str) -> None:
    """In the transaction that changes the records, the answers that were made from them are erased."""
    school.import_data(named("Zoé"))
    school.fetch()
    school.fetch(LEERLINGEN)
    assert len(stored(school)) == 2
    with school.database.writing() as connection:
        if act == "forget":
            forget.forget(connection, BRIN6[:4], "101", school.moment)
        elif act == "undo":
            newest = connection.scalar(sa.select(sa.func.max(import_batch.c.id)))
            batches.undo(connection, newest or 0, school.moment)
    if act == "import":
        school.import_data(SMALLEST)
    assert stored(school) == []


def test_an_import_of_the_same_keeps_the_answer(school: TrialSchool) -> None:
    """An import that changes nothing makes no new answer."""
    school.fetch()
    school.import_data(SMALLEST)
    with patch.object(rendered, "make", side_effect=AssertionError):
        assert school.fetch().outcome == EVERYTHING.payload


def test_an_import_while_an_answer_is_made(school: TrialSchool) -> None:
    """Records that changed between reading them and keeping the answer: the request begins again, and sends the new."""
    snapshot, names_ = Database.snapshot, iter(["Eén", "Twee"])

    def slow(database: Database, query: Sequence[Query]) -> list[list[Row]]:
        found = snapshot(database, query)
        if (naam := next(names_, None)) is not None:
            school.import_data(named(naam))
        return found

    with patch.object(Database, "snapshot", slow):
        found = school.fetch()
    assert [one.findtext("{*}achternaam") for one in found.all("leerling")] == ["Twee"]


def test_records_that_never_hold_still(school: TrialSchool) -> None:
    """When they change at every attempt the caller is asked to come back, and nothing stale is kept."""
    versions = iter(range(1000, 1100))
    with patch.object(schools, "version_of", side_effect=lambda _rows: next(versions)):
        assert school.fetch().outcome == "Server.TijdelijkNietBeschikbaar"
    assert stored(school) == []
    assert school.fetch().outcome == EVERYTHING.payload


@pytest.mark.parametrize("operation", [EVERYTHING, LEERLINGEN], ids=lambda one: one.name)
def test_bytes_that_are_lost_are_made_again(school: TrialSchool, operation: names.Operation) -> None:
    """A table that somebody emptied costs a rendering, and the moment stays: the content is what it was."""
    first = school.fetch(operation)
    with school.database.writing() as connection:
        connection.execute(answer_content.delete())
    school.restart()
    school.wait(3600)
    assert school.fetch(operation).content == first.content
    assert len(stored(school)) == 1


def test_an_answer_of_another_house_is_made_again(school: TrialSchool) -> None:
    """A newer version of the program sends nothing that an older one rendered."""
    school.fetch()
    with patch.object(answer, "RENDERER", 99), patch.object(rendered, "make", wraps=rendered.make) as made:
        school.fetch()
        assert made.call_count == 1


def test_a_year_without_data_leaves_no_trace(school: TrialSchool) -> None:
    """Asking for years that never had data writes nothing about them."""
    for year in range(1990, 2000):
        assert school.fetch(schooljaar=f"{year}-{year + 1}").outcome == "geengegevens"
    with school.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(answer_state)) == 0


@pytest.mark.parametrize(
    ("accept", "packed"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZip, deflate, br", True),
        ("deflate;q=1.0, x-gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *;q=1", False),
        ("*", True),
        ("*;q=0", False),
        ("br", False),
        ("identity", False),
        ("identity;q=1, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=1.0", True),
        ("gzip;q=2", False),
        ("gzip;q=veel", False),
        ("ungzip", False),
    ],
)
def test_gzip_for_who_asks(school: TrialSchool, accept: str | None, *, packed: bool) -> None:
    """The same answer, compressed only when the caller takes that; a cache in between hears what it hangs on."""
    plain = school.fetch().content
    reply = post(school, accept)
    assert reply.headers.get("Content-Encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(reply.body) if packed else reply.body) == plain
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert reply.headers["Vary"] == "Accept-Encoding"


def test_te_is_no_accept_encoding(school: TrialSchool) -> None:
    """`TE: deflate,gzip`, as old Perl sends it, is about the transfer: the answer stays plain."""
    reply = call(school.app, school.message(EVERYTHING, "<xsdversie>2.2</xsdversie>"), HTTP_TE="deflate,gzip;q=0.3")
    assert "Content-Encoding" not in reply.headers


def test_small_answers_and_faults_are_plain(school: TrialSchool) -> None:
    """An answer that fits in one packet is not compressed."""
    moment = school.fetch().aanmaakdatum
    same = f"<xsdversie>2.2</xsdversie><laatstontvangengegevens>{moment}</laatstontvangengegevens>"
    for rest in (same, "<xsdversie>9.9</xsdversie>"):
        assert "Content-Encoding" not in post(school, rest=rest).headers


def test_an_answer_that_is_wrong_is_not_kept(school: TrialSchool) -> None:
    """Our XSD judges an answer before it is stored; when it is wrong nothing is there afterwards."""
    with patch.object(answer, "check", return_value=[Finding("leerling", Rule.FORM)]):
        assert school.fetch().outcome == "Server.InterneFout"
    assert stored(school) == []
    assert school.fetch().outcome == EVERYTHING.payload


def test_a_full_disk(school: TrialSchool) -> None:
    """SQLite without room: a fault of the server and never half an answer; right again when there is room."""
    if not school.database.backend.is_embedded:
        pytest.skip("PostgreSQL's disk is not ours to fill")
    eckids = [f"https://ketenid.nl/pilot/{sha512(bytes([number])).hexdigest()}" for number in range(250)]
    many = [Leerling(str(number), eckid=eckid, roepnaam="Bo") for number, eckid in enumerate(eckids)]
    school.import_data(make_dataset(many, schooljaar=SCHOOLJAAR))
    pages: list[int] = []

    def limit(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        (now,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {now if not pages else 1_000_000}")

    school.restart()
    engine = school.app._database.engine  # noqa: SLF001 - the application's own database is filled
    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    assert school.fetch().outcome == "Server.TijdelijkNietBeschikbaar"
    assert stored(school) == []
    pages.append(1)
    school.app.close()
    assert school.fetch().outcome == EVERYTHING.payload
