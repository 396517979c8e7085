"""The catalogue that is shipped, and broken ones."""

from collections import Counter
from pathlib import Path

import pytest

from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueError

VOORWAARDEN = """
[[voorwaarden]]
id = "alg"
versie = "alg-1"
tekst = "Wie meedoet, doet mee."
"""
KOPPELING = """
[[koppeling]]
id = "proef"
naam = "Proef"
type = "UWLR Leerlinggegevens"
omschrijving = "Een proef"
prijs = "Gratis"
voorwaarden = "alg"
afnemer = "Proef"
profiel = "smalle set"
"""
GOOD = VOORWAARDEN + KOPPELING


def load(folder: Path, text: str) -> Catalogue:
    """Load a catalogue with this text."""
    path = folder / "catalogus.toml"
    path.write_text(text, encoding="utf-8")
    return Catalogue.load(path)


def test_available() -> None:
    """Eleven koppelingen are available, in the six types of the screen of ESIS, with their counts."""
    types = Counter(entry.type for entry in Catalogue.load() if not entry.standaard)
    assert types == {
        "ESIS app": 1,
        "Ouderportalkoppeling - Basis": 1,
        "Ouderportalkoppeling - Uitgebreid": 1,
        "Samenwerkingsverband": 4,
        "Toets": 1,
        "UWLR Leerlinggegevens": 3,
    }


def test_standaard() -> None:
    """BRON is the only koppeling that every school has, and it carries no data of ours."""
    source = [entry for entry in Catalogue.load() if entry.standaard]
    assert [(entry.naam, entry.type, entry.has_code) for entry in source] == [
        ("BRON Koppeling", "Overige koppelingen", False)
    ]


def test_uwlr() -> None:
    """Only the three UWLR koppelingen have a code, an afnemer and a profile: the narrow one."""
    uwlr = {entry.id: (entry.afnemer, entry.profiel) for entry in Catalogue.load() if entry.has_code}
    assert uwlr == {
        "snappet": ("Snappet", "smalle set"),
        "basispoort": ("Basispoort", "smalle set"),
        "uwlr-4d": ("UWLR-4D", "smalle set"),
    }


def test_own_catalogue(tmp_path: Path) -> None:
    """Another file gives another catalogue."""
    (entry,) = load(tmp_path, GOOD.replace("smalle set", "volledig"))
    assert (entry.id, entry.profiel, entry.voorwaarden.versie) == ("proef", "volledig", "alg-1")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "voorwaarden"),
        (VOORWAARDEN, "koppeling"),
        ("[[voorwaarden", "cannot be read"),
        ("a = " + "[" * 3000, "cannot be read"),
        ("a = " + "9" * 5000, "cannot be read"),
        ("voorwaarden = 1", "voorwaarden"),
        ("voorwaarden = [1]", "not a table"),
        (GOOD + KOPPELING, "same id"),
        (VOORWAARDEN + GOOD, "same id"),
        (GOOD.replace('voorwaarden = "alg"', 'voorwaarden = "weg"'), "names no terms"),
        (GOOD.replace('voorwaarden = "alg"', ""), "names no terms"),
        (GOOD.replace('prijs = "Gratis"', ""), "prijs is missing"),
        (GOOD.replace('prijs = "Gratis"', "prijs = 0"), "prijs is a text"),
        (GOOD.replace('prijs = "Gratis"', 'prijs = " "'), "prijs is a text"),
        (GOOD.replace('prijs = "Gratis"', 'prijs = "Gratis"\nkleur = "rood"'), "unknown keys: kleur"),
        (GOOD + "standaard = 1", "true or false"),
        (GOOD + "standaard = true", "no afnemer"),
        (GOOD + "[extra]\nx = 1", "unknown parts: extra"),
        (GOOD.replace("smalle set", "brede set"), "profiel is one of"),
        (GOOD.replace('afnemer = "Proef"', ""), "together"),
        (GOOD.replace('profiel = "smalle set"', ""), "together"),
        (GOOD.replace('id = "proef"', 'id = "Proef"'), "hyphens"),
        (GOOD.replace('versie = "alg-1"', f'versie = "{"a" * 41}"'), "hyphens"),
    ],
)
def test_broken(tmp_path: Path, text: str, word: str) -> None:
    """A broken catalogue is refused as a whole, with what is wrong."""
    with pytest.raises(CatalogueError, match=word):
        load(tmp_path, text)


def test_the_longest_id_and_version(tmp_path: Path) -> None:
    """An id and a version have up to forty characters, as one column of the database takes."""
    longest = GOOD.replace('versie = "alg-1"', f'versie = "{"a" * 40}"').replace('id = "proef"', f'id = "{"b" * 40}"')
    assert [entry.id for entry in load(tmp_path, longest)] == ["b" * 40]


def test_absent(tmp_path: Path) -> None:
    """A catalogue file that is not there is an error, not an empty catalogue."""
    with pytest.raises(CatalogueError):
        Catalogue.load(tmp_path / "weg.toml")


PROFIEL = """
[[profiel]]
naam = "zonder datum"
basis = "smalle set"
zonder = ["leerling/geboortedatum", "leerkracht/emailadres"]
"""
NARROWER = """
[[profiel]]
naam = "nog minder"
basis = "zonder datum"
zonder = ["leerling/voorvoegsel"]
"""
OWN = GOOD.replace("smalle set", "zonder datum") + PROFIEL


def test_an_own_profile(tmp_path: Path) -> None:
    """It leaves out what its basis has, in every version, and nothing is added."""
    catalogue = load(tmp_path, OWN)
    found, basis = catalogue.profiel_by_entry.get("proef"), STANDARD["smalle set"]
    assert found is not None
    assert found.name == "zonder datum"
    for version in VERSIONS:
        own, whole = found.in_version(version), basis.in_version(version)
        assert own.leerling == whole.leerling - {"geboortedatum"}
        assert own.leerling_wanted == whole.leerling_wanted - {"geboortedatum"}
        assert own.leerkracht == whole.leerkracht - {"emailadres"}
        assert own.leerkracht_wanted == {"achternaam"}
        assert own.groep == whole.groep
        assert own.narrowed(whole) == own
    assert found.digest != basis.digest


@pytest.mark.parametrize("text", [NARROWER + PROFIEL, PROFIEL + NARROWER])
def test_a_profile_on_a_profile(tmp_path: Path, text: str) -> None:
    """A basis may be a profile of the same file, before or after it."""
    found = load(tmp_path, GOOD.replace("smalle set", "nog minder") + text).profiel_by_entry.get("proef")
    assert found is not None
    assert found.in_version("2.2").leerling == {"achternaam", "roepnaam", "jaargroep", "groep", "samengestelde_groepen"}


def test_another_content_under_the_same_name(tmp_path: Path) -> None:
    """The digest follows the content, not the name, and not what a basis never had."""
    digests = [
        found.digest
        for without in ('"leerling/voorvoegsel"', '"leerling/groep"', '"leerling/groep", "leerling/fotourl"')
        if (found := load(tmp_path, OWN.replace('"leerling/geboortedatum"', without)).profiel_by_entry.get("proef"))
        is not None
    ]
    assert digests[0] != digests[1]
    assert digests[1] == digests[2]


def test_a_caller_can_name_it(tmp_path: Path) -> None:
    """In gegevenssetid it has its name in any spelling, as the profiles of the standard have."""
    catalogue = load(tmp_path, OWN)
    for text in ("zonder datum", "Zonder-Datum", "ZONDERDATUM"):
        assert catalogue.requested_profiel(text) is catalogue.profielen["zonder datum"]
    assert catalogue.requested_profiel("smalleset") is STANDARD["smalle set"]
    assert catalogue.requested_profiel("zonder") is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('basis = "smalle set"', 'basis = "brede set"', r"\[\[profiel\]\] 1: basis is one of: smalle set"),
        ('basis = "smalle set"', 'basis = "zonder datum"', r"\[\[profiel\]\] 1: basis goes round in a circle"),
        ('basis = "smalle set"', "", "basis is missing"),
        ('basis = "smalle set"', "basis = 1", "basis is a text"),
        ("leerling/geboortedatum", "leerling/schoenmaat", "leerling/schoenmaat is not a field"),
        ("leerling/geboortedatum", "geboortedatum", "write record/element, as leerling/geboortedatum"),
        ("leerling/geboortedatum", "leerling/bsn", "leerling/bsn is not a field"),
        ("leerling/geboortedatum", "groep/naam", "groep/naam cannot be left out"),
        ("leerling/geboortedatum", "groep/jaargroep", "groep/jaargroep cannot be left out"),
        ("leerling/geboortedatum", "samengestelde_groep/naam", "samengestelde_groep/naam cannot be left out"),
        *(
            ("leerling/geboortedatum", name, f"{name} cannot be left out: a person needs")
            for name in ("leerling/achternaam", "leerling/roepnaam", "leerkracht/achternaam", "leerkracht/roepnaam")
        ),
        ('"leerling/geboortedatum"', "1", "zonder is a list of fields"),
        ('["leerling/geboortedatum", "leerkracht/emailadres"]', "[]", "zonder is a list of fields"),
        ('["leerling/geboortedatum", "leerkracht/emailadres"]', '"leerling/groep"', "zonder is a list of fields"),
        ('naam = "zonder datum"', 'naam = "Smalle-Set"', "another profiel has this naam"),
        ('naam = "zonder datum"', 'naam = "lvs"', "another profiel has this naam"),
        ('naam = "zonder datum"', 'naam = "&"', "no letter and no digit"),
        ('naam = "zonder datum"', 'naam = "zonder datum"\nerbij = ["leerling/groep"]', "unknown keys: erbij"),
        ('naam = "zonder datum"', 'naam = "ander"', "profiel is one of: smalle set, LVS-set, volledig, ander"),
        ("[[profiel]]", "[profiel]", r"no \[\[profiel\]\]"),
    ],
)
def test_a_broken_profile(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """A profile that cannot be, or whose answers could never be valid, refuses the catalogue, with place and reason."""
    assert old in OWN
    with pytest.raises(CatalogueError, match=reason):
        load(tmp_path, OWN.replace(old, new))


def test_two_profiles_of_one_name(tmp_path: Path) -> None:
    """Names differ in more than capitals, spaces and signs."""
    with pytest.raises(CatalogueError, match=r"\[\[profiel\]\] 2: another profiel has this naam"):
        load(tmp_path, OWN + PROFIEL.replace("zonder datum", "Zonder Datum"))


def test_a_long_chain_of_profiles(tmp_path: Path) -> None:
    """A catalogue that some program made without end is refused in one sentence."""
    chain = "".join(PROFIEL.replace("zonder datum", f"p{n}").replace("smalle set", f"p{n + 1}") for n in range(2000))
    with pytest.raises(CatalogueError, match="more than 20 profiles are based on each other"):
        load(tmp_path, OWN + chain + PROFIEL.replace("zonder datum", "p2000"))


def test_a_circle_of_profiles(tmp_path: Path) -> None:
    """Two profiles are not each other's basis."""
    text = OWN.replace('basis = "smalle set"', 'basis = "nog minder"') + NARROWER
    with pytest.raises(CatalogueError, match="zonder datum -> nog minder -> zonder datum"):
        load(tmp_path, text)


def test_the_locaties_leave_whole_or_not_at_all(tmp_path: Path) -> None:
    """A reference to a locatie needs the locatie; without both there is nothing to be wrong."""
    text = OWN.replace('basis = "smalle set"', 'basis = "volledig"')
    locatie = '"vestiging/naam", "vestiging/omschrijving", "vestiging/mutatiedatum"'
    for without, reason in (
        ('"vestiging/naam"', "vestiging/naam cannot be left out"),
        (locatie, "leave it out as well"),
    ):
        with pytest.raises(CatalogueError, match=reason):
            load(tmp_path, text.replace('"leerling/geboortedatum"', without))
    found = load(tmp_path, text.replace('"leerling/geboortedatum"', f'{locatie}, "leerling/vestiging"'))
    assert found.profielen["zonder datum"].in_version("2.2").vestiging == frozenset()


def test_why_a_profile_is_what_it_is(tmp_path: Path) -> None:
    """An entry with a profile may say why its platform needs that; one without data has nothing to say."""
    with_reason = GOOD.replace('profiel = "smalle set"', 'profiel = "smalle set"\nprofiel_reden = "voor de voortgang"')
    entry = load(tmp_path, with_reason).get("proef")
    assert entry is not None
    assert entry.profiel_reden == "voor de voortgang"
    without = with_reason.replace('afnemer = "Proef"\n', "").replace('profiel = "smalle set"\n', "")
    with pytest.raises(CatalogueError, match="profiel_reden stands with a profiel only"):
        load(tmp_path, without)


def test_a_profile_as_far_as_it_was_agreed_to(tmp_path: Path) -> None:
    """It is worked out once; without fields it is whole, and an entry that is not there has none."""
    catalogue = load(tmp_path, GOOD)
    whole = catalogue.agreed["proef", None]
    assert whole is catalogue.profiel_by_entry["proef"]
    narrow = catalogue.agreed["proef", "groep/naam groep/jaargroep leerling/achternaam"]
    assert narrow is not None
    assert narrow.paths == {"groep/naam", "groep/jaargroep", "leerling/achternaam"}
    assert catalogue.agreed["proef", "groep/naam groep/jaargroep leerling/achternaam"] is narrow
    assert catalogue.agreed["weg", "groep/naam"] is catalogue.agreed["weg", None] is None
