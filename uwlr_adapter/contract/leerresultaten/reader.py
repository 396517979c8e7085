"""A message as records: one walk over its tree, which stops at the first thing that it does not read.

The reader is as strict as the XSD or stricter: a tree that it reads has no error that costs much to report. `lenient`
passes over what it leaves to the XSD: attributes of XML Schema, and the form of a URI.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from lxml import etree

from uwlr_adapter.contract.leerresultaten import records, values
from uwlr_adapter.contract.leerresultaten.names import MODELS, OSO, ContentModel, tag
from uwlr_adapter.contract.leerresultaten.places import explain, local_name, path_of
from uwlr_adapter.contract.leerresultaten.plain_results import read_plain
from uwlr_adapter.contract.leerresultaten.values import ValueRefused
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.errors import UwlrAdapterError

_T = TypeVar("_T")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://)?[A-Za-z0-9._~/-]*(?:[?#][A-Za-z0-9._~/=&-]*)?")
"""The URIs that are seen to be one; every other form is left to the XSD."""
_VOCABULAIRE = frozenset({"vocabulaire", "vocabulairelocatie"})
_INGANG = _VOCABULAIRE | {"niveau"}
_KEY = frozenset({"key"})
_NONE: frozenset[str] = frozenset()
_LONGEST = 256
"""Characters of a key, a code and most other texts."""
_VERZOEK, _SCHOOL, _TOETSAFNAMES, _TOETSAFNAME, _RESULTATEN, _RESULTAAT, _OSORESULTAAT = (
    MODELS[tag(name)]
    for name in (
        *("leerresultaten_verzoek", "school", "toetsafnames", "toetsafname", "resultaten", "resultaat"),
        "osoresultaat",
    )
)
_TOETSSCORE, _INTERVAL, _REFERENTIESCORE = (
    MODELS[f"{{{OSO}}}{name}"] for name in ("toetsscore", "betrouwbaarheidsinterval", "referentiescore")
)
_TOETSEN, _TOETS, _TOETSHIERARCHIE, _TOETSONDERDELEN, _TOETSONDERDEEL, _NORMERING, _NORM, _NORMKLEUR = (
    MODELS[tag(name)]
    for name in (
        *("toetsen", "toets", "toetshierarchie", "toetsonderdelen", "toetsonderdeel", "toetsnormering", "norm"),
        "normkleur",
    )
)


class Unreadable(UwlrAdapterError):
    """An element is not as the standard has it; `finding` says what, `element` is its local name."""

    def __init__(self, finding: Finding, element: str) -> None:
        super().__init__(f"{finding.path}: {finding.rule}")
        self.finding = finding
        self.element = element


class Reader:
    """One walk over a leerresultaten_verzoek. `spaced` is whether a text had white space around it."""

    def __init__(self, root: etree._Element, *, lenient: bool = False) -> None:
        self._root = root
        self._lenient = lenient
        self.spaced = False

    def read(self) -> records.Leerresultaten:
        """Return the message as records. Raises Unreadable."""
        if self._root.tag != tag("leerresultaten_verzoek"):
            raise Unreadable(Finding("*", Rule.OPERATION), "*")
        school, afnames, toetsen = self._children(self._root, _VERZOEK)
        return records.Leerresultaten(
            school=self._school(school),
            toetsafnames=tuple(map(self._toetsafname, self._children(afnames, _TOETSAFNAMES)[0])),
            toetsen=self._toetsen(toetsen),
        )

    def read_definitions(self) -> tuple[records.Toets, ...]:
        """Return the definitions alone. Raises Unreadable."""
        return self._toetsen(self._children(self._root, _VERZOEK)[2])

    # The parts of a message.

    def _school(self, element: etree._Element) -> records.ResultatenSchool:
        schooljaar, brin, dependance, key, aanmaakdatum, auteur, versie, commentaar = self._children(element, _SCHOOL)
        if dependance is not None and brin is None:
            raise Unreadable(Finding(path_of(dependance, self._root), Rule.PLACE), "dependancecode")
        return records.ResultatenSchool(
            schooljaar=self._value(schooljaar, values.read_schooljaar),
            brincode=None if brin is None else self._value(brin, values.read_brincode),
            dependancecode=None if brin is None else self._dependancecode(dependance),
            schoolkey=self._optional(key),
            aanmaakdatum=self._value(aanmaakdatum, values.read_moment),
            auteur=self._optional(auteur, 128),
            xsdversie=self._text(versie, 32),
            commentaar=self._optional(commentaar, 128),
        )

    def _dependancecode(self, element: etree._Element | None) -> str:
        """Return the dependancecode; an empty one is that of the main vestiging, by the XSD itself."""
        if element is None or (element.text is None and not len(element) and not element.keys()):
            return "00"
        return self._value(element, values.read_dependancecode)

    def _toetsafname(self, element: etree._Element) -> records.Toetsafname:
        leerlingid, eckid, verwerker, resultaten = self._children(element, _TOETSAFNAME)
        return records.Toetsafname(
            leerlingid=self._text(leerlingid),
            eckid=self._optional(eckid),
            resultaatverwerkerid=self._optional(verwerker),
            resultaten=self._resultaten(resultaten),
        )

    def _resultaten(self, element: etree._Element) -> tuple[records.Resultaat, ...]:
        if (plain := read_plain(element)) is not None:
            return plain
        return tuple(map(self._resultaat, self._children(element, _RESULTATEN)[0]))

    def _resultaat(self, element: etree._Element) -> records.Resultaat:
        children = self._children(element, _RESULTAAT, _KEY)
        afnamedatum, toetscode, versie, onderdeel, score, oso, ander, infourl = children
        if ander is not None:
            raise Unreadable(Finding(path_of(ander, self._root), Rule.CONTENT), "anderresultaat")
        return records.Resultaat(
            key=self._key(element),
            afnamedatum=self._value(afnamedatum, values.read_date),
            toetscode=self._text(toetscode),
            versie=self._term(versie),
            toetsonderdeelcode=self._optional(onderdeel),
            score=None if score is None else self._value(score, values.read_score),
            osoresultaat=None if oso is None else self._oso(oso),
            infourl=self._optional(infourl),
        )

    def _key(self, element: etree._Element) -> str:
        key = element.get("key")
        if not key or len(key) > _LONGEST:
            rule = Rule.ABSENT if key is None else Rule.TOO_LONG if key else Rule.EMPTY
            raise Unreadable(Finding(f"{path_of(element, self._root)}/@key", rule), "resultaat")
        if key[0] in XML_SPACE or key[-1] in XML_SPACE:
            self.spaced = True
        return str(key)

    def _oso(self, element: etree._Element) -> records.OsoResultaat:
        toetsscore, referentiescores = self._children(element, _OSORESULTAAT)
        return records.OsoResultaat(
            toetsscore=None if toetsscore is None else self._toetsscore(toetsscore),
            referentiescores=tuple(map(self._referentiescore, referentiescores)),
        )

    def _toetsscore(self, element: etree._Element) -> records.OsoToetsscore:
        *counts, tijd, vaardigheid, schaal, interval = self._children(element, _TOETSSCORE)
        opgaven, goed, fout, gelezen = (self._maybe(count, values.read_int) for count in counts)
        return records.OsoToetsscore(
            aantalopgaven=opgaven,
            aantalgoed=goed,
            aantalfout=fout,
            aantalgelezen=gelezen,
            tijd=self._maybe(tijd, values.read_decimal),
            vaardigheidsscore=self._maybe(vaardigheid, values.read_decimal),
            codevaardigheidsschaal=self._optional(schaal, values.MAX_OSO_TEXT),
            betrouwbaarheidsinterval=None if interval is None else self._interval(interval),
        )

    def _interval(self, element: etree._Element) -> tuple[Any, Any]:
        low, high = self._children(element, _INTERVAL)
        return self._value(low, values.read_decimal), self._value(high, values.read_decimal)

    def _referentiescore(self, element: etree._Element) -> records.OsoReferentiescore:
        code, groep, waarde, kwalificatie = self._children(element, _REFERENTIESCORE)
        return records.OsoReferentiescore(
            codereferentiescore=self._text(code, values.MAX_OSO_TEXT),
            codevergelijkingsgroep=self._text(groep, values.MAX_OSO_TEXT),
            waarde=self._text(waarde, values.MAX_OSO_TEXT),
            kwalificatie=self._optional(kwalificatie, values.MAX_OSO_TEXT),
        )

    # The definitions.

    def _toetsen(self, element: etree._Element) -> tuple[records.Toets, ...]:
        return tuple(map(self._toets, self._children(element, _TOETSEN)[0]))

    def _toets(self, element: etree._Element) -> records.Toets:
        code, versie, naam, leerjaar, vakgebied, normering, hierarchie, onderdelen = self._children(element, _TOETS)
        ingangen = () if hierarchie is None else self._children(hierarchie, _TOETSHIERARCHIE)[0]
        parts = () if onderdelen is None else self._children(onderdelen, _TOETSONDERDELEN)[0]
        return records.Toets(
            code=self._needed_term(code),
            versie=self._term(versie),
            naam=self._optional(naam, 128),
            leerjaar=self._term(leerjaar),
            vakgebied=self._term(vakgebied),
            normering=None if normering is None else self._normering(normering),
            hierarchie=tuple(map(self._ingang, ingangen)),
            onderdelen=tuple(map(self._onderdeel, parts)),
        )

    def _ingang(self, element: etree._Element) -> records.Ingang:
        niveau = element.get("niveau")
        try:
            number = values.read_integer(niveau or "")
        except ValueRefused as error:
            rule = error.rule if niveau is not None else Rule.ABSENT
            raise Unreadable(Finding(f"{path_of(element, self._root)}/@niveau", rule), "ingang") from None
        return records.Ingang(number, self._needed_term(element, _INGANG))

    def _onderdeel(self, element: etree._Element) -> records.Toetsonderdeel:
        volgnummer, code, naam, normering = self._children(element, _TOETSONDERDEEL)
        return records.Toetsonderdeel(
            volgnummer=self._value(volgnummer, values.read_volgnummer),
            code=self._needed_term(code),
            naam=self._optional(naam, 128),
            normering=None if normering is None else self._normering(normering),
        )

    def _normering(self, element: etree._Element) -> records.Normering:
        categorie, niveau, weging, normen = self._children(element, _NORMERING, _VOCABULAIRE)
        return records.Normering(
            toetscategorie=self._term(categorie),
            toetsniveau=self._term(niveau),
            wegingsfactor=self._maybe(weging, values.read_decimal),
            normen=tuple(map(self._norm, normen)),
            vocabulaire=element.get("vocabulaire"),
            vocabulairelocatie=element.get("vocabulairelocatie"),
        )

    def _norm(self, element: etree._Element) -> records.Norm:
        term, omschrijving, begin, eind, kleur, vanaf, totenmet = self._children(element, _NORM)
        return records.Norm(
            term=self._text(term, 64),
            omschrijving=self._optional(omschrijving, 128),
            begin=self._value(begin, values.read_score),
            eind=self._value(eind, values.read_score),
            kleur=None if kleur is None else self._kleur(kleur),
            schoolcijfer_vanaf=self._maybe(vanaf, values.read_schoolcijfer),
            schoolcijfer_totenmet=self._maybe(totenmet, values.read_schoolcijfer),
        )

    def _kleur(self, element: etree._Element) -> records.Normkleur:
        *colours, transparantie = self._children(element, _NORMKLEUR)
        rood, groen, blauw = (self._value(colour, values.read_colour) for colour in colours)
        return records.Normkleur(rood, groen, blauw, self._value(transparantie, values.read_transparantie))

    # Elements and values.

    def _children(self, element: etree._Element, model: ContentModel, attributes: frozenset[str] = _NONE) -> list[Any]:
        """Return the children by their places in the model, None for an absent one and a list for a repeated one."""
        if element.keys():
            self._check_attributes(element, attributes)
        rank, repeated, last = model.rank, model.repeated, -1
        found: list[Any] = [None] * len(model.names)
        many: list[etree._Element] = []
        wrong = _is_text(element.text)
        for child in element:
            place = rank.get(child.tag, -1)
            if place <= last and (place < last or place < 0 or place != repeated):
                raise self._wrong_children(element)
            if place == repeated:
                many.append(child)
            found[place] = child
            last = place
            if _is_text(child.tail):
                wrong = True
        if wrong or None in [found[place] for place in model.required]:
            raise self._wrong_children(element)
        if model.choice and [found[place] is None for place in model.choice].count(False) != 1:
            raise self._wrong_children(element)
        if repeated >= 0:
            found[repeated] = many
        return found

    def _wrong_children(self, element: etree._Element) -> Unreadable:
        finding = explain(element, self._root) or Finding(path_of(element, self._root), Rule.CONTENT)
        return Unreadable(finding, local_name(element))

    def _check_attributes(self, element: etree._Element, allowed: frozenset[str]) -> None:
        for name, value in element.items():
            if name in allowed and (name not in _VOCABULAIRE or self._lenient or _URI.fullmatch(str(value))):
                continue
            if self._lenient and str(name).startswith(_XSI):
                continue
            raise Unreadable(Finding(path_of(element, self._root), Rule.ATTRIBUTE), local_name(element))

    def _raw(self, element: etree._Element, attributes: frozenset[str] = _NONE) -> str:
        """Return the text of an element that holds nothing else, white space included."""
        if element.keys():
            self._check_attributes(element, attributes)
        if len(element):
            raise Unreadable(Finding(path_of(element, self._root), Rule.CONTENT), local_name(element))
        return element.text or ""

    def _text(self, element: etree._Element, longest: int = _LONGEST, attributes: frozenset[str] = _NONE) -> str:
        text = self._raw(element, attributes)
        if not text or len(text) > longest:
            rule = Rule.TOO_LONG if text else Rule.EMPTY
            raise Unreadable(Finding(path_of(element, self._root), rule), local_name(element))
        if text[0] in XML_SPACE or text[-1] in XML_SPACE:
            self.spaced = True
        return text

    def _optional(self, element: etree._Element | None, longest: int = _LONGEST) -> str | None:
        return None if element is None else self._text(element, longest)

    def _value(self, element: etree._Element, read: Callable[[str], _T]) -> _T:
        text = self._raw(element)
        try:
            return read(text)
        except ValueRefused as error:
            rule = error.rule if text else Rule.EMPTY
            raise Unreadable(Finding(path_of(element, self._root), rule), local_name(element)) from None

    def _maybe(self, element: etree._Element | None, read: Callable[[str], _T]) -> _T | None:
        return None if element is None else self._value(element, read)

    def _term(self, element: etree._Element | None) -> records.VocabulaireTerm | None:
        return None if element is None else self._needed_term(element)

    def _needed_term(
        self, element: etree._Element, attributes: frozenset[str] = _VOCABULAIRE
    ) -> records.VocabulaireTerm:
        text = self._text(element, attributes=attributes)
        if not element.keys():
            return records.VocabulaireTerm(text)
        return records.VocabulaireTerm(text, element.get("vocabulaire"), element.get("vocabulairelocatie"))


def _is_text(text: str | None) -> bool:
    return text is not None and text.strip(XML_SPACE) != ""
