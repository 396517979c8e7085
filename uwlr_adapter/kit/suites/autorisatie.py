"""Systeemautorisatie: who gets in, which fault refuses the others, and what a refusal tells."""

from dataclasses import replace

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.kit.checks import Level, Suite, cannot, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import (
    ANSWERED,
    ANSWERS,
    BAD,
    NO_ACCESS,
    NO_KLANT,
    require_answered,
    require_refused,
)
from uwlr_adapter.kit.suites.verzoek import require_getrapt

SUITE = Suite("autorisatie", "AUT", "Systeemautorisatie")
_WRONG_CODE = "uwlr-kit-geen-klantcode"
_WRONG_NAME = "uwlr-kit-onbekend"
_LONGEST = 64
"""Characters of a part of the autorisatie (inclusive), as the schema has it."""


@SUITE.check(
    1, "A request without autorisatie is refused with Client.AutorisatieOngeldig", "R-018", "R-019", after=(ANSWERS,)
)
def no_autorisatie(session: Session) -> None:
    """Leave the header out."""
    message = session.usual.edited(lambda text: text.replace(session.usual.header_xml(), ""))
    require_refused(session.call(message), "A request without autorisatie", NO_ACCESS)


@SUITE.check(2, "Two autorisaties are refused with Client.AutorisatieOngeldig", "R-018", "R-019", after=(ANSWERS,))
def two_autorisaties(session: Session) -> None:
    """Put the header in twice."""
    header = session.usual.header_xml()
    message = session.usual.edited(lambda text: text.replace(header, header + header))
    require_refused(session.call(message), "A request with two autorisaties", NO_ACCESS)


def _add_part(number: int, part: str) -> None:
    codes: tuple[str, ...] = (NO_ACCESS, BAD)
    if part != "autorisatiesleutel":
        codes += (NO_KLANT,)  # a klant that is not told is one that is not known

    @SUITE.check(number, f"An autorisatie without {part} is refused", "R-018", "R-019", after=(ANSWERS,))
    def absent(session: Session) -> None:
        reading = session.call(session.usual.without_part(part))
        require_refused(reading, f"An autorisatie without {part}", *codes)

    @SUITE.check(number + 3, f"An autorisatie with an empty {part} is refused", "R-018", "R-019", after=(ANSWERS,))
    def empty(session: Session) -> None:
        reading = session.call(session.usual.with_part(part, ""))
        require_refused(reading, f"An autorisatie with an empty {part}", *codes)


for _place, _part in enumerate(names.AUTORISATIE_PARTS):
    _add_part(3 + _place, _part)


@SUITE.check(11, f"A wrong klantcode is refused with {NO_KLANT}", "R-020", after=(ANSWERS,))
def wrong_klantcode(session: Session) -> None:
    """Send a klantcode that does not belong to the klantnaam."""
    reading = session.call(session.usual.with_part("klantcode", _WRONG_CODE))
    require_refused(reading, "A klantcode that does not belong to the klantnaam", NO_KLANT)


@SUITE.check(12, f"An unknown klantnaam is refused with {NO_KLANT}", "R-020", after=(ANSWERS,))
def unknown_klantnaam(session: Session) -> None:
    """Send a klantnaam of our own invention."""
    reading = session.call(session.usual.with_part("klantnaam", _WRONG_NAME))
    require_refused(reading, "A klantnaam that does not exist", NO_KLANT)


@SUITE.check(13, f"A wrong autorisatiesleutel is refused with {NO_ACCESS}", "R-021", after=(ANSWERS,))
def wrong_sleutel(session: Session) -> None:
    """Send a key with another last character."""
    reading = session.call(session.usual.with_part("autorisatiesleutel", wrong_key(session)))
    require_refused(reading, "A wrong autorisatiesleutel", NO_ACCESS)


@SUITE.check(14, "An autorisatiesleutel gives no access to another school", "R-021", after=(ANSWERS,))
def another_school(session: Session) -> None:
    """Ask for a school that does not exist, with the right key: no school has this brincode."""
    brincode = "99ZZ" if session.target.brincode != "99ZZ" else "99YY"
    reading = session.call(session.usual.with_child("brincode", brincode))
    require(reading.kind is not AnswerKind.DATA, "With the key of one school there are data of another brincode.")
    require_refused(reading, "A school to which the key gives no access", NO_ACCESS)


@SUITE.check(15, "An autorisatiesleutel is compared exactly", "R-021", level=Level.SHOULD, after=("AUT-13",))
def exact_sleutel(session: Session) -> None:
    """Send the key with its letters in the other case."""
    key = session.target.autorisatiesleutel
    if key.swapcase() == key:
        cannot("because the autorisatiesleutel has no letters")
    reading = session.call(session.usual.with_part("autorisatiesleutel", key.swapcase()))
    require_refused(reading, "An autorisatiesleutel in other letters", NO_ACCESS)


@SUITE.check(
    16,
    "Refused access has one face: the same bytes for a wrong key and an unknown school",
    "R-023",
    level=Level.SHOULD,
    after=("AUT-13", "AUT-14"),
)
def one_face(session: Session) -> None:
    """Compare two refusals: a difference tells a stranger which schools there are.

    A Header that comes back is left out: that it repeats what was sent is the matter of other checks.
    """
    wrong = session.call(session.usual.with_part("autorisatiesleutel", wrong_key(session)))
    unknown = session.call(session.usual.with_child("brincode", "99ZZ"))
    require(
        _face(wrong) == _face(unknown),
        "The refusals of a wrong key and of an unknown school differ, which tells a stranger which schools there are.",
    )


@SUITE.check(17, "Who a caller is goes before what it may see", "R-026", after=("AUT-11", "AUT-13"))
def klant_before_sleutel(session: Session) -> None:
    """Send a wrong klantcode and a wrong key together."""
    usual = session.usual.with_part("klantcode", _WRONG_CODE)
    reading = session.call(usual.with_part("autorisatiesleutel", wrong_key(session)))
    require_refused(reading, "A wrong klantcode together with a wrong autorisatiesleutel", NO_KLANT)


@SUITE.check(
    18,
    "What a caller may see goes before what is wrong with its message",
    "R-026",
    "R-027",
    level=Level.SHOULD,
    after=("AUT-13",),
)
def sleutel_before_schema(session: Session) -> None:
    """Send a wrong key with an invalid schooljaar."""
    usual = session.usual.with_child("schooljaar", "2026")
    reading = session.call(usual.with_part("autorisatiesleutel", wrong_key(session)))
    require_refused(reading, "A wrong autorisatiesleutel together with an invalid schooljaar", NO_ACCESS)


@SUITE.check(
    19, "An autorisatiesleutel with something behind it is another one", "R-021", level=Level.SHOULD, after=("AUT-13",)
)
def longer_sleutel(session: Session) -> None:
    """Send the key with one more character."""
    key = session.target.autorisatiesleutel
    if len(key) >= _LONGEST:
        cannot(f"because the autorisatiesleutel has {_LONGEST} characters, the most that there can be")
    reading = session.call(session.usual.with_part("autorisatiesleutel", f"{key}x"))
    require_refused(reading, "An autorisatiesleutel with a character behind it", NO_ACCESS)


@SUITE.check(
    20, "An autorisatie of another namespace is refused", "R-018", "R-019", level=Level.SHOULD, after=("AUT-01",)
)
def another_namespace(session: Session) -> None:
    """Send the autorisatie in a namespace of our own invention: a header of somebody else."""
    message = session.usual.edited(lambda text: text.replace(names.AUTORISATIE, "urn:uwlr-adapter:onbekend"))
    require_refused(session.call(message), "An autorisatie of another namespace", NO_ACCESS)


@SUITE.check(
    21,
    "An autorisatie with its parts in another order is refused, or read as hand-made XML meant it",
    "R-018",
    "R-036",
    level=Level.INFORMATION,
    after=(ANSWERS,),
)
def another_order(session: Session) -> str:
    """Turn the parts around: invalid, and sent by known clients."""
    reading = session.call(replace(session.usual, autorisatie=tuple(reversed(session.usual.autorisatie))))
    return _told(reading, "An autorisatie with its parts in another order")


@SUITE.check(
    22,
    "An autorisatie with parts without a namespace is refused, or read as NuSOAP meant it",
    "R-018",
    "R-036",
    level=Level.INFORMATION,
    after=(ANSWERS,),
)
def unqualified(session: Session) -> str:
    """Take the namespace from the parts: invalid, and sent by one known client."""
    text = session.usual.text()
    for part in names.AUTORISATIE_PARTS:
        text = text.replace(f"aut:{part}", part)
    return _told(session.call(session.usual.edited(lambda _: text)), "An autorisatie with bare parts")


@SUITE.check(23, "A part of the autorisatie of more than 64 characters is refused", "R-018", after=(ANSWERS,))
def too_long(session: Session) -> None:
    """Send a klantnaam of 65 characters."""
    reading = session.call(session.usual.with_part("klantnaam", "k" * 65))
    require(reading.kind is AnswerKind.FAULT, f"A klantnaam of 65 characters is answered with {sentence_of(reading)}.")


@SUITE.check(24, "An absent dependancecode means 00", "R-034", after=(ANSWERS,))
def absent_dependancecode(session: Session) -> None:
    """Leave 00 out."""
    if session.target.dependancecode != "00":
        cannot("because the school of this run has another dependancecode than 00")
    require_answered(session.call(session.usual.without("dependancecode")), "A request without dependancecode")


@SUITE.check(25, "Another dependancecode is another school", "R-021", "R-034", after=(ANSWERS,))
def another_dependancecode(session: Session) -> None:
    """Ask for a vestiging that does not exist."""
    other = "98" if session.target.dependancecode != "98" else "97"
    reading = session.call(session.usual.with_child("dependancecode", other))
    require(reading.kind is not AnswerKind.DATA, "Data are given for a dependancecode that the key does not name.")


def _add_operation(number: int, operation: names.Operation) -> None:
    title = f"{operation.name} is refused for a wrong autorisatiesleutel, and without autorisatie"

    @SUITE.check(number, title, "R-018", "R-021", after=("AUT-01", "AUT-13"))
    def guarded(session: Session) -> None:
        require_getrapt(session)
        message = session.usual.of(operation, [("groep", None), ("samengestelde_groep", None)])
        wrong = session.call(message.with_part("autorisatiesleutel", wrong_key(session)))
        require_refused(wrong, f"{operation.name} with a wrong autorisatiesleutel", NO_ACCESS)
        header = message.header_xml()
        bare = session.call(message.edited(lambda text: text.replace(header, "")))
        require_refused(bare, f"{operation.name} without autorisatie", NO_ACCESS)


for _place, _operation in enumerate((names.HAAL_STRUCTUUR, names.HAAL_LEERLINGEN, names.HAAL_LEERKRACHTEN)):
    _add_operation(31 + _place, _operation)


def _face(reading: Reading) -> tuple[int, bytes]:
    """Return the status and the bytes of the fault; of what is no message, all bytes."""
    body = reading.body
    return reading.status, reading.content if body is None else etree.tostring(body, with_tail=False)


def _told(reading: Reading, what: str) -> str:
    if reading.kind in ANSWERED:
        return f"{what} is read as it was meant."
    require(reading.kind is AnswerKind.FAULT, f"{what} is answered with {sentence_of(reading)}.")
    return f"{what} is refused, as the standard has it."


def wrong_key(session: Session) -> str:
    """Return the autorisatiesleutel of a run with another last character."""
    key = session.target.autorisatiesleutel
    return key[:-1] + ("x" if key[-1:] != "x" else "y")
