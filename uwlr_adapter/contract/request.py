"""A request in two steps: `read` takes the envelope apart, `judge` validates the request itself.

The gate stands between the two, so that a caller without access learns nothing about its message: `read` finds the
caller (the autorisatie header) and the school; only after the gate does `judge` apply the XSD and the version.
"""

import re
import unicodedata
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from lxml import etree

from uwlr_adapter.contract import names, repairs, schemas, versions
from uwlr_adapter.contract.autorisatie import Autorisatie, find_header, read_header
from uwlr_adapter.contract.fault import OngeldigBericht, VersionMismatch, XsdVersieOngeldig
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.plain import read_plain
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import MESSAGE, Limits, XmlError, parse

if TYPE_CHECKING:
    from uwlr_adapter.contract.dataset import GroepSoort

_ENVELOPE = f"{{{names.SOAP11}}}Envelope"
_TAG = {name: f"{{{names.LEERLINGGEGEVENS}}}{name}" for name in names.VERZOEK_ELEMENTS}
_LOCAL = {tag: name for name, tag in _TAG.items()}
_NO_GROEPEN: "tuple[GroepReference, ...]" = ()
_SCHOOL_TAGS = tuple(_TAG[name] for name in ("brincode", "dependancecode", "schoolkey"))
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
    VersionMismatch, MustUnderstand, AutorisatieOngeldig (header absent, doubled, or with a part absent, doubled or
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
        raise OngeldigBericht from error
    header, body = _unwrap(root)
    operation = operations.get(str(body.tag))
    if operation is None:
        raise OngeldigBericht
    if root.tag != _ENVELOPE:
        raise VersionMismatch
    autorisatie_header = find_header(header)
    needed: tuple[str, ...] = ()
    if not strict and not repairs.needs_none(autorisatie_header, body):
        steps = (
            *repairs.apply_repairs(autorisatie_header, repairs.HEADER_REPAIRS),
            *repairs.apply_repairs(body, repairs.BODY_REPAIRS),
        )
        needed = tuple(dict.fromkeys(steps))
    children = _children(body)
    return Call(
        operation=operation,
        autorisatie=read_header(autorisatie_header),
        school=_school(children),
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
        if len(header) > len(names.AUTORISATIE_PARTS) or schemas.AUTORISATIE.first(header) is not None:
            raise OngeldigBericht
        if len(body) > _MAX_WRONG:
            raise OngeldigBericht(Finding(call.operation.request, "element"))
        if call.operation.by_groep and cast("float", _WRONG_GROEPEN(body)) > _MAX_WRONG:
            raise OngeldigBericht(Finding(f"{call.operation.request}/groepen", "element"))
        if (found := schemas.REQUEST.first(body)) is not None:
            raise OngeldigBericht(found)
        values = {_LOCAL[str(child.tag)]: child.text or "" for child in body}  # by the XSD each is there once at most
        groepen = _groepen(body) if "groepen" in values else _NO_GROEPEN
    if values["xsdversie"] not in versions.BY_NAME:
        raise XsdVersieOngeldig(Finding(f"{call.operation.request}/xsdversie", "versie"))
    return Verzoek(
        operation=call.operation,
        schooljaar=values["schooljaar"],
        xsdversie=values["xsdversie"],
        gegevenssetid=values.get("gegevenssetid"),
        laatstontvangengegevens=values.get("laatstontvangengegevens"),
        groepen=groepen,
        repairs=needed,
    )


def _groepen(body: etree._Element) -> tuple[GroepReference, ...]:
    (container,) = (child for child in body if child.tag == _TAG["groepen"])
    return tuple(
        GroepReference(cast("GroepSoort", etree.QName(found).localname), found.get("key")) for found in container
    )


def _unwrap(root: etree._Element) -> tuple[etree._Element | None, etree._Element]:
    """Return the Header, if any, and the one element in the Body of an envelope of any SOAP version.

    Raises OngeldigBericht.
    """
    space, _, name = str(root.tag).rpartition("}")
    if name != "Envelope":
        raise OngeldigBericht
    space += "}" if space else ""
    parts = list(root)
    header = parts.pop(0) if parts and parts[0].tag == f"{space}Header" else None
    if len(parts) != 1 or parts[0].tag != f"{space}Body" or len(parts[0]) != 1:
        raise OngeldigBericht
    body = parts[0]
    if any(_has_text(element) for element in (root, header, body) if element is not None):
        raise OngeldigBericht
    return header, body[0]


def _has_text(element: etree._Element) -> bool:
    """Whether there is text between the children of an element."""
    return any(text and text.strip(XML_SPACE) for text in (element.text, *(child.tail for child in element)))


def _named(children: "Children") -> set[str]:
    return {_LOCAL[str(tag)] for tag, _ in children if tag in _LOCAL}


def _children(element: etree._Element) -> Children:
    return [(child.tag, child.text) for child in element]


def _school(children: Children) -> SchoolReference | None:
    """Return the school that a body names, None unless in the right form; a brincode goes before a schoolkey."""
    brincodes, dependancecodes, schoolkeys = (
        [text or "" for tag, text in children if tag == own] for own in _SCHOOL_TAGS
    )
    if brincodes:
        brincode, dependancecode = brincodes[0], (dependancecodes or [""])[0] or "00"
        is_single = len(brincodes) == 1 and len(dependancecodes) <= 1
        if is_single and _is_brincode(brincode) and _is_dependancecode(dependancecode):
            return SchoolReference(brincode, dependancecode, None)
    elif len(schoolkeys) == 1 and 1 <= len(schoolkeys[0]) <= _SCHOOLKEY_MAX:
        return SchoolReference(None, "00", schoolkeys[0])
    return None


def _is_brincode(text: str) -> bool:
    return _PLAIN_BRINCODE.fullmatch(text) is not None or (
        len(text) == _BRINCODE_LENGTH
        and text[:2].isdecimal()
        and all(unicodedata.category(letter) == "Lu" for letter in text[2:])
    )


def _is_dependancecode(text: str) -> bool:
    return len(text) == len("00") and text.isdecimal()
