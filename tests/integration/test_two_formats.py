"""The published EDEXML example says the same through both formats: as a file, and converted to a CSV set."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from lxml import etree
from support.oracle import standard_file
from support.profile_school import PROFIELEN, ProfileSchool, aanmaakdatum, outcome

from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.edexml import edexml

BRIN6, YEAR = "99ZZ00", "2014-2015"
PLACE = {"Brin": "99ZZ", "Vestiging": "0"}
IN_YEAR = {**PLACE, "Schooljaar": "2014/2015"}
GESLACHT = {"0": "Onbekend", "1": "M", "2": "V"}
PERSON = {
    "achternaam": "Achternaam",
    "voorvoegsel": "Voorvoegsel",
    "voornamen": "Voornamen",
    "voorletters-1": "Voorletters",
    "roepnaam": "Roepnaam",
    "mutatiedatum": "Mutatiedatum",
}
LEERLING = PERSON | {
    "geboortedatum": "Geboortedatum",
    "geslacht": "Geslacht",
    "start_ondw_jgr3": "Start groep 3",
    "land": "Geboorteland",
    "land_vader": "Geboorteland vader",
    "land_moeder": "Geboorteland moeder",
    "bsn_ondwnr-4": "BSN laatste 4",
    "bsn": "BSN",
    "gewicht_nieuw": "Leerlinggewicht",
    "postcodenl": "Postcode",
}
NOT_FROM_LEERLINGEN = {
    *("jaargroep", "groep", "samengestelde_groepen", "vestiging", "instroomdatum", "uitstroomdatum", "toevoegingen")
}
"""The fields that stand in another file of the set, or in none."""
MOMENTS = {
    "daarna": datetime(2015, 9, 30, 9, tzinfo=UTC),
    "in dat jaar": datetime(2014, 10, 15, 9, tzinfo=UTC),
    "het jaar ervoor": datetime(2014, 7, 10, 9, tzinfo=UTC),
    "de laatste dag": datetime(2015, 7, 31, 9, tzinfo=UTC),
}


def day(text: str | None) -> str:
    """Write a day as a Dutch spreadsheet does."""
    return "" if text is None else date.fromisoformat(text).strftime("%d-%m-%Y")


def convert(edex: etree._Element) -> dict[str, bytes]:
    """Return the CSV set that says what an EDEXML file says: each field, group, role and locatie at its place."""
    rows: dict[str, list[dict[str, str]]] = {
        naam: [] for naam in "leerlingen inschrijvingen groepen plaatsingen leerkrachten vestigingen locaties".split()
    }
    rows["vestigingen"].append(
        {**PLACE, "Naam": "De Voorbeeldschool", "Schoolsleutel": edex.findtext("school/schoolkey") or ""}
    )
    for one in edex.iterfind("vestigingen/vestiging"):
        rows["locaties"].append({"Sleutel": _key(one), **PLACE, "Naam": one.findtext("naam") or ""})
    for one in edex.iterfind("groepen/*"):
        kind = "Stamgroep" if one.tag == "groep" else "Samengestelde groep"
        own = {"Naam": one.findtext("naam") or "", "Soort": kind, "Jaargroep": one.findtext("jaargroep") or ""}
        rows["groepen"].append({"Sleutel": _key(one), **IN_YEAR, **own, "In koppelingen beschikbaar": "ja"})
    for one in edex.iterfind("leerlingen/leerling"):
        _leerling(rows, one)
    for one in edex.iterfind("leerkrachten/leerkracht"):
        _leerkracht(rows, one)
    return {naam: _file(found, naam) for naam, found in rows.items()}


def _key(element: etree._Element) -> str:
    return element.get("key") or ""


def _identity(element: etree._Element) -> dict[str, str]:
    return {"Sleutel": _key(element), "ECK-iD": element.get("eckid") or ""}


def _leerling(rows: dict[str, list[dict[str, str]]], one: etree._Element) -> None:
    own = {LEERLING[str(field_.tag)]: field_.text or "" for field_ in one if field_.tag not in NOT_FROM_LEERLINGEN}
    for label in ("Geboortedatum", "Start groep 3"):
        own[label] = day(own.get(label))
    own["Geslacht"] = GESLACHT[own["Geslacht"]]
    rows["leerlingen"].append(_identity(one) | own)
    locatie = one.find("vestiging")
    rows["inschrijvingen"].append(
        {
            "Leerling": _key(one),
            **PLACE,
            "Inschrijfdatum": day(one.findtext("instroomdatum")),
            "Uitschrijfdatum": day(one.findtext("uitstroomdatum")),
            "Locatie": "" if locatie is None else _key(locatie),
        }
    )
    groepen = [*one.iterfind("groep"), *one.iterfind("samengestelde_groepen/samengestelde_groep")]
    for key in [_key(groep) for groep in groepen] or [""]:
        jaargroep = {"Groep": key, "Jaargroep": one.findtext("jaargroep") or ""}
        rows["plaatsingen"].append({"Leerling": _key(one), **IN_YEAR, **jaargroep})


def _leerkracht(rows: dict[str, list[dict[str, str]]], one: etree._Element) -> None:
    own = {PERSON[str(field_.tag)]: field_.text or "" for field_ in one if str(field_.tag) in PERSON}
    own |= _identity(one) | IN_YEAR | {"Rollen": _rollen(one)}
    for groep in one.iterfind("groepen/*"):
        rows["leerkrachten"].append({**own, "Groep": _key(groep), "Rollen in groep": _rollen(groep)})


def _rollen(element: etree._Element) -> str:
    return " | ".join(rol.text or "" for rol in element if rol.tag in ("rol", "rolomschrijving"))


def _file(rows: list[dict[str, str]], naam: str) -> bytes:
    needed = {"leerlingen": LEERLING.values(), "leerkrachten": ["Achternaam", "Voorvoegsel", "Roepnaam", "E-mailadres"]}
    header = dict.fromkeys([*(label for row in rows for label in row), *needed.get(naam, ())])
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(header), delimiter=";", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("cp1252")


def as_edexml(data: bytes) -> list[Delivery]:
    """Read the example as it was published."""
    return [edexml.read(data)]


def as_csv(data: bytes) -> list[Delivery]:
    """Read the example as a CSV set."""
    return csv_bron.read(convert(etree.fromstring(data)))


@pytest.fixture(params=MOMENTS.values(), ids=list(MOMENTS))
def answers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], list[bytes]]]:
    """Yield the answers of two schools that know the example, the one from EDEXML and the other from CSV."""
    data = standard_file("edexml-2.1/EDEXML.Voorbeeld.2.1.xml").read_bytes()
    endpoints = []
    for naam, read in (("edexml", as_edexml), ("csv", as_csv)):
        folder = tmp_path / naam
        folder.mkdir()
        endpoint = ProfileSchool(folder, request.param)
        endpoint.bring(*read(data))
        endpoint.activate(BRIN6)
        endpoints.append(endpoint)
    yield lambda profiel: [endpoint.fetch(BRIN6, YEAR, profiel) for endpoint in endpoints]
    for endpoint in endpoints:
        endpoint.close()


@pytest.mark.parametrize("profiel", PROFIELEN)
def test_both_formats_give_the_same_bytes(answers: Callable[[str], list[bytes]], profiel: str) -> None:
    """Asked after it, on a day of that year, before it and on its last day: the same answer, under each profile."""
    from_edexml, from_csv = answers(profiel)
    assert outcome(from_edexml) == "leerlinggegevens"
    assert aanmaakdatum(from_edexml)
    assert from_edexml == from_csv
    assert from_csv.count(b"<leerling key=") == 2
