"""Requests: one error each, at every facet of the schema, and what known clients send beside it.

A request with one error must be refused with Client.OngeldigBericht. Of some deviations it is known that clients send
them and that a LAS answers what was meant: these may be either.
"""

from collections.abc import Callable
from typing import Final

from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.contract.names import HAAL_LEERKRACHTEN, HAAL_LEERLINGEN
from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.message import KitMessage
from uwlr_adapter.kit.reading import AnswerKind, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import (
    ANSWERED,
    ANSWERS,
    BAD,
    NO_ACCESS,
    NO_VERSION,
    SINCE,
    require_answered,
    require_refused,
)

SUITE = Suite("verzoek", "REQ", "Requests")
_XS = "http://www.w3.org/2001/XMLSchema"
Change = Callable[[KitMessage], KitMessage]


def _text(old: str, new: str) -> Change:
    return lambda message: message.edited(lambda text: text.replace(old, new, 1))


def _child(name: str, text: str) -> Change:
    return lambda message: message.with_child(name, text)


def _first(message: KitMessage, inner: str) -> KitMessage:
    """Put XML before the first child of the request."""
    opening = f'<lg:{message.operation.request} xmlns:lg="{names.LEERLINGGEGEVENS}">'
    return message.edited(lambda text: text.replace(opening, opening + inner, 1))


def _last(message: KitMessage, inner: str) -> KitMessage:
    """Put XML behind the last child of the request."""
    closing = f"</lg:{message.operation.request}>"
    return message.edited(lambda text: text.replace(closing, inner + closing, 1))


def _small_letters(message: KitMessage) -> KitMessage:
    return message.with_child("brincode", (message.value("brincode") or "").lower())


def _schooljaar_twice(message: KitMessage) -> KitMessage:
    return _first(message, f"<lg:schooljaar>{message.value('schooljaar')}</lg:schooljaar>")


def _bare_schooljaar(message: KitMessage) -> KitMessage:
    return message.edited(lambda text: text.replace("lg:schooljaar>", "schooljaar>"))


def _version_first(message: KitMessage) -> KitMessage:
    version = message.value("xsdversie")
    return _first(message.without("xsdversie"), f"<lg:xsdversie>{version}</lg:xsdversie>")


_MUTATIONS: Final[tuple[tuple[int, str, tuple[str, ...], Change], ...]] = (
    (1, "a schooljaar of one year", (BAD,), _child("schooljaar", "2026")),
    (2, "a schooljaar with letters", (BAD,), _child("schooljaar", "2026-zevn")),
    (3, "a schooljaar with another sign", (BAD,), _child("schooljaar", "2026/2027")),
    (4, "a schooljaar that begins with 3", (BAD,), _child("schooljaar", "3026-3027")),
    (5, "no schooljaar", (BAD,), lambda message: message.without("schooljaar")),
    (6, "a brincode in small letters", (BAD, NO_ACCESS), _small_letters),
    (7, "a brincode of three characters", (BAD, NO_ACCESS), _child("brincode", "21Q")),
    (8, "a brincode of five characters", (BAD, NO_ACCESS), _child("brincode", "21QWX")),
    (9, "a dependancecode of one digit", (BAD, NO_ACCESS), _child("dependancecode", "0")),
    (10, "a dependancecode of letters", (BAD, NO_ACCESS), _child("dependancecode", "AB")),
    (11, "no school", (BAD, NO_ACCESS), lambda message: message.without("brincode", "dependancecode")),
    (12, "an xsdversie of 33 characters", (BAD, NO_VERSION), _child("xsdversie", "2." + "2" * 31)),
    (13, "a gegevenssetid of 65 characters", (BAD,), _child("gegevenssetid", "s" * 65)),
    (14, "a laatstontvangengegevens that is no moment", (BAD,), _child(SINCE, "gisteren")),
    (15, "a laatstontvangengegevens that is a date only", (BAD,), _child(SINCE, "2026-09-01")),
    (16, "a laatstontvangengegevens on 31 February", (BAD,), _child(SINCE, "2026-02-31T10:00:00")),
    (17, "an unknown element", (BAD,), lambda message: _last(message, "<lg:onbekend/>")),
    (18, "a schooljaar twice", (BAD,), _schooljaar_twice),
    (
        19,
        "an element of another namespace",
        (BAD,),
        lambda m: _last(m, '<x:vreemd xmlns:x="urn:uwlr-adapter:onbekend"/>'),
    ),
    (20, "text between the elements", (BAD,), lambda message: _last(message, "tekst")),
    (21, "an unknown attribute", (BAD,), _text("<lg:schooljaar>", '<lg:schooljaar soort="x">')),
    (22, "an element inside a value", (BAD,), _text("<lg:xsdversie>", "<lg:xsdversie><lg:x/>")),
    (
        23,
        "groepen where they have no place",
        (BAD,),
        lambda m: _last(m, '<lg:groepen><lg:groep key="x"/></lg:groepen>'),
    ),
    (24, "a schooljaar without a namespace", (BAD,), _bare_schooljaar),
)
"""Number, what is wrong, the codes that refuse it (that of the standard first), and how to make it.

A LAS may look for the school before it looks at the form of its code, and find none.
"""


def _add_mutation(number: int, what: str, codes: tuple[str, ...], change: Change) -> None:
    @SUITE.check(number, f"A request with {what} is refused", "R-029", "R-030", after=(ANSWERS,))
    def mutation(session: Session) -> None:
        require_refused(session.call(change(session.usual)), f"A request with {what}", *codes)


for _mutation in _MUTATIONS:
    _add_mutation(*_mutation)


@SUITE.check(25, "A request with an xsi:type that no schema has is refused", "R-029", "R-031", after=(ANSWERS,))
def unknown_type(session: Session) -> None:
    """Say that the schooljaar is of a type of our own invention."""
    reading = session.call(_typed(session.usual, "schooljaar", "lg:uwlr-kit-onbekend"))
    require_refused(reading, "A request with an xsi:type that no schema has", BAD)


@SUITE.check(
    26,
    "A valid request that names the type of a value (xsi:type) is answered",
    "R-031",
    level=Level.SHOULD,
    after=(ANSWERS,),
)
def named_type(session: Session) -> None:
    """Say of a moment that it is an xs:dateTime, as toolkits do that learnt it from rpc/encoded."""
    message = session.usual.with_child(SINCE, "1990-01-01T00:00:00Z")
    reading = session.call(_typed(message, SINCE, "xsd:dateTime"))
    require_answered(reading, "A valid request that says of its moment that it is an xs:dateTime")


def _typed(message: KitMessage, name: str, named: str) -> KitMessage:
    """Return a message in which an element names its type."""
    declared = f'xmlns:xsi="{_XS}-instance" xmlns:xsd="{_XS}"'
    return message.edited(lambda text: text.replace(f"<lg:{name}>", f'<lg:{name} {declared} xsi:type="{named}">', 1))


@SUITE.check(30, f"An xsdversie that does not exist is refused with {NO_VERSION}", "R-041", after=(ANSWERS,))
def unknown_version(session: Session) -> None:
    """Ask for version 9.9."""
    reading = session.call(session.usual.with_child("xsdversie", "9.9"))
    require_refused(reading, "A request for version 9.9", NO_VERSION)


_DEVIATIONS: Final[tuple[tuple[int, str, Change], ...]] = (
    (41, "an empty schooljaar", _child("schooljaar", "")),
    (42, "no xsdversie", lambda message: message.without("xsdversie")),
    (43, "an empty xsdversie", _child("xsdversie", "")),
    (44, "an empty gegevenssetid", _child("gegevenssetid", "")),
    (45, "an empty laatstontvangengegevens", _child(SINCE, "")),
    (46, "both a brincode and a schoolkey", _child("schoolkey", "school")),
    (47, "white space around its values", _text(">2.", ">\n 2.")),
    (48, "its elements in another order", _version_first),
)
"""Deviations that known clients send and the schema refuses."""


def _add_deviation(number: int, what: str, change: Change) -> None:
    title = f"A request with {what} is refused, or answered as known clients mean it"

    @SUITE.check(number, title, "R-029", "R-036", "R-039", level=Level.INFORMATION, after=(ANSWERS,))
    def deviation(session: Session) -> str:
        reading = session.call(change(session.usual))
        if reading.kind in ANSWERED:
            return f"A request with {what} is answered as it was meant."
        is_refused = reading.kind is AnswerKind.FAULT and reading.fault_code in {BAD, NO_VERSION, NO_ACCESS}
        is_refused |= reading.fault_code == TijdelijkNietBeschikbaar.code  # a school year that is not laid out yet
        require(is_refused, f"A request with {what} is answered with {sentence_of(reading)}.")
        return f"A request with {what} is refused, as the standard has it."


for _deviation in _DEVIATIONS:
    _add_deviation(*_deviation)


_BY_GROEP: Final[tuple[tuple[int, str, str | None], ...]] = (
    (51, "no groepen", None),
    (52, "empty groepen", "<lg:groepen/>"),
    (53, "an unknown element in groepen", "<lg:groepen><lg:klas/></lg:groepen>"),
    (54, "a key of 257 characters", f'<lg:groepen><lg:groep key="{"k" * 257}"/></lg:groepen>'),
    (55, "an unknown attribute on a groep", '<lg:groepen><lg:groep key="k" soort="x"/></lg:groepen>'),
    (56, "an element inside a groep", '<lg:groepen><lg:groep key="k"><lg:naam>x</lg:naam></lg:groep></lg:groepen>'),
)


def _add_by_groep(number: int, what: str, groepen: str | None) -> None:
    @SUITE.check(number, f"A request by groups with {what} is refused", "R-029", "R-098", after=(ANSWERS,))
    def by_groep(session: Session) -> None:
        for operation in (HAAL_LEERLINGEN, HAAL_LEERKRACHTEN):
            message = session.usual.of(operation).without("groepen")
            require_getrapt(session)
            reading = session.call(message if groepen is None else _last(message, groepen))
            require_refused(reading, f"A {operation.name} with {what}", BAD)


def require_getrapt(session: Session) -> None:
    """End the check with `omit` when the endpoint does not know the operations by groups."""
    reading = session.structure()
    codes = {BAD, "Client", session.unknown_operation().fault_code}
    if reading.kind is AnswerKind.FAULT and reading.fault_code in codes:
        omit("The endpoint does not answer HaalStructuur, so that it is taken not to have the operations by groups.")


for _one in _BY_GROEP:
    _add_by_groep(*_one)
