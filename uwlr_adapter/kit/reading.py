"""A response, read: what kind of answer it is, and what a check may ask of it. Hostile bytes are read within limits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN
from uwlr_adapter.contract.xml import ANSWER, XmlError, parse
from uwlr_adapter.outbound import Reply

_LG = f"{{{names.LEERLINGGEGEVENS}}}"
_SOAP = f"{{{names.SOAP11}}}"
_REDIRECTS = range(300, 400)
_START = 200
"""Bytes of a body by which a web page is known."""


class AnswerKind(StrEnum):
    """The kind of a response, judged by its names alone and tolerantly: whether it is valid is for the checks."""

    DATA = "leerlinggegevens"
    NO_CHANGES = "geenwijzigingen"
    NO_DATA = "geengegevens"
    CONFIRMED = "leerresultaten_bevestiging"
    FAULT = "fault"
    OTHER = "no answer of UWLR"


@dataclass(slots=True, weakref_slot=True)
class Reading:
    """One response. `seconds` is how long it took, from the first byte that was sent to the last that came."""

    reply: Reply
    seconds: float
    _parsed: etree._Element | None = field(default=None, init=False, repr=False)
    _reason: str | None = field(default=None, init=False, repr=False)
    _is_parsed: bool = field(default=False, init=False, repr=False)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.reply.status

    @property
    def content(self) -> bytes:
        """The body, decompressed."""
        return self.reply.content

    @property
    def root(self) -> etree._Element | None:
        """The root of the document; None when the bytes are no XML, or too much of it."""
        if not self._is_parsed:
            self._is_parsed = True
            try:
                self._parsed = parse(self.content, ANSWER)
            except XmlError as error:
                self._reason = error.reason
        return self._parsed

    @property
    def reason(self) -> str | None:
        """Why the bytes cannot be read, in words of our own; None when they can."""
        return None if self.root is not None else self._reason

    @property
    def body(self) -> etree._Element | None:
        """The first element in the Body of the envelope."""
        if self.root is None or local(self.root) != "Envelope":
            return None
        body = next((child for child in self.root if local(child) == "Body"), None)
        return None if body is None else next(iter(body), None)

    @property
    def payload(self) -> etree._Element | None:
        """The first element in the answer element."""
        body = self.body
        return None if body is None or local(body) == "Fault" else next(iter(body), None)

    @property
    def kind(self) -> AnswerKind:
        """The kind of the response."""
        body = self.body
        if body is None:
            return AnswerKind.OTHER
        if local(body) == "Fault":
            return AnswerKind.FAULT
        if local(body) == BRENG_LEERRESULTATEN.answer:
            return AnswerKind.CONFIRMED
        name = "" if self.payload is None else local(self.payload)
        if name.startswith("leerlinggegevens"):
            return AnswerKind.DATA
        return {"geenwijzigingen": AnswerKind.NO_CHANGES, "geengegevens": AnswerKind.NO_DATA}.get(
            name, AnswerKind.OTHER
        )

    @property
    def fault_code(self) -> str:
        """The faultcode without its prefix; empty when there is none."""
        return self._of_fault("faultcode").rpartition(":")[2].strip()

    @property
    def fault_text(self) -> str:
        """The faultstring; it may hold anything, so that it is shown to nobody as it is."""
        return self._of_fault("faultstring").strip()

    @property
    def is_fault_of_uwlr(self) -> bool:
        """Whether this is a fault with a code that the standard made, which no toolkit sends by itself."""
        code = self.fault_code
        return "." in code and code in CODES

    @property
    def has_person(self) -> bool:
        """Whether there is a record of a person anywhere in the document, a fault included."""
        found = None if self.root is None else next(self.root.iter("{*}leerling", "{*}leerkracht"), None)
        return found is not None

    def records(self, kind: str) -> list[etree._Element]:
        """Return the records of a kind (`leerling`, `leerkracht`, `groep`, `samengestelde_groep`, `vestiging`)."""
        listed = {"leerling": "leerlingen", "leerkracht": "leerkrachten", "vestiging": "vestigingen"}
        container = self.child(listed.get(kind, "groepen"))
        return [] if container is None else [one for one in container if local(one) == kind]

    def child(self, name: str) -> etree._Element | None:
        """Return the child of the payload with a local name, whatever its namespace."""
        payload = self.payload
        return None if payload is None else next((one for one in payload if local(one) == name), None)

    def school(self, name: str) -> str | None:
        """Return the text of an element of the school block; None when it is absent."""
        school = self.child("school")
        found = None if school is None else next((one for one in school if local(one) == name), None)
        return None if found is None else (found.text or "")

    def values(self, name: str) -> Iterator[str]:
        """Yield the text of every element with a local name, in document order."""
        if self.root is not None:
            yield from (one.text or "" for one in self.root.iter(f"{{*}}{name}"))

    def holds(self, *texts: str) -> bool:
        """Return whether one of these texts stands in the body or in the value of a header; an empty one does not."""
        header = "\n".join(value for _, value in self.reply.headers)
        return any(one.encode() in self.content or one in header for one in texts if one)

    def _of_fault(self, name: str) -> str:
        body = self.body
        if body is None or local(body) != "Fault":
            return ""
        return next((one.text or "" for one in body if local(one) == name), "")


def local(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def sentence_of(reading: Reading) -> str:
    """Return what a response is, for the end of a sentence: no text of the endpoint is in it."""
    match reading.kind:
        case AnswerKind.FAULT:
            return f"a fault {known_code(reading.fault_code)} with HTTP {reading.status}"
        case AnswerKind.OTHER if reading.status in _REDIRECTS:
            return f"a redirect (HTTP {reading.status}), which is not followed"
        case AnswerKind.OTHER if _is_web_page(reading):
            return f"a web page (HTTP {reading.status})"
        case AnswerKind.OTHER if reading.reason:
            return f"HTTP {reading.status} with a body of {len(reading.content)} bytes that is {reading.reason}"
        case AnswerKind.OTHER:
            return f"HTTP {reading.status} with no answer of UWLR"
        case kind:
            return f"{kind} with HTTP {reading.status}"


def _is_web_page(reading: Reading) -> bool:
    start = reading.content[:_START].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or reading.reply.header("Content-Type").lower().startswith(
        "text/html"
    )


CODES = frozenset(
    {one.code for one in vars(fault).values() if isinstance(one, type) and hasattr(one, "code")}
    | {"Client", "Server", "Sender", "Receiver"}
)
"""The faultcodes that a sentence may repeat: those of the standard and of SOAP."""


def known_code(code: str) -> str:
    """Return a faultcode for a sentence; what is not known of one is not repeated, since it may hold anything."""
    if code in CODES:
        return code
    own, dot, _ = code.partition(".")
    if dot and own in CODES:
        return f"{own}.* (no code of the standard)"
    return "with a code that is not of the standard" if code else "without a faultcode"
