"""Two compiled schemas walked side by side: elements, attributes, cardinality, order, types, facets and code lists."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, cast

import xmlschema

from uwlr_adapter.compare.content_model import Particle, ParticleKind, difference
from uwlr_adapter.contract.nouns import count_noun

Component: TypeAlias = Any
"""A component of xmlschema; its published types have none of the attributes that are used here."""
_XSD = "http://www.w3.org/2001/XMLSchema"
_LEAST = {"nonNegativeInteger": "0", "positiveInteger": "1"}
"""The least values of built-in types that have one."""
_BOUNDS = ("minInclusive", "maxInclusive")
STATED_SCHOOLJAREN = "an answer of ours may carry any two following years up to 2099-2100"
STATED_TOEVOEGINGEN = "no block can be written in it: its type is abstract and has no heirs"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    `path` consists of local names; `kind` is message, element, attribute, cardinality, order, type, facet, codes or
    sample; `ours` and `theirs` describe both sides; `stated` is the reason of a difference that we state, else empty.
    """

    path: str
    kind: str
    ours: str
    theirs: str
    stated: str = ""


class ModelWalk:
    """A walk through two models at once. A pair of types is compared once, where it first occurs."""

    def __init__(self) -> None:
        self.found: list[Difference] = []
        self._seen: set[tuple[int, int]] = set()

    def element(self, path: str, ours: Component, theirs: Component) -> None:
        """Compare two declarations of the same element, and all below it."""
        for name in ("default", "fixed", "nillable"):
            self._note(path, "element", *(f"{name} {getattr(one, name)!r}" for one in (ours, theirs)))
        self.type(path, ours.type, theirs.type)

    def type(self, path: str, ours: Component, theirs: Component) -> None:
        """Compare two types."""
        if (id(ours), id(theirs)) in self._seen:
            return
        self._seen.add((id(ours), id(theirs)))
        if ours.is_simple() or theirs.is_simple():
            if self._note(path, "type", _kind(ours), _kind(theirs)):
                self._simple(path, ours, theirs)
            return
        self._note(path, "type", _content(ours), _content(theirs))
        self._attributes(path, ours.attributes, theirs.attributes)
        if ours.has_simple_content() and theirs.has_simple_content():
            self.type(path, ours.content, theirs.content)
        elif not ours.has_simple_content() and not theirs.has_simple_content():
            self._children(path, ours.content, theirs.content)

    def _note(self, path: str, kind: str, ours: str, theirs: str, stated: str = "") -> bool:
        """Add a difference, if it is one; return whether both are the same."""
        if ours != theirs:
            self.found.append(Difference(path, kind, ours, theirs, stated))
        return ours == theirs

    def _children(self, path: str, ours: Component, theirs: Component) -> None:
        mine, other = _particle(ours), _particle(theirs)
        for name in sorted(mine.names() ^ other.names()):
            stated = STATED_TOEVOEGINGEN if name == "toevoegingen" and name in other.names() else ""
            here, there = (_times(model, name) if name in model.names() else "absent" for model in (mine, other))
            self._note(f"{path}/{name}", "element", here, there, stated)
        both = mine.names() & other.names()
        if (witness := difference(mine, other)) is not None:
            counts = [
                self._note(f"{path}/{name}", "cardinality", _times(mine, name), _times(other, name))
                for name in sorted(both)
            ]
            if all(counts):
                said = ("accepts ", "refuses ") if witness.first_accepts else ("refuses ", "accepts ")
                self._note(path, "order", *(word + (" ".join(witness.names) or "nothing") for word in said))
        mine_elements, other_elements = _elements(ours), _elements(theirs)
        for name in mine_elements:
            if name in both - {"*"}:
                self.element(f"{path}/{name}", mine_elements[name], other_elements[name])

    def _attributes(self, path: str, ours: Component, theirs: Component) -> None:
        sides = [{str(name or "*"): one for name, one in side.items()} for side in (ours, theirs)]
        for name in sorted(sides[0].keys() | sides[1].keys()):
            uses = [_use(side.get(name)) for side in sides]
            if self._note(f"{path}/@{name}", "attribute", *uses) or "absent" not in uses:
                mine, other = sides[0][name], sides[1][name]
                if name != "*":
                    self.type(f"{path}/@{name}", mine.type, other.type)

    def _simple(self, path: str, ours: Component, theirs: Component) -> None:
        mine, other = _facets(ours), _facets(theirs)
        codes = mine.pop("enumeration", frozenset()), other.pop("enumeration", frozenset())
        if codes[0] != codes[1]:
            self.found.append(_codes(path, *codes))
        for name in sorted(mine.keys() | other.keys()):
            self._note(path, "facet", *(f"{name} {_listed(side.get(name, frozenset()))}" for side in (mine, other)))


def _kind(one: Component) -> str:
    """Return the built-in type that a simple type restricts, or a description of a type that is not simple."""
    if not one.is_simple():
        return "elements or attributes"
    while one.target_namespace != _XSD and one.base_type is not None:
        one = one.base_type
    return f"xs:{one.local_name}"


def _content(one: Component) -> str:
    words = [word for word, holds in (("mixed", one.mixed), ("abstract", one.abstract)) if holds]
    return " ".join([*words, "text" if one.has_simple_content() else "elements"])


def _particle(one: Component) -> Particle:
    """Turn a particle of xmlschema into a part of a content model."""
    occurs = {"min_occurs": one.min_occurs, "max_occurs": one.max_occurs}
    if isinstance(one, xmlschema.validators.XsdGroup):
        return Particle(cast("ParticleKind", one.model), parts=tuple(_particle(part) for part in one), **occurs)
    return Particle("element", name=one.local_name or "*", **occurs)


def _elements(group: Component) -> dict[str, Component]:
    return {one.local_name or "*": one for one in group.iter_elements()}


def _times(model: Particle, name: str) -> str:
    least, most = model.occurs(name)
    return f"{least}..{'n' if most is None else most}"


def _use(attribute: Component) -> str:
    if attribute is None or getattr(attribute, "use", "") == "prohibited":
        return "absent"
    words = [getattr(attribute, "use", None) or "optional"]
    words += [f"{name} {value!r}" for name in ("default", "fixed") if (value := getattr(attribute, name, None))]
    return " ".join(words)


def _facets(one: Component) -> dict[str, frozenset[str]]:
    """Return the facets of a simple type, those that it inherits included; the nearest wins, but patterns add up.

    A bound is a number, however it is written, and the one that a built-in type has by its definition is one too.
    """
    found: dict[str, frozenset[str]] = {}
    while one is not None and one.target_namespace != _XSD:
        for name, facet in getattr(one, "facets", {}).items():
            local = "other" if name is None else name.rpartition("}")[2]
            if local == "pattern":
                found[local] = found.get(local, frozenset()) | {" | ".join(sorted(facet.regexps))}
            elif local == "enumeration":
                found.setdefault(local, frozenset(map(str, facet.enumeration)))
            else:
                found.setdefault(local, frozenset({_value(local, getattr(facet, "value", facet))}))
        one = one.base_type
    if one is not None and one.local_name in _LEAST:
        found.setdefault("minInclusive", frozenset({_LEAST[one.local_name]}))
    return found


def _value(facet: str, value: object) -> str:
    """Return the value of a facet; a bound without the zeros behind its decimal point."""
    is_number = facet in _BOUNDS and isinstance(value, int | Decimal)
    return format(Decimal(str(value)).normalize(), "f") if is_number else str(value)


def _codes(path: str, ours: frozenset[str], theirs: frozenset[str]) -> Difference:
    """Return the difference of two code lists; later schooljaren of ours in an answer are stated."""
    later = path.endswith("/school/schooljaar") and bool(theirs) and theirs < ours and min(ours - theirs) > max(theirs)
    if not ours or not theirs:
        return Difference(
            path,
            "codes",
            *("any" if not codes else count_noun(len(codes), "code", "codes") for codes in (ours, theirs)),
        )
    return Difference(
        path,
        "codes",
        f"also {_listed(ours - theirs)}",
        f"also {_listed(theirs - ours)}",
        STATED_SCHOOLJAREN if later else "",
    )


def _listed(values: frozenset[str]) -> str:
    shown = 6
    ordered = sorted(values)
    if len(ordered) > shown:
        return f"{ordered[0]} … {ordered[-1]} ({len(ordered)})"
    return ", ".join(ordered) or "none"
