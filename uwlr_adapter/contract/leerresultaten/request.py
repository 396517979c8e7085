"""A message with results in three steps: `read` takes the envelope apart, `judge` reads the request, `check` its sense.

The gate stands after the first, so that a caller without access learns nothing about its message; the leerlingen are
looked up after the second, since what is wrong with them goes before what is wrong with a norm or a score.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import NamedTuple

from lxml import etree

from uwlr_adapter.contract import names, repairs, schemas, versions
from uwlr_adapter.contract.autorisatie import find_header, read_header
from uwlr_adapter.contract.fault import (
    Fault,
    OngeldigBericht,
    ScoreOngeldig,
    ToetsNormeringOngeldig,
    VersionMismatch,
    XsdVersieOngeldig,
)
from uwlr_adapter.contract.leerresultaten import repairs as own_repairs
from uwlr_adapter.contract.leerresultaten import schema
from uwlr_adapter.contract.leerresultaten.agreement import find_contradiction
from uwlr_adapter.contract.leerresultaten.keys import find_broken_key, keys_hold
from uwlr_adapter.contract.leerresultaten.names import OPERATIONS, tag
from uwlr_adapter.contract.leerresultaten.places import ROOT, local_name
from uwlr_adapter.contract.leerresultaten.reader import Reader, Unreadable
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.leerresultaten.schema import XsdError
from uwlr_adapter.contract.request import Call, SchoolReference, Tree, find_school, unwrap
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import Limits, XmlError, parse

MESSAGE = Limits(octets=10 * 1024 * 1024, depth=16, elements=400_000, attributes=32, instructions=False)
"""For a message with results: 10 MiB is fifty times a class of 30 with 40 results each, which has 6,000 elements."""
_ENVELOPE = f"{{{names.SOAP11}}}Envelope"
_SCHOOL_TAGS = tuple(map(tag, ("brincode", "dependancecode", "schoolkey")))
_MAX_CHILDREN = 24
"""Children of the autorisatie, and of the school block, that are repaired and judged, inclusive: a stranger chooses how
many there are. A valid one has eight at most."""


class JudgedResults(NamedTuple):
    """A valid message, and the ids of the repairs that it needed."""

    leerresultaten: Leerresultaten
    repairs: tuple[str, ...]


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
    root = _parse(data, limits, charset)
    soap_header, body = unwrap(root)
    operation = operations.get(str(body.tag))
    if operation is None:
        known = {one.request for one in operations.values()}
        name, rule = (local_name(body), Rule.NAMESPACE) if local_name(body) in known else ("*", Rule.OPERATION)
        raise OngeldigBericht(Finding(f"Envelope/Body/{name}", rule))
    if root.tag != _ENVELOPE:
        raise VersionMismatch(Finding("Envelope", Rule.SOAP))
    header = find_header(soap_header)
    block = _school_block(body)
    needed: list[str] = []
    if not strict:
        needed += repairs.apply_repairs(header, repairs.HEADER_REPAIRS) if len(header) <= _MAX_CHILDREN else ()
        needed += () if block is None else repairs.apply_repairs(block, own_repairs.SCHOOL_REPAIRS)
    children = [] if block is None else [(str(child.tag), child.text) for child in block]
    school = find_school(children, _SCHOOL_TAGS)
    return Call(
        operation=operation,
        autorisatie=read_header(header),
        school=school if isinstance(school, SchoolReference) else None,
        values={child_tag.rpartition("}")[2]: text or "" for child_tag, text in reversed(children)},
        tree=Tree(header, body),
        message=data,
        charset=charset,
        limits=limits,
        repairs=_once(needed),
        strict=strict,
    )


def reread_strictly(call: Call) -> Call:
    """Read a call again without repairs. Raises as `read` does."""
    operations = {call.operation.request_tag: call.operation}
    return read(call.message, call.charset, strict=True, operations=operations, limits=call.limits)


def school_finding(call: Call) -> Finding:
    """Return what is wrong with the school in a body, for a call that names none of the right form (row 6)."""
    block = None if call.tree is None else call.tree.body.find(tag("school"))
    if block is None or len(block) > _MAX_CHILDREN:
        return Finding(f"{ROOT}/school", Rule.ABSENT if block is None else Rule.TOO_MUCH)
    found = find_school([(str(child.tag), child.text) for child in block], _SCHOOL_TAGS)
    name, rule = ("brincode", Rule.ABSENT) if isinstance(found, SchoolReference) else found
    return Finding(f"{ROOT}/school/{name}", rule)


def judge(call: Call) -> JudgedResults:
    """Validate a call and read it: by the schema, by its version, and by what it says twice.

    Raises OngeldigBericht, XsdVersieOngeldig, and, where every error of the schema lies in a norm or a score,
    ToetsNormeringOngeldig or ScoreOngeldig.
    """
    if call.tree is None:
        raise OngeldigBericht(Finding(ROOT, Rule.ABSENT))
    header, body = call.tree
    if len(header) > _MAX_CHILDREN:
        raise OngeldigBericht(Finding("autorisatie", Rule.TOO_MUCH))
    if (found := schemas.AUTORISATIE.first(header)) is not None:
        raise OngeldigBericht(found)
    body, leerresultaten, unread, needed = _read_repaired(body, strict=call.strict)
    if leerresultaten is None or not keys_hold(leerresultaten):
        _refuse_broken_keys(body, unread)
    if leerresultaten is None or not schema.is_valid(body):
        leerresultaten = _read_by_schema(body, unread)
    versie = leerresultaten.school.xsdversie
    if versie not in versions.BY_NAME:
        raise XsdVersieOngeldig(Finding(f"{ROOT}/school/xsdversie", Rule.VERSION))
    if (contradiction := find_contradiction(leerresultaten)) is not None:
        raise OngeldigBericht(contradiction)
    return JudgedResults(leerresultaten, _once([*call.repairs, *needed]))


def _refuse_broken_keys(body: etree._Element, unread: Unreadable | None) -> None:
    """Raise OngeldigBericht when a key is there twice or a reference names none."""
    broken = find_broken_key(body)
    if broken is not None and unread is not None and unread.finding.rule is Rule.ABSENT:
        raise OngeldigBericht(unread.finding)  # where toetsen are absent, nothing can be referred to
    if broken is not None:
        raise OngeldigBericht(broken)


class _Attempt(NamedTuple):
    """A request that was read, or why it could not be, with the repairs that were made for it."""

    body: etree._Element
    leerresultaten: Leerresultaten | None
    unread: Unreadable | None
    repairs: tuple[str, ...]


def _read_repaired(body: etree._Element, *, strict: bool) -> _Attempt:
    """Read a request as it is, and once more, repaired, where it needs that. The tree of the call is left alone."""
    attempt, spaced = _attempt(body)
    if attempt.unread is None and (strict or not spaced):
        return attempt
    body = deepcopy(body)
    own_repairs.fold(body)
    needed = () if strict else repairs.apply_repairs(body, own_repairs.BODY_REPAIRS)
    return _attempt(body)[0]._replace(repairs=needed)


def _attempt(body: etree._Element) -> tuple[_Attempt, bool]:
    reader = Reader(body)
    try:
        return _Attempt(body, reader.read(), None, ()), reader.spaced
    except Unreadable as error:
        return _Attempt(body, None, error, ()), reader.spaced


def _read_by_schema(body: etree._Element, unread: Unreadable | None) -> Leerresultaten:
    """Return a request that the reader did not read as plain, if the XSD says that it is valid. Raises Fault."""
    errors = schema.errors(body)
    try:
        if not errors:
            return Reader(body, lenient=True).read()
    except Unreadable as error:  # larger than we read, though no XSD says so
        raise _fault_of([XsdError(error.element, error.finding.rule)], error.finding)(error.finding) from None
    finding = Finding(ROOT, errors[0].rule) if unread is None else unread.finding
    fault = _fault_of(errors, finding)
    if fault is not OngeldigBericht and _version(body) not in versions.BY_NAME:
        raise XsdVersieOngeldig(Finding(f"{ROOT}/school/xsdversie", Rule.VERSION))
    raise fault(finding)


def _fault_of(errors: list[XsdError], finding: Finding) -> type[Fault]:
    """Return the fault of a message with these errors: the specific one where none lies elsewhere, norms first."""
    if all(error.of_score for error in errors):
        return ScoreOngeldig
    is_norm = "/norm[" in finding.path or finding.path.endswith("/score")
    if is_norm and all(error.of_norm or error.of_score for error in errors):
        return ToetsNormeringOngeldig
    return OngeldigBericht


def _version(body: etree._Element) -> str | None:
    return body.findtext(f"{tag('school')}/{tag('xsdversie')}")


def _school_block(body: etree._Element) -> etree._Element | None:
    """Return the school block of a request, unless it has more children than are looked at."""
    block = body.find(tag("school"))
    return block if block is not None and len(block) <= _MAX_CHILDREN else None


def _parse(data: bytes, limits: Limits, charset: str | None) -> etree._Element:
    try:
        return parse(data, limits, charset)
    except XmlError as error:
        place = f"bericht:{error.line}" if error.line and data else "bericht"
        raise OngeldigBericht(Finding(place, error.rule if data else Rule.EMPTY)) from error


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
