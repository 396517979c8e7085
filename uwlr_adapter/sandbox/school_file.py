"""The school of a situation as an EDEXML file: invented records, the same each time, with what was done to them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from lxml import etree

from uwlr_adapter.administratie.sources.edexml.edexml import VERSIONS
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.demo.school import GROEP_NAMES, HIGHEST_JAARGROEP, NAMES, ROEPNAMEN, add_texts, make_eckid
from uwlr_adapter.sandbox.situations import SandboxPlace, SchoolForm
from uwlr_adapter.sandbox.state import Edits

_SOMEBODY_ELSE = "iemand-anders"
"""What the ECK-iD is made of that the row of a question has."""


@dataclass(frozen=True, slots=True)
class SandboxLeerling:
    """One invented leerling in one schooljaar."""

    key: str
    eckid: str | None
    jaargroep: int
    geboortedatum: date
    roepnaam: str
    voorvoegsel: str
    achternaam: str
    geslacht: str
    place: int
    """From 0, in the jaargroep."""
    groep: str
    """The key of the groep."""


def leerlingen(place: SandboxPlace, schooljaar: str, edits: Edits) -> list[SandboxLeerling]:
    """Return the leerlingen of a school in a schooljaar, by jaargroep; none for a school without records."""
    form, start = place.situation.form, schooljaar_start(schooljaar) or 0
    found: list[SandboxLeerling] = []
    for jaargroep in range(1, HIGHEST_JAARGROEP + 1):
        first_year = start - jaargroep + 1
        number = form.per_jaargroep or int(first_year % HIGHEST_JAARGROEP == 0)
        keys = [f"L{first_year % 100:02}{one:03}" for one in range(number)]
        keys += [key for key, year in edits.joined.items() if year == first_year]
        found += [
            _leerling(place, key, start, jaargroep, number) for number, key in enumerate(keys) if key not in edits.left
        ]
    found = _moved([_renamed(one, edits.renamed) for one in found], edits.moved)
    found = [_corrected(place, one, edits.corrected) for one in found]
    if edits.has_question:
        found = [_somebody_else(place, one) if one.key in _questioned(start) else one for one in found]
    return found if form.has_records else []


def _questioned(start: int) -> frozenset[str]:
    """Return the key of the leerling of a question: of one year of entry in eight, so that two years have the same."""
    first_years = range(start - HIGHEST_JAARGROEP + 1, start + 1)
    return frozenset(f"L{year % 100:02}000" for year in first_years if year % HIGHEST_JAARGROEP == 0)


def _somebody_else(place: SandboxPlace, leerling: SandboxLeerling) -> SandboxLeerling:
    """Return a leerling under the same key, of whom all else is somebody else's."""
    names = random.Random(f"{place.brin6} {_SOMEBODY_ELSE}")  # noqa: S311 - as below
    own = leerling.roepnaam, leerling.achternaam
    roepnaam = next(name for name in names.sample(ROEPNAMEN, 2) if name != own[0])
    achternaam = next(name for _, name in names.sample(NAMES, 2) if name != own[1])
    born = leerling.geboortedatum.replace(day=leerling.geboortedatum.day % 28 + 1)
    eckid = make_eckid(f"{place.brin6} {_SOMEBODY_ELSE}")
    return replace(leerling, eckid=eckid, roepnaam=roepnaam, voorvoegsel="", achternaam=achternaam, geboortedatum=born)


def _leerling(place: SandboxPlace, key: str, start: int, jaargroep: int, number: int) -> SandboxLeerling:
    form, first_year = place.situation.form, start - jaargroep + 1
    named_after = f"{key[:-1]}{number - 1}" if form.has_doubles and number == 1 else key
    names = random.Random(f"{place.brin6} {named_after}")  # noqa: S311 - invented data, the same each time
    days = random.Random(f"{place.brin6} {key} birth")  # noqa: S311 - as above
    voorvoegsel, achternaam = names.choice(NAMES)
    return SandboxLeerling(
        key=key,
        eckid=make_eckid(f"{place.brin6} {key}") if form.has_eckids else None,
        jaargroep=jaargroep,
        geboortedatum=date(first_year - 4, days.randint(1, 7), days.randint(1, 28)),
        roepnaam=names.choice(ROEPNAMEN),
        voorvoegsel=voorvoegsel,
        achternaam=achternaam,
        geslacht=days.choice("12"),
        place=number,
        groep=groep_key(start, jaargroep),
    )


def _renamed(leerling: SandboxLeerling, renamed: Mapping[str, tuple[str, str]]) -> SandboxLeerling:
    if leerling.key not in renamed:
        return leerling
    roepnaam, achternaam = renamed[leerling.key]
    return replace(leerling, roepnaam=roepnaam, voorvoegsel="", achternaam=achternaam)


def _corrected(place: SandboxPlace, leerling: SandboxLeerling, corrected: Mapping[str, int]) -> SandboxLeerling:
    if leerling.key not in corrected:
        return leerling
    return replace(leerling, eckid=make_eckid(f"{place.brin6} {leerling.key} {corrected[leerling.key]}"))


def _moved(present: list[SandboxLeerling], moved: Mapping[str, str]) -> list[SandboxLeerling]:
    """Return the leerlingen of a schooljaar, each that was moved in another groep of it; a groep of before is none."""
    there = {one.groep for one in present}
    return [replace(one, groep=moved[one.key]) if moved.get(one.key) in there else one for one in present]


def groep_key(start: int, jaargroep: int) -> str:
    """Return the key of the groep of a jaargroep, in the schooljaar that starts in a year."""
    return f"{start}-{jaargroep}"


def edexml(place: SandboxPlace, schooljaar: str, edits: Edits) -> bytes:
    """Return the EDEXML file of a school in a schooljaar. Raises ValueError for a schooljaar of another form."""
    start = schooljaar_start(schooljaar)
    if start is None:
        raise ValueError("a schooljaar consists of two consecutive years")
    form, brin6 = place.situation.form, place.brin6
    present = leerlingen(place, schooljaar, edits)
    jaargroepen = sorted({one.jaargroep for one in present})
    root = etree.Element("EDEX")
    school = etree.SubElement(root, "school")
    add_texts(
        school, schooljaar=schooljaar, brincode=brincode_of(brin6), dependancecode=dependancecode_of(brin6),
        aanmaakdatum=f"{start}-08-01T08:00:00", auteur="uwlr-adapter sandbox", xsdversie=VERSIONS[-1],
    )  # fmt: skip
    locatie = etree.SubElement(etree.SubElement(root, "vestigingen"), "vestiging", key="hoofdgebouw")
    add_texts(locatie, naam="Hoofdgebouw")
    groepen = etree.SubElement(root, "groepen")
    for jaargroep in jaargroepen:
        groep = etree.SubElement(groepen, "groep", key=groep_key(start, jaargroep))
        add_texts(groep, naam=f"{jaargroep} {GROEP_NAMES[jaargroep - 1]}", jaargroep=str(jaargroep))
    for number in range(form.samengesteld):
        samengesteld = etree.SubElement(groepen, "samengestelde_groep", key=f"{start}-s{number}")
        add_texts(samengesteld, naam=f"Samengestelde groep {number + 1}")
    _leerlingen(etree.SubElement(root, "leerlingen"), present, form, start)
    _leerkrachten(etree.SubElement(root, "leerkrachten"), jaargroepen, place, start)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _leerlingen(parent: etree._Element, present: list[SandboxLeerling], form: SchoolForm, start: int) -> None:
    for number, one in enumerate(present):
        element = etree.SubElement(parent, "leerling", key=one.key)
        if one.eckid is not None:
            element.set("eckid", one.eckid)
        login = f"{one.key.lower()}@leerling.example"
        add_texts(
            element, achternaam=one.achternaam, voorvoegsel=one.voorvoegsel, voornamen=one.roepnaam,
            roepnaam=one.roepnaam, geboortedatum=one.geboortedatum.isoformat(), geslacht=one.geslacht,
            jaargroep=str(one.jaargroep), gebruikersnaam=one.key.lower(), emailadres=login,
        )  # fmt: skip
        letters = etree.Element("voorletters-1")
        letters.text = one.roepnaam[0]
        element.insert(next(place for place, child in enumerate(element) if child.tag == "roepnaam"), letters)
        etree.SubElement(element, "groep", key=one.groep)
        if form.samengesteld:
            own = etree.SubElement(element, "samengestelde_groepen")
            for key in sorted({number % form.samengesteld, (number + 1) % form.samengesteld}):
                etree.SubElement(own, "samengestelde_groep", key=f"{start}-s{key}")
        etree.SubElement(element, "vestiging", key="hoofdgebouw")


def _leerkrachten(parent: etree._Element, jaargroepen: list[int], place: SandboxPlace, start: int) -> None:
    form, brin6 = place.situation.form, place.brin6
    for number, jaargroep in enumerate(jaargroepen):
        key = f"M{number:02}"
        named_after = 0 if form.has_doubles and number == 1 else number
        names = random.Random(f"{brin6} leerkracht {named_after}")  # noqa: S311 - as above
        voorvoegsel, achternaam = names.choice(NAMES)
        element = etree.SubElement(parent, "leerkracht", key=key)
        if form.has_eckids:
            element.set("eckid", make_eckid(f"{brin6} {key}"))
        add_texts(
            element, achternaam=achternaam, voorvoegsel=voorvoegsel, roepnaam=names.choice(ROEPNAMEN),
            emailadres=f"leerkracht{number}@{brin6.lower()}.example", rol="LRK",
        )  # fmt: skip
        etree.SubElement(etree.SubElement(element, "groepen"), "groep", key=groep_key(start, jaargroep))


def other_achternaam(place: SandboxPlace, leerling: SandboxLeerling, number: int) -> str:
    """Return an achternaam that the leerling does not have, another one for each number."""
    own = [naam for voorvoegsel, naam in NAMES if not voorvoegsel and naam != leerling.achternaam]
    return own[(number + len(place.brin6)) % len(own)]


def next_joiner(edits: Edits) -> str:
    """Return the key of the next leerling who comes: no other one had it."""
    return f"N{max((int(key[1:]) for key in edits.joined), default=0) + 1:04}"
