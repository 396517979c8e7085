"""A writer of records of results, for tests: what a record says, element by element, in the order of UWLR 2.2.

It knows nothing of the reader.
"""

from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from support.result_messages import LR, OSO
from uwlr_adapter.contract.leerresultaten.records import (
    Leerresultaten,
    Norm,
    Normering,
    OsoResultaat,
    Resultaat,
    ResultatenSchool,
    Toets,
    Toetsafname,
    VocabulaireTerm,
)


def write(records: Leerresultaten) -> etree._Element:
    """Return the request that says what these records say."""
    root = etree.Element(f"{{{LR}}}leerresultaten_verzoek", nsmap={"r": LR})
    root.append(_school(records.school))
    _put(root, "toetsafnames").extend([_afname(one) for one in records.toetsafnames])
    _put(root, "toetsen").extend([_toets(one) for one in records.toetsen])
    return root


def plain(root: etree._Element) -> bytes:
    """Return the canonical bytes of a tree without white space between elements, comments, or the prefixes it chose."""
    copy = etree.Element(root.tag, nsmap={"r": LR, "oso": OSO})
    for source, target in _walk(root, copy):
        target.attrib.update(source.attrib)
        target.text = source.text if not len(source) else None
    return etree.tostring(copy, method="c14n", exclusive=True)


def _walk(source: etree._Element, target: etree._Element) -> Iterator[tuple[etree._Element, etree._Element]]:
    yield source, target
    for child in source.iterchildren(etree.Element):
        yield from _walk(child, etree.SubElement(target, child.tag))


def _put(parent: etree._Element, name: str, value: object = None, space: str = LR) -> etree._Element:
    child = etree.SubElement(parent, f"{{{space}}}{name}")
    if value is not None:
        child.text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return child


def _maybe(parent: etree._Element, name: str, value: object, space: str = LR) -> None:
    if value is not None:
        _put(parent, name, value, space)


def _term(parent: etree._Element, name: str, term: VocabulaireTerm | None) -> etree._Element | None:
    if term is None:
        return None
    child = _put(parent, name, term.term)
    _bind(child, term.vocabulaire, term.vocabulairelocatie)
    return child


def _bind(element: etree._Element, vocabulaire: str | None, locatie: str | None) -> None:
    for name, value in (("vocabulaire", vocabulaire), ("vocabulairelocatie", locatie)):
        if value is not None:
            element.set(name, value)


def _school(school: ResultatenSchool) -> etree._Element:
    element = etree.Element(f"{{{LR}}}school")
    _put(element, "schooljaar", school.schooljaar)
    _maybe(element, "brincode", school.brincode)
    _maybe(element, "dependancecode", school.dependancecode)
    _maybe(element, "schoolkey", school.schoolkey)
    _put(element, "aanmaakdatum", school.aanmaakdatum.isoformat())
    _maybe(element, "auteur", school.auteur)
    _put(element, "xsdversie", school.xsdversie)
    _maybe(element, "commentaar", school.commentaar)
    return element


def _afname(afname: Toetsafname) -> etree._Element:
    element = etree.Element(f"{{{LR}}}toetsafname")
    _put(element, "leerlingid", afname.leerlingid)
    _maybe(element, "eckid", afname.eckid)
    _maybe(element, "resultaatverwerkerid", afname.resultaatverwerkerid)
    _put(element, "resultaten").extend([_resultaat(one) for one in afname.resultaten])
    return element


def _resultaat(resultaat: Resultaat) -> etree._Element:
    element = etree.Element(f"{{{LR}}}resultaat", key=resultaat.key)
    _put(element, "afnamedatum", resultaat.afnamedatum.isoformat())
    _put(element, "toetscode", resultaat.toetscode)
    _term(element, "versie", resultaat.versie)
    _maybe(element, "toetsonderdeelcode", resultaat.toetsonderdeelcode)
    _maybe(element, "score", resultaat.score)
    if resultaat.osoresultaat is not None:
        _oso(_put(element, "osoresultaat"), resultaat.osoresultaat)
    _maybe(element, "infourl", resultaat.infourl)
    return element


def _oso(element: etree._Element, oso: OsoResultaat) -> None:
    score = oso.toetsscore
    if score is not None:
        child = _put(element, "toetsscore", space=OSO)
        for name in ("aantalopgaven", "aantalgoed", "aantalfout", "aantalgelezen", "tijd", "vaardigheidsscore"):
            _maybe(child, name, getattr(score, name), OSO)
        _maybe(child, "codevaardigheidsschaal", score.codevaardigheidsschaal, OSO)
        if score.betrouwbaarheidsinterval is not None:
            interval = _put(child, "betrouwbaarheidsinterval", space=OSO)
            for name, value in zip(("bivlaag", "bivhoog"), score.betrouwbaarheidsinterval, strict=True):
                _put(interval, name, value, OSO)
    for one in oso.referentiescores:
        child = _put(element, "referentiescore", space=OSO)
        for name in ("codereferentiescore", "codevergelijkingsgroep", "waarde", "kwalificatie"):
            _maybe(child, name, getattr(one, name), OSO)


def _toets(toets: Toets) -> etree._Element:
    element = etree.Element(f"{{{LR}}}toets")
    _term(element, "toetscode", toets.code)
    _term(element, "versie", toets.versie)
    _maybe(element, "toetsnaam", toets.naam)
    _term(element, "leerjaar", toets.leerjaar)
    _term(element, "vakgebied", toets.vakgebied)
    _normering(element, "toetsnormering", toets.normering)
    if toets.hierarchie:
        hierarchie = _put(element, "toetshierarchie")
        for ingang in toets.hierarchie:
            child = _term(hierarchie, "ingang", ingang.naam)
            assert child is not None
            child.set("niveau", str(ingang.niveau))
    if toets.onderdelen:
        onderdelen = _put(element, "toetsonderdelen")
        for part in toets.onderdelen:
            child = _put(onderdelen, "toetsonderdeel")
            _put(child, "toetsonderdeelvolgnummer", part.volgnummer)
            _term(child, "toetsonderdeelcode", part.code)
            _maybe(child, "toetsonderdeelnaam", part.naam)
            _normering(child, "toetsonderdeelnormering", part.normering)
    return element


def _normering(parent: etree._Element, name: str, normering: Normering | None) -> None:
    if normering is None:
        return
    element = _put(parent, name)
    _bind(element, normering.vocabulaire, normering.vocabulairelocatie)
    _term(element, "toetscategorie", normering.toetscategorie)
    _term(element, "toetsniveau", normering.toetsniveau)
    _maybe(element, "wegingsfactor", normering.wegingsfactor)
    element.extend([_norm(one) for one in normering.normen])


def _norm(norm: Norm) -> etree._Element:
    element = etree.Element(f"{{{LR}}}norm")
    _put(element, "term", norm.term)
    _maybe(element, "omschrijving", norm.omschrijving)
    _put(element, "beginnormwaarde", norm.begin)
    _put(element, "eindnormwaarde", norm.eind)
    if norm.kleur is not None:
        kleur = _put(element, "normkleur")
        for name, value in (("rood_code", norm.kleur.rood), ("groen_code", norm.kleur.groen)):
            _put(kleur, name, value)
        _put(kleur, "blauw_code", norm.kleur.blauw)
        _put(kleur, "transparantie", norm.kleur.transparantie)
    _maybe(element, "schoolcijfer_vanaf", norm.schoolcijfer_vanaf)
    _maybe(element, "schoolcijfer_totenmet", norm.schoolcijfer_totenmet)
    return element
