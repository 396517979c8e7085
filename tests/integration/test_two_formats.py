"""The same content says the same through both formats: the published EDEXML example, and each strange text or date."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from lxml import etree
from support.oracle import standard_file
from support.profile_school import PROFIELEN, ProfileSchool, aanmaakdatum, outcome

from uwlr_adapter.administratie.model import Delivery, SourceRecord, SourceSchool
from uwlr_adapter.administratie.sources import records
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.rows import read as deliveries_from_rows
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Leerling

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
    """Read the example as it was published, with references in the order of their keys: a CSV set has no other one."""
    edex = etree.fromstring(data)
    for references in edex.iterfind(".//*"):
        if references.tag in ("groepen", "samengestelde_groepen") and references.getparent() is not edex:
            references[:] = sorted(references, key=_key)
    return [edexml.read(etree.tostring(edex))]


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


TEXTS = {
    "spaces around": "  De Boer ",
    "spaces that do not break": "\u00a0De\u00a0Boer\u00a0",
    "double spaces": "De  Boer",
    "only a space that does not break": "\u00a0",
    "without width": "\u200b",
    "without width within": "\u200eDe B\u00ado\u200ber\u2060",
    "the last letter is C1": "De Boe\u0085",
    "two lines": "De\u2028Boer",
    "joined in Persian": "\u0645\u06cc\u200c\u0634",
    "decomposed": "Boe\u0308r",
    "C1 of Windows-1252": "O\u0092Brien",
    "C1 that is nothing": "Bo\u0081er",
    "lost": "B\ufffder",
    "box": "B\u2502er",
    "a sign": "B\u20acer",
    "UTF-8 twice": "Bo\u00c3\u00abr",
}
DATES = {
    "plain": "2018-03-14",
    "zone": "2018-03-14+01:00",
    "UTC": "2018-03-14Z",
    "time": "2018-03-14T13:45:00",
    "moment": "2018-03-13T23:00:00Z",
    "early": "0018-03-14",
    "none": "1900-01-01",
    "leap day": "2016-02-29",
    "summer time": "2018-07-13T22:00:00Z",
    "over the last year": "2199-12-31T23:30:00Z",
    "invisible": "\u200b2018-03-14\u00a0",
}


def _read_edexml(achternaam: str, geboortedatum: str) -> Delivery:
    """Return one leerling with these, from EDEXML."""
    names = f"<achternaam>{achternaam}</achternaam><roepnaam>Fien</roepnaam>"
    leerling = f"{names}<geboortedatum>{geboortedatum}</geboortedatum>"
    data = f"""<?xml version="1.0" encoding="UTF-8"?>
        <EDEX><school><schooljaar>2026-2027</schooljaar><brincode>21QW</brincode></school>
        <groepen><groep key="g"><naam>4A</naam><jaargroep>4</jaargroep></groep></groepen>
        <leerlingen><leerling key="l1">{leerling}</leerling></leerlingen></EDEX>""".lstrip().encode()
    return edexml.read(data)


def _read_csv(achternaam: str, geboortedatum: str) -> Delivery:
    """Return the same leerling, from a CSV set."""
    rows = {
        "leerlingen": [
            "Sleutel|ECK-iD|Achternaam|Voorvoegsel|Roepnaam|Geboortedatum",
            f"l1||{achternaam}||Fien|{geboortedatum}",
        ],
        "inschrijvingen": ["Leerling|Brin|Vestiging|Inschrijfdatum|Uitschrijfdatum", "l1|21QW|00||"],
        "groepen": [
            "Sleutel|Brin|Vestiging|Schooljaar|Naam|Soort|Jaargroep|In koppelingen beschikbaar",
            "g|21QW|00|2026-2027|4A|Stamgroep|4|Ja",
        ],
        "plaatsingen": ["Leerling|Brin|Vestiging|Schooljaar|Groep|Jaargroep"],
        "leerkrachten": ["Sleutel|ECK-iD|Achternaam|Voorvoegsel|Roepnaam|E-mailadres|Brin|Vestiging|Schooljaar|Groep"],
    }
    files = {name: ("\n".join(lines) + "\n").replace("|", ";").encode() for name, lines in rows.items()}
    (delivery,) = csv_bron.read(files)
    return delivery


ROWS = {
    "inschrijvingen": [{"Leerling": "l1", "Brin": "21QW", "Vestiging": "00"}],
    "groepen": [
        {
            "Sleutel": "g",
            "Brin": "21QW",
            "Vestiging": "00",
            "Schooljaar": "2026-2027",
            "Naam": "4A",
            "Soort": "Stamgroep",
            "Jaargroep": "4",
            "In koppelingen beschikbaar": "Ja",
        }
    ],
}


def _read_rows(achternaam: str, geboortedatum: str) -> Delivery:
    """Return the same leerling, from the rows of a database."""
    known = {"Sleutel": "l1", "Roepnaam": "Fien", "Achternaam": achternaam, "Geboortedatum": geboortedatum}
    rows = {file: [dict.fromkeys(COLUMNS[file]) | row for row in found] for file, found in ROWS.items()}
    rows |= {file: [] for file in ("plaatsingen", "leerkrachten")}
    (delivery,) = deliveries_from_rows({**rows, "leerlingen": [dict.fromkeys(COLUMNS["leerlingen"]) | known]})
    return records.clean(delivery)


def _read_records(achternaam: str, geboortedatum: str) -> Delivery:
    """Return the same leerling, from the records of a Bron."""
    leerling = Leerling("l1", roepnaam="Fien", achternaam=achternaam, geboortedatum=geboortedatum)
    school = SourceSchool(1, "2026-2027", "21QW00")
    return records.clean(Delivery(school, leerlingen=(SourceRecord(1, leerling),)))


DOORS = {"CSV": _read_csv, "rows": _read_rows, "records": _read_records}


def _said(delivery: Delivery) -> tuple[object, list[str]]:
    """Return the record of the leerling, and the reasons of the warnings about it."""
    (leerling,) = (source.record for source in delivery.leerlingen)
    return leerling, sorted({warning.reason for warning in delivery.warnings})


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_a_text_is_read_by_one_rule(text: str, door: str) -> None:
    """A name becomes the same one, with the same warnings, whatever the door."""
    assert _said(_read_edexml(text, "2018-03-14")) == _said(DOORS[door](text, "2018-03-14"))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("day", DATES.values(), ids=list(DATES))
def test_a_date_is_read_by_one_rule(day: str, door: str) -> None:
    """A date of birth becomes the same one, with the same warnings, whatever the door."""
    assert _said(_read_edexml("De Boer", day)) == _said(DOORS[door]("De Boer", day))


@pytest.mark.parametrize("midnight", ["14-3-2018 0:00:00", "2018-03-14T00:00:00", "14/03/2018"])
def test_what_only_a_spreadsheet_writes(midnight: str) -> None:
    """A Dutch date, and midnight behind a date, are taken without a word."""
    assert _said(_read_csv("De Boer", midnight)) == _said(_read_edexml("De Boer", "2018-03-14"))
