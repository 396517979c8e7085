"""A second, independent writer of the four answers: a tree built element by element with lxml.

Slow and simple. Tests compare the writer of the contract with it, and use it to make answers to judge.
"""

from collections.abc import Iterable

from lxml import etree

from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling, Locatie, Rol

_LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"


def render(dataset: Dataset, xsdversie: str = "2.2", *, key_naast_eckid: bool = False) -> bytes:
    """Return the element leerlinggegevens_antwoord, every field of every record in it, as UTF-8.

    In 2.1 nobody has an eckid; in 2.3 a leerling with an eckid has no key, unless `key_naast_eckid`.
    """
    root, payload = _answer("leerlinggegevens_antwoord", "leerlinggegevens", dataset, xsdversie)
    _structuur(payload, dataset)
    _leerlingen(payload, dataset.leerlingen, xsdversie, key_naast_eckid=key_naast_eckid)
    _leerkrachten(payload, dataset.leerkrachten, xsdversie)
    return etree.tostring(root, encoding="utf-8")


def render_structuur(dataset: Dataset, xsdversie: str = "2.2") -> bytes:
    """Return the element structuur_antwoord: the school, its vestigingen and groepen."""
    root, payload = _answer("structuur_antwoord", "leerlinggegevens-structuur", dataset, xsdversie)
    _structuur(payload, dataset)
    return etree.tostring(root, encoding="utf-8")


def render_leerlingen(
    dataset: Dataset, leerlingen: Iterable[Leerling], xsdversie: str = "2.2", *, key_naast_eckid: bool = False
) -> bytes:
    """Return the element leerlingen_antwoord with these leerlingen of the school, as they come; at least one."""
    root, payload = _answer("leerlingen_antwoord", "leerlinggegevens-leerlingen", dataset, xsdversie)
    _leerlingen(payload, leerlingen, xsdversie, key_naast_eckid=key_naast_eckid)
    return etree.tostring(root, encoding="utf-8")


def render_leerkrachten(dataset: Dataset, leerkrachten: Iterable[Leerkracht], xsdversie: str = "2.2") -> bytes:
    """Return the element leerkrachten_antwoord with these leerkrachten of the school, as they come."""
    root, payload = _answer("leerkrachten_antwoord", "leerlinggegevens-leerkrachten", dataset, xsdversie)
    _leerkrachten(payload, tuple(leerkrachten), xsdversie)
    return etree.tostring(root, encoding="utf-8")


def _answer(name: str, content: str, dataset: Dataset, xsdversie: str) -> tuple[etree._Element, etree._Element]:
    root = etree.XML(f'<{name} xmlns="{_LG}"/>')
    payload = _add(root, content)
    _school(payload, dataset, xsdversie)
    return root, payload


def _structuur(payload: etree._Element, dataset: Dataset) -> None:
    if dataset.locaties:
        vestigingen = _add(payload, "vestigingen")
        for locatie in dataset.locaties:
            _locatie(vestigingen, locatie)
    if dataset.groepen:
        groepen = _add(payload, "groepen")
        for groep in dataset.groepen:
            _groep(groepen, groep)


def _leerlingen(
    payload: etree._Element, leerlingen: Iterable[Leerling], xsdversie: str, *, key_naast_eckid: bool
) -> None:
    parent = _add(payload, "leerlingen")
    for leerling in leerlingen:
        element = _leerling(parent, leerling)
        if xsdversie == "2.1":
            element.attrib.pop("eckid", "")
        elif xsdversie == "2.3" and "eckid" in element.attrib and not key_naast_eckid:
            del element.attrib["key"]


def _leerkrachten(payload: etree._Element, leerkrachten: tuple[Leerkracht, ...], xsdversie: str) -> None:
    if not leerkrachten:
        return
    parent = _add(payload, "leerkrachten")
    for leerkracht in leerkrachten:
        element = _leerkracht(parent, leerkracht)
        if xsdversie == "2.1":
            element.attrib.pop("eckid", "")


def _add(parent: etree._Element, name: str, text: str | None = None, *, key: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{_LG}}}{name}")
    child.text = text
    if key is not None:
        child.set("key", key)
    return child


def _add_if(parent: etree._Element, name: str, text: str | None) -> None:
    if text is not None:
        _add(parent, name, text)


def _school(payload: etree._Element, dataset: Dataset, xsdversie: str) -> None:
    school = _add(payload, "school")
    _add(school, "schooljaar", dataset.school.schooljaar)
    _add(school, "peildatum", dataset.school.peildatum)
    _add(school, "brincode", dataset.school.brincode)
    _add(school, "dependancecode", dataset.school.dependancecode)
    _add_if(school, "schoolkey", dataset.school.schoolkey)
    _add(school, "aanmaakdatum", dataset.school.aanmaakdatum)
    _add(school, "xsdversie", xsdversie)


def _locatie(parent: etree._Element, locatie: Locatie) -> None:
    vestiging = _add(parent, "vestiging", key=locatie.key)
    _add(vestiging, "naam", locatie.naam)
    _add_if(vestiging, "omschrijving", locatie.omschrijving)
    _add_if(vestiging, "mutatiedatum", locatie.mutatiedatum)


def _groep(parent: etree._Element, groep: Groep) -> None:
    element = _add(parent, groep.soort, key=groep.key)
    _add(element, "naam", groep.naam)
    _add_if(element, "jaargroep", groep.jaargroep)
    _add_if(element, "omschrijving", groep.omschrijving)
    _add_if(element, "mutatiedatum", groep.mutatiedatum)


def _persoon(parent: etree._Element, name: str, persoon: Leerling | Leerkracht) -> etree._Element:
    element = _add(parent, name, key=persoon.key)
    if persoon.eckid is not None:
        element.set("eckid", persoon.eckid)
    _add_if(element, "achternaam", persoon.achternaam)
    _add_if(element, "voorvoegsel", persoon.voorvoegsel)
    _add_if(element, "voornamen", persoon.voornamen)
    _add_if(element, "voorletters-1", persoon.voorletters_1)
    _add_if(element, "roepnaam", persoon.roepnaam)
    return element


def _leerling(parent: etree._Element, leerling: Leerling) -> etree._Element:
    element = _persoon(parent, "leerling", leerling)
    _add_if(element, "geboortedatum", leerling.geboortedatum)
    _add_if(element, "geslacht", leerling.geslacht)
    _add_if(element, "start_ondw_jgr3", leerling.start_ondw_jgr3)
    _add_if(element, "jaargroep", leerling.jaargroep)
    if leerling.groep is not None:
        _add(element, "groep", key=leerling.groep)
    if leerling.samengestelde_groepen:
        groepen = _add(element, "samengestelde_groepen")
        for key in leerling.samengestelde_groepen:
            _add(groepen, "samengestelde_groep", key=key)
    if leerling.vestiging is not None:
        _add(element, "vestiging", key=leerling.vestiging)
    _add_if(element, "gebruikersnaam", leerling.gebruikersnaam)
    _add_if(element, "emailadres", leerling.emailadres)
    _add_if(element, "fotourl", leerling.fotourl)
    _add_if(element, "etniciteit", leerling.etniciteit)
    _add_if(element, "land", leerling.land)
    _add_if(element, "land_vader", leerling.land_vader)
    _add_if(element, "land_moeder", leerling.land_moeder)
    _add_if(element, "bsn_ondwnr-4", leerling.bsn_ondwnr_4)
    _add_if(element, "gewicht_nieuw", leerling.gewicht_nieuw)
    _add_if(element, "gewicht", leerling.gewicht)
    _add_if(element, "postcodenl", leerling.postcodenl)
    _add_if(element, "postnummerbe", leerling.postnummerbe)
    _add_if(element, "postcodeoverig", leerling.postcodeoverig)
    _add_if(element, "instroomdatum", leerling.instroomdatum)
    _add_if(element, "uitstroomdatum", leerling.uitstroomdatum)
    _add_if(element, "mutatiedatum", leerling.mutatiedatum)
    return element


def _rollen(parent: etree._Element, rollen: tuple[Rol, ...]) -> None:
    for rol in rollen:
        _add(parent, rol.soort, rol.waarde)


def _leerkracht(parent: etree._Element, leerkracht: Leerkracht) -> etree._Element:
    element = _persoon(parent, "leerkracht", leerkracht)
    _add_if(element, "gebruikersnaam", leerkracht.gebruikersnaam)
    _add_if(element, "emailadres", leerkracht.emailadres)
    _rollen(element, leerkracht.rollen)
    if leerkracht.groepen:
        groepen = _add(element, "groepen")
        for reference in leerkracht.groepen:
            _rollen(_add(groepen, reference.soort, key=reference.key), reference.rollen)
    _add_if(element, "mutatiedatum", leerkracht.mutatiedatum)
    return element
