"""Versions and profiles through the whole application: what each caller gets of one and the same school."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from support.edexml_files import eckid, make_dataset
from support.oracle import needs_standard, published_later
from support.trial_school import SCHOOLJAAR, FetchedAnswer, TrialSchool

from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Rol
from uwlr_adapter.contract.files import contract_file

MET = Leerling(
    "met",
    eckid=eckid(1),
    achternaam="Vries",
    voorvoegsel="de",
    voornamen="Zoë Maria",
    voorletters_1="Z.M.",
    roepnaam="Zoë",
    geboortedatum="2018-02-03",
    geslacht="2",
    start_ondw_jgr3="2024-08-01",
    jaargroep="5",
    groep="g1",
    samengestelde_groepen=("s1",),
    gebruikersnaam="zoe",
    emailadres="zoe@school.example",
    land="NL",
    bsn_ondwnr_4="4321",
    gewicht_nieuw="0",
    postcodenl="1234AB",
    mutatiedatum="2026-09-01T08:00:00",
)
WITHOUT = MET._replace(key="zonder", eckid=None)
SCHOOL = make_dataset(
    [MET, WITHOUT],
    leerkrachten=[
        Leerkracht(
            "m",
            eckid=eckid(2),
            achternaam="Maas",
            emailadres="maas@school.example",
            rollen=(Rol("rol", "LRK"),),
            groepen=(GroepVerwijzing("groep", "g1", (Rol("rol", "KLA"),)),),
        )
    ],
    groepen=[Groep("groep", "g1", "5a", "5", "de vijfde"), Groep("samengestelde_groep", "s1", "Plus", None, "slim")],
    schooljaar=SCHOOLJAAR,
)
VERSIONS = pytest.mark.parametrize("xsdversie", ["2.1", "2.2", "2.3"])


def _import_school(made: TrialSchool) -> None:
    made.import_data(SCHOOL)


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[TrialSchool]:
    """Yield a school in which every field is filled; one leerling has an ECK-iD and one has none."""
    made = TrialSchool(tmp_path, also=_import_school)
    yield made
    made.close()


def identities(found: FetchedAnswer, tag: str = "leerling") -> list[dict[str, str]]:
    """Return the attributes of each record of a kind."""
    return [{str(name): str(value) for name, value in element.attrib.items()} for element in found.all(tag)]


def fields(found: FetchedAnswer, tag: str = "leerling") -> set[str]:
    """Return the names of the elements that the records of a kind have."""
    return {etree.QName(child).localname for element in found.all(tag) for child in element}


@VERSIONS
def test_the_answer_names_the_version_that_was_asked(school: TrialSchool, xsdversie: str) -> None:
    """Each caller gets an answer of its own version, at the one address."""
    found = school.fetch(xsdversie=xsdversie)
    assert found.root.findtext(".//{*}xsdversie") == xsdversie


def test_2_1_has_no_eckid(school: TrialSchool) -> None:
    """A caller of 2.1 gets everybody by key, and no ECK-iD anywhere in the answer."""
    for operation in names.OPERATIONS.values():
        found = school.fetch(operation, xsdversie="2.1")
        assert b"eckid" not in found.content
    assert identities(school.fetch(xsdversie="2.1")) == [{"key": "met"}, {"key": "zonder"}]
    assert identities(school.fetch(xsdversie="2.1"), "leerkracht") == [{"key": "m"}]


def test_2_2_has_both(school: TrialSchool) -> None:
    """In 2.2 the key is required, and the ECK-iD stands beside it for those who have one."""
    found = school.fetch(xsdversie="2.2")
    assert identities(found) == [{"key": "met", "eckid": eckid(1)}, {"key": "zonder"}]
    assert identities(found, "leerkracht") == [{"key": "m", "eckid": eckid(2)}]


def test_2_3_identifies_by_eckid(school: TrialSchool) -> None:
    """In 2.3 the ECK-iD identifies a leerling; only one without it goes by key. A leerkracht always has a key."""
    found = school.fetch(xsdversie="2.3")
    assert identities(found) == [{"eckid": eckid(1)}, {"key": "zonder"}]
    assert identities(found, "leerkracht") == [{"key": "m", "eckid": eckid(2)}]


def test_2_3_with_the_key_beside_it(school: TrialSchool) -> None:
    """For a transition the key can go along, beside the ECK-iD; it changes nothing in the other versions."""
    before = {version: identities(school.fetch(xsdversie=version)) for version in ("2.1", "2.2")}
    school.restart(key_naast_eckid=True)
    assert identities(school.fetch(xsdversie="2.3")) == [{"key": "met", "eckid": eckid(1)}, {"key": "zonder"}]
    assert {version: identities(school.fetch(xsdversie=version)) for version in before} == before


@pytest.mark.parametrize("xsdversie", ["2.1", "2.2"])
@pytest.mark.parametrize("profiel", ["smalle set", "LVS-set", "volledig"])
def test_2_1_and_2_2_keep_to_the_schema_of_2_2(school: TrialSchool, profiel: str, xsdversie: str) -> None:
    """Both are judged by one schema, which the bytes that leave keep to."""
    school.set_profiel(profiel)
    schema = etree.XMLSchema(file=str(contract_file("schemas/2.2/antwoord.xsd")))
    assert schema.validate(etree.ElementTree(school.fetch(xsdversie=xsdversie).answer))


@needs_standard
@pytest.mark.parametrize("xsdversie", ["2.1", "2.2"])
@pytest.mark.parametrize("profiel", ["smalle set", "LVS-set", "volledig"])
def test_2_1_and_2_2_are_valid_as_published(school: TrialSchool, profiel: str, xsdversie: str) -> None:
    """Under each profile the published schema of 2.2 takes the answer, its list of schooljaren carried on."""
    school.set_profiel(profiel)
    found = school.fetch(xsdversie=xsdversie)
    assert published_later().validate(etree.ElementTree(found.answer))


@pytest.mark.parametrize(
    ("profiel", "xsdversie", "present", "absent"),
    [
        ("smalle set", "2.1", {"geboortedatum", "jaargroep"}, {"geslacht", "voornamen", "voorletters-1"}),
        ("smalle set", "2.2", {"geboortedatum", "jaargroep"}, {"geslacht", "voornamen", "voorletters-1", "land"}),
        ("smalle set", "2.3", {"jaargroep", "roepnaam"}, {"geboortedatum", "geslacht", "voorletters-1"}),
        ("LVS-set", "2.1", {"geboortedatum", "geslacht", "voorletters-1"}, {"bsn_ondwnr-4", "voornamen"}),
        ("LVS-set", "2.2", {"geboortedatum", "geslacht", "voorletters-1", "bsn_ondwnr-4"}, {"voornamen", "land"}),
        ("LVS-set", "2.3", {"geboortedatum", "geslacht"}, {"voorletters-1", "bsn_ondwnr-4", "emailadres"}),
        ("volledig", "2.2", {"geboortedatum", "voornamen", "land", "postcodenl"}, {"bsn_ondwnr-4"}),
        ("volledig", "2.3", {"geboortedatum", "voornamen", "land", "postcodenl"}, {"bsn_ondwnr-4"}),
    ],
)
def test_the_profile_of_the_version(
    school: TrialSchool, profiel: str, xsdversie: str, present: set[str], absent: set[str]
) -> None:
    """An answer has exactly the fields of a leerling that the profile has in that version."""
    school.set_profiel(profiel)
    found = fields(school.fetch(xsdversie=xsdversie))
    assert present <= found
    assert not absent & found


@VERSIONS
def test_the_smalle_set_of_the_others(school: TrialSchool, xsdversie: str) -> None:
    """A leerkracht goes with name, mail and groups, without roles; groups go without a description."""
    found = school.fetch(xsdversie=xsdversie)
    assert fields(found, "leerkracht") == {"achternaam", "emailadres", "groepen"}
    assert fields(found, "groep") == {"naam", "jaargroep"}
    assert fields(found, "samengestelde_groep") == {"naam"}


@VERSIONS
@pytest.mark.parametrize("gegevenssetid", ["Smalle-set-PO", "smalle set"])
def test_a_known_set_narrows(school: TrialSchool, gegevenssetid: str, xsdversie: str) -> None:
    """A caller may ask for less than its koppeling gives."""
    school.set_profiel("volledig")
    wide = school.fetch(xsdversie=xsdversie)
    narrow = school.fetch(xsdversie=xsdversie, gegevenssetid=gegevenssetid)
    school.set_profiel("smalle set")
    assert narrow.parts[1:] == school.fetch(xsdversie=xsdversie).parts[1:] != wide.parts[1:]


@VERSIONS
@pytest.mark.parametrize("gegevenssetid", ["volledig", "LVS-set"])
def test_a_known_set_never_widens(school: TrialSchool, gegevenssetid: str, xsdversie: str) -> None:
    """Under the smalle set a caller gets no field more, whatever it calls its set."""
    own = school.fetch(xsdversie=xsdversie)
    asked = school.fetch(xsdversie=xsdversie, gegevenssetid=gegevenssetid)
    for tag in ("leerling", "leerkracht", "groep", "samengestelde_groep"):
        assert fields(asked, tag) <= fields(own, tag)
    assert not [one for one in school.last_entry.remarks if "onbekend" in one]


OWN = """
[[profiel]]
naam = "zonder datum"
basis = "smalle set"
zonder = ["leerling/geboortedatum", "leerkracht/emailadres"]
"""


@VERSIONS
def test_an_own_profile_leaves_out_what_it_says(school: TrialSchool, xsdversie: str) -> None:
    """A profile of the catalogue sends its basis without some fields; who lacks one of those lacks nothing."""
    whole = school.fetch(xsdversie=xsdversie)
    school.set_profiel("zonder datum", own=OWN)
    found = school.fetch(xsdversie=xsdversie)
    assert fields(found) == fields(whole) - {"geboortedatum"}
    assert fields(found, "leerkracht") == fields(whole, "leerkracht") - {"emailadres"}
    assert found.keys("groep") == whole.keys("groep")


@VERSIONS
def test_a_caller_can_ask_for_an_own_profile(school: TrialSchool, xsdversie: str) -> None:
    """In gegevenssetid it narrows what the koppeling has, as the profiles of the standard do."""
    school.set_profiel("LVS-set", own=OWN)
    found = school.fetch(xsdversie=xsdversie, gegevenssetid="Zonder datum")
    assert "geboortedatum" not in fields(found)
    assert fields(found) < fields(school.fetch(xsdversie=xsdversie))


def test_an_unknown_set_is_told_and_never_kept(school: TrialSchool) -> None:
    """A set of another name changes nothing; the journaal says that it was unknown, and its text stands nowhere."""
    own = school.fetch()
    assert "gegevensset=onbekend" not in school.last_entry.remarks
    for gegevenssetid in ("merkteken-set", "smalle", "&lt;merkteken-set&gt;"):
        assert school.fetch(gegevenssetid=gegevenssetid).content == own.content
        assert "gegevensset=onbekend" in school.last_entry.remarks
    school.close()
    for file in school.settings.data.iterdir():
        assert b"merkteken" not in file.read_bytes()


@pytest.mark.parametrize(
    ("operation", "xsdversie", "expected"),
    [
        (names.HAAL_LEERLINGGEGEVENS, "2.2", "onvolledig=3"),
        (names.HAAL_LEERLINGEN, "2.2", "onvolledig=2"),
        (names.HAAL_LEERKRACHTEN, "2.2", "onvolledig=1"),
        (names.HAAL_STRUCTUUR, "2.2", None),
        (names.HAAL_LEERLINGGEGEVENS, "2.3", "onvolledig=2"),
    ],
    ids=lambda found: getattr(found, "name", found),
)
def test_what_should_be_there_and_is_not_is_counted(
    school: TrialSchool, operation: names.Operation, xsdversie: str, expected: str | None
) -> None:
    """A leerling without a field that the profile wants is sent without it; the journaal counts such leerlingen."""
    school.import_data(
        replace(
            SCHOOL,
            leerlingen=(
                MET,
                WITHOUT._replace(geboortedatum=None),
                WITHOUT._replace(key="drie", jaargroep=None, geboortedatum=None),
            ),
            leerkrachten=(Leerkracht("nieuw", roepnaam="Em"),),
        )
    )
    found = school.fetch(operation, xsdversie=xsdversie)
    assert found.status == 200
    told = [one for one in school.last_entry.remarks if one.startswith("onvolledig")]
    assert told == ([] if expected is None else [expected])


def test_a_complete_school_has_no_remark(school: TrialSchool) -> None:
    """Nothing is counted when everything that the profile wants is there."""
    for profiel in ("smalle set", "LVS-set", "volledig"):
        school.set_profiel(profiel)
        for xsdversie in ("2.1", "2.2"):
            school.fetch(names.HAAL_LEERLINGEN, xsdversie=xsdversie)
            assert school.last_entry.remarks == ()


@pytest.mark.parametrize("xsdversie", ["2.0", "2.2.1", "2.4", "1.0", "2", "v2.2"])
@pytest.mark.parametrize("operation", names.OPERATIONS.values(), ids=lambda found: found.name)
def test_another_version_is_refused(school: TrialSchool, operation: names.Operation, xsdversie: str) -> None:
    """A version that is not answered is told so by each operation; 2.2.1 has no value of its own on the wire."""
    found = school.fetch(operation, xsdversie=xsdversie)
    assert (found.status, found.outcome) == (500, "Client.XsdVersieOngeldig")
