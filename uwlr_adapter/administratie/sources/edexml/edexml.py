"""Read an EDEXML file (1.03, 2.0, 2.1): bytes in, a judged Levering out.

The version is not asked for: 1.03 and 2.0 are subsets of 2.1, so what stands in the file decides. A file belongs to
EDEXML when its root is `EDEX` without a namespace, with or without a schemaLocation.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from lxml import etree

from uwlr_adapter.administratie.model import BronSchool, Ernst, Gelezen, ImportFout, Levering, Probleem
from uwlr_adapter.administratie.sources.edexml.judge import judge
from uwlr_adapter.administratie.sources.edexml.tree import NIET_GEDRAGEN, ROLLEN, Boom, local_of, regel_of, tag_of
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.contract.dataset import (
    Groep,
    GroepSoort,
    GroepVerwijzing,
    Leerkracht,
    Leerling,
    Locatie,
    Rol,
    RolSoort,
)
from uwlr_adapter.contract.names import attribute_of
from uwlr_adapter.contract.xml import BESTAND, XmlFout, parse

KETENID = "https://ketenid.nl/"
"""How an ECK-iD starts (Edu-V, Identiteiten)."""
VERSIES = ("1.03", "2.0", "2.1")
"""What a file may say of itself; saying nothing is fine."""
GEEN_DEPENDANCE = "00"
"""What an absent dependancecode means (UWLR 2.2, School)."""

_SCHOOL = (
    *("schooljaar", "peildatum", "brincode", "dependancecode", "schoolkey", "instellingsnummer"),
    *("aanmaakdatum", "auteur", "xsdversie", "commentaar"),
)
"""What a school block may say. Only the year and the names of the school are kept: the rest is about the file."""
_GROEP, _SAMENGESTELD, _VESTIGING = map(tag_of, ("groep", "samengestelde_groepen", "vestiging"))
T = TypeVar("T", Locatie, Groep, Leerling, Leerkracht)


@dataclass(frozen=True, slots=True)
class EdexmlBron:
    """EDEXML files as a source of records: each file is a part, imported whole or not at all."""

    bestanden: Sequence[Path]
    naam: str = "edexml"

    def delen(self) -> Sequence[str]:
        """Give the files."""
        return [str(bestand) for bestand in self.bestanden]

    def lees(self, deel: str) -> Sequence[Levering]:
        """Read one file. Raises ImportFout."""
        try:
            with Path(deel).open("rb") as opened:
                data = opened.read(BESTAND.octets + 1)  # one more than allowed is enough to be refused
        except OSError as error:
            raise ImportFout([Probleem(0, "", f"cannot be read: {error.strerror}")]) from None
        return [read(data)]


def read(data: bytes) -> Levering:
    """Give what a file says; raises ImportFout, with every reason, when it cannot be taken as the whole truth."""
    try:
        edex = parse(data, BESTAND)
    except XmlFout as error:
        raise ImportFout([Probleem(error.regel, "", error.reden)]) from None
    return read_tree(edex)


def read_tree(edex: etree._Element) -> Levering:
    """Do what `read` does with the tree of a file, which is changed on the way."""
    if edex.tag != "EDEX":
        raise ImportFout([Probleem(regel_of(edex), local_of(edex), "not EDEXML: the root is not EDEX")])
    boom = Boom(edex)
    boom.normalise()
    school, problemen = _read_school(boom)
    if school is None:
        raise ImportFout([*problemen, *boom.meldingen])
    problemen = judge(boom)
    if problemen:
        raise ImportFout([*problemen, *boom.meldingen])
    return _levering(boom, school)


def _levering(boom: Boom, school: BronSchool) -> Levering:
    leerlingen = tuple(Gelezen(*found) for found in _records(boom, "leerlingen", _leerling))
    leerkrachten = tuple(Gelezen(*found) for found in _records(boom, "leerkrachten", _leerkracht))
    meldingen = [
        *boom.meldingen,
        *_strange_eckids("leerling", leerlingen),
        *_strange_eckids("leerkracht", leerkrachten),
    ]
    return Levering(
        school=school,
        locaties=tuple(Gelezen(*found) for found in _records(boom, "vestigingen", _locatie)),
        groepen=tuple(Gelezen(*found) for found in _records(boom, "groepen", _groep)),
        leerlingen=leerlingen,
        leerkrachten=leerkrachten,
        meldingen=tuple(sorted(meldingen, key=lambda melding: melding.regel)),
        weggelaten=dict(boom.weggelaten),
    )


def _records(boom: Boom, sectie: str, make: Callable[[etree._Element], T]) -> Iterator[tuple[int, T]]:
    for found in boom.inhoud.iterchildren(tag_of(sectie)):
        for record in found:
            yield regel_of(record), make(record)


def _strange_eckids(
    soort: str, gelezen: tuple[Gelezen[Leerling], ...] | tuple[Gelezen[Leerkracht], ...]
) -> Iterator[Probleem]:
    for one in gelezen:
        if one.record.eckid is not None and not one.record.eckid.startswith(KETENID):
            yield Probleem(one.regel, f"{soort}/@eckid", f"its ECK-iD does not start with {KETENID}", Ernst.MELDING)


def _read_school(boom: Boom) -> tuple[BronSchool | None, list[Probleem]]:
    """Give the school that a file names, and leave a block in the tree that can be judged with the rest."""
    blocks = boom.inhoud.findall("school")
    if len(blocks) != 1:
        return None, [Probleem(regel_of(boom.inhoud), "school", "not exactly one school block")]
    block = blocks[0]
    regel = regel_of(block)
    values, doubled = _school_values(boom, block)
    if doubled:
        return None, doubled
    schooljaar = values.get("schooljaar", "")
    if schooljaar_start(schooljaar) is None:
        return None, [Probleem(regel, "school/schooljaar", "not two following years, as in 2026-2027")]
    schoolkey = values.get("schoolkey") or None
    brin6: str | None = None
    if values.get("brincode"):
        brin6 = values["brincode"] + (values.get("dependancecode") or GEEN_DEPENDANCE)
        if not is_brin6(brin6):
            return None, [Probleem(regel, "school/brincode", "not a brincode with a dependancecode, as 21QW and 00")]
    elif schoolkey is None:
        return None, [Probleem(regel, "school", "names no brincode, so nobody could ask for it")]
    _write_school(block, schooljaar, brin6, schoolkey)
    return BronSchool(regel=regel, schooljaar=schooljaar, brin6=brin6, schoolkey=schoolkey), []


def _school_values(boom: Boom, block: etree._Element) -> tuple[dict[str, str], list[Probleem]]:
    values: dict[str, str] = {}
    doubled: list[Probleem] = []
    for child in block:
        naam = str(child.tag)
        if naam not in _SCHOOL:
            boom.report(child, f"school/{local_of(child)}", NIET_GEDRAGEN)
        elif naam in values:
            doubled.append(Probleem(regel_of(child), f"school/{naam}", "stands there twice"))
        else:
            values[naam] = (child.text or "").strip()
    if values.get("xsdversie", "2.1") not in VERSIES:
        boom.report(block, "school/xsdversie", f"not one of {', '.join(VERSIES)}: read as 2.1")
    return values, doubled


def _write_school(block: etree._Element, schooljaar: str, brin6: str | None, schoolkey: str | None) -> None:
    regel = regel_of(block)
    block.clear()
    block.tag = tag_of("school")
    parts = {"schooljaar": schooljaar, "brincode": brin6 and brin6[:4], "dependancecode": brin6 and brin6[4:]}
    for naam, value in {**parts, "schoolkey": schoolkey}.items():
        if value is not None:
            child = etree.SubElement(block, tag_of(naam))
            child.text = value
            child.sourceline = regel  # type: ignore[assignment] # the stubs know its getter only


def _texts(record: etree._Element) -> dict[str, str]:
    """Give the values of the plain elements of a record, as the attributes that hold them, and its key and ECK-iD."""
    values = {
        attribuut: text
        for veld in record
        if (text := veld.text) and (attribuut := _attribuut(str(veld.tag))) is not None and len(veld) == 0
    }
    for attribuut in ("key", "eckid"):
        if value := record.get(attribuut):
            values[attribuut] = value
    return values


@functools.cache
def _attribuut(tag: str) -> str | None:
    """Give what holds the text of an element of a judged record; a role is more than a text."""
    naam = tag.rpartition("}")[2]
    return None if naam in ROLLEN else attribute_of(naam)


def _locatie(record: etree._Element) -> Locatie:
    return Locatie(**_texts(record))


def _groep(record: etree._Element) -> Groep:
    return Groep(soort=cast("GroepSoort", local_of(record)), **_texts(record))


def _leerling(record: etree._Element) -> Leerling:
    groep = vestiging = None
    samengesteld: tuple[str, ...] = ()
    for veld in record:
        if veld.tag == _GROEP:
            groep = veld.get("key")
        elif veld.tag == _SAMENGESTELD:
            samengesteld = tuple([found.get("key", "") for found in veld])
        elif veld.tag == _VESTIGING:
            vestiging = veld.get("key")
    return Leerling(**_texts(record), groep=groep, samengestelde_groepen=samengesteld, vestiging=vestiging)


def _leerkracht(record: etree._Element) -> Leerkracht:
    return Leerkracht(
        **_texts(record),
        rollen=_rollen(record),
        groepen=tuple(
            GroepVerwijzing(cast("GroepSoort", local_of(found)), found.get("key", ""), _rollen(found))
            for bakje in record.iterchildren(tag_of("groepen"))
            for found in bakje
        ),
    )


def _rollen(record: etree._Element) -> tuple[Rol, ...]:
    return tuple(
        Rol(cast("RolSoort", local_of(found)), found.text or "")
        for found in record.iterchildren(*(tag_of(rol) for rol in ROLLEN))
    )
