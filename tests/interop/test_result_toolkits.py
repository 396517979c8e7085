"""Real client stacks bring results to a real server, knowing only its WSDL: what stands is what each of them had."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.oracle import amount, needs_standard, standard_file
from support.result_messages import LR
from support.result_stacks import RESULT_ASKED, RESULT_CELLS, RESULT_STACKS
from support.result_toolkits import CONFIRMED, Sender, SentResult, day, message, moment, sending
from support.served_school import CODE, ServedSchool, open_for_results
from support.server import Server
from support.stacks import Stack
from support.toolkit_table import BROUGHT_TABLE, cell, results
from support.toolkits import PROGRAMS, WAIT, need_php
from zeep import Client

from uwlr_adapter.administratie.tables import persoon, plaatsing
from uwlr_adapter.contract.leerresultaten.records import (
    Ingang,
    OsoReferentiescore,
    Toets,
    Toetsonderdeel,
    VocabulaireTerm,
)
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import EntryKind
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.reading import ResultsMessage, ResultVersion
from uwlr_adapter.settings import Settings

NAAM = "Rekenen é & <20>"
TOETS = [
    f"toets\tR 1\turn:toetsen\t{NAAM}\tBlok 1 & 2\t1",
    "norm\toefenen\t0\t10",
    "norm\tbeheerst\t11\t20",
    "onderdeel\t1\tR1-é\tOptellen",
    "onderdeel\t2\tR1-2\tAftrekken",
]
"""The lines of a definition with all that a program can say of one."""
OSO_TOETS = ["toets\tLezen\turn:toetsen\tLezen\tBlok 3\t2"]
LEERLINGEN, EACH = 30, 40
"""A class, and the results of each of its leerlingen."""
CLASS_TOETS = [
    "toets\tKlas\turn:toetsen\tKlas\tBlok 4\t3",
    *(f"onderdeel\t{part + 1}\tdeel-{part}\tDeel {part}" for part in range(EACH)),
]


@dataclass(frozen=True)
class Records:
    """The results that the administration keeps, read from the database of the server."""

    database: Database

    def standing(self, leerlingid: str, key: str) -> ResultVersion | None:
        """Return what stands under a key of a leerling."""
        with self.database.reading() as connection:
            own = persoon.c
            id_ = connection.scalar(sa.select(own.id).where(own.soort == "leerling", own.key == leerlingid))
            found = reading.of_leerling(connection, id_ or 0, limit=10_000)
        return next((one for one in found if one.key == key), None)

    def definition(self, version: ResultVersion) -> Toets:
        """Return the definition that a result came with."""
        with self.database.reading() as connection:
            return reading.definition_of(connection, version.toets_id)

    def last_message(self) -> ResultsMessage:
        """Return the message that came last."""
        with self.database.reading() as connection:
            return reading.messages(connection, setup.BRIN6, limit=1)[0]

    def brought(self, message_id: int) -> list[ResultVersion]:
        """Return every result of a message."""
        with self.database.reading() as connection:
            return [one.said for one in reading.of_message(connection, message_id, limit=10_000)]

    def repaired(self) -> set[tuple[str, ...]]:
        """Return the repairs that messages with results needed."""
        with self.database.reading() as connection:
            return {one.repairs for one in search.read(connection) if one.kind is EntryKind.RESULTATEN}


@pytest.fixture
def records(served: ServedSchool) -> Iterator[Records]:
    """Return the records of the server, whose koppeling lets results in."""
    open_for_results(served.data)
    database = Database(Settings(data=served.data).database_url)
    yield Records(database)
    database.close()


@pytest.fixture(params=RESULT_ASKED, ids=lambda one: one.naam)
def stack(request: pytest.FixtureRequest) -> Stack:
    """Return one stack; the long ones are asked by `make test-long` only."""
    asked: Stack = request.param
    asked.need()
    return asked


@pytest.fixture
def leerlingen(served: ServedSchool, records: Records) -> list[str]:
    """Return the keys of as many leerlingen as a class has."""
    here = (plaatsing.c.brin6 == setup.BRIN6, plaatsing.c.schooljaar == served.schooljaar)
    people = persoon.c.id.in_(sa.select(plaatsing.c.persoon_id).where(*here))
    query = sa.select(persoon.c.key).where(persoon.c.soort == "leerling", people).order_by(persoon.c.key)
    with records.database.reading() as connection:
        return [str(key) for key in connection.scalars(query.limit(LEERLINGEN))]


Start = Callable[[], AbstractContextManager[Sender]]


@pytest.fixture
def start(stack: Stack, programs: Path, served: ServedSchool, server: Server) -> Start:
    """Return the program of a stack as a function that starts it."""
    return partial(sending, stack, programs, served, server)


def test_what_a_stack_brings_stands(
    stack: Stack, start: Start, served: ServedSchool, records: Records, leerlingen: list[str]
) -> None:
    """Each kind of message, from one process: what stands afterwards is what the program had, value by value."""
    leerling, made = leerlingen[0], partial(message, served.schooljaar)
    in_table = partial(cell, stack, table=BROUGHT_TABLE)
    total = SentResult(f"{stack.naam}-totaal", "R 1", "13")
    with start() as sender:
        with in_table("totaal"):
            assert sender.bring(made(moment(0), {leerling: [total]}, TOETS)) == CONFIRMED
            _check_total(records, leerling, total)
        with in_table("onderdeel"):
            deel = SentResult(f"{stack.naam}-deel", "R 1", "5", "R1-é")
            assert sender.bring(made(moment(0), {leerling: [deel]}, TOETS)) == CONFIRMED
            stands = records.standing(leerling, deel.key)
            assert stands is not None
            assert (stands.onderdeel, stands.score) == ("R1-é", 5)
        with in_table("oso"):
            oso = SentResult(f"{stack.naam}-oso", "Lezen", oso=("12", "101.5", "98.25", "104.75"))
            assert sender.bring(made(moment(0), {leerling: [oso]}, OSO_TOETS)) == CONFIRMED
            _check_oso(records.standing(leerling, oso.key))
        for name, score in (("decimaal", "6.5"), ("letter", "X")):
            with in_table(name):
                wrong = SentResult(f"{stack.naam}-{name}", "R 1", score)
                _check_refusal(sender.bring(made(moment(0), {leerling: [total, wrong]}, TOETS)))
                assert records.standing(leerling, wrong.key) is None
        with in_table("correctie"):
            better = total._replace(score="15")
            assert sender.bring(made(moment(1), {leerling: [better]}, TOETS)) == CONFIRMED
            assert _version(records, leerling, total.key) == (15, 2)
        with in_table("nog eens"):
            assert sender.bring(made(moment(1), {leerling: [better]}, TOETS)) == CONFIRMED
            assert _version(records, leerling, total.key) == (15, 2)
            assert records.last_message().same == 1
    assert records.repaired() == {()}


def _check_total(records: Records, leerling: str, total: SentResult) -> None:
    """Hold a total, its definition and its message against what was sent."""
    stands = records.standing(leerling, total.key)
    assert stands is not None
    assert (stands.toetscode, stands.onderdeel, stands.score, stands.afnamedatum) == ("R 1", None, 13, day())
    toets = records.definition(stands)
    assert (toets.code, toets.naam) == (VocabulaireTerm("R 1", "urn:toetsen"), NAAM)
    assert toets.normering is not None
    assert [(one.term, one.begin, one.eind) for one in toets.normering.normen] == [
        ("oefenen", 0, 10),
        ("beheerst", 11, 20),
    ]
    assert toets.hierarchie == (Ingang(1, VocabulaireTerm("Blok 1 & 2")),)
    assert toets.onderdelen == (
        Toetsonderdeel(1, VocabulaireTerm("R1-é"), "Optellen", None),
        Toetsonderdeel(2, VocabulaireTerm("R1-2"), "Aftrekken", None),
    )
    assert records.last_message().aanmaakdatum == moment(0)


def _check_oso(stands: ResultVersion | None) -> None:
    """Hold a result of OSO against what was sent."""
    assert stands is not None
    assert stands.osoresultaat is not None
    score = stands.osoresultaat.toetsscore
    assert score is not None
    assert (score.aantalgoed, score.vaardigheidsscore) == (12, Decimal("101.5"))
    assert score.betrouwbaarheidsinterval == (Decimal("98.25"), Decimal("104.75"))
    assert stands.osoresultaat.referentiescores == (
        OsoReferentiescore("DLE", "groep-4", "13", None),
        OsoReferentiescore("NIV", "groep-4", "B é", None),
    )


def _check_refusal(outcome: list[str]) -> None:
    """Hold a fault to the code and the place of a wrong second score."""
    kind, code, sentence, *detail = outcome
    assert (kind, code.rpartition(":")[2]) == ("fout", "Client.ScoreOngeldig")
    assert sentence.startswith("Een score in het bericht klopt niet.")
    place = "leerresultaten_verzoek/toetsafnames/toetsafname[1]/resultaten/resultaat[2]/score"
    assert detail == [place, "waarde"]


def _version(records: Records, leerling: str, key: str) -> tuple[int | None, int]:
    """Return the score that stands, and how many versions there are."""
    stands = records.standing(leerling, key)
    assert stands is not None
    return stands.score, stands.number


CLASSES = [one for one in RESULT_ASKED if amount(0, 1) or one.naam == "php"]
"""The stacks that bring a class, and two versions at once, in this run."""


@pytest.mark.parametrize("stack", CLASSES, indirect=True, ids=lambda one: one.naam)
def test_a_class(stack: Stack, start: Start, served: ServedSchool, records: Records, leerlingen: list[str]) -> None:
    """A class of 30 leerlingen with 40 results each stands whole, each result with its own leerling."""
    sent = {
        leerling: [
            SentResult(f"{stack.naam}-{at}-{part}", "Klas", str(at * EACH + part), f"deel-{part}")
            for part in range(EACH)
        ]
        for at, leerling in enumerate(leerlingen)
    }
    with start() as sender, cell(stack, "klas", BROUGHT_TABLE):
        assert sender.bring(message(served.schooljaar, moment(0), sent, CLASS_TOETS)) == CONFIRMED
        taken = records.last_message()
        assert (taken.leerlingen, taken.added, taken.not_processed) == (LEERLINGEN, LEERLINGEN * EACH, 0)
        with records.database.reading() as connection:
            keys = dict(connection.execute(sa.select(persoon.c.id, persoon.c.key)).all())
        found = {(keys[one.persoon_id], one.key, one.onderdeel, one.score) for one in records.brought(taken.id)}
        assert found == {
            (leerling, one.key, one.onderdeel, int(one.score)) for leerling, each in sent.items() for one in each
        }


@pytest.mark.parametrize("stack", CLASSES, indirect=True, ids=lambda one: one.naam)
def test_two_versions_at_once(
    stack: Stack, start: Start, served: ServedSchool, records: Records, leerlingen: list[str]
) -> None:
    """Of two versions that two processes bring at once the newer stands; an older one after it is overtaken."""
    leerling, made = leerlingen[1], partial(message, served.schooljaar)
    one = SentResult(f"{stack.naam}-twee", "R 1")
    with start() as first, start() as second, cell(stack, "volgorde", BROUGHT_TABLE):
        first.tell(made(moment(2), {leerling: [one._replace(score="17")]}, TOETS))
        second.tell(made(moment(1), {leerling: [one._replace(score="16")]}, TOETS))
        for sender in (first, second):
            sender.tell("breng\n")
        assert [first.outcome(), second.outcome()] == [CONFIRMED] * 2
        assert _version(records, leerling, one.key)[0] == 17
        assert first.bring(made(moment(0), {leerling: [one._replace(score="4")]}, TOETS)) == CONFIRMED
        assert _version(records, leerling, one.key)[0] == 17
        assert records.last_message().overtaken == 1


def _by_published(key: str, score: object, served: ServedSchool) -> dict[str, Any]:
    """Return a message of one result, of the leerling `{0}`, as zeep and PHP take it."""
    resultaat = {"key": key, "afnamedatum": day().isoformat(), "toetscode": "P", "score": score}
    school = {"schooljaar": served.schooljaar, "brincode": "21QW", "dependancecode": "00", "xsdversie": "2.2"}
    return {
        "school": school | {"aanmaakdatum": moment(0).isoformat()},
        "toetsafnames": {"toetsafname": [{"leerlingid": "{0}", "resultaten": {"resultaat": [resultaat]}}]},
        "toetsen": {"toets": [{"toetscode": "P"}]},
    }


PHP_BY_PUBLISHED = """
[, $wsdl, $location, $header, $message] = $argv;
$client = new SoapClient($wsdl, ['location' => $location, 'cache_wsdl' => WSDL_CACHE_NONE]);
$aut = 'http://www.edustandaard.nl/leerresultaten/2/autorisatie';
$client->__setSoapHeaders(new SoapHeader($aut, 'autorisatie', json_decode($header, true)));
$client->BrengLeerresultaten(json_decode($message, true));
"""


@needs_standard
def test_clients_of_the_published_wsdl(
    served: ServedSchool, server: Server, records: Records, leerlingen: list[str]
) -> None:
    """Programs by the published WSDL work here: zeep; and PHP, which then sends 6 for 6.5, so that 6 stands."""
    wsdl = str(standard_file("uwlr-2.2/wsdl/UWLR_Leerresultaten_v2p2.wsdl"))
    address = server.endpoint.replace("leerlinggegevens", "leerresultaten")
    header = {"autorisatiesleutel": CODE, "klantcode": served.klantcodes["Snappet"], "klantnaam": "Snappet"}

    def of(key: str, score: object) -> str:
        return json.dumps(_by_published(key, score, served)).replace("{0}", leerlingen[2])

    service = Client(wsdl).create_service(f"{{{LR}}}bndLeerresultaten", address)
    service.BrengLeerresultaten(**json.loads(of("published-zeep", 13)), _soapheaders={"msgpHeader": header})
    assert _version(records, leerlingen[2], "published-zeep") == (13, 1)
    need_php()
    command = ["php", "-r", PHP_BY_PUBLISHED, "--", wsdl, address, json.dumps(header), of("published-php", 6.5)]
    subprocess.run(command, check=True, timeout=WAIT)
    assert _version(records, leerlingen[2], "published-php") == (6, 1)


def test_each_program_belongs_to_a_stack() -> None:
    """No program of the folder is left over."""
    programs = {path.name for path in PROGRAMS.glob("[sS]end*")}
    assert programs == {stack.program for stack in RESULT_STACKS}


def test_the_page_is_made_of_what_was_tried() -> None:
    """Each stack has each cell in what the tests stored, and no other is there."""
    stored = results(BROUGHT_TABLE)
    assert [*stored] == sorted(stack.naam for stack in RESULT_STACKS)
    assert all(entry["cells"].keys() == RESULT_CELLS.keys() for entry in stored.values())
