"""Judge the tree of a file that has the shape of an answer: what breaks UWLR goes, or the file is refused.

The XSD of the answers decides. An optional field that it refuses is taken out and reported; what cannot be missed
refuses the file. Keys and references are looked at here as well, because a doubled key is shown with both its lines.
"""

from collections.abc import Iterator

from lxml import etree

from uwlr_adapter.administratie.model import Ernst, Probleem
from uwlr_adapter.administratie.sources.edexml.tree import (
    INSCHRIJVING,
    PERSONEN,
    SECTIES,
    Boom,
    local_of,
    regel_of,
    tag_of,
)
from uwlr_adapter.contract import schemas

KEY_LENGTE = 256
"""The longest key and ECK-iD of UWLR 2.2."""
_VERPLICHT = {
    "vestiging": ("naam",),
    "groep": ("naam", "jaargroep"),
    "samengestelde_groep": ("naam",),
}
"""The fields that a record cannot do without, so that what is wrong with them refuses the file."""
_NAAM = ("achternaam", "roepnaam")
"""Of these a person needs one (UWLR 2.2, Leerling and Leerkracht)."""
_VERWIJZERS = ("leerlingen", "leerkrachten")
"""The parts of a file whose records refer to others."""
_VERWIJZINGEN = ("groep", "samengestelde_groep", "vestiging")
"""What they refer to; in these parts an element of that name is a reference."""
_BAKJES = ("samengestelde_groepen", "groepen")
_RECORD_DIEPTE = 3
_REDENEN = {
    "maxlength": "longer than UWLR allows",
    "minlength": "shorter than UWLR allows",
    "length": "not of the length that UWLR asks",
    "enumeration": "not a code of UWLR",
    "pattern": "not of the form that UWLR asks",
    "facet": "not a value of UWLR",
    "element_content": "not allowed here, or doubled",
}


def judge(boom: Boom) -> list[Probleem]:
    """Take out what UWLR cannot carry, add it to the reports of the tree, and give what refuses the file."""
    if onbegrepen := [*_strangers(boom.inhoud), *_judge_sleutels(boom.inhoud)]:
        return sorted(onbegrepen, key=lambda probleem: probleem.regel)
    while findings := schemas.ANTWOORD["2.2"].findings(boom.antwoord):
        geweigerd = list(_missing(boom.inhoud))
        if geweigerd:
            return geweigerd
        for bevinding in _first_each(findings):
            element = bevinding.element if bevinding.element is not None else boom.inhoud
            reden = _REDENEN.get(bevinding.regel, "not valid in UWLR")
            target = _droppable(element)
            if target is None:
                geweigerd.append(Probleem(regel_of(element), _path(element), reden))
                continue
            boom.meldingen.append(Probleem(regel_of(target), _path(target), f"{reden}: left out", Ernst.MELDING))
            parent = target.getparent()
            if parent is not None:
                parent.remove(target)
        if geweigerd:
            return geweigerd
    return []


def _missing(inhoud: etree._Element) -> Iterator[Probleem]:
    """Give every record that lacks what it cannot do without; taking fields out may have caused it."""
    for leerlingen in inhoud.iterchildren(tag_of("leerlingen")):
        if len(leerlingen) == 0:
            yield Probleem(regel_of(leerlingen), "leerlingen", "has no leerling")
    for record in (record for sectie in SECTIES for record in _children(inhoud, sectie)):
        soort = local_of(record)
        if soort in PERSONEN and not any(record.find(tag_of(naam)) is not None for naam in _NAAM):
            yield Probleem(regel_of(record), soort, "has no achternaam and no roepnaam")
        for naam in _VERPLICHT.get(soort, ()):
            if record.find(tag_of(naam)) is None:
                yield Probleem(regel_of(record), f"{soort}/{naam}", f"has no {naam}")


def _first_each(findings: list[schemas.Bevinding]) -> Iterator[schemas.Bevinding]:
    """Give one finding per element that would be taken out: libxml2 says a broken value twice."""
    seen: set[etree._Element | None] = set()
    for bevinding in findings:
        target = None if bevinding.element is None else _droppable(bevinding.element)
        mark = bevinding.element if target is None else target
        if mark not in seen:
            seen.add(mark)
            yield bevinding


def _chain(element: etree._Element) -> list[etree._Element]:
    """Give the elements from the answer down to this one."""
    return [*reversed(list(element.iterancestors())), element]


def _path(element: etree._Element) -> str:
    chain = _chain(element)
    return "/".join(local_of(step) for step in chain[_RECORD_DIEPTE:] or chain[-1:])


def _droppable(element: etree._Element) -> etree._Element | None:
    """Give what can be taken out so that the record may go on without it, or None."""
    chain = _chain(element)[_RECORD_DIEPTE:]
    if len(chain) < 2:  # noqa: PLR2004 - the record itself, or less
        return None
    record, veld, *dieper = chain
    soort, naam = local_of(record), local_of(veld)
    if naam in INSCHRIJVING or (naam in _VERPLICHT.get(soort, ()) and len(record.findall(veld.tag)) == 1):
        return None
    if naam in _BAKJES and dieper:
        return dieper[min(len(dieper), 2) - 1]
    return veld


def _judge_sleutels(inhoud: etree._Element) -> list[Probleem]:
    """Give every missing or doubled key, doubled ECK-iD and reference to nothing."""
    problemen: list[Probleem] = []
    keys: dict[str, set[str]] = {}
    for sectie, soorten in SECTIES.items():
        tags = [tag_of(soort) for soort in soorten]
        records = [record for record in _children(inhoud, sectie) if record.tag in tags]
        problemen += _doubled(records, "key")
        problemen += _doubled(records, "eckid")
        for tag in tags:
            keys[tag] = {record.get("key", "") for record in records if record.tag == tag}
    for personen in inhoud.iterchildren(*map(tag_of, _VERWIJZERS)):
        for verwijzing in personen.iter(*map(tag_of, _VERWIJZINGEN)):
            if verwijzing.get("key", "") not in keys[str(verwijzing.tag)]:
                reden = f"refers to a {local_of(verwijzing)} that is not in the file"
                problemen.append(Probleem(regel_of(verwijzing), _path(verwijzing), reden))
    return problemen


def _strangers(inhoud: etree._Element) -> Iterator[Probleem]:
    """Give what stands where a record should, and a file without leerlingen: the whole truth cannot be in it."""
    if inhoud.find(tag_of("leerlingen")) is None:
        yield Probleem(regel_of(inhoud), "leerlingen", "is not in the file")
    for sectie, soorten in SECTIES.items():
        known = {tag_of(soort) for soort in soorten}
        for record in _children(inhoud, sectie):
            if record.tag not in known:
                yield Probleem(regel_of(record), f"{sectie}/{local_of(record)}", "is no record that belongs here")


def _children(inhoud: etree._Element, sectie: str) -> Iterator[etree._Element]:
    for found in inhoud.iterchildren(tag_of(sectie)):
        yield from found


def _doubled(records: list[etree._Element], attribuut: str) -> Iterator[Probleem]:
    values = [value for record in records if (value := record.get(attribuut))]
    is_whole = len(values) == len(records) or attribuut != "key"
    if is_whole and len(set(values)) == len(values) and max(map(len, values), default=0) <= KEY_LENGTE:
        return
    first: dict[str, etree._Element] = {}
    for record in records:
        value = record.get(attribuut)
        if value and len(value) <= KEY_LENGTE and value not in first:
            first[value] = record
            continue
        pad, regel = f"{local_of(record)}/@{attribuut}", regel_of(record)
        if not value:
            if attribuut == "key":
                yield Probleem(regel, pad, "has no key")
        elif len(value) > KEY_LENGTE:
            yield Probleem(regel, pad, f"its {attribuut} is longer than {KEY_LENGTE}")
        else:
            other = regel_of(first[value])
            yield Probleem(regel, pad, f"the same {attribuut} as line {other}")
