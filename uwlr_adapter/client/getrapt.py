"""Fetch a school in steps (getrapt), and put the three answers together as the one of HaalLeerlinggegevens.

The groups are asked together, or each by itself, as a platform may do it. A person in two groups is in both answers
and once in the result. What was changed between two calls is noticed when a person differs between two answers; a
group that went or came meanwhile is a reference without a key, which our XSD finds.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from uwlr_adapter import outbound
from uwlr_adapter.client.pulling import MessageWriter, PullRequest, send
from uwlr_adapter.client.result import NAMESPACES, Payload, PullError, PullResult, moment_in, payload_of, result_of
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract import names
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.names import HAAL_LEERKRACHTEN, HAAL_LEERLINGEN, HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR
from uwlr_adapter.contract.xml import ANSWER
from uwlr_adapter.outbound import Permissions

MAX_GROEPEN = 1_000
"""Groups of a structuur that are asked for (inclusive): ten times those of the largest school."""
TOGETHER = 400
"""Groups in one request: this service reads 500 elements, of which an envelope takes fewer than 20."""
SECONDS = 600.0
"""Seconds for all calls together: a school of a hundred groups, asked one by one, at three seconds a call."""
_LG = f"{{{names.LEERLINGGEGEVENS}}}"
_DEFAULT: dict[Any, str] = {None: names.LEERLINGGEGEVENS}  # the stubs miss that a prefix may be None
_WITHOUT = (GroepReference("groep", None), GroepReference("samengestelde_groep", None))
"""Who is in no group of a kind."""


def pull_getrapt(
    endpoint: str,
    request: PullRequest,
    *,
    per_groep: bool = False,
    allow_private: bool = False,
    allow_http: bool = False,
) -> PullResult:
    """Fetch a school with HaalStructuur, HaalLeerlingen and HaalLeerkrachten, as one answer, within 10 minutes.

    All groups are asked together, or with `per_groep` each by itself. `aanmaakdatum` is the latest of the answers.
    Raises PullError as `pull` does, when the records changed between two calls, and for a request with
    `laatstontvangengegevens`, which is about one operation.
    """
    if request.laatstontvangengegevens is not None:
        raise PullError("laatstontvangengegevens is about one operation: fetch getrapt without it")
    calls = _Calls(endpoint, MessageWriter(request), Permissions(private=allow_private, plain=allow_http))
    structuur = calls.ask(HAAL_STRUCTUUR, ())
    if structuur.outcome != HAAL_STRUCTUUR.payload:
        return result_of(_answer_with(structuur.element), request.xsdversie)
    whole = etree.Element(f"{_LG}{HAAL_LEERLINGGEGEVENS.payload}", nsmap=_DEFAULT)
    groepen = list(_references(structuur.element))
    if len(groepen) > MAX_GROEPEN:
        raise PullError(f"the structuur has more than {MAX_GROEPEN} groepen")
    asked = [*groepen, *_WITHOUT]
    whole.extend(structuur.element)
    size = 1 if per_groep else TOGETHER
    for operation, record in ((HAAL_LEERLINGEN, "leerling"), (HAAL_LEERKRACHTEN, "leerkracht")):
        persons = _Persons(operation.name)
        for start in range(0, len(asked), size):
            answer = calls.ask(operation, tuple(asked[start : start + size]))
            persons.add(answer.element.findall(f"lg:{operation.parts[0]}/lg:{record}", NAMESPACES))
        if persons.elements:
            etree.SubElement(whole, f"{_LG}{operation.parts[0]}").extend(persons.elements)
    if calls.latest is not None:
        whole.find("lg:school/lg:aanmaakdatum", NAMESPACES).text = calls.latest  # type: ignore[union-attr] # it is one of them
    return result_of(_answer_with(whole), request.xsdversie)


@dataclass
class _Calls:
    """The calls of one fetch, within one time."""

    endpoint: str
    writer: MessageWriter
    permissions: Permissions
    latest: str | None = None
    """The latest aanmaakdatum of the answers."""
    _until: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    def ask(self, operation: names.Operation, groepen: tuple[GroepReference, ...]) -> Payload:
        """Make one call. Raises PullError."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise PullError(f"the calls took more than {SECONDS:g} s together")
        message = self.writer.write(operation, groepen)
        reply = send(self.endpoint, operation, message, self.permissions, min(left, outbound.SECONDS))
        payload = payload_of(reply, operation)
        moment = moment_in(payload.element)
        if moment is not None and (self.latest is None or _instant(moment) > _instant(self.latest)):
            self.latest = moment
        return payload


class _Persons:
    """The persons of the answers to one operation, each once."""

    def __init__(self, operation: str) -> None:
        self.elements: list[etree._Element] = []
        self._operation = operation
        self._known: dict[tuple[str | None, str | None], bytes] = {}
        self._octets = 0

    def add(self, found: list[etree._Element]) -> None:
        """Add the persons of one answer. Raises PullError when one differs from an earlier one, or at too many."""
        for element in found:
            identity = element.get("key"), element.get("eckid")
            content = etree.tostring(element, encoding="utf-8", with_tail=False)
            before = self._known.get(identity) if any(identity) else None
            if before is None:
                self._known[identity] = content
                self._octets += len(content)
                self.elements.append(element)
            elif before != content:
                raise PullError(f"the records changed between two calls of {self._operation}: fetch again")
        if self._octets > ANSWER.octets:
            raise PullError(f"the answers are too much to read: larger than {ANSWER.octets} bytes together")


def _references(structuur: etree._Element) -> Iterator[GroepReference]:
    """Yield the groups of a structuur."""
    for soort in ("groep", "samengestelde_groep"):
        for element in structuur.findall(f"lg:groepen/lg:{soort}", NAMESPACES):
            if key := element.get("key"):
                yield GroepReference("groep" if soort == "groep" else "samengestelde_groep", key)


def _answer_with(payload: etree._Element) -> Payload:
    """Return a payload in an answer to HaalLeerlinggegevens."""
    envelope = etree.Element(f"{{{names.SOAP11}}}Envelope", nsmap={"s": names.SOAP11})
    body = etree.SubElement(envelope, f"{{{names.SOAP11}}}Body")
    answer = etree.SubElement(body, f"{_LG}{HAAL_LEERLINGGEGEVENS.answer}", nsmap=_DEFAULT)
    answer.append(payload)
    return Payload(envelope, answer, payload)


def _instant(moment: str) -> float:
    """Return a moment in seconds; one without a zone is in Amsterdam, and one that does not exist the earliest."""
    try:
        found = datetime.fromisoformat(moment)
        return (found if found.tzinfo else found.replace(tzinfo=AMSTERDAM)).timestamp()
    except (ValueError, OverflowError):
        return float("-inf")
