"""A small polite set: what a public endpoint meets. One message each, of bounded size; never an attack."""

from collections.abc import Callable
from typing import Final

from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.message import KitMessage
from uwlr_adapter.kit.reading import sentence_of
from uwlr_adapter.kit.session import Intensity, Session
from uwlr_adapter.kit.suites.expect import ANSWERED, ANSWERS

SUITE = Suite("robustness", "ROB", "Robustness")
_MARK = "uwlr-kit-entiteit"
_DEPTH, _ATTRIBUTES = 200, 300
_SIZE: Final = {Intensity.NORMAL: 128 * 1024, Intensity.FULL: 1024 * 1024}
Change = Callable[[KitMessage], KitMessage]


def _before_root(inner: str) -> Change:
    return lambda message: message.edited(lambda text: text.replace("?>\n", f"?>\n{inner}", 1))


def _in_body(inner: str) -> Change:
    return lambda message: message.edited(lambda text: text.replace("</soap:Body>", f"{inner}</soap:Body>", 1))


def _with_entity(message: KitMessage) -> KitMessage:
    """Declare an entity and use it as the schooljaar."""
    declared = _before_root(f'<!DOCTYPE x [<!ENTITY e "{_MARK}">]>')(message)
    return declared.edited(lambda text: text.replace(message.value("schooljaar") or "", "&e;", 1))


def _in_unknown_charset(message: KitMessage) -> KitMessage:
    return message.edited(lambda text: text.replace('encoding="utf-8"', 'encoding="uwlr-kit"'))


_MANY_ATTRIBUTES = " ".join(f"a{number}=''" for number in range(_ATTRIBUTES))
_TWO_REQUESTS = "SOAP-17"
"""The check that a second element in the Body is refused, which some of these are too."""
_HOSTILE: Final[tuple[tuple[int, str, tuple[str, ...], Change], ...]] = (
    (1, "a document type", ("R-005",), _before_root("<!DOCTYPE x>")),
    (2, "an entity of its own", ("R-005",), _with_entity),
    (3, "a processing instruction", ("R-005",), _before_root("<?uwlr-kit niets?>")),
    (4, f"elements nested {_DEPTH} deep", ("R-005",), _in_body("<d>" * _DEPTH + "</d>" * _DEPTH)),
    (5, f"an element with {_ATTRIBUTES} attributes", ("R-005",), _in_body(f"<d {_MANY_ATTRIBUTES}/>")),
    (6, "a charset that does not exist", ("R-010",), _in_unknown_charset),
)
_IN_BODY = frozenset({4, 5})
"""Those that put a second element in the Body."""


def _add_hostile(number: int, what: str, rules: tuple[str, ...], change: Change) -> None:
    after = (ANSWERS, _TWO_REQUESTS) if number in _IN_BODY else (ANSWERS,)

    @SUITE.check(number, f"A message with {what} is refused", *rules, after=after)
    def hostile(session: Session) -> None:
        _require_polite(session)
        headers = {"Content-Type": "text/xml"} if "charset" in what else None
        reading = session.call(change(session.usual), headers)
        require(reading.kind not in ANSWERED, f"A message with {what} is answered as if nothing was the matter.")
        require(_MARK.encode() not in reading.content, "An entity of a message is expanded, and comes back.")


for _one in _HOSTILE:
    _add_hostile(*_one)


@SUITE.check(
    7, "A message with a document type is refused with a fault", "R-005", level=Level.SHOULD, after=("ROB-01",)
)
def fault_for_a_document_type(session: Session) -> None:
    """Look at what refuses it."""
    _require_polite(session)
    reading = session.call(_before_root("<!DOCTYPE x>")(session.usual))
    require(
        reading.fault_code.startswith("Client"),
        f"A message with a document type is answered with {sentence_of(reading)}.",
    )


@SUITE.check(8, "A message that is far too large is refused", "R-003", level=Level.INFORMATION, after=(ANSWERS,))
def too_large(session: Session) -> None:
    """Send the usual request with white space behind it."""
    _require_polite(session)
    reading = session.call(session.usual.edited(lambda text: text + " " * _SIZE[session.intensity]))
    size = _SIZE[session.intensity] // 1024
    require(reading.kind not in ANSWERED, f"A message of {size} kB is answered: nothing says where the limit is.")


@SUITE.check(21, "The endpoint answers as before when all this is over", "R-001", after=(ANSWERS,))
def still_there(session: Session) -> None:
    """Send the usual request once more."""
    reading = session.call(session.usual)
    require(
        reading.kind in ANSWERED, f"After these messages the usual request is answered with {sentence_of(reading)}."
    )


def _require_polite(session: Session) -> None:
    if session.intensity is Intensity.GENTLE:
        omit("Not sent with --intensity gentle.")
