"""Getrapt through the whole application: structuur, leerlingen and leerkrachten, by groups."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from support.edexml_files import make_dataset
from support.oracle import needs_standard, published_later
from support.trial_school import SCHOOLJAAR, SMALLEST, TrialSchool
from support.wsgi import Reply, call

from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie
from uwlr_adapter.journaal.model import RefusalReason

STRUCTUUR, LEERLINGEN, LEERKRACHTEN = names.HAAL_STRUCTUUR, names.HAAL_LEERLINGEN, names.HAAL_LEERKRACHTEN
SCHOOL = make_dataset(
    [
        Leerling("a", roepnaam="Aisha", groep="g1", samengestelde_groepen=("s1",)),
        Leerling("b", roepnaam="Bo", groep="g1", samengestelde_groepen=("s1", "s2")),
        Leerling("c", roepnaam="Cas", groep="g2"),
        Leerling("d", roepnaam="Dewi", samengestelde_groepen=("s2",)),
        Leerling("e", roepnaam="Émile"),
    ],
    leerkrachten=[
        Leerkracht("m", achternaam="Maas", groepen=(GroepVerwijzing("groep", "g1"),)),
        Leerkracht(
            "n",
            achternaam="Noor",
            groepen=(GroepVerwijzing("groep", "g2"), GroepVerwijzing("samengestelde_groep", "s1")),
        ),
        Leerkracht("o", achternaam="Oost"),
    ],
    groepen=[
        Groep("groep", "g1", "1a", "1"),
        Groep("groep", "g2", "2a", "2"),
        Groep("groep", "leeg", "3a", "3"),
        Groep("samengestelde_groep", "s1", "Plus"),
        Groep("samengestelde_groep", "s2", "Lezen"),
    ],
    locaties=[Locatie("VH", "Voorhuis")],
    schooljaar=SCHOOLJAAR,
)


def _import_school(made: TrialSchool) -> None:
    made.import_data(SCHOOL)


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[TrialSchool]:
    """Yield a school with both kinds of group, and people in one, several or none of them."""
    made = TrialSchool(tmp_path, also=_import_school)
    yield made
    made.close()


def groep(*keys: str) -> str:
    """Return references to stamgroepen."""
    return "".join(f'<groep key="{key}"/>' for key in keys)


def composed(*keys: str) -> str:
    """Return references to samengestelde groepen."""
    return "".join(f'<samengestelde_groep key="{key}"/>' for key in keys)


def test_the_structure_has_the_groups_and_nobody(school: TrialSchool) -> None:
    """HaalStructuur answers with the school and its groups, both kinds, those without leerlingen too."""
    found = school.fetch(STRUCTUUR)
    assert (found.status, found.outcome) == (200, "leerlinggegevens-structuur")
    assert found.keys("groep") == ["g1", "g2", "leeg"]
    assert found.keys("samengestelde_groep") == ["s1", "s2"]
    assert [etree.QName(child).localname for child in found.answer[0]] == ["school", "groepen"]
    assert b"leerling " not in found.content
    assert school.last_entry.act == "HaalStructuur"
    assert school.last_entry.leerlingen is None


@pytest.mark.parametrize(
    ("groepen", "expected"),
    [
        (groep("g1"), "ab"),
        (groep("g1", "g1"), "ab"),
        (groep("g2", "g1"), "abc"),
        (composed("s1"), "ab"),
        (composed("s2", "s1"), "abd"),
        (groep("g2") + composed("s2"), "bcd"),
        ("<groep/>", "de"),
        ("<samengestelde_groep/>", "ce"),
        ("<groep/><samengestelde_groep/>", "cde"),
        ("<groep/>" + groep("g1"), "abde"),
        (groep("weg", "g2"), "c"),
        (composed("g1") + groep("g2"), "c"),
    ],
)
def test_leerlingen_of_groups(school: TrialSchool, groepen: str, expected: str) -> None:
    """Several references are a union, each leerling once; without a key: those in no group of that kind."""
    found = school.fetch(LEERLINGEN, groepen=groepen)
    assert found.outcome == "leerlinggegevens-leerlingen"
    assert found.keys("leerling") == list(expected)
    assert [etree.QName(child).localname for child in found.answer[0]] == ["school", "leerlingen"]
    assert school.last_entry.leerlingen == len(expected)


@pytest.mark.parametrize(
    ("groepen", "expected"),
    [
        (groep("g1"), "m"),
        (groep("g1", "g2"), "mn"),
        (composed("s1"), "n"),
        ("<groep/>", "o"),
        ("<samengestelde_groep/>", "mo"),
        ("<groep/><samengestelde_groep/>" + groep("g2"), "mno"),
    ],
)
def test_leerkrachten_of_groups(school: TrialSchool, groepen: str, expected: str) -> None:
    """The same holds for leerkrachten and their own groups."""
    found = school.fetch(LEERKRACHTEN, groepen=groepen)
    assert found.outcome == "leerlinggegevens-leerkrachten"
    assert found.keys("leerkracht") == list(expected)
    assert [etree.QName(child).localname for child in found.answer[0]] == ["school", "leerkrachten"]


def test_unknown_groups_are_passed_over_and_counted(school: TrialSchool) -> None:
    """A key that names no group is no reason to refuse the others; the journaal has how many, and no key."""
    found = school.fetch(LEERLINGEN, groepen=groep("g1", "weg", "ook-weg") + composed("g2"))
    assert found.keys("leerling") == ["a", "b"]
    assert "onbekende-groepen=3" in school.last_entry.remarks
    school.fetch(LEERLINGEN, groepen=groep("g1") + "<groep/>")
    assert not [one for one in school.last_entry.remarks if "onbekende" in one]


@pytest.mark.parametrize(
    ("operation", "groepen", "unknown"),
    [
        (LEERLINGEN, groep("leeg"), 0),
        (LEERLINGEN, groep("weg"), 1),
        (LEERLINGEN, composed("g1"), 1),
        (LEERKRACHTEN, groep("leeg"), 0),
        (LEERKRACHTEN, composed("s2", "weg"), 1),
    ],
)
def test_nothing_left_is_geengegevens(
    school: TrialSchool, operation: names.Operation, groepen: str, unknown: int
) -> None:
    """When nobody answers to the references there are no data, which is no fault."""
    found = school.fetch(operation, groepen=groepen)
    assert (found.status, found.outcome) == (200, "geengegevens")
    line = school.last_entry
    assert (line.outcome, line.reason) == ("geengegevens", RefusalReason.NO_DATA)
    assert ("onbekende-groepen=1" in line.remarks) == bool(unknown)


def test_a_school_without_leerkrachten_or_groups(school: TrialSchool) -> None:
    """Without leerkrachten there are no data for that step; without groups the structure is the school alone."""
    school.import_data(make_dataset([Leerling("a", roepnaam="Aisha")], schooljaar=SCHOOLJAAR))
    assert school.fetch(LEERKRACHTEN, groepen="<groep/>").outcome == "geengegevens"
    found = school.fetch(STRUCTUUR)
    assert [etree.QName(child).localname for child in found.answer[0]] == ["school"]
    assert school.fetch(LEERLINGEN, groepen="<groep/>").keys("leerling") == ["a"]


@pytest.mark.parametrize("operation", [STRUCTUUR, LEERLINGEN, LEERKRACHTEN], ids=lambda found: found.name)
def test_a_year_without_data_is_geengegevens_in_steps_too(school: TrialSchool, operation: names.Operation) -> None:
    """Each step answers a school year that has no leerlingen as the all-in-one does."""
    assert school.fetch(operation, schooljaar="1999-2000").outcome == "geengegevens"


@pytest.mark.parametrize("operation", [LEERLINGEN, LEERKRACHTEN], ids=lambda found: found.name)
@pytest.mark.parametrize("groepen", ["", "<klas/>", groep("g1") + "<groep><naam/></groep>", "x"])
def test_groepen_of_no_right_form(school: TrialSchool, operation: names.Operation, groepen: str) -> None:
    """A request by groups names at least one group, and nothing else."""
    found = school.fetch(operation, groepen=groepen)
    assert (found.status, found.outcome) == (500, "Client.OngeldigBericht")
    assert b'pad="' in found.content


@pytest.mark.parametrize("operation", [names.HAAL_LEERLINGGEGEVENS, STRUCTUUR], ids=lambda found: found.name)
def test_groups_have_no_place_in_the_other_requests(school: TrialSchool, operation: names.Operation) -> None:
    """The all-in-one is always of the whole school, and so is its structure."""
    assert school.fetch(operation, groepen=groep("g1")).outcome == "Client.OngeldigBericht"


@pytest.mark.parametrize("operation", [LEERLINGEN, LEERKRACHTEN], ids=lambda found: found.name)
def test_groepen_are_required_by_group(school: TrialSchool, operation: names.Operation) -> None:
    """The XSD has groepen required, whatever the text of the standard says."""
    message = school.message(operation, rest="<xsdversie>2.2</xsdversie>")
    assert school.send(message).outcome == "Client.OngeldigBericht"


@pytest.mark.parametrize("xsdversie", ["2.1", "2.2", "2.3"])
@pytest.mark.parametrize("profiel", ["smalle set", "LVS-set", "volledig"])
def test_the_three_together_carry_what_the_whole_carries(school: TrialSchool, profiel: str, xsdversie: str) -> None:
    """Over all groups and both references without a key, each record of the all-in-one comes by once, unchanged."""
    school.set_profiel(profiel)
    whole = school.fetch(xsdversie=xsdversie)
    everybody = groep("g2", "leeg", "g1") + composed("s1", "s2") + "<groep/><samengestelde_groep/>"
    steps = [
        school.fetch(STRUCTUUR, xsdversie=xsdversie),
        school.fetch(LEERLINGEN, xsdversie=xsdversie, groepen=everybody),
        school.fetch(LEERKRACHTEN, xsdversie=xsdversie, groepen=everybody),
    ]

    assert [part for step in steps for part in step.parts[1:]] == whole.parts[1:]
    assert ("<vestigingen" in steps[0].parts[1]) == (profiel == "volledig")


@needs_standard
@pytest.mark.parametrize("xsdversie", ["2.1", "2.2"])
@pytest.mark.parametrize("operation", names.OPERATIONS.values(), ids=lambda found: found.name)
def test_each_answer_is_valid_as_published(school: TrialSchool, operation: names.Operation, xsdversie: str) -> None:
    """Data, no changes and no data: each is valid by the published XSD, whose list of schooljaren is carried on."""
    found = [school.fetch(operation, xsdversie=xsdversie)]
    found.append(school.fetch(operation, xsdversie=xsdversie, last=found[0].aanmaakdatum))
    found.append(school.fetch(operation, xsdversie=xsdversie, schooljaar="1999-2000"))
    assert [one.outcome for one in found] == [operation.payload, "geenwijzigingen", "geengegevens"]
    for one in found:
        assert published_later().validate(etree.fromstring(etree.tostring(one.answer)))


def test_the_school_stands_in_each_step(school: TrialSchool) -> None:
    """Each step names school, school year, day, moment and version, as the all-in-one does."""
    blocks = {found.parts[0] for found in (school.fetch(operation) for operation in names.OPERATIONS.values())}
    assert len(blocks) == 1
    school.import_data(SMALLEST)
    assert school.fetch(STRUCTUUR).keys("groep") == ["g1"]


@pytest.mark.parametrize(("octets", "packed"), [(1023, False), (1024, True), (1025, True)])
def test_the_smallest_part_that_is_compressed(school: TrialSchool, octets: int, *, packed: bool) -> None:
    """Of an answer by groups a list of less than 1024 octets is sent as it is, and one from there on compressed."""

    def fetch(letters: int) -> tuple[Reply, bytes]:
        lengths = [letters // 8 + (place < letters % 8) for place in range(8)]
        leerlingen = [Leerling(f"l{place}", roepnaam="B" * n, groep="g1") for place, n in enumerate(lengths)]
        school.import_data(make_dataset(leerlingen, groepen=SCHOOL.groepen, schooljaar=SCHOOLJAAR))
        rest = f"<xsdversie>2.2</xsdversie><groepen>{groep('g1')}</groepen>"
        reply = call(school.app, school.message(LEERLINGEN, rest), HTTP_ACCEPT_ENCODING="gzip")
        is_packed = reply.headers.get("Content-Encoding") == "gzip"
        return reply, gzip.decompress(reply.body) if is_packed else reply.body

    def length(body: bytes) -> int:
        return body.index(b"</leerlingen>") + len(b"</leerlingen>") - body.index(b"<leerlingen>")

    _, shortest = fetch(8)
    reply, body = fetch(8 + octets - length(shortest))
    assert (reply.status, length(body)) == (200, octets)
    assert reply.headers.get("Content-Encoding") == ("gzip" if packed else None)
