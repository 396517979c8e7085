"""How a message travels: HTTP, media types, charsets, statuses."""

from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.reading import AnswerKind, sentence_of
from uwlr_adapter.kit.session import Session

SUITE = Suite("http", "HTTP", "Transport")
ANSWERS = "HTTP-01"
"""The check that everything else builds on."""


@SUITE.check(1, "A valid request gets an answer of UWLR with data, no changes or no data", "R-001", "R-004")
def answers(session: Session) -> str:
    """Send the usual request."""
    reading = session.call(session.usual)
    kind = reading.kind
    require(
        kind in {AnswerKind.DATA, AnswerKind.NO_CHANGES, AnswerKind.NO_DATA},
        f"The usual request, with the given credentials, school and version, is answered with {sentence_of(reading)}.",
    )
    return f"The answer is {sentence_of(reading)}."


@SUITE.check(2, "An answer travels with HTTP 200", "R-001", after=(ANSWERS,))
def status_of_an_answer(session: Session) -> None:
    """Look at the status of the usual answer."""
    reading = session.data()
    require(reading.status == 200, f"The answer has HTTP {reading.status}.")  # noqa: PLR2004 - OK


@SUITE.check(3, "An answer says that it is text/xml, and in which charset", "R-008", after=(ANSWERS,))
def media_type(session: Session) -> None:
    """Look at the Content-Type of the usual answer: PowerShell 5.1 decodes by its charset."""
    given = session.data().reply.header("Content-Type").lower()
    name, _, rest = given.partition(";")
    require(name.strip() == "text/xml", "The Content-Type of the answer is not text/xml.")
    require("charset=" in rest, "The Content-Type names no charset, without which some clients break diacritics.")
    require("utf-8" in rest, "The charset in the Content-Type is not utf-8.")


@SUITE.check(
    4, "An answer can be compressed with gzip when that is asked for", level=Level.INFORMATION, after=(ANSWERS,)
)
def compression(session: Session) -> str:
    """Look at the coding of the usual answer, for which gzip is always accepted."""
    if session.data().reply.header("Content-Encoding").lower() != "gzip":
        omit("The endpoint does not compress; the standard mentions it as a possibility.")
    return "The answer is compressed with gzip, since the request accepts it."
