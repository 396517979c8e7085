"""SOAP 1.1: the envelope, its headers, and the form of faults."""

import contextlib

from uwlr_adapter.contract import names
from uwlr_adapter.kit.checks import DecidedSignal, Level, Suite, omit, require
from uwlr_adapter.kit.message import KitMessage
from uwlr_adapter.kit.reading import AnswerKind, local, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import (
    ANSWERED,
    ANSWERS,
    BAD,
    require_answered,
    require_refused,
    require_refused_as_client,
)

SUITE = Suite("soap", "SOAP", "SOAP 1.1")
_SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_STRANGER = "urn:uwlr-adapter:onbekend"


@SUITE.check(
    1, "An answer is an envelope of SOAP 1.1 with one Body that has one child", "R-004", "R-008", after=(ANSWERS,)
)
def envelope(session: Session) -> None:
    """Look at the outside of the usual answer."""
    root = session.usual_answer().root
    is_soap = root is not None and root.tag == f"{{{names.SOAP11}}}Envelope"
    require(is_soap, "The answer is no envelope in the namespace of SOAP 1.1.")
    bodies = [] if root is None else [one for one in root if one.tag == f"{{{names.SOAP11}}}Body"]
    require(len(bodies) == 1, f"The envelope of the answer has {len(bodies)} Body elements of SOAP 1.1.")
    require(len(bodies[0]) == 1, f"The Body of the answer has another number of children than one: {len(bodies[0])}.")


@SUITE.check(2, "An answer has no autorisatie header", "R-025", after=(ANSWERS,))
def no_header(session: Session) -> None:
    """Look for a header that came back: gSOAP's server echoes it, key included."""
    root = session.usual_answer().root
    found = [] if root is None else list(root.iter(f"{{{names.AUTORISATIE}}}autorisatie"))
    require(not found, "The answer repeats the autorisatie header of the request.")


@SUITE.check(3, "The answer element has the name and namespace of its operation", "R-013", after=(ANSWERS,))
def answer_element(session: Session) -> None:
    """Look at the element in the Body of the usual answer."""
    body = session.usual_answer().body
    wanted = names.HAAL_LEERLINGGEGEVENS.answer
    require(body is not None and local(body) == wanted, f"The element in the Body is not {wanted}.")
    is_own = body is not None and body.tag == f"{{{names.LEERLINGGEGEVENS}}}{wanted}"
    require(is_own, f"The element {wanted} is not in the namespace of leerlinggegevens.")


@SUITE.check(11, "An envelope of SOAP 1.2 is refused with VersionMismatch", "R-006", after=(ANSWERS,))
def another_soap(session: Session) -> None:
    """Send the usual request in an envelope of SOAP 1.2."""
    reading = session.call(_replaced(session.usual, names.SOAP11, _SOAP12))
    if reading.kind in ANSWERED and reading.root is not None and reading.root.tag == f"{{{_SOAP12}}}Envelope":
        omit("The endpoint speaks SOAP 1.2 too, and answers in it; the WSDL of the standard has SOAP 1.1 only.")
    require_refused(reading, "An envelope of SOAP 1.2", "VersionMismatch")


@SUITE.check(12, "An unknown header that must be understood is refused with MustUnderstand", "R-007", after=(ANSWERS,))
def must_understand(session: Session) -> None:
    """Send a header of our own invention, marked mustUnderstand."""
    header = f'<x:vreemd xmlns:x="{_STRANGER}" soap:mustUnderstand="1"/>'
    reading = session.call(_with_header(session.usual, header))
    require_refused(reading, "A header that is unknown and must be understood", "MustUnderstand")


@SUITE.check(13, "An unknown header that need not be understood is passed over", "R-007", after=(ANSWERS,))
def another_header(session: Session) -> None:
    """Send a header of our own invention, unmarked."""
    reading = session.call(_with_header(session.usual, f'<x:vreemd xmlns:x="{_STRANGER}"/>'))
    require_answered(reading, "A valid request with another header beside the autorisatie")


@SUITE.check(14, "An autorisatie header that must be understood is understood", "R-007", after=(ANSWERS,))
def own_must_understand(session: Session) -> None:
    """Mark the autorisatie, as gSOAP does."""
    message = _replaced(session.usual, "<aut:autorisatie ", '<aut:autorisatie soap:mustUnderstand="1" ')
    require_answered(session.call(message), "A valid request whose autorisatie is marked mustUnderstand")


@SUITE.check(15, "Prefixes are free", "R-004", after=(ANSWERS,))
def prefixes(session: Session) -> None:
    """Send the usual request with other prefixes, and the default namespace in the Body."""
    text = session.usual.text()
    for old, new in (("soap:", "SOAP-ENV:"), (":soap=", ":SOAP-ENV="), ("lg:", ""), (":lg=", "="), ("aut:", "ns2:")):
        text = text.replace(old, new)
    text = text.replace(":aut=", ":ns2=")
    reading = session.call(session.usual.edited(lambda _: text))
    require_answered(reading, "A valid request with other prefixes")


@SUITE.check(16, "A request of an operation that does not exist is refused", "R-004", "R-033", after=(ANSWERS,))
def unknown_operation(session: Session) -> None:
    """Send a request element of our own invention in the namespace of leerlinggegevens."""
    require_refused_as_client(session.unknown_operation(), "A request of an operation that does not exist", BAD)


@SUITE.check(17, "A Body with two requests is refused", "R-004", after=(ANSWERS,))
def two_requests(session: Session) -> None:
    """Put the request in the Body twice."""
    body = session.usual.body_xml()
    reading = session.call(_replaced(session.usual, body, body + body))
    require_refused_as_client(reading, "A Body with two requests", BAD)


@SUITE.check(18, "An empty Body is refused", "R-004", after=(ANSWERS,))
def empty_body(session: Session) -> None:
    """Leave the request out of the Body."""
    reading = session.call(_replaced(session.usual, session.usual.body_xml(), ""))
    require_refused_as_client(reading, "An empty Body", BAD)


@SUITE.check(19, "An envelope without a Body is refused", "R-004", after=(ANSWERS,))
def no_body(session: Session) -> None:
    """Leave the Body out of the envelope."""
    whole = f"<soap:Body>{session.usual.body_xml()}</soap:Body>"
    require_refused_as_client(session.call(_replaced(session.usual, whole, "")), "An envelope without a Body", BAD)


@SUITE.check(20, "A request in another namespace is refused", "R-004", after=(ANSWERS,))
def another_namespace(session: Session) -> None:
    """Send the request in the namespace of UWLR 1."""
    other = names.LEERLINGGEGEVENS.replace("/2/", "/1/")
    reading = session.call(_replaced(session.usual, names.LEERLINGGEGEVENS, other))
    require_refused_as_client(reading, "A request in the namespace of UWLR 1", BAD)


@SUITE.check(31, "A refusal is a Fault of SOAP 1.1", "R-101", after=(ANSWERS,))
def is_fault(session: Session) -> None:
    """Look at a refusal."""
    body = session.refusal().body
    is_own = body is not None and body.tag == f"{{{names.SOAP11}}}Fault"
    require(is_own, "The refusal is a Fault in another namespace than that of SOAP 1.1.")


@SUITE.check(32, "The children of a fault are without a namespace, in their order", "R-101", after=("SOAP-31",))
def fault_children(session: Session) -> None:
    """Look at the names in a refusal (SOAP 1.1, 4.4)."""
    body = session.refusal().body
    order = ("faultcode", "faultstring", "faultactor", "detail")
    found = [] if body is None else [str(one.tag) for one in body]
    require(
        all(tag in order for tag in found), "A fault has children that are not those of SOAP 1.1, without a namespace."
    )
    require(found == sorted(found, key=order.index), "The children of a fault are out of their order.")
    require(found[:2] == ["faultcode", "faultstring"], "A fault needs one faultcode and one faultstring.")


@SUITE.check(33, "A faultcode is a qualified name in the namespace of SOAP 1.1", "R-101", after=("SOAP-31",))
def fault_code_is_qualified(session: Session) -> None:
    """Resolve the prefix of a faultcode."""
    body = session.refusal().body
    code = None if body is None else next((one for one in body if local(one) == "faultcode"), None)
    prefix = "" if code is None else (code.text or "").strip().rpartition(":")[0]
    space = None if code is None else code.nsmap.get(prefix or None)
    require(
        space == names.SOAP11,
        "The faultcode has no prefix that leads to the namespace of SOAP 1.1."
        if not prefix
        else "The prefix of the faultcode does not lead to the namespace of SOAP 1.1.",
    )


@SUITE.check(34, "The prefix in a faultcode is soap", "R-101", level=Level.SHOULD, after=("SOAP-33",))
def fault_code_prefix(session: Session) -> None:
    """Look at the letters: the SoapUI set for LASes compares the whole text."""
    body = session.refusal().body
    code = "" if body is None else next((one.text or "" for one in body if local(one) == "faultcode"), "")
    require(
        code.startswith("soap:"), "The prefix of the faultcode is another one, and the SoapUI set compares its letters."
    )


@SUITE.check(35, "A fault has a faultstring", "R-103", level=Level.SHOULD, after=("SOAP-31",))
def fault_text(session: Session) -> None:
    """Look at the text of a refusal: it is shown to a school's administrator."""
    require(session.refusal().fault_text, "The faultstring is empty, and it is what a school gets to see.")


@SUITE.check(
    41,
    "The prefixes and the default namespace of an answer are those that known clients find",
    "R-008",
    level=Level.SHOULD,
    after=(ANSWERS,),
)
def wire_shape(session: Session) -> None:
    """Look for the shape that one client finds with a regular expression."""
    root, body = session.data().root, session.data().body
    is_found = root is not None and root.prefix == "s" and body is not None and body.prefix is None
    require(is_found, "One known client finds its data only with prefix s on the envelope and none inside.")


@SUITE.check(42, "A refusal does not show the inside of the program", "R-101", after=(ANSWERS,))
def no_traceback(session: Session) -> None:
    """Look for the marks of a traceback or a page of a framework in a refusal and in that of a broken message."""
    refusals = [session.refusal()]
    with contextlib.suppress(DecidedSignal):  # that no answer comes is the matter of SOAP-43
        refusals.append(session.call(session.usual.edited(lambda text: text[: len(text) // 2])))
    for reading in refusals:
        found = [mark for mark in _MARKS if mark in reading.content]
        require(not found, "A refusal shows a traceback or a page of the program's framework.")


_MARKS = (
    b"Traceback (most",
    b"\tat ",
    b"   at System.",
    b"Stack trace:",
    b"SQLSTATE",
    b"<b>Fatal error</b>",
    b"Exception:",
)


@SUITE.check(43, "A message that is no XML is refused with a fault", "R-005", after=(ANSWERS,))
def no_xml(session: Session) -> None:
    """Send the first half of a message."""
    reading = session.call(session.usual.edited(lambda text: text[: len(text) // 2]))
    require(reading.kind is AnswerKind.FAULT, f"A message that breaks off is answered with {sentence_of(reading)}.")


@SUITE.check(44, "An empty message is refused", "R-005", after=(ANSWERS,))
def empty(session: Session) -> None:
    """Send no bytes at all."""
    reading = session.call(session.usual.edited(lambda _: ""))
    require(reading.kind not in ANSWERED, "An empty message is answered as if it were a request.")


def _replaced(message: KitMessage, old: str, new: str) -> KitMessage:
    return message.edited(lambda text: text.replace(old, new))


def _with_header(message: KitMessage, header: str) -> KitMessage:
    return message.edited(lambda text: text.replace("</soap:Header>", f"{header}</soap:Header>"))
