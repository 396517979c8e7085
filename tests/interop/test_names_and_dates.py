"""Names and dates that are hard: each toolkit reads what the records say, whatever a source wrote."""

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from lxml import etree
from support.messages import body, envelope
from support.oracle import amount
from support.school_builder import SchoolBuilder
from support.served_school import ServedSchool, furnish
from support.server import Server, serving, split
from support.stacks import ASKED, Stack
from support.toolkits import (
    PROGRAMS,
    QUICK,
    Question,
    build_mono,
    need_java,
    need_mono,
    read_answer,
    run,
)

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.settings import Settings

BRIN6 = "31AC00"
CODE = "31AC00moeilijke-namen"
DAY = "2019-03-14"
WRITTEN = {
    "1": ("Zoe\u0308", "\u00a0Vis   van\u00a0Oss ", "2019-03-14"),
    "2": ("D\u2019Arcy", "O'Neill & Zn", "2019-03-14Z"),
    "3": ("\U0001f989 Ole", "\U00020bb7野", "2019-03-14+01:00"),
    "4": ("\u0130lkay", "\u015ei\u015fman-\u00c5ngstr\u00f6m", "2019-03-14T00:00:00"),
    "5": ("\u05d0\u05d1", "Al-\u0627\u0644", "2019-03-13T23:00:00Z"),
    "6": ('Jan "<Piet>"', "M\u0327-]]>", "2016-02-29"),
    "7": ("Bo\u0092s", "Zes", "12019-03-14"),
}
"""What a source wrote of each leerling: roepnaam, achternaam and geboortedatum."""
READ = {
    "1": ("Zo\u00eb", "Vis van Oss", DAY),
    "2": ("D\u2019Arcy", "O'Neill & Zn", DAY),
    "3": ("\U0001f989 Ole", "\U00020bb7野", DAY),
    "4": ("\u0130lkay", "\u015ei\u015fman-\u00c5ngstr\u00f6m", DAY),
    "5": ("\u05d0\u05d1", "Al-\u0627\u0644", DAY),
    "6": ('Jan "<Piet>"', "M\u0327-]]>", "2016-02-29"),
    "7": ("Bo\u2019s", "Zes", ""),
}
"""What every receiver reads."""


@dataclass(frozen=True)
class Difficult:
    """A server that has the school of these leerlingen, and what its callers know."""

    school: ServedSchool
    server: Server

    def answer(self) -> bytes:
        """Return the bytes of the answer."""
        named = f"<brincode>{BRIN6[:4]}</brincode><dependancecode>{BRIN6[4:]}</dependancecode>"
        message = body(self.school.schooljaar, named, "<xsdversie>2.2</xsdversie>", "leerlinggegevens_verzoek")
        response = self.server.post(envelope(message, self.school.header(key=CODE)), "Content-Type: text/xml")
        return split(response)[2]


def edexml_file(schooljaar: str) -> bytes:
    """Return the file of the source."""
    edex = etree.Element("EDEX")
    block = etree.SubElement(edex, "school")
    for naam, value in (("schooljaar", schooljaar), ("brincode", BRIN6[:4]), ("dependancecode", BRIN6[4:])):
        etree.SubElement(block, naam).text = value
    leerlingen = etree.SubElement(edex, "leerlingen")
    for key, (roepnaam, achternaam, geboortedatum) in WRITTEN.items():
        leerling = etree.SubElement(leerlingen, "leerling", key=key)
        values = (("achternaam", achternaam), ("roepnaam", roepnaam), ("geboortedatum", geboortedatum))
        for naam, value in (*values, ("jaargroep", "4")):
            etree.SubElement(leerling, naam).text = value
    return etree.tostring(edex, encoding="utf-8", xml_declaration=True)


@pytest.fixture(scope="module")
def difficult(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Difficult]:
    """Serve the school."""
    folder = tmp_path_factory.mktemp("names")
    school = furnish(folder)
    settings = Settings(data=folder)
    with closing(Database(settings.database_url)) as database:
        builder = SchoolBuilder(database, ServerKeys.from_settings(settings, database), moment=now())
        with builder.transaction() as connection:
            delivery = edexml.read(edexml_file(school.schooljaar))
            importer.apply(connection, [delivery], importer.ImportOptions(now()))
            builder.activate("snappet", BRIN6, CODE)
    with serving(folder) as server:
        yield Difficult(school, server)


def ask(stack: Stack, difficult: Difficult, programs: Path) -> list[list[str]]:
    """Return the leerlingen that a stack read in a call of its own: key, achternaam, roepnaam, geboortedatum."""
    stack.need()
    command = stack.command(programs, f"{difficult.server.endpoint}?wsdl")
    question = Question("HaalLeerlinggegevens", brin6=BRIN6, key=CODE)
    conversation = run(command, difficult.school, difficult.server, question)
    assert conversation.error == []
    return [[key, *person] for key, _, *person in (one[:5] for one in conversation.records["leerling"])]


def java(difficult: Difficult, _: Path) -> list[list[str]]:
    """Return what the JDK reads."""
    need_java()
    return read_answer(["java", *QUICK, str(PROGRAMS / "Read.java")], difficult.answer())


def dotnet(difficult: Difficult, programs: Path) -> list[list[str]]:
    """Return what the serializer of .NET reads, on Mono."""
    need_mono()
    return read_answer(["mono", str(build_mono(programs))], difficult.answer())


READERS: dict[str, Callable[[Difficult, Path], list[list[str]]]] = {
    **{stack.naam: partial(ask, stack) for stack in ASKED},
    "java": java,
    ".net": dotnet,
}
"""How each toolkit reads the answer."""


@pytest.mark.parametrize("naam", READERS)
@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Asia/Tokyo"][: amount(1, 2)])
def test_every_toolkit_reads_the_names_and_dates_of_the_records(
    difficult: Difficult, programs: Path, monkeypatch: pytest.MonkeyPatch, naam: str, zone: str
) -> None:
    """Letters of every script, apostrophes, markup, and days without a zone arrive as the records have them.

    The zones are east of Greenwich: west of it a Date of JavaScript is a day early, whatever is sent.
    """
    monkeypatch.setenv("TZ", zone)
    found = {key: (roepnaam, achternaam, day) for key, achternaam, roepnaam, day in READERS[naam](difficult, programs)}
    assert found == READ


def test_the_answer_has_every_name_in_one_form(difficult: Difficult) -> None:
    """NFC leaves, no date has a zone or a time, and no text begins or ends with a space."""
    texts = [str(text) for text in etree.fromstring(difficult.answer()).itertext() if text.strip()]
    assert DAY in texts
    assert not [text for text in texts if not unicodedata.is_normalized("NFC", text) or text != text.strip()]
