"""The profiles: what may leave and what should be there, against the rules written down a second time."""

from dataclasses import fields
from itertools import product

import pytest
from lxml import etree
from support.edexml_files import make_dataset
from support.oracle import needs_standard, standard_file

from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling
from uwlr_adapter.contract.fields import ELEMENTS, SET_NAMES
from uwlr_adapter.contract.profiles import STANDARD, NamedProfiel, Profiel
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.koppelingen.catalogue import Catalogue

BASE = {"achternaam", "voorvoegsel", "roepnaam", "jaargroep", "groep", "samengestelde_groepen"}
"""The fields that a leerling has under every profile of every version."""
LEERLING = {
    ("smalle set", "2.1"): BASE | {"geboortedatum"},
    ("smalle set", "2.2"): BASE | {"geboortedatum"},
    ("smalle set", "2.3"): BASE,
    ("LVS-set", "2.1"): BASE | {"geboortedatum", "geslacht", "start_ondw_jgr3", "voorletters-1"},
    ("LVS-set", "2.2"): BASE | {"geboortedatum", "geslacht", "start_ondw_jgr3", "voorletters-1", "bsn_ondwnr-4"},
    ("LVS-set", "2.3"): BASE | {"geboortedatum", "geslacht", "start_ondw_jgr3"},
}
LEERLING_WANTED = {
    ("smalle set", "2.1"): {"geboortedatum", "jaargroep"},
    ("smalle set", "2.2"): {"geboortedatum", "jaargroep"},
    ("smalle set", "2.3"): {"jaargroep"},
    ("LVS-set", "2.1"): {"roepnaam", "geboortedatum", "geslacht", "jaargroep"},
    ("LVS-set", "2.2"): {"roepnaam", "geboortedatum", "geslacht", "jaargroep", "bsn_ondwnr-4"},
    ("LVS-set", "2.3"): {"roepnaam", "geboortedatum", "geslacht", "jaargroep"},
}
LEERKRACHT = {
    "smalle set": {"achternaam", "voorvoegsel", "roepnaam", "emailadres", "groepen"},
    "LVS-set": {"achternaam", "voorvoegsel", "roepnaam", "groepen"},
}
PARTS = [field.name for field in fields(Profiel) if field.name not in {"name", "digest"}]
ALL = list(product(SET_NAMES, VERSIONS))


@pytest.mark.parametrize(("naam", "version"), LEERLING)
def test_what_may_leave(naam: str, version: str) -> None:
    """Per profile and version exactly the named fields leave; a free text of a group or school never does."""
    found = STANDARD[naam].in_version(version)
    assert found.leerling == LEERLING[naam, version]
    assert found.leerkracht == LEERKRACHT[naam]
    assert found.groep == {"naam", "jaargroep"}
    assert found.samengestelde_groep == {"naam"} | ({"omschrijving"} if naam == "LVS-set" else set())
    assert found.vestiging == frozenset()


@pytest.mark.parametrize(("naam", "version"), LEERLING)
def test_what_should_be_there(naam: str, version: str) -> None:
    """Where text and XSD of a profile differ on what is required, the text's longer list counts."""
    found = STANDARD[naam].in_version(version)
    assert found.leerling_wanted == LEERLING_WANTED[naam, version]
    assert found.leerkracht_wanted == ({"achternaam", "emailadres"} if naam == "smalle set" else set())


@pytest.mark.parametrize("version", VERSIONS)
def test_volledig_is_all_but_a_number(version: str) -> None:
    """Without a profile every element of our records may leave, but for the number that tells a leerling apart."""
    found = STANDARD["volledig"].in_version(version)
    assert found.leerling == {*ELEMENTS["leerling"]} - {"bsn_ondwnr-4"}
    assert found.leerkracht == {*ELEMENTS["leerkracht"]}
    assert found.groep == {*ELEMENTS["groep"]}
    assert found.samengestelde_groep == {*ELEMENTS["samengestelde_groep"]}
    assert found.vestiging == {*ELEMENTS["vestiging"]}
    assert found.leerling_wanted | found.leerkracht_wanted == set()


def allowed_in(file: str, kind: str) -> set[str]:
    """Return the elements that a published profile XSD lets a record have."""
    tree = etree.parse(str(standard_file(f"uwlr-2.2/Schemas/{file}")))
    xsd = "{http://www.w3.org/2001/XMLSchema}"
    types = {found.get("name"): found for found in tree.iter(f"{xsd}complexType", f"{xsd}group")}
    todo, seen = [types[kind]], set[str]()
    while todo:
        for found in todo.pop().iter(f"{xsd}element", f"{xsd}group"):
            local = (found.get("ref") or "").rpartition(":")[2]
            if found.tag == f"{xsd}group" and local:
                todo.append(types[local])
            elif found.tag == f"{xsd}element":
                seen.add(found.get("name") or local)
    return seen


@needs_standard
@pytest.mark.parametrize(
    ("naam", "file"),
    [
        ("smalle set", "Profiel smalle set/Profiel_Smalle_set_EDEXML.elementen.xsd"),
        ("LVS-set", "Profiel LVS set/Profiel_LVS_set_EDEXML.elementen.xsd"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_leaves_that_the_published_profile_forbids(naam: str, file: str, version: str) -> None:
    """Each field of ours stands in the published profile XSD of 2.2 as well."""
    found = STANDARD[naam].in_version(version)
    assert found.leerling <= allowed_in(file, "LeerlingType")
    assert found.leerkracht - {"groepen", "rollen"} <= allowed_in(file, "LeerkrachtType")
    assert found.groep <= allowed_in(file, "GroepType")
    assert found.samengestelde_groep <= allowed_in(file, "SamengesteldeGroepType")


@pytest.mark.parametrize(("naam", "version"), ALL)
def test_what_should_be_there_may_leave(naam: str, version: str) -> None:
    """A profile asks for no field that it holds back."""
    found = STANDARD[naam].in_version(version)
    assert found.leerling_wanted <= found.leerling
    assert found.leerkracht_wanted <= found.leerkracht


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("own_profiel", "requested"), list(product(SET_NAMES, SET_NAMES)))
def test_a_caller_can_narrow_and_never_widen(own_profiel: str, requested: str, version: str) -> None:
    """An answer has the fields that are in both profiles; a narrower one than the own profile has a name of its own."""
    own, asked = STANDARD[own_profiel].in_version(version), STANDARD[requested].in_version(version)
    result = own.narrowed(asked)
    for part in PARTS:
        assert getattr(result, part) == getattr(own, part) & getattr(asked, part)
    same = all(getattr(result, part) == getattr(own, part) for part in PARTS)
    assert (result == own) == same
    assert (result.name == own.name) == same
    assert len(result.name) <= 40


def test_a_digest_is_that_of_the_fields() -> None:
    """Two sets of fields never share a digest, and equal ones have the same: an answer is kept by it."""
    found: dict[str, list[object]] = {}
    for version, own, requested in product(VERSIONS, SET_NAMES, SET_NAMES):
        result = STANDARD[own].in_version(version).narrowed(STANDARD[requested].in_version(version))
        content: list[object] = [getattr(result, part) for part in PARTS]
        assert found.setdefault(result.digest, content) == content
        assert len(result.digest) == 40
    assert all(content not in list(found.values())[:place] for place, content in enumerate(found.values()))


def test_the_digests_in_databases() -> None:
    """A database holds digests, so they stay as they are as long as the profile does."""
    assert {name: profiel.digest for name, profiel in STANDARD.items()} == {
        "smalle set": "c2808319a091128d55966148b2d5074d29ea6e9e",
        "LVS-set": "13f1d84c91664ad1e67c50303712f25faab8af4d",
        "volledig": "5ccf34ab5e0a9d7f8d2ee682ec236cd446cbc33a",
    }
    narrow, breed = STANDARD["smalle set"].in_version("2.2"), STANDARD["LVS-set"].in_version("2.2")
    assert (
        narrow.digest == STANDARD["smalle set"].in_version("2.1").digest == "1f4ed7846a5a97e04603cdc2f7e70ed79f54084a"
    )
    assert narrow.narrowed(breed).digest == breed.narrowed(narrow).digest == "238053292f5b9112a939cbfbb7c265be25792c8b"


def test_a_version_with_the_same_content_changes_no_koppeling() -> None:
    """What a koppeling is fetched under stays the same when a version is added that sends what another one does."""
    narrow = STANDARD["smalle set"]
    later = NamedProfiel(narrow.name, {**narrow.by_version, "9.9": narrow.in_version("2.3")})
    assert later.digest == narrow.digest
    assert NamedProfiel(narrow.name, {"2.2": narrow.in_version("2.2")}).digest != narrow.digest


@pytest.mark.parametrize(
    ("gegevenssetid", "naam"),
    [
        ("smalle set", "smalle set"),
        ("Smalle-set-VO", "smalle set"),
        ("Smalle-set-PO", "smalle set"),
        ("SMALLE_SET", "smalle set"),
        ("LVS-set", "LVS-set"),
        ("lvs set", "LVS-set"),
        ("volledig", "volledig"),
        ("smal", None),
        ("brede set", None),
        ("-", None),
        ("smalle set; volledig", None),
    ],
)
def test_the_names_that_callers_write(gegevenssetid: str, naam: str | None) -> None:
    """A profile is known by its name in any spelling of capitals, spaces and signs; anything else is unknown."""
    found = Catalogue.load().requested_profiel(gegevenssetid)
    assert (None if found is None else found.name) == naam


def test_an_unknown_profile_or_version_is_an_error() -> None:
    """Neither is ever replaced by another one."""
    for naam, version in (("brede set", "2.2"), ("smalle set", "2.4")):
        with pytest.raises(KeyError):
            STANDARD[naam].in_version(version)


def test_incomplete_records_are_counted_once() -> None:
    """Each record that lacks a required field counts once, whatever it lacks, and only among those asked for."""
    heel = Leerling("1", roepnaam="Zoë", geboortedatum="2016-02-03", jaargroep="4")
    dataset = make_dataset(
        [heel, heel._replace(key="2", jaargroep=None), Leerling("3", roepnaam="Bo")],
        leerkrachten=[
            Leerkracht("1", achternaam="Dis", emailadres="dis@school.example"),
            Leerkracht("2", roepnaam="Evi", emailadres="evi@school.example"),
        ],
        groepen=[Groep("groep", "g", "4a", "4")],
    )
    narrow = STANDARD["smalle set"].in_version("2.2")
    assert narrow.count_incomplete(dataset, names.HAAL_LEERLINGGEGEVENS.parts) == 3
    assert narrow.count_incomplete(dataset, names.HAAL_LEERLINGEN.parts) == 2
    assert narrow.count_incomplete(dataset, names.HAAL_LEERKRACHTEN.parts) == 1
    assert narrow.count_incomplete(dataset, names.HAAL_STRUCTUUR.parts) == 0
    assert STANDARD["volledig"].in_version("2.2").count_incomplete(dataset, names.HAAL_LEERLINGGEGEVENS.parts) == 0


@pytest.mark.parametrize("agreed", [*STANDARD.values()], ids=[*STANDARD])
@pytest.mark.parametrize("profiel", [*STANDARD.values()], ids=[*STANDARD])
def test_a_profile_within_what_was_agreed(profiel: NamedProfiel, agreed: NamedProfiel) -> None:
    """It has the fields of both, in each version no more than its own; one that adds nothing is the profile itself."""
    found = profiel.within(agreed.paths)
    assert found.paths == profiel.paths & agreed.paths
    assert (found is profiel) == (profiel.paths <= agreed.paths)
    for version, one in found.by_version.items():
        own = profiel.in_version(version)
        assert one.narrowed(own).digest == one.digest
        assert one.leerling_wanted <= one.leerling
        assert one.groep == own.groep & {path.partition("/")[2] for path in agreed.paths if path.startswith("groep/")}
