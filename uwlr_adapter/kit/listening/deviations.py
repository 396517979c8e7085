"""Deviations of one request: a table with the check that is meant for each.

A deviation that the standard refuses is a must. One that known clients send, and that this service repairs
(docs/reference/repairs.md), is a should, and so is one of which only this service says that it is refused.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum, auto

from uwlr_adapter.kit.checks import Level


class Stage(IntEnum):
    """How far a request came. A check of a later stage says nothing about a request that stopped before it."""

    HTTP = 1
    SOAP = 2
    """Its body was taken for a message."""
    HEADER = 3
    """It is one envelope with one request."""
    BODY = 4
    """Its autorisatie was read, and its request is judged."""


class Deviation(StrEnum):
    """One way in which a request differs from the standard."""

    METHOD = auto()
    PATH = auto()
    MEDIA_REFUSED = auto()
    MEDIA_TYPE = auto()
    NO_CHARSET = auto()
    CHARSET = auto()
    CODING = auto()
    NO_ACTION = auto()
    ACTION = auto()
    ACTION_QUOTES = auto()
    SIZE = auto()
    CUT = auto()

    NO_XML = auto()
    EMPTY = auto()
    DTD = auto()
    TOO_MUCH = auto()
    ENVELOPE = auto()
    SOAP_VERSION = auto()
    MUST_UNDERSTAND = auto()
    OPERATION = auto()
    NAMESPACE = auto()

    NO_HEADER = auto()
    TWO_HEADERS = auto()
    HEADER_NAMESPACE = auto()
    PART_ABSENT = auto()
    PART_DOUBLED = auto()
    PART_EMPTY = auto()
    PART_MORE = auto()
    PARTS_UNQUALIFIED = auto()
    PARTS_ORDER = auto()
    KLANT = auto()
    SLEUTEL = auto()

    SCHOOL = auto()
    SCHOOLJAAR = auto()
    VERSION = auto()
    SET = auto()
    MOMENT = auto()
    GROEPEN = auto()
    DOUBLED = auto()
    UNKNOWN = auto()
    UNQUALIFIED = auto()
    CONTENT = auto()
    WHITE_SPACE = auto()
    EMPTY_OPTIONAL = auto()
    TWO_SCHOOLS = auto()
    NO_VERSION = auto()
    ORDER = auto()
    NO_YEAR = auto()


@dataclass(frozen=True, slots=True)
class RequestRule:
    """The check of one deviation: its chapter and number, what must hold, and its rules of the conformance list."""

    chapter: str
    number: int
    stage: Stage
    title: str
    rules: tuple[str, ...]
    level: Level = Level.MUST


_SHOULD, _INFORMATION = Level.SHOULD, Level.INFORMATION
_D = Deviation
RULES: dict[Deviation, RequestRule] = {
    _D.METHOD: RequestRule("CHTTP", 1, Stage.HTTP, "A request is a POST", ("R-002",)),
    _D.PATH: RequestRule("CHTTP", 2, Stage.HTTP, "A request goes to the address of the service", ("R-012",), _SHOULD),
    _D.MEDIA_REFUSED: RequestRule("CHTTP", 3, Stage.HTTP, "The body of a request is called XML", ("R-002",)),
    _D.MEDIA_TYPE: RequestRule(
        "CHTTP", 4, Stage.HTTP, "The Content-Type of a request is text/xml", ("R-002",), _SHOULD
    ),
    _D.NO_CHARSET: RequestRule("CHTTP", 5, Stage.HTTP, "The Content-Type names the charset", ("R-010",), _SHOULD),
    _D.CHARSET: RequestRule("CHTTP", 6, Stage.SOAP, "The bytes are in the charset that is named", ("R-010",)),
    _D.CODING: RequestRule("CHTTP", 7, Stage.HTTP, "The body of a request is not compressed", ("R-002",)),
    _D.NO_ACTION: RequestRule("CHTTP", 8, Stage.HTTP, "A request has a SOAPAction", ("R-009", "R-013"), _SHOULD),
    _D.ACTION: RequestRule(
        "CHTTP", 9, Stage.HEADER, "The SOAPAction is the published one of the operation", ("R-009", "R-013"), _SHOULD
    ),
    _D.ACTION_QUOTES: RequestRule("CHTTP", 10, Stage.HTTP, "The SOAPAction is in quotes", ("R-009",), _INFORMATION),
    _D.SIZE: RequestRule("CHTTP", 11, Stage.HTTP, "A request is 64 kB at most", ("R-003",), _SHOULD),
    _D.CUT: RequestRule("CHTTP", 12, Stage.HTTP, "The body of a request comes whole", ("R-011",)),
    _D.NO_XML: RequestRule("CSOAP", 1, Stage.SOAP, "A message is well-formed XML", ("R-005",)),
    _D.EMPTY: RequestRule("CSOAP", 2, Stage.SOAP, "A message is not empty", ("R-005",)),
    _D.DTD: RequestRule(
        "CSOAP", 3, Stage.SOAP, "A message has no document type and no processing instruction", ("R-005",)
    ),
    _D.TOO_MUCH: RequestRule(
        "CSOAP",
        4,
        Stage.SOAP,
        "A message has no more elements, attributes and nesting than a request needs",
        ("R-005",),
    ),
    _D.ENVELOPE: RequestRule(
        "CSOAP", 5, Stage.SOAP, "A message is one envelope with one request in its Body", ("R-004",)
    ),
    _D.SOAP_VERSION: RequestRule("CSOAP", 6, Stage.SOAP, "A message is one of SOAP 1.1", ("R-006",)),
    _D.MUST_UNDERSTAND: RequestRule(
        "CSOAP", 7, Stage.SOAP, "No header but the autorisatie must be understood", ("R-007",)
    ),
    _D.OPERATION: RequestRule("CSOAP", 8, Stage.SOAP, "The request is one of the WSDL", ("R-004", "R-033")),
    _D.NAMESPACE: RequestRule("CSOAP", 9, Stage.SOAP, "The request is in the namespace of the WSDL", ("R-004",)),
    _D.NO_HEADER: RequestRule("CSOAP", 21, Stage.HEADER, "A request has an autorisatie", ("R-018", "R-019")),
    _D.TWO_HEADERS: RequestRule("CSOAP", 22, Stage.HEADER, "A request has one autorisatie", ("R-018", "R-019")),
    _D.HEADER_NAMESPACE: RequestRule(
        "CSOAP", 23, Stage.HEADER, "The autorisatie is in its own namespace", ("R-018", "R-019")
    ),
    _D.PART_ABSENT: RequestRule("CSOAP", 24, Stage.HEADER, "The autorisatie has its three parts", ("R-018",)),
    _D.PART_DOUBLED: RequestRule("CSOAP", 25, Stage.HEADER, "Each part of the autorisatie is there once", ("R-018",)),
    _D.PART_EMPTY: RequestRule("CSOAP", 26, Stage.HEADER, "No part of the autorisatie is empty", ("R-018",)),
    _D.PART_MORE: RequestRule(
        "CSOAP", 27, Stage.HEADER, "The autorisatie has nothing beside its parts, of 64 characters at most", ("R-018",)
    ),
    _D.PARTS_UNQUALIFIED: RequestRule(
        "CSOAP", 28, Stage.HEADER, "The parts of the autorisatie are in its namespace", ("R-018", "R-036"), _SHOULD
    ),
    _D.PARTS_ORDER: RequestRule(
        "CSOAP", 29, Stage.HEADER, "The parts of the autorisatie are in their order", ("R-018", "R-036"), _SHOULD
    ),
    _D.KLANT: RequestRule("CSOAP", 31, Stage.BODY, "Klantnaam and klantcode are the given ones", ("R-020",)),
    _D.SLEUTEL: RequestRule(
        "CSOAP", 32, Stage.BODY, "The autorisatiesleutel is the given one, for the school in the request", ("R-021",)
    ),
    _D.SCHOOL: RequestRule("CREQ", 1, Stage.BODY, "A request names its school in the right form", ("R-028", "R-034")),
    _D.SCHOOLJAAR: RequestRule("CREQ", 2, Stage.BODY, "A request names a schooljaar of two years", ("R-029", "R-032")),
    _D.VERSION: RequestRule("CREQ", 3, Stage.BODY, "A request asks a version that exists", ("R-040", "R-041")),
    _D.SET: RequestRule("CREQ", 4, Stage.BODY, "A gegevenssetid has 1 to 64 characters", ("R-029",)),
    _D.MOMENT: RequestRule(
        "CREQ", 5, Stage.BODY, "A laatstontvangengegevens is an xs:dateTime that exists", ("R-029",)
    ),
    _D.GROEPEN: RequestRule(
        "CREQ", 6, Stage.BODY, "A request by groups names groups, each by a key or by none", ("R-098",)
    ),
    _D.DOUBLED: RequestRule("CREQ", 7, Stage.BODY, "Each element of a request is there once", ("R-029", "R-037")),
    _D.UNKNOWN: RequestRule(
        "CREQ", 8, Stage.BODY, "A request has the elements of its operation and no other ones", ("R-029",)
    ),
    _D.UNQUALIFIED: RequestRule(
        "CREQ", 9, Stage.BODY, "The elements of a request are in the namespace of the request", ("R-029",)
    ),
    _D.CONTENT: RequestRule(
        "CREQ", 10, Stage.BODY, "The elements of a request hold a value and nothing else", ("R-029",)
    ),
    _D.WHITE_SPACE: RequestRule("CREQ", 21, Stage.BODY, "No value has white space around it", ("R-036",), _SHOULD),
    _D.EMPTY_OPTIONAL: RequestRule("CREQ", 22, Stage.BODY, "An absent value is an absent element", ("R-036",), _SHOULD),
    _D.TWO_SCHOOLS: RequestRule(
        "CREQ", 23, Stage.BODY, "A request has a brincode or a schoolkey, and not both", ("R-034", "R-036"), _SHOULD
    ),
    _D.NO_VERSION: RequestRule("CREQ", 24, Stage.BODY, "A request says which version it asks", ("R-036",), _SHOULD),
    _D.ORDER: RequestRule("CREQ", 25, Stage.BODY, "The elements of a request are in their order", ("R-036",), _SHOULD),
    _D.NO_YEAR: RequestRule("CREQ", 26, Stage.BODY, "A request says which schooljaar it asks", ("R-036",), _SHOULD),
}
"""The check of each deviation."""
BY_REPAIR = {
    "kop-namespace": _D.PARTS_UNQUALIFIED,
    "kop-volgorde": _D.PARTS_ORDER,
    "witruimte": _D.WHITE_SPACE,
    "leeg": _D.EMPTY_OPTIONAL,
    "brincode-wint": _D.TWO_SCHOOLS,
    "xsdversie": _D.NO_VERSION,
    "volgorde": _D.ORDER,
    "schooljaar": _D.NO_YEAR,
}
"""The deviation that each repair mends."""
