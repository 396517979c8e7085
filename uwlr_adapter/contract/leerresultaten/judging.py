"""A message with results judged: read as records, by the schema, by its version, and by what it says twice.

The leerlingen are looked up after this, and `agreement.check` comes after that: what is wrong with a leerling goes
before what is wrong with a norm or a score.
"""

from copy import deepcopy
from typing import NamedTuple

from lxml import etree

from uwlr_adapter.contract import repairs, schemas, versions
from uwlr_adapter.contract.fault import (
    Fault,
    OngeldigBericht,
    ScoreOngeldig,
    ToetsNormeringOngeldig,
    XsdVersieOngeldig,
)
from uwlr_adapter.contract.leerresultaten import repairs as own_repairs
from uwlr_adapter.contract.leerresultaten import schema
from uwlr_adapter.contract.leerresultaten.agreement import find_contradiction
from uwlr_adapter.contract.leerresultaten.keys import find_broken_key, keys_hold
from uwlr_adapter.contract.leerresultaten.names import tag
from uwlr_adapter.contract.leerresultaten.places import ROOT
from uwlr_adapter.contract.leerresultaten.reader import Reader, Unreadable
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.leerresultaten.request import MAX_CHILDREN, in_whole
from uwlr_adapter.contract.leerresultaten.schema import XsdError
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

_NORM = "normering/norm["
"""Stands in the path of each norm."""


class JudgedResults(NamedTuple):
    """A valid message, and the ids of the repairs that it needed."""

    leerresultaten: Leerresultaten
    repairs: tuple[str, ...]


def judge(call: Call) -> JudgedResults:
    """Validate a call and read it: by the schema, by its version, and by what it says twice.

    Raises OngeldigBericht, XsdVersieOngeldig, and, where every error of the schema lies in a norm or a score,
    ToetsNormeringOngeldig or ScoreOngeldig. Of a call of which only the head was read, the rest is read here; that
    raises as `request.read` does.
    """
    header, body = in_whole(call)
    if len(header) > MAX_CHILDREN:
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
    return JudgedResults(leerresultaten, tuple(dict.fromkeys([*call.repairs, *needed])))


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
    if not errors:
        try:
            return Reader(body, lenient=True).read()
        except Unreadable as error:  # larger than we read, though no XSD says so
            unread, errors = error, [XsdError(error.element, error.finding.rule)]
    fault = _fault_of(errors, Finding(ROOT, errors[0].rule) if unread is None else unread.finding, body)
    if not isinstance(fault, OngeldigBericht) and _version(body) not in versions.BY_NAME:
        raise XsdVersieOngeldig(Finding(f"{ROOT}/school/xsdversie", Rule.VERSION))
    raise fault


def _fault_of(errors: list[XsdError], finding: Finding, body: etree._Element) -> Fault:
    """Return the fault of a message with these errors: the specific one where none lies elsewhere, norms first.

    `finding` is the first thing that was not read.
    """
    if all(error.of_norm or error.of_score for error in errors):
        if finding.path.endswith("/score") and all(error.of_score for error in errors):
            return ScoreOngeldig(finding)
        of_norm = _first_of_definitions(body)
        if of_norm is not None and _NORM in of_norm.path:
            return ToetsNormeringOngeldig(of_norm)
    return OngeldigBericht(finding)


def _first_of_definitions(body: etree._Element) -> Finding | None:
    """Return the first thing in the definitions that is not read, None when all of them are."""
    try:
        Reader(body, lenient=True).read_definitions()
    except Unreadable as error:
        return error.finding
    return None


def _version(body: etree._Element) -> str | None:
    return body.findtext(f"{tag('school')}/{tag('xsdversie')}")
