"""Two compiled schemas walked side by side: elements, attributes, cardinality, order, types, facets and code lists."""

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import xmlschema

from uwlr_adapter.compare.content_model import Deel, Soort, difference

Onderdeel: TypeAlias = Any
"""A component of xmlschema; what is asked of it here is in none of the types that it publishes."""
_XSD = "http://www.w3.org/2001/XMLSchema"
SCHOOLJAREN = "an answer of ours may carry any two following years up to 2099-2100"
TOEVOEGINGEN = "no block can be written in it: its type is abstract and has no heirs"


@dataclass(frozen=True, slots=True)
class Verschil:
    """One difference.

    `pad` is the path of local names, `soort` one of message, element, attribute, cardinality, order, type, facet, codes
    and sample; `ons` and `hun` say what each has; `verklaard` is the reason of a difference that we state, else empty.
    """

    pad: str
    soort: str
    ons: str
    hun: str
    verklaard: str = ""


class Wandeling:
    """A walk through two models at once. A pair of types is looked at once, where it is first met."""

    def __init__(self) -> None:
        self.found: list[Verschil] = []
        self._seen: set[tuple[int, int]] = set()

    def element(self, pad: str, ons: Onderdeel, hun: Onderdeel) -> None:
        """Compare two declarations of the same element, and all under it."""
        for name in ("default", "fixed", "nillable"):
            self._note(pad, "element", *(f"{name} {getattr(one, name)!r}" for one in (ons, hun)))
        self.type(pad, ons.type, hun.type)

    def type(self, pad: str, ons: Onderdeel, hun: Onderdeel) -> None:
        """Compare two types."""
        if (id(ons), id(hun)) in self._seen:
            return
        self._seen.add((id(ons), id(hun)))
        if ons.is_simple() or hun.is_simple():
            if self._note(pad, "type", _kind(ons), _kind(hun)):
                self._simple(pad, ons, hun)
            return
        self._note(pad, "type", _content(ons), _content(hun))
        self._attributes(pad, ons.attributes, hun.attributes)
        if ons.has_simple_content() and hun.has_simple_content():
            self.type(pad, ons.content, hun.content)
        elif not ons.has_simple_content() and not hun.has_simple_content():
            self._children(pad, ons.content, hun.content)

    def _note(self, pad: str, soort: str, ons: str, hun: str, verklaard: str = "") -> bool:
        """Write down a difference, if it is one; gives whether both are the same."""
        if ons != hun:
            self.found.append(Verschil(pad, soort, ons, hun, verklaard))
        return ons == hun

    def _children(self, pad: str, ons: Onderdeel, hun: Onderdeel) -> None:
        mine, other = _deel(ons), _deel(hun)
        for naam in sorted(mine.names() ^ other.names()):
            verklaard = TOEVOEGINGEN if naam == "toevoegingen" and naam in other.names() else ""
            here, there = (_times(model, naam) if naam in model.names() else "absent" for model in (mine, other))
            self._note(f"{pad}/{naam}", "element", here, there, verklaard)
        both = mine.names() & other.names()
        if (witness := difference(mine, other)) is not None:
            counts = [
                self._note(f"{pad}/{naam}", "cardinality", _times(mine, naam), _times(other, naam))
                for naam in sorted(both)
            ]
            if all(counts):
                said = ("accepts ", "refuses ") if witness.eerste else ("refuses ", "accepts ")
                self._note(pad, "order", *(word + (" ".join(witness.namen) or "nothing") for word in said))
        mine_elements, other_elements = _elements(ons), _elements(hun)
        for naam in mine_elements:
            if naam in both - {"*"}:
                self.element(f"{pad}/{naam}", mine_elements[naam], other_elements[naam])

    def _attributes(self, pad: str, ons: Onderdeel, hun: Onderdeel) -> None:
        sides = [{str(naam or "*"): one for naam, one in side.items()} for side in (ons, hun)]
        for naam in sorted(sides[0].keys() | sides[1].keys()):
            uses = [_use(side.get(naam)) for side in sides]
            if self._note(f"{pad}/@{naam}", "attribute", *uses) or "absent" not in uses:
                mine, other = sides[0][naam], sides[1][naam]
                if naam != "*":
                    self.type(f"{pad}/@{naam}", mine.type, other.type)

    def _simple(self, pad: str, ons: Onderdeel, hun: Onderdeel) -> None:
        mine, other = _facets(ons), _facets(hun)
        codes = mine.pop("enumeration", frozenset()), other.pop("enumeration", frozenset())
        if codes[0] != codes[1]:
            self.found.append(_codes(pad, *codes))
        for naam in sorted(mine.keys() | other.keys()):
            self._note(pad, "facet", *(f"{naam} {_listed(side.get(naam, frozenset()))}" for side in (mine, other)))


def _kind(one: Onderdeel) -> str:
    """Give the built-in type that a simple type restricts, or that it is no simple type."""
    if not one.is_simple():
        return "elements or attributes"
    while one.target_namespace != _XSD and one.base_type is not None:
        one = one.base_type
    return f"xs:{one.local_name}"


def _content(one: Onderdeel) -> str:
    words = [word for word, holds in (("mixed", one.mixed), ("abstract", one.abstract)) if holds]
    return " ".join([*words, "text" if one.has_simple_content() else "elements"])


def _deel(one: Onderdeel) -> Deel:
    """Turn a particle of xmlschema into a part of a content model."""
    occurs = {"minstens": one.min_occurs, "hoogstens": one.max_occurs}
    if isinstance(one, xmlschema.validators.XsdGroup):
        return Deel(cast("Soort", one.model), delen=tuple(_deel(part) for part in one), **occurs)
    return Deel("element", naam=one.local_name or "*", **occurs)


def _elements(group: Onderdeel) -> dict[str, Onderdeel]:
    return {one.local_name or "*": one for one in group.iter_elements()}


def _times(model: Deel, naam: str) -> str:
    least, most = model.occurs(naam)
    return f"{least}..{'n' if most is None else most}"


def _use(attribute: Onderdeel) -> str:
    if attribute is None or getattr(attribute, "use", "") == "prohibited":
        return "absent"
    words = [getattr(attribute, "use", None) or "optional"]
    words += [f"{name} {value!r}" for name in ("default", "fixed") if (value := getattr(attribute, name, None))]
    return " ".join(words)


def _facets(one: Onderdeel) -> dict[str, frozenset[str]]:
    """Give the facets of a simple type, those that it inherits included; the nearest wins, but patterns add up."""
    found: dict[str, frozenset[str]] = {}
    while one is not None and one.target_namespace != _XSD:
        for name, facet in getattr(one, "facets", {}).items():
            local = "other" if name is None else name.rpartition("}")[2]
            if local == "pattern":
                found[local] = found.get(local, frozenset()) | {" | ".join(sorted(facet.regexps))}
            elif local == "enumeration":
                found.setdefault(local, frozenset(map(str, facet.enumeration)))
            else:
                found.setdefault(local, frozenset({str(getattr(facet, "value", facet))}))
        one = one.base_type
    return found


def _codes(pad: str, ons: frozenset[str], hun: frozenset[str]) -> Verschil:
    """Give the difference of two code lists; that ours has later schooljaren in an answer is stated."""
    later = pad.endswith("/school/schooljaar") and bool(hun) and hun < ons and min(ons - hun) > max(hun)
    if not ons or not hun:
        return Verschil(pad, "codes", *("any" if not codes else f"{len(codes)} codes" for codes in (ons, hun)))
    return Verschil(
        pad, "codes", f"also {_listed(ons - hun)}", f"also {_listed(hun - ons)}", SCHOOLJAREN if later else ""
    )


def _listed(values: frozenset[str]) -> str:
    shown = 6
    ordered = sorted(values)
    if len(ordered) > shown:
        return f"{ordered[0]} … {ordered[-1]} ({len(ordered)})"
    return ", ".join(ordered) or "none"
