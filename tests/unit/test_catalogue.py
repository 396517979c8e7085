"""The catalogue that is shipped, and broken ones."""

from collections import Counter
from pathlib import Path

import pytest

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
        ("voorwaarden = 1", "voorwaarden"),
        ("voorwaarden = [1]", "no table"),
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
