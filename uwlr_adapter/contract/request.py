"""A request in two steps: `read` takes the envelope apart, `judge` validates the request itself.

The gate stands between the two, so that a caller without access learns nothing about its message: `read` finds the
caller (the autorisatie header) and the school; only after the gate does `judge` apply the XSD and the version.
"""

import re
import unicodedata
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, cast, get_args

from lxml import etree

from uwlr_adapter.contract import names, repairs, schemas, versions
from uwlr_adapter.contract.autorisatie import Autorisatie, find_header, read_header
from uwlr_adapter.contract.dataset import GroepSoort
from uwlr_adapter.contract.fault import OngeldigBericht, VersionMismatch, XsdVersieOngeldig
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.plain import read_plain
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import MESSAGE, Limits, XmlError, parse

_MESSAGE = "bericht"
"""The path of a message as a whole; a line of it, where reading stopped, stands behind a colon."""
_ENVELOPE = f"{{{names.SOAP11}}}Envelope"
_TAG = {name: f"{{{names.LEERLINGGEGEVENS}}}{name}" for name in names.VERZOEK_ELEMENTS}
_LOCAL = {tag: name for name, tag in _TAG.items()}
_NO_GROEPEN: "tuple[GroepReference, ...]" = ()
_SOORT: "Mapping[str, GroepSoort]" = {f"{{{names.LEERLINGGEGEVENS}}}{soort}": soort for soort in get_args(GroepSoort)}
_SCHOOL_TAGS = tuple(_TAG[name] for name in ("brincode", "dependancecode", "schoolkey"))
_NEEDED = ("schooljaar", "xsdversie")
"""The children that each request has, beside its school."""
_SCHOOLKEY_MAX = 256
_MAX_WRONG = 3 * len(names.VERZOEK_ELEMENTS)
"""Children of a request that the XSD judges, inclusive, and wrong groups: it explains each one that is wrong. A valid
request has a third of these children."""
_WRONG_GROEPEN = etree.XPath(
    "count(l:groepen/text()[normalize-space()] | l:groepen/*[* or text() or @*[name() != 'key']"
    " or not(self::l:groep or self::l:samengestelde_groep) or @key = '' or string-length(@key) > 256])",
    namespaces={"l": names.LEERLINGGEGEVENS},
)
"""How many references to groups the XSD refuses, with what stands between them."""
_BRINCODE_LENGTH = 4
_PLAIN_BRINCODE = re.compile("[0-9]{2}[A-Z]{2}")
"""The brincodes that exist; the standard allows more letters and digits than these."""


class SchoolReference(NamedTuple):
    """The school that a body names: a brincode with its dependancecode (`00` when absent), or else a schoolkey."""

    brincode: str | None
    dependancecode: str
    schoolkey: str | None


Children: TypeAlias = list[tuple[str, str | None]]
"""The children of an element: the tag and the text of each."""


class Verzoek(NamedTuple):
    """A valid request. `laatstontvangengegevens` is the xs:dateTime as it was sent."""

    operation: names.Operation
    schooljaar: str
    xsdversie: str
    gegevenssetid: str | None
    laatstontvangengegevens: str | None
    groepen: tuple[GroepReference, ...]
    repairs: tuple[str, ...]


class Tree(NamedTuple):
    """The parsed parts of a message: the autorisatie element, and the request element."""

    header: etree._Element
    body: etree._Element


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is well-formed and carries an autorisatie; not yet judged. `school` is None when none is named.

    `repairs` holds the ids of the repairs that were needed; a strict reading (`strict`) repairs nothing.
    """

    operation: names.Operation
    autorisatie: Autorisatie
    school: SchoolReference | None
    values: Mapping[str, str] = field(repr=False)
    """The text of the first child of each name in the body, by its local name; not validated."""
    tree: Tree | None = field(repr=False)
    """None for a plainly written message (`contract.plain`), whose body is valid."""
    message: bytes = field(repr=False)
    charset: str | None
    limits: Limits
    repairs: tuple[str, ...] = ()
    strict: bool = False

    @property
    def groepen(self) -> list[tuple[str, str]]:
        """The kind and key of each group that the body names, not yet validated."""
        if self.tree is None:
            return []
        containers = [child for child in self.tree.body if child.tag == _TAG["groepen"]]
        return [(str(found.tag), found.get("key", "")) for container in containers for found in container]


def read(
    data: bytes,
    charset: str | None = None,
    *,
    strict: bool = False,
    operations: Mapping[str, names.Operation] = names.OPERATIONS,
    limits: Limits = MESSAGE,
) -> Call:
    """Read a message into its header and body; `charset` is that of the transport, if any.

    `operations` are those of the service, by the tag of the request.

    Raises, in this order: OngeldigBericht (no XML of ours, no envelope, no single body element, unknown operation),
    VersionMismatch, MustUnderstand, AutorisatieOnvolledig (header absent, doubled, or with a part absent, doubled or
    empty).
    """
    plain = read_plain(data, charset)
    operation = None if plain is None else operations.get(f"{{{names.LEERLINGGEGEVENS}}}{plain.request}")
    if plain is None or operation is None or operation.by_groep or len(data) > limits.octets:
        return _read_tree(data, charset, strict=strict, operations=operations, limits=limits)
    values = plain.values
    brincode, dependancecode = values.get("brincode"), values.get("dependancecode", "00")
    school = SchoolReference(brincode, dependancecode, values.get("schoolkey"))
    return Call(operation, Autorisatie(*plain.autorisatie), school, values, None, data, charset, limits, strict=strict)


def _read_tree(
    data: bytes, charset: str | None, *, strict: bool, operations: Mapping[str, names.Operation], limits: Limits
) -> Call:
    """Read any message, by parsing it. Raises as `read` does."""
    try:
        root = parse(data, limits, charset)
    except XmlError as error:
        place = f"{_MESSAGE}:{error.line}" if error.line and data else _MESSAGE
        raise OngeldigBericht(Finding(place, error.rule if data else Rule.EMPTY)) from error
    header, body = unwrap(root)
    operation = operations.get(str(body.tag))
    if operation is None:
        name = etree.QName(body).localname
        if name in {one.request for one in operations.values()}:
            raise OngeldigBericht(Finding(f"Envelope/Body/{name}", Rule.NAMESPACE))
        raise OngeldigBericht(Finding("Envelope/Body/*", Rule.OPERATION))
    if root.tag != _ENVELOPE:
        raise VersionMismatch(Finding("Envelope", Rule.SOAP))
    autorisatie_header = find_header(header)
    needed: tuple[str, ...] = ()
    if not strict and not repairs.needs_none(autorisatie_header, body):
        steps = (
            *repairs.apply_repairs(autorisatie_header, repairs.HEADER_REPAIRS),
            *repairs.apply_repairs(body, repairs.BODY_REPAIRS),
        )
        needed = tuple(dict.fromkeys(steps))
    children = _children(body)
    school = find_school(children)
    return Call(
        operation=operation,
        autorisatie=read_header(autorisatie_header),
        school=school if isinstance(school, SchoolReference) else None,
        values={name: next(text or "" for tag, text in children if tag == _TAG[name]) for name in _named(children)},
        tree=Tree(autorisatie_header, body),
        message=data,
        charset=charset,
        limits=limits,
        repairs=needed,
        strict=strict,
    )


def reread_strictly(call: Call) -> Call:
    """Read a call again without repairs. Raises as `read` does."""
    operations = {call.operation.request_tag: call.operation}
    return read(call.message, call.charset, strict=True, operations=operations, limits=call.limits)


def judge(call: Call, schooljaar: str) -> Verzoek:
    """Validate a call by the XSD and by its version; `schooljaar` is that of today, for a caller that leaves it empty.

    Raises OngeldigBericht or XsdVersieOngeldig.
    """
    values, groepen, needed = call.values, _NO_GROEPEN, call.repairs
    if call.tree is not None:
        header, body = call.tree
        if not call.strict and call.values.get("schooljaar", "") in repairs.NO_YEAR:
            body = deepcopy(body)  # a call may be judged again, and on another day
            needed += repairs.apply_repairs(body, (repairs.SCHOOLJAAR_REPAIR,), schooljaar)
        repairs.fold(body)
        if (found := _too_many(header, body, call.operation)) is not None:
            raise OngeldigBericht(found)
        if (found := schemas.AUTORISATIE.first(header)) is not None:
            raise OngeldigBericht(found)
        if (found := schemas.REQUEST.first(body)) is not None:
            raise OngeldigBericht(_absent(body) or found)
        values = {_LOCAL[str(child.tag)]: child.text or "" for child in body}  # by the XSD each is there once at most
        groepen = _groepen(body) if "groepen" in values else _NO_GROEPEN
    if values["xsdversie"] not in versions.BY_NAME:
        raise XsdVersieOngeldig(Finding(f"{call.operation.request}/xsdversie", Rule.VERSION))
    return Verzoek(
        operation=call.operation,
        schooljaar=values["schooljaar"],
        xsdversie=values["xsdversie"],
        gegevenssetid=values.get("gegevenssetid"),
        laatstontvangengegevens=values.get("laatstontvangengegevens"),
        groepen=groepen,
        repairs=needed,
    )


def school_finding(call: Call) -> Finding:
    """Return what is wrong with the school in a body, for a call that names none of the right form (row 6)."""
    found = find_school([] if call.tree is None else _children(call.tree.body))
    name, rule = ("brincode", Rule.ABSENT) if isinstance(found, SchoolReference) else found
    return Finding(f"{call.operation.request}/{name}", rule)


def _too_many(header: etree._Element, body: etree._Element, operation: names.Operation) -> Finding | None:
    """Return which element holds more than the XSD is asked to judge."""
    if len(header) > _MAX_WRONG:
        return Finding("autorisatie", Rule.TOO_MUCH)
    if len(body) > _MAX_WRONG:
        return Finding(operation.request, Rule.TOO_MUCH)
    if operation.by_groep and cast("float", _WRONG_GROEPEN(body)) > _MAX_WRONG:
        return Finding(f"{operation.request}/groepen", Rule.CONTENT)
    return None


def _absent(body: etree._Element) -> Finding | None:
    """Return the first needed child that a body does not have: the XSD only says at which child it misses one."""
    tags = {child.tag for child in body}
    absent = (name for name in _NEEDED if _TAG[name] not in tags)
    name = next(absent, None)
    return None if name is None else Finding(f"{etree.QName(body).localname}/{name}", Rule.ABSENT)


def _groepen(body: etree._Element) -> tuple[GroepReference, ...]:
    (container,) = (child for child in body if child.tag == _TAG["groepen"])
    return tuple(GroepReference(_SOORT[str(found.tag)], found.get("key")) for found in container)


def unwrap(root: etree._Element) -> tuple[etree._Element | None, etree._Element]:
    """Return the Header, if any, and the one element in the Body of an envelope of any SOAP version.

    Raises OngeldigBericht.
    """
    space, _, name = str(root.tag).rpartition("}")
    if name != "Envelope":
        raise OngeldigBericht(Finding("Envelope", Rule.ABSENT))
    space += "}" if space else ""
    parts = list(root)
    header = parts.pop(0) if parts and parts[0].tag == f"{space}Header" else None
    bodies = [part for part in parts if part.tag == f"{space}Body"]
    if len(bodies) != 1:
        raise OngeldigBericht(Finding("Envelope/Body", Rule.DOUBLED if bodies else Rule.ABSENT))
    if parts != bodies:
        raise OngeldigBericht(Finding("Envelope/*", Rule.PLACE))
    (body,) = bodies
    if len(body) != 1:
        finding = Finding("Envelope/Body/*", Rule.DOUBLED) if len(body) else Finding("Envelope/Body", Rule.EMPTY)
        raise OngeldigBericht(finding)
    for path, element in (("Envelope", root), ("Envelope/Header", header), ("Envelope/Body", body)):
        if element is not None and _has_text(element):
            raise OngeldigBericht(Finding(path, Rule.CONTENT))
    return header, body[0]


def _has_text(element: etree._Element) -> bool:
    """Whether there is text between the children of an element."""
    return any(text and text.strip(XML_SPACE) for text in (element.text, *(child.tail for child in element)))


def _named(children: "Children") -> set[str]:
    return {_LOCAL[str(tag)] for tag, _ in children if tag in _LOCAL}


def _children(element: etree._Element) -> Children:
    return [(child.tag, child.text) for child in element]


def find_school(children: Children, school_tags: tuple[str, ...] = _SCHOOL_TAGS) -> SchoolReference | tuple[str, Rule]:
    """Return the school that a body names; a brincode goes before a schoolkey.

    `school_tags` are those of brincode, dependancecode and schoolkey.

    Unless in the right form: the name of the element that is wrong, and how.
    """
    brincodes, dependancecodes, schoolkeys = (
        [text or "" for tag, text in children if tag == own] for own in school_tags
    )
    if brincodes:
        wrong = _wrong_brin6(brincodes, dependancecodes or [""])
        return wrong or SchoolReference(brincodes[0], (dependancecodes or [""])[0] or "00", None)
    if not schoolkeys:
        is_named = any(etree.QName(tag).localname == "brincode" for tag, _ in children)
        return "brincode", Rule.NAMESPACE if is_named else Rule.ABSENT
    if len(schoolkeys) > 1:
        return "schoolkey", Rule.DOUBLED
    if not 1 <= len(schoolkeys[0]) <= _SCHOOLKEY_MAX:
        return "schoolkey", Rule.TOO_LONG if schoolkeys[0] else Rule.EMPTY
    return SchoolReference(None, "00", schoolkeys[0])


def _wrong_brin6(brincodes: list[str], dependancecodes: list[str]) -> tuple[str, Rule] | None:
    """Return which of the two is wrong, and how; None when both are right. An empty dependancecode is right."""
    for name, texts in (("brincode", brincodes), ("dependancecode", dependancecodes)):
        if len(texts) > 1:
            return name, Rule.DOUBLED
    if not is_brincode(brincodes[0]):
        return "brincode", Rule.FORM if brincodes[0] else Rule.EMPTY
    return None if _is_dependancecode(dependancecodes[0] or "00") else ("dependancecode", Rule.FORM)


def is_brincode(text: str) -> bool:
    """Return whether a text has the form of a brincode: two digits and two capitals, of any script."""
    return _PLAIN_BRINCODE.fullmatch(text) is not None or (
        len(text) == _BRINCODE_LENGTH
        and text[:2].isdecimal()
        and all(unicodedata.category(letter) == "Lu" for letter in text[2:])
    )


def _is_dependancecode(text: str) -> bool:
    return len(text) == len("00") and text.isdecimal()
