"""A message with results before the gate: the envelope, the autorisatie, and the school that it names.

A caller without access learns nothing about the rest of its message (`judging`). Of a large one no more than the head
is read before the gate (`read_head`), whatever is in it: parsing 10 MB takes as long as ten messages of a whole class,
and a stranger can send it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lxml import etree

from uwlr_adapter.contract import markup, names, repairs
from uwlr_adapter.contract.autorisatie import find_header, read_header
from uwlr_adapter.contract.fault import OngeldigBericht, VersionMismatch
from uwlr_adapter.contract.leerresultaten import repairs as own_repairs
from uwlr_adapter.contract.leerresultaten.names import OPERATIONS, tag
from uwlr_adapter.contract.leerresultaten.places import ROOT, local_name
from uwlr_adapter.contract.request import Call, SchoolReference, Tree, find_school, unwrap
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import Limits, XmlError, parse

MESSAGE = Limits(octets=10 * 1024 * 1024, depth=16, elements=400_000, attributes=32, instructions=False)
"""For a message with results: 10 MiB is fifty times a class of 30 with 40 results each, which has 6,000 elements."""
HEAD_OCTETS = 16 * 1024
"""Of a longer message the head is read by itself: so many bytes at its beginning hold the header and the school. What a
stranger puts in them takes less than a good request."""
_PIECE = 4 * 1024
_ABOVE_SCHOOL = 3
"""Elements around the school: the envelope, its Body and the request."""
_ENVELOPE = f"{{{names.SOAP11}}}Envelope"
_ANY_ENVELOPE, _ANY_BODY = "{*}Envelope", "{*}Body"
_SCHOOL_TAGS = tuple(map(tag, ("brincode", "dependancecode", "schoolkey")))
MAX_CHILDREN = 24
"""Children of the autorisatie, and of the school block, that are repaired and judged, inclusive: a stranger chooses how
many there are. A valid one has eight at most."""


class _Reading(NamedTuple):
    """How a message is read: `operations` are those of the service, by the tag of the request."""

    data: bytes
    charset: str | None
    strict: bool
    operations: Mapping[str, names.Operation]
    limits: Limits


def read(
    data: bytes,
    charset: str | None = None,
    *,
    strict: bool = False,
    operations: Mapping[str, names.Operation] = OPERATIONS,
    limits: Limits = MESSAGE,
) -> Call:
    """Read a message into its header and body; `charset` is that of the transport, if any.

    Raises, in this order: OngeldigBericht (no XML of ours, no envelope, no single body element, unknown operation),
    VersionMismatch, MustUnderstand, AutorisatieOnvolledig.
    """
    try:
        root = parse(data, limits, charset)
    except XmlError as error:
        place = f"bericht:{error.line}" if error.line and data else "bericht"
        raise OngeldigBericht(Finding(place, error.rule if data else Rule.EMPTY)) from error
    return _call(root, _Reading(data, charset, strict, operations, limits))


def read_head(
    data: bytes,
    charset: str | None = None,
    *,
    strict: bool = False,
    operations: Mapping[str, names.Operation] = OPERATIONS,
    limits: Limits = MESSAGE,
) -> Call:
    """Read a message as `read` does, but of a large one nothing behind the school: its `tree` is then None.

    Raises as `read` does; what is wrong behind the school of a large message is seen by `judge`, after the gate. The
    first HEAD_OCTETS of a large message must hold its header and its school.
    """
    if not HEAD_OCTETS < len(data) <= limits.octets:
        return read(data, charset, strict=strict, operations=operations, limits=limits)
    root = _parse_head(data, charset, limits)
    if root.find(_ANY_BODY) is None and root.tag == _ENVELOPE:
        raise OngeldigBericht(Finding("bericht", Rule.TOO_MUCH))
    call = _call(root, _Reading(data, charset, strict, operations, limits))
    if call.school is None and call.tree is not None and call.tree.body.find(tag("school")) is None:
        raise OngeldigBericht(Finding(f"{ROOT}/school", Rule.PLACE))
    return replace(call, tree=None)


def in_whole(call: Call) -> Tree:
    """Return the tree of a call; where only the head was read, the whole is read now. Raises as `read` does."""
    if call.tree is not None:
        return call.tree
    whole = _reread(call, strict=call.strict)
    if whole.tree is None or (whole.autorisatie, whole.school) != (call.autorisatie, call.school):
        raise OngeldigBericht(Finding("bericht", Rule.XML))  # the head is a part of the whole: this cannot be
    return whole.tree


def reread_strictly(call: Call) -> Call:
    """Read a call again without repairs, of a large one its head. Raises as `read_head` does."""
    operations = {call.operation.request_tag: call.operation}
    return read_head(call.message, call.charset, strict=True, operations=operations, limits=call.limits)


def school_finding(call: Call) -> Finding:
    """Return what is wrong with the school in a body, for a call that names none of the right form (row 6)."""
    tree = call.tree
    body = unwrap(_parse_head(call.message, call.charset, call.limits))[1] if tree is None else tree.body
    block = body.find(tag("school"))
    if block is None or len(block) > MAX_CHILDREN:
        return Finding(f"{ROOT}/school", Rule.ABSENT if block is None else Rule.TOO_MUCH)
    found = find_school([(str(child.tag), child.text) for child in block], _SCHOOL_TAGS)
    name, rule = ("brincode", Rule.ABSENT) if isinstance(found, SchoolReference) else found
    return Finding(f"{ROOT}/school/{name}", rule)


def _reread(call: Call, *, strict: bool) -> Call:
    operations = {call.operation.request_tag: call.operation}
    return read(call.message, call.charset, strict=strict, operations=operations, limits=call.limits)


def _call(root: etree._Element, reading: _Reading) -> Call:
    """Return the call in a parsed envelope. Raises as `read` does."""
    soap_header, body = unwrap(root)
    operation = reading.operations.get(str(body.tag))
    if operation is None:
        known = {one.request for one in reading.operations.values()}
        name, rule = (local_name(body), Rule.NAMESPACE) if local_name(body) in known else ("*", Rule.OPERATION)
        raise OngeldigBericht(Finding(f"Envelope/Body/{name}", rule))
    if root.tag != _ENVELOPE:
        raise VersionMismatch(Finding("Envelope", Rule.SOAP))
    header = find_header(soap_header)
    block = _school_block(body)
    needed: list[str] = []
    if not reading.strict:
        needed += repairs.apply_repairs(header, repairs.HEADER_REPAIRS) if len(header) <= MAX_CHILDREN else ()
        needed += () if block is None else repairs.apply_repairs(block, own_repairs.SCHOOL_REPAIRS)
    children = [] if block is None else [(str(child.tag), child.text) for child in block]
    school = find_school(children, _SCHOOL_TAGS)
    return Call(
        operation=operation,
        autorisatie=read_header(header),
        school=school if isinstance(school, SchoolReference) else None,
        values={child_tag.rpartition("}")[2]: text or "" for child_tag, text in reversed(children)},
        tree=Tree(header, body),
        message=reading.data,
        charset=reading.charset,
        limits=reading.limits,
        repairs=tuple(dict.fromkeys(needed)),
        strict=reading.strict,
    )


def _school_block(body: etree._Element) -> etree._Element | None:
    """Return the school block of a request, unless it has more children than are looked at."""
    block = body.find(tag("school"))
    return block if block is not None and len(block) <= MAX_CHILDREN else None


def _parse_head(data: bytes, charset: str | None, limits: Limits) -> etree._Element:
    """Return the envelope of a large message, parsed up to the end of the school, or as far as its head goes.

    The beginning is refused for the same things as a whole message, and by a parser that expands and fetches as little.
    Raises OngeldigBericht.
    """
    head, encoding = _head_of(data, charset, limits)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=(_ANY_ENVELOPE, tag("school")),
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        collect_ids=False,
    )
    try:
        return _root_in(head, parser)
    except etree.XMLSyntaxError as error:
        line = error.position[0] or 0
        raise OngeldigBericht(Finding(f"bericht:{line}" if line > 0 else "bericht", Rule.XML)) from None
    except LookupError:
        raise OngeldigBericht(Finding("bericht", Rule.CHARSET)) from None


def _head_of(data: bytes, charset: str | None, limits: Limits) -> tuple[bytes, str]:
    """Return the beginning of a message and its encoding, for a parser. Raises OngeldigBericht."""
    encoding = markup.encoding_of(data, charset)
    if encoding is None:
        raise OngeldigBericht(Finding("bericht", Rule.CHARSET))
    head = markup.without_mark(data[:HEAD_OCTETS])
    if encoding.startswith("utf-16"):
        head, encoding = head.decode(encoding, "ignore").encode(), "utf-8"
    reason = markup.refusal(head, limits.elements, limits.attributes, instructions=limits.instructions)
    if reason not in {None, markup.NOT_WELL_FORMED}:  # whether it is well-formed the parser says: the head is cut off
        raise OngeldigBericht(Finding("bericht", XmlError(reason or "").rule))
    return head, encoding


def _root_in(head: bytes, parser: Any) -> etree._Element:  # noqa: ANN401 - the stubs know no events of a feed
    """Return the envelope, parsed up to the end of the school. Raises OngeldigBericht or what the parser raises."""
    root: etree._Element | None = None
    for start in range(0, len(head), _PIECE):
        parser.feed(head[start : start + _PIECE])
        for event, element in parser.read_events():
            if element.getparent() is None:
                root = element
            elif event == "end" and len(list(element.iterancestors())) == _ABOVE_SCHOOL and root is not None:
                return root
    if root is None:
        raise OngeldigBericht(Finding("Envelope", Rule.ABSENT))
    return root
