"""Bring the tree of an EDEXML file into the shape of a leerlinggegevens_antwoord, in place.

EDEXML 1.03, 2.0 and 2.1 carry the same records as UWLR 2.2, without a namespace. After this step one set of XSDs can
judge both. What UWLR has no place for is taken out here and reported; national numbers are taken out and counted.
"""

import functools
from collections import Counter
from typing import cast

from lxml import etree

from uwlr_adapter.administratie.model import Ernst, Probleem
from uwlr_adapter.contract import names

SECTIES: dict[str, dict[str, tuple[str, ...]]] = {
    "vestigingen": {"vestiging": names.VESTIGING_ELEMENTEN},
    "groepen": {"groep": names.GROEP_ELEMENTEN, "samengestelde_groep": names.SAMENGESTELDE_GROEP_ELEMENTEN},
    "leerlingen": {"leerling": names.LEERLING_ELEMENTEN},
    "leerkrachten": {"leerkracht": names.LEERKRACHT_ELEMENTEN},
}
"""The parts of a file in their order, with their records and the order of the elements in those."""
PERSONEN = ("leerling", "leerkracht")
ROLLEN = ("rol", "rolomschrijving")
GROEP_SOORTEN = ("groep", "samengestelde_groep")
TOETSAFNAMELEIDER = "TAL"
"""A role of EDEXML 2.1 that UWLR 2.2 does not have; the standard leaves rolomschrijving free."""
INSCHRIJVING = ("instroomdatum", "uitstroomdatum")
"""From when and until when a leerling is there. What cannot be read here may not be taken as open."""
DATUMS = ("geboortedatum", "start_ondw_jgr3", "mutatiedatum", *INSCHRIJVING)
WIT = " \t\r\n"
"""What XML calls white space: around a key it means nothing (EDEXML 2.1)."""
NIET_GEDRAGEN = "not carried by UWLR: left out"
"""The reason for what has no place in an answer."""
BIJNAMEN = {"tussenvoegsel": "voorvoegsel"}
"""What some sources call an element."""
_VERWIJZINGEN = {("leerling", "groep"), ("leerling", "vestiging")}
_BAKJES = {("leerling", "samengestelde_groepen"): ("samengestelde_groep",), ("leerkracht", "groepen"): GROEP_SOORTEN}


@functools.cache
def tag_of(local: str) -> str:
    """Give the qualified name of an element of UWLR."""
    return f"{{{names.LEERLINGGEGEVENS}}}{local}"


def local_of(element: etree._Element) -> str:
    """Give the local name of an element; a file is read without comments and instructions, which have none."""
    return str(element.tag).rpartition("}")[2]


def regel_of(element: etree._Element) -> int:
    """Give the line of an element, 0 when unknown; past line 65,535 libxml2 may be a line or two off."""
    return cast("int | None", element.sourceline) or 0


class Boom:
    """One file's tree while it is being brought into shape; collects what was taken out."""

    def __init__(self, edex: etree._Element) -> None:
        """Take the root of a file, `EDEX`, which is changed by `normalise`."""
        self.antwoord = etree.Element(tag_of(names.HAAL_LEERLINGGEGEVENS.antwoord))
        self.antwoord.append(edex)
        self.inhoud = edex
        self.meldingen: list[Probleem] = []
        self.weggelaten: Counter[str] = Counter()

    def normalise(self) -> None:
        """Bring the whole tree into shape, the school block excepted."""
        order = ("school", *SECTIES)
        self.inhoud.tag = tag_of(names.HAAL_LEERLINGGEGEVENS.inhoud)
        self.inhoud.attrib.clear()
        for sectie in list(self.inhoud):
            if sectie.tag not in order:
                self.drop(sectie, local_of(sectie), NIET_GEDRAGEN)
            elif sectie.tag != "school":
                self._normalise_sectie(sectie)
        _sort(self.inhoud, order)

    def _normalise_sectie(self, sectie: etree._Element) -> None:
        soorten = SECTIES[str(sectie.tag)]
        _qualify(sectie)
        sectie.attrib.clear()
        for record in sectie:
            if record.tag in soorten:
                soort = str(record.tag)
                _qualify(record)
                self._normalise_record(record, soort, soorten[soort])
        if len(sectie) == 0 and local_of(sectie) != "leerlingen":
            self.inhoud.remove(sectie)

    def _normalise_record(self, record: etree._Element, soort: str, volgorde: tuple[str, ...]) -> None:
        self._keep_attributes(record, soort, ("key", "eckid") if soort in PERSONEN else ("key",))
        gewoon = _plain(soort, volgorde)
        for veld in list(record):
            tag = gewoon.get(veld.tag)
            text = veld.text
            if tag is not None and text and text == text.strip(WIT) and len(veld) == 0 and not veld.attrib:
                veld.tag = tag  # nearly all of them are like this, and nothing else needs to be looked at
            else:
                self._normalise_anders(record, veld, soort, volgorde)
        _sort(record, volgorde)

    def _normalise_anders(
        self, record: etree._Element, veld: etree._Element, soort: str, volgorde: tuple[str, ...]
    ) -> None:
        """Bring an element into shape that is more, or less, than a text of which all is kept."""
        naam = str(veld.tag)
        if naam in BIJNAMEN:
            naam = BIJNAMEN[naam]
            self.report(veld, f"{soort}/{veld.tag}", f"read as {naam}")
        if naam in names.BSN_FAMILIE:
            self.weggelaten[naam] += 1
            record.remove(veld)
        elif naam == "toevoegingen":
            self.drop(veld, f"{soort}/{naam}", "a block of a supplier, not carried by UWLR: left out")
        elif naam == "rollen" or not (naam in volgorde or (soort == "leerkracht" and naam in ROLLEN)):
            self.drop(veld, f"{soort}/{local_of(veld)}", NIET_GEDRAGEN)
        else:
            veld.tag = tag_of(naam)
            self._normalise_veld(veld, soort, naam)

    def _normalise_veld(self, veld: etree._Element, soort: str, naam: str) -> None:
        pad = f"{soort}/{naam}"
        if (soort, naam) in _VERWIJZINGEN:
            self._normalise_verwijzing(veld, pad)
        elif (soort, naam) in _BAKJES:
            self._normalise_bakje(veld, pad, _BAKJES[soort, naam])
        elif len(veld) == 0 and not veld.text:
            _remove(veld)  # an empty element says nothing, and UWLR has no empty values
        else:
            self._keep_attributes(veld, pad, ())
            if naam in DATUMS and veld.text:
                veld.text = veld.text.strip(WIT)  # the type folds it, this libxml2 does not
            if naam == "rol":
                self._normalise_rol(veld, pad)

    def _normalise_bakje(self, bakje: etree._Element, pad: str, soorten: tuple[str, ...]) -> None:
        self._keep_attributes(bakje, pad, ())
        met_rollen = pad.startswith("leerkracht")
        seen: set[str] = set()
        for verwijzing in list(bakje):
            if verwijzing.tag not in soorten:
                self.drop(verwijzing, f"{pad}/{local_of(verwijzing)}", NIET_GEDRAGEN)
                continue
            self._normalise_verwijzing(verwijzing, f"{pad}/{_qualify(verwijzing)}", met_rollen=met_rollen)
            key = verwijzing.get("key", "")
            if key in seen and not met_rollen:
                self.drop(verwijzing, pad, "the same group again: left out")
            seen.add(key)
        if len(bakje) == 0:
            _remove(bakje)

    def _normalise_verwijzing(self, verwijzing: etree._Element, pad: str, *, met_rollen: bool = False) -> None:
        self._keep_attributes(verwijzing, pad, ("key",))
        if verwijzing.text and verwijzing.text.strip():
            self.report(verwijzing, pad, "text in a reference: left out")
        if verwijzing.text:
            verwijzing.text = None
        for rol in list(verwijzing):
            if not met_rollen or rol.tag not in ROLLEN:
                self.drop(rol, f"{pad}/{local_of(rol)}", NIET_GEDRAGEN)
            elif not rol.text and len(rol) == 0:
                verwijzing.remove(rol)
            else:
                self._keep_attributes(rol, pad, ())
                if _qualify(rol) == "rol":
                    self._normalise_rol(rol, f"{pad}/rol")

    def _normalise_rol(self, rol: etree._Element, pad: str) -> None:
        if rol.text == TOETSAFNAMELEIDER:
            rol.tag = tag_of("rolomschrijving")
            self.report(rol, pad, "UWLR has no role TAL: kept as rolomschrijving")

    def _keep_attributes(self, element: etree._Element, pad: str, kept: tuple[str, ...]) -> None:
        if not (attributen := element.items()):
            return
        for attribuut, value in cast("list[tuple[str, str]]", attributen):
            if attribuut not in kept:
                del element.attrib[attribuut]
                self.report(element, pad, "an attribute that UWLR does not carry: left out")
            elif (stripped := value.strip(WIT)) != value:
                element.set(attribuut, stripped)
        if element.get("eckid") == "":
            del element.attrib["eckid"]

    def drop(self, element: etree._Element, pad: str, reden: str) -> None:
        """Take an element out and report it."""
        self.report(element, pad, reden)
        _remove(element)

    def report(self, element: etree._Element, pad: str, reden: str) -> None:
        """Add a warning at an element."""
        self.meldingen.append(Probleem(regel_of(element), pad, reden, Ernst.MELDING))


def _qualify(element: etree._Element) -> str:
    local = local_of(element)
    element.tag = tag_of(local)
    return local


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


@functools.cache
def _plain(soort: str, volgorde: tuple[str, ...]) -> dict[str, str]:
    """Give the qualified names of the elements of a record that hold a text only."""
    apart = {"rollen", *(naam for van, naam in (*_VERWIJZINGEN, *_BAKJES) if van == soort)}
    return {naam: tag_of(naam) for naam in volgorde if naam not in apart}


@functools.cache
def _rangorde(volgorde: tuple[str, ...]) -> dict[str, int]:
    """Give the place of each name, qualified or not; the two kinds of role share one."""
    rang = {naam: plaats for plaats, naam in enumerate(volgorde)}
    rang |= dict.fromkeys(ROLLEN, rang.get("rollen", 0))
    return rang | {tag_of(naam): plaats for naam, plaats in rang.items()}


def _sort(parent: etree._Element, volgorde: tuple[str, ...]) -> None:
    """Put the children in the order of the standard; those of one name, and the two kinds of role, keep theirs."""
    rang = _rangorde(volgorde)
    plaatsen = [rang[kind.tag] for kind in parent]
    if plaatsen != sorted(plaatsen):
        parent[:] = sorted(parent, key=lambda kind: rang[str(kind.tag)])
