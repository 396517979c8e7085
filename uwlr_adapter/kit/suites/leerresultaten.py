"""BrengLeerresultaten: what an endpoint takes, what it refuses and with which fault. It writes: a run leaves results.

Each message has one leerling and a toets of the kit's own. What an endpoint did with results is not to be seen from
outside, since the standard has no way to read them back: whether they stand, a school has to look.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from lxml import etree

from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.contract.fault import LeerlingOngeldig, ScoreOngeldig, ToetsNormeringOngeldig
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, LEERRESULTATEN
from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, sentence_of
from uwlr_adapter.kit.results_message import KEYS, NORM, OSO_RESULT, SCORE, TOETSCODE, KitResults
from uwlr_adapter.kit.session import Intensity, Session
from uwlr_adapter.kit.suites.autorisatie import wrong_key
from uwlr_adapter.kit.suites.expect import (
    BAD,
    NO_ACCESS,
    NO_KLANT,
    NO_VERSION,
    require_refused,
    stop_without_access,
)

SUITE = Suite("leerresultaten", "RES", "BrengLeerresultaten")
TAKEN = "RES-01"
"""The check that a valid message is confirmed: everything else builds on it."""
NO_SCORE, NO_NORM, NO_LEERLING = ScoreOngeldig.code, ToetsNormeringOngeldig.code, LeerlingOngeldig.code
Change: TypeAlias = Callable[[KitResults], KitResults]
_UNKNOWN = "uwlr-kit-onbekende-leerling"
_OK, _TOO_LARGE = 200, 413
_MAX_OCTETS = 10 * 1024 * 1024
"""Bytes of a message that is too large for every service seen (inclusive)."""
_XS = "http://www.w3.org/2001/XMLSchema"
_W = "http://schemas.xmlsoap.org/wsdl/"


def usual(session: Session) -> KitResults:
    """Return the message of a run, as if it were made now."""
    target, moment = session.target, now()
    today = day_of(moment)
    return KitResults(
        (
            ("schooljaar", target.schooljaar),
            ("brincode", target.brincode),
            ("dependancecode", target.dependancecode),
            ("aanmaakdatum", moment.astimezone(UTC).isoformat(timespec="seconds")),
            ("xsdversie", target.xsdversie),
        ),
        target.leerlingid,
        today
        if schooljaar_of(today) == target.schooljaar
        else datetime(int(target.schooljaar[:4]), 9, 1, tzinfo=UTC).date(),
        (
            ("autorisatiesleutel", target.autorisatiesleutel),
            ("klantcode", target.klantcode),
            ("klantnaam", target.klantnaam),
        ),
    )


def _send(session: Session, change: Change) -> Reading:
    return session.call(change(usual(session)))


def _require_confirmed(reading: Reading, what: str) -> None:
    require(reading.kind is AnswerKind.CONFIRMED, f"{what} is answered with {sentence_of(reading)}.")


@SUITE.check(1, "A valid message with results is confirmed", "R-123", "R-124")
def confirmed(session: Session) -> None:
    """Send one."""
    reading = session.call(usual(session))
    stop_without_access(reading)
    session.kept["confirmed"] = reading
    _require_confirmed(reading, "A valid message with results")


@SUITE.check(2, "The confirmation is one empty element of the standard's namespace", "R-124", after=(TAKEN,))
def empty(session: Session) -> None:
    """Look at it: a text, an attribute or white space in it is not valid."""
    body = session.kept["confirmed"].body
    name = f"{{{LEERRESULTATEN}}}{BRENG_LEERRESULTATEN.answer}"
    require(body is not None and body.tag == name, "The confirmation has another namespace than that of the standard.")
    is_empty = body is not None and not len(body) and not body.text and not body.attrib
    require(is_empty, "The confirmation holds text, white space, an attribute or an element.")


@SUITE.check(3, "The confirmation comes with HTTP 200, as text/xml", "R-126", after=(TAKEN,))
def as_xml(session: Session) -> None:
    """Look at its head."""
    reading = session.kept["confirmed"]
    require(reading.status == _OK, f"The confirmation has HTTP {reading.status}.")
    kind = reading.reply.header("Content-Type").partition(";")[0].strip().lower()
    require(kind == "text/xml", "The confirmation has another Content-Type than text/xml.")


@SUITE.check(4, "The same message sent again is confirmed", "R-132", after=(TAKEN,))
def again(session: Session) -> None:
    """Send the same bytes twice, as a platform does that got no answer."""
    message = usual(session)
    session.call(message)
    _require_confirmed(session.call(message), "The same message, sent again,")


@SUITE.check(5, "A result that is sent with another score is confirmed", "R-132", after=(TAKEN,))
def corrected(session: Session) -> None:
    """Send a correction: the same key, and another score."""
    _require_confirmed(_send(session, lambda it: it.replaced(">12<", ">13<")), "A correction")


@SUITE.check(6, "A message that was overtaken by a newer one is confirmed", "R-132", level=Level.SHOULD, after=(TAKEN,))
def overtaken(session: Session) -> None:
    """Send a message with an aanmaakdatum of an hour ago: its sender can do nothing about it."""
    moment = (now() - timedelta(hours=1)).astimezone(UTC).isoformat(timespec="seconds")
    _require_confirmed(_send(session, lambda it: it.with_school("aanmaakdatum", moment)), "A message of an hour ago")


@SUITE.check(7, "A result of OSO is taken", "R-123", "R-125", level=Level.SHOULD, after=(TAKEN,))
def of_oso(session: Session) -> None:
    """Send the total as a result of OSO, which the schema allows."""
    _require_confirmed(_send(session, lambda it: it.replaced(SCORE, OSO_RESULT)), "A result of OSO")


@SUITE.check(8, "A message without a vakgebied, a norm or a toetsonderdeel is taken", "R-123", after=(TAKEN,))
def smallest(session: Session) -> None:
    """Send one result, and of its toets the code alone."""

    def change(message: KitResults) -> KitResults:
        small = f"<lr:toetsen><lr:toets><lr:toetscode>{TOETSCODE}</lr:toetscode></lr:toets></lr:toetsen>"
        message = message.replaced(message.toetsen_xml(), small)
        return message.replaced(message.resultaat_xml(1), "").replaced(message.resultaat_xml(2), "")

    _require_confirmed(_send(session, change), "A result of a toets of which only the code is told")


# What the WSDL says.


@SUITE.check(11, "The WSDL at ?wsdl has BrengLeerresultaten with the published SOAPAction", "R-124", level=Level.SHOULD)
def described(session: Session) -> None:
    """Look for the operation in the bindings."""
    operations = _wsdl_all(session, f"{{{_W}}}operation")
    own = [one for one in operations if one.get("name") == BRENG_LEERRESULTATEN.name]
    require(own, f"The document at ?wsdl does not have the operation {BRENG_LEERRESULTATEN.name}.")
    actions = {child.get("soapAction") for one in own for child in one}
    require(BRENG_LEERRESULTATEN.soap_action in actions, "The SOAPAction in the WSDL is not the published one.")


@SUITE.check(
    12,
    "The WSDL has the score as a text, so that no toolkit makes 6.5 a 6",
    "R-125",
    level=Level.INFORMATION,
    after=("RES-11",),
)
def score_as_text(session: Session) -> None:
    """Look at the type of score: ext-soap converts by it, without a word."""
    types = [str(one.get("type", "")) for one in _wsdl_all(session, f"{{{_XS}}}element") if one.get("name") == "score"]
    numeric = ("nonNegativeInteger", "integer", "int", "long", "decimal", "positiveInteger")
    is_number = any(one.rpartition(":")[2] in numeric for one in types)
    require(not is_number, "The score is a number in the WSDL, so that PHP sends 6 for 6.5 and 0 for X.")


def _wsdl_all(session: Session, name: str) -> list[etree._Element]:
    root = session.wsdl(session.target.url).root
    return [] if root is None else list(root.iter(name))


# Who is let in.


@SUITE.check(21, f"A wrong autorisatiesleutel is refused with {NO_ACCESS}", "R-021", "R-126", after=(TAKEN,))
def wrong_sleutel(session: Session) -> None:
    """Send a key with another last letter."""
    session.kept["wrong key"] = _send(session, lambda it: it.with_part("autorisatiesleutel", wrong_key(session)))
    require_refused(session.kept["wrong key"], "A wrong autorisatiesleutel", NO_ACCESS)


@SUITE.check(
    22,
    "A wrong autorisatiesleutel and a school that does not exist are refused with one text",
    "R-023",
    level=Level.SHOULD,
    after=("RES-21",),
)
def one_text(session: Session) -> None:
    """Ask for a school of no register: the two answers must not tell which schools are here."""
    reading = _send(session, lambda it: it.with_school("brincode", "99ZZ"))
    require_refused(reading, "A school that does not exist", NO_ACCESS)
    require(
        reading.fault_text == session.kept["wrong key"].fault_text,
        "A wrong autorisatiesleutel and a school that does not exist are refused with different texts.",
    )


@SUITE.check(23, f"A wrong klantcode is refused with {NO_KLANT}", "R-020", "R-126", after=(TAKEN,))
def wrong_klantcode(session: Session) -> None:
    """Send a klantcode of our own invention."""
    reading = _send(session, lambda it: it.with_part("klantcode", "uwlr-kit-geen-klantcode"))
    require_refused(reading, "A wrong klantcode", NO_KLANT)


@SUITE.check(24, f"A message without autorisatie is refused with {NO_ACCESS}", "R-019", "R-126", after=(TAKEN,))
def no_autorisatie(session: Session) -> None:
    """Leave the header out."""
    reading = _send(session, lambda it: it.replaced(it.header_xml(), ""))
    require_refused(reading, "A message without autorisatie", NO_ACCESS)


@SUITE.check(
    25, "A wrong autorisatiesleutel goes before what is wrong in the results", "R-026", "R-126", after=(TAKEN,)
)
def access_first(session: Session) -> None:
    """Send a wrong key with a message that is not valid: who has no access learns nothing of it."""
    reading = _send(
        session,
        lambda it: it.with_part("autorisatiesleutel", wrong_key(session)).replaced(SCORE, "<lr:score>X</lr:score>"),
    )
    require_refused(reading, "A wrong autorisatiesleutel with a wrong score", NO_ACCESS)


# What is not valid: each kind once. Nothing of such a message may be taken.


def _replace(old: str, new: str) -> Change:
    return lambda message: message.replaced(old, new)


def _without_key(message: KitResults) -> KitResults:
    return message.replaced(f' key="{KEYS[0]}"', "")


_INVALID: Final[tuple[tuple[int, str, Change, tuple[str, ...]], ...]] = (
    (31, "a toetsafname without leerlingid", lambda it: it.edited(_cut("lr:leerlingid")), (BAD,)),
    (32, "one key for two results", _replace(f'"{KEYS[1]}"', f'"{KEYS[0]}"'), (BAD,)),
    (33, "a toetscode that no toets has", _replace("<lr:toetscode>uwlr-kit<", "<lr:toetscode>uwlr-kit-2<"), (BAD,)),
    (34, "one toetscode for two toetsen", lambda it: it.edited(_doubled_toets), (BAD,)),
    (35, "one volgnummer for two toetsonderdelen", _replace("volgnummer>2<", "volgnummer>1<"), (BAD,)),
    (36, "a decimal score", _replace(SCORE, "<lr:score>6.5</lr:score>"), (NO_SCORE, BAD)),
    (37, "a score that is a letter", _replace(SCORE, "<lr:score>X</lr:score>"), (NO_SCORE, BAD)),
    (38, "a negative score", _replace(SCORE, "<lr:score>-1</lr:score>"), (NO_SCORE, BAD)),
    (
        39,
        "a norm without beginnormwaarde",
        _replace(NORM, NORM.replace("<lr:beginnormwaarde>0</lr:beginnormwaarde>", "")),
        (NO_NORM, BAD),
    ),
    (40, "no aanmaakdatum", lambda it: it.edited(_cut("lr:aanmaakdatum")), (BAD,)),
    (41, "a peildatum", _replace("<lr:xsdversie>", "<lr:peildatum>2026-11-12</lr:peildatum><lr:xsdversie>"), (BAD,)),
    (42, "a score and a result of OSO", _replace(SCORE, SCORE + OSO_RESULT), (BAD,)),
    (43, "an anderresultaat", _replace(SCORE, "<lr:anderresultaat><lr:x/></lr:anderresultaat>"), (BAD,)),
    (44, "an afnamedatum that is a moment", _replace("</lr:afnamedatum>", "T10:00:00</lr:afnamedatum>"), (BAD,)),
    (45, "a result without a key", _without_key, (BAD,)),
    (46, "no toetsen", lambda it: it.replaced(it.toetsen_xml(), "<lr:toetsen/>"), (BAD,)),
    (
        47,
        "a brincode and a schoolkey",
        _replace("<lr:aanmaakdatum>", "<lr:schoolkey>x</lr:schoolkey><lr:aanmaakdatum>"),
        (BAD,),
    ),
    (48, "a colour of 256", _replace("rood_code>46<", "rood_code>256<"), (BAD,)),
    (49, "an empty leerjaar", _replace("</lr:toetsnaam>", "</lr:toetsnaam><lr:leerjaar/>"), (BAD,)),
    (50, "a schoolcijfer of 11", _replace(">10.00<", ">11.00<"), (BAD,)),
    (51, "an ingang without niveau", _replace(' niveau="1"', ""), (BAD,)),
    (
        52,
        "an element that the standard does not have",
        _replace("<lr:resultaten>", "<lr:klas>x</lr:klas><lr:resultaten>"),
        (BAD,),
    ),
    (53, "a toetsafname without resultaten", lambda it: it.edited(_cut("lr:resultaten")), (BAD,)),
    (54, "a schooljaar that is a year", lambda it: it.with_school("schooljaar", "2026"), (BAD,)),
)
"""The ways in which a message is not valid by the published schema, and the codes that may say so, the best first."""


def _cut(name: str) -> Callable[[str], str]:
    """Return a change that takes the first element of a name out."""

    def edit(text: str) -> str:
        head, _, rest = text.partition(f"<{name}>")
        return head + rest.partition(f"</{name}>")[2]

    return edit


def _doubled_toets(text: str) -> str:
    own = f"<lr:toets><lr:toetscode>{TOETSCODE}</lr:toetscode></lr:toets>"
    return text.replace("</lr:toetsen>", f"{own}</lr:toetsen>")


def _add_invalid(number: int, what: str, change: Change, codes: tuple[str, ...]) -> None:
    @SUITE.check(number, f"A message with {what} is refused with {codes[0]}", "R-123", "R-127", after=(TAKEN,))
    def invalid(session: Session) -> None:
        require_refused(_send(session, change), f"A message with {what}", *codes)


for _one in _INVALID:
    _add_invalid(*_one)


@SUITE.check(60, f"An xsdversie that does not exist is refused with {NO_VERSION}", "R-127", after=(TAKEN,))
def unknown_version(session: Session) -> None:
    """Send version 9.9."""
    reading = _send(session, lambda it: it.with_school("xsdversie", "9.9"))
    require_refused(reading, "A message of version 9.9", NO_VERSION)


# What no schema sees, and what is left to an endpoint.

_CONTRADICTS: Final[tuple[tuple[int, str, Change, tuple[str, ...]], ...]] = (
    (61, "a toetsonderdeelcode that the toets does not have", _replace("code>A<", "code>Z<"), (BAD,)),
    (62, "a norm that begins above its end", _replace(">0</lr:begin", ">11</lr:begin"), (NO_NORM, BAD)),
    (63, "two norms that overlap", _replace(">11</lr:begin", ">9</lr:begin"), (NO_NORM, BAD)),
    (64, "a score above its highest norm", _replace(SCORE, "<lr:score>21</lr:score>"), (NO_SCORE, BAD)),
)


def _add_contradiction(number: int, what: str, change: Change, codes: tuple[str, ...]) -> None:
    title = f"A message with {what} is refused, or taken as it is"

    @SUITE.check(number, title, "R-129", level=Level.INFORMATION, after=(TAKEN,))
    def contradiction(session: Session) -> str:
        reading = _send(session, change)
        if reading.kind is AnswerKind.CONFIRMED:
            return f"A message with {what} is taken."
        require_refused(reading, f"A message with {what}", *codes)
        return f"A message with {what} is refused."


for _one in _CONTRADICTS:
    _add_contradiction(*_one)


_DEVIATIONS: Final[tuple[tuple[int, str, Change], ...]] = (
    (71, "no xsdversie", lambda it: it.edited(_cut("lr:xsdversie"))),
    (72, "its toetsen before its toetsafnames", lambda it: it.edited(_toetsen_first(it))),
    (73, "the parts of its autorisatie without a namespace", lambda it: it.edited(_unqualified)),
)
"""Deviations that known clients send and the schema refuses."""


def _toetsen_first(message: KitResults) -> Callable[[str], str]:
    afnames, toetsen = message.afnames_xml(), message.toetsen_xml()
    return lambda text: text.replace(afnames + toetsen, toetsen + afnames)


def _unqualified(text: str) -> str:
    for name in ("autorisatiesleutel", "klantcode", "klantnaam"):
        text = text.replace(f"aut:{name}>", f"{name}>")
    return text


def _add_deviation(number: int, what: str, change: Change) -> None:
    title = f"A message with {what} is refused, or taken as known clients mean it"

    @SUITE.check(number, title, "R-130", level=Level.INFORMATION, after=(TAKEN,))
    def deviation(session: Session) -> str:
        reading = _send(session, change)
        if reading.kind is AnswerKind.CONFIRMED:
            return f"A message with {what} is taken as it was meant."
        require_refused(reading, f"A message with {what}", BAD, NO_ACCESS, NO_VERSION)
        return f"A message with {what} is refused, as the standard has it."


for _deviation in _DEVIATIONS:
    _add_deviation(*_deviation)


@SUITE.check(81, f"A leerling whom nobody knows gets {NO_LEERLING}, or is put aside", "R-133", after=(TAKEN,))
def unknown_leerling(session: Session) -> str:
    """Send results of one leerling of our own invention."""
    message = usual(session)
    reading = session.call(message.replaced(f"leerlingid>{message.leerlingid}<", f"leerlingid>{_UNKNOWN}<"))
    if reading.kind is AnswerKind.CONFIRMED:
        return "Results of a leerling whom nobody knows are confirmed: ask where the school finds them."
    require_refused(reading, "A leerling whom nobody knows", NO_LEERLING)
    return f"Results of a leerling whom nobody knows are refused with {NO_LEERLING}."


@SUITE.check(
    91, "A message that is too large is refused, and not with silence", "R-131", level=Level.INFORMATION, after=(TAKEN,)
)
def too_large(session: Session) -> str:
    """Send more than 10 MB, of white space, to an endpoint that may be asked hard."""
    if session.intensity is not Intensity.FULL:
        omit(f"Sent with --intensity {Intensity.FULL} only.")
    reading = _send(
        session, lambda it: it.edited(lambda text: text.replace("<lr:toetsen>", "<lr:toetsen>" + " " * _MAX_OCTETS))
    )
    if reading.kind is AnswerKind.CONFIRMED:
        return "A message of more than 10 MB is taken."
    is_refused = reading.kind is AnswerKind.FAULT or reading.status == _TOO_LARGE
    require(is_refused, f"A message of more than 10 MB is answered with {sentence_of(reading)}.")
    return f"A message of more than 10 MB is answered with {sentence_of(reading)}."


@SUITE.check(
    99, "The last message of a run is confirmed, so that the scores of the first one stand", "R-132", after=(TAKEN,)
)
def restored(session: Session) -> None:
    """Send the first message again, as if it were made now."""
    _require_confirmed(session.call(usual(session)), "A valid message after all that was refused")
