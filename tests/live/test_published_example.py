"""The published EDEXML example, imported and fetched by zeep through a real server: value by value, per profile."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from lxml import etree
from support.messages import LG, SOAP11
from support.oracle import published_later, standard_file
from support.server import Server, command, serving
from zeep import Client
from zeep import Settings as ZeepSettings

from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.contract import answer as answers
from uwlr_adapter.contract.fields import BSN_FAMILY, SET_NAMES
from uwlr_adapter.contract.profiles import STANDARD, Profiel

CODE = "99ZZ00voorbeeldcode-1"
SCHOOLJAAR = schooljaar_of(day_of(now()))
"""The present one: that of the example, 2014-2015, is answered no more."""
CATALOGUE = """
[[voorwaarden]]
id = "proef"
versie = "proef-1"
tekst = "Voor een proef."

[[koppeling]]
id = "proef"
naam = "Proef"
type = "UWLR Leerlinggegevens"
omschrijving = "Een proef"
prijs = "Geen aanvullende kosten"
voorwaarden = "proef"
afnemer = "Proef"
profiel = "{profiel}"
"""
FROM_FILE = ("schooljaar", "brincode", "dependancecode", "schoolkey")
GONE = "12345"
"""The leerling who left before that school year began."""


@pytest.fixture(scope="module")
def example() -> etree._Element:
    """Read the published example, of the present schooljaar."""
    return etree.fromstring(present_example())


def present_example() -> bytes:
    """Return the published example with the present schooljaar in place of its own."""
    content = standard_file("edexml-2.1/EDEXML.Voorbeeld.2.1.xml").read_bytes()
    assert content.count(b"<schooljaar>2014-2015<") == 1
    return content.replace(b"<schooljaar>2014-2015<", f"<schooljaar>{SCHOOLJAAR}<".encode())


@pytest.fixture(scope="module", params=SET_NAMES)
def profiel(request: pytest.FixtureRequest) -> Profiel:
    """Return each profile in turn."""
    return STANDARD[request.param].in_version("2.2")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, profiel: Profiel) -> Iterator[tuple[Server, str]]:
    """Set up the service as an operator does: import, afnemer, koppeling, serve; yields the klantcode too."""
    data = tmp_path_factory.mktemp("voorbeeld")
    catalogue = data / "catalogus.toml"
    catalogue.write_text(CATALOGUE.format(profiel=profiel.name), encoding="utf-8")
    file = data / "voorbeeld.xml"
    file.write_bytes(present_example())

    def run(*arguments: str) -> str:
        return subprocess.run(
            command("--data", str(data), *arguments),
            env={**os.environ, "UWLR_CATALOGUS": str(catalogue), "UWLR_VERIFICATIECODE": CODE},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    run("import", "edexml", str(file), "--brin6", "99ZZ00")
    klantcode = run("afnemer", "add", "Proef").strip()
    run("koppeling", "activate", "99ZZ00", "proef", "--naam", "A. de Vries", "--akkoord", "--login", "test")
    with serving(data, environment={"UWLR_CATALOGUS": str(catalogue)}) as server:
        yield server, klantcode


def ask(client: Client, klantcode: str) -> object:
    """Call the operation as a vendor does."""
    return client.service.HaalLeerlinggegevens(
        schooljaar=SCHOOLJAAR,
        brincode="99ZZ",
        dependancecode="00",
        xsdversie="2.2",
        _soapheaders={"msgpHeader": {"autorisatiesleutel": CODE, "klantcode": klantcode, "klantnaam": "Proef"}},
    )


@pytest.fixture(scope="module")
def answer(service: tuple[Server, str]) -> tuple[object, bytes]:
    """Fetch with zeep, which knows our ?wsdl and nothing else; returns its object and the bytes."""
    server, klantcode = service
    client = Client(f"{server.endpoint}?wsdl")
    found = ask(client, klantcode)
    with client.settings(raw_response=True):
        content = ask(client, klantcode).content  # type: ignore[attr-defined]
    client.transport.session.close()
    return found, content


def payload(content: bytes) -> etree._Element:
    """Return the data of an answer."""
    found = etree.fromstring(content).find(f".//{{{LG}}}leerlinggegevens")
    assert found is not None
    return found


def test_the_answer_is_valid_by_ours_and_by_the_published_xsd(answer: tuple[object, bytes]) -> None:
    """The answer validates against both schemas, the published one with its list of schooljaren carried on."""
    content = answer[1]
    assert answers.check(content) == []
    body = etree.fromstring(content).find(f"{{{SOAP11}}}Body")
    assert body is not None
    assert published_later().validate(etree.ElementTree(body[0]))


def test_the_school_is_that_of_the_file(answer: tuple[object, bytes], example: etree._Element) -> None:
    """Four fields come from the file; the day, the moment and the version are the answer's own."""
    school = payload(answer[1])[0]
    assert [etree.QName(child).localname for child in school] == [
        *("schooljaar", "peildatum", "brincode", "dependancecode", "schoolkey", "aanmaakdatum", "xsdversie")
    ]
    for naam in FROM_FILE:
        assert school.findtext(f"{{{LG}}}{naam}") == example.findtext(f"school/{naam}")
    moment = school.findtext(f"{{{LG}}}aanmaakdatum") or ""
    assert school.findtext(f"{{{LG}}}peildatum") == moment[:10]
    assert school.findtext(f"{{{LG}}}xsdversie") == "2.2"


def expected(record: etree._Element, allowed: frozenset[str]) -> list[tuple[object, ...]]:
    """Return what must stand in the answer for a record of the file: names, attributes and texts, in order."""
    return [
        flat(child)
        for child in record
        if child.tag in allowed
        or (child.tag in {"rol", "rolomschrijving"} and "rollen" in allowed and child.tag not in BSN_FAMILY)
    ]


def flat(element: etree._Element) -> tuple[object, ...]:
    """Return an element as plain values, without namespaces; role TAL travels as a description."""
    naam, text = etree.QName(element).localname, (element.text or "").strip()
    if (naam, text) == ("rol", "TAL"):
        naam = "rolomschrijving"
    return (naam, tuple(sorted(element.attrib.items())), text, tuple(flat(child) for child in element))


@pytest.mark.parametrize("kind", ["leerling", "leerkracht", "groep", "samengestelde_groep", "vestiging"])
def test_every_value_stands_in_its_place(
    answer: tuple[object, bytes], example: etree._Element, profiel: Profiel, kind: str
) -> None:
    """Each record of the file is in the answer with exactly the values that the profile lets through, unchanged."""
    parent = {"groep": "groepen", "samengestelde_groep": "groepen"}.get(kind, f"{kind}en")
    allowed: frozenset[str] = getattr(profiel, kind)
    source = {record.get("key"): record for record in example.findall(f"{parent}/{kind}") if record.get("key") != GONE}
    found = {record.get("key"): record for record in payload(answer[1]).findall(f"{{{LG}}}{parent}/{{{LG}}}{kind}")}
    if kind == "vestiging" and not allowed:
        assert found == {}
        return
    assert found.keys() == source.keys()
    for key, record in source.items():
        assert [flat(child) for child in found[key]] == expected(record, allowed)
        assert found[key].attrib == record.attrib


def test_who_left_before_the_year_is_absent(answer: tuple[object, bytes]) -> None:
    """A leerling whose uitstroomdatum lies before the school year is not in the answer."""
    assert GONE.encode() not in answer[1]


def test_zeep_reads_what_the_bytes_say(answer: tuple[object, bytes]) -> None:
    """The objects of zeep hold the leerlingen and leerkrachten, also those with only a roepnaam or without a rol."""
    found, content = answer
    data = found.leerlinggegevens  # type: ignore[attr-defined]
    root = payload(content)
    assert [one.key for one in data.leerlingen.leerling] == [one.get("key") for one in root.iter(f"{{{LG}}}leerling")]
    assert [one.roepnaam for one in data.leerkrachten.leerkracht] == [
        one.findtext(f"{{{LG}}}roepnaam") for one in root.iter(f"{{{LG}}}leerkracht")
    ]
    assert data.school.brincode == "99ZZ"


def test_zeep_is_strict_here() -> None:
    """The default settings of zeep are its strict ones: nothing above is tolerance."""
    assert ZeepSettings().strict is True
