"""Getrapte overdracht: structure, leerlingen and leerkrachten by groups, and the same data as at once."""

from typing import TYPE_CHECKING

from lxml import etree

from uwlr_adapter.contract.names import HAAL_LEERKRACHTEN, HAAL_LEERLINGEN, HAAL_STRUCTUUR, Operation
from uwlr_adapter.kit.checks import Suite, cannot, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, local, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import OF_DATA
from uwlr_adapter.kit.suites.leerlinggegevens import require_valid
from uwlr_adapter.kit.suites.verzoek import require_getrapt

if TYPE_CHECKING:
    from uwlr_adapter.kit.message import GroepAsked

SUITE = Suite("getrapt", "STEP", "Getrapte overdracht")
_OFFERED = "STEP-01"
_MAX_ASKED = 400
"""Groups that are asked at once (inclusive): a school of 2,000 leerlingen has fewer than 200 of both kinds."""


@SUITE.check(1, "HaalStructuur is answered with data", "R-092", after=(OF_DATA,))
def structure(session: Session) -> None:
    """Ask for the structure of the school."""
    require_getrapt(session)
    reading = session.structure()
    require(reading.kind is AnswerKind.DATA, f"HaalStructuur is answered with {sentence_of(reading)}.")


@SUITE.check(2, "The structure has its own name in its own namespace", "R-013", "R-092", after=(_OFFERED,))
def structure_names(session: Session) -> None:
    """Look at the names of answer and payload."""
    _require_names(session.structure(), HAAL_STRUCTUUR)


@SUITE.check(3, "The structure is valid by the schema", "R-051", "R-092", after=("STEP-02",))
def structure_valid(session: Session) -> None:
    """Validate the answer."""
    require_valid(session, session.structure())


@SUITE.check(4, "The structure has nobody in it", "R-092", after=(_OFFERED,))
def structure_without_persons(session: Session) -> None:
    """Look for lists of persons."""
    reading = session.structure()
    found = reading.child("leerlingen") is not None or reading.child("leerkrachten") is not None
    require(not found, "The answer of HaalStructuur has persons in it.")


@SUITE.check(5, "The structure has the groups of the whole answer", "R-099", after=(_OFFERED,))
def same_groups(session: Session) -> None:
    """Compare the groups with those of HaalLeerlinggegevens."""
    for kind in ("groep", "samengestelde_groep"):
        own, whole = _written(session.structure(), kind), _written(session.data(), kind)
        require(own.keys() == whole.keys(), f"HaalStructuur and HaalLeerlinggegevens have other keys for {kind}.")
        require(own == whole, f"HaalStructuur and HaalLeerlinggegevens say other things of a {kind}.")
        twice = len(session.structure().records(kind)) - len(own)
        require(not twice, f"HaalStructuur gives a {kind} more than once ({twice}x).")


def _add_persons(number: int, operation: Operation, kind: str) -> None:
    name = operation.name
    first = f"STEP-{number:02}"

    @SUITE.check(number, f"{name} for every group is answered with data", "R-093", after=(_OFFERED,))
    def answered(session: Session) -> None:
        reading = _of_all(session, operation)
        if reading.kind is AnswerKind.NO_DATA and not session.data().records(kind):
            omit(f"The school has nobody for {name}.")
        require(reading.kind is AnswerKind.DATA, f"{name} for every group is answered with {sentence_of(reading)}.")

    @SUITE.check(
        number + 1, f"The answer of {name} has its own name in its own namespace", "R-013", "R-093", after=(first,)
    )
    def named(session: Session) -> None:
        _require_names(_of_all(session, operation), operation)

    @SUITE.check(
        number + 2, f"The answer of {name} is valid by the schema", "R-051", "R-093", after=(f"STEP-{number + 1:02}",)
    )
    def valid(session: Session) -> None:
        require_valid(session, _of_all(session, operation))

    @SUITE.check(
        number + 3,
        f"{name} for every group, and for none, gives each {kind} of the whole answer",
        "R-094",
        "R-095",
        "R-099",
        after=(first,),
    )
    def same(session: Session) -> None:
        own, whole = _written(_of_all(session, operation), kind), _written(session.data(), kind)
        require(
            own.keys() >= whole.keys(), f"{len(whole.keys() - own.keys())} of {kind} of the whole answer are missing."
        )
        require(own.keys() <= whole.keys(), f"{len(own.keys() - whole.keys())} of {kind} are not in the whole answer.")
        require(own == whole, f"{name} and HaalLeerlinggegevens say other things of a {kind}.")

    @SUITE.check(number + 4, f"{name} gives nobody twice, whatever groups are asked", "R-054", "R-094", after=(first,))
    def once(session: Session) -> None:
        records = _of_all(session, operation).records(kind)
        keys = [_key(one) for one in records]
        require(len(keys) == len(set(keys)), f"{len(keys) - len(set(keys))} of {kind} are in the answer twice.")

    @SUITE.check(number + 5, f"{name} for one group gives those of that group only", "R-093", after=(first,))
    def one_group(session: Session) -> None:
        group = next(iter(session.structure().records("groep")), None)
        if group is None:
            cannot("because the school has no groep")
        reading = session.answer_of(operation, (("groep", group.get("key")),))
        wanted = {_key(one) for one in session.data().records(kind) if _is_in(one, group.get("key"))}
        found = {_key(one) for one in reading.records(kind)}
        require(found == wanted, f"{name} for one groep gives {len(found)} of {kind}, where {len(wanted)} are in it.")


_add_persons(11, HAAL_LEERLINGEN, "leerling")
_add_persons(21, HAAL_LEERKRACHTEN, "leerkracht")


@SUITE.check(
    31, "Each step names the school, the schooljaar and the version of the request", "R-100", after=("STEP-11",)
)
def school_in_each_step(session: Session) -> None:
    """Look at the school block of each step that is answered with data."""
    for operation in (HAAL_STRUCTUUR, HAAL_LEERLINGEN, HAAL_LEERKRACHTEN):
        reading = session.structure() if operation is HAAL_STRUCTUUR else _of_all(session, operation)
        if reading.kind is not AnswerKind.DATA:
            continue  # nobody, or the matter of another check
        for name in ("brincode", "schooljaar", "xsdversie"):
            given = reading.school(name)
            require(given, f"The answer of {operation.name} has no {name} in its school block.")
            is_asked = given == session.usual.value(name)
            require(is_asked, f"The {name} in the answer of {operation.name} is not that of the request.")
        given = reading.school("dependancecode") or "00"
        is_asked = given == session.target.dependancecode
        require(is_asked, f"The dependancecode in the answer of {operation.name} is not that of the request.")


@SUITE.check(32, "A group that does not exist gives no data of others", "R-096", "R-097", after=("STEP-11",))
def unknown_group(session: Session) -> str:
    """Ask for a key of our own invention; what is answered is left open by the standard."""
    reading = session.call(session.usual.of(HAAL_LEERLINGEN, (("groep", "uwlr-kit-onbekend"),)))
    require(reading.kind is not AnswerKind.DATA, "Leerlingen are given for a group that does not exist.")
    return f"A group that does not exist is answered with {sentence_of(reading)}."


def _of_all(session: Session, operation: Operation) -> Reading:
    """Return the answer for every group of the structure, and for those in no group."""
    structure_ = session.structure()
    asked: list[GroepAsked] = []
    for kind in ("groep", "samengestelde_groep"):
        asked += [(kind, str(one.get("key"))) for one in structure_.records(kind)]
    if len(asked) > _MAX_ASKED:
        cannot(f"because the school has {len(asked)} groups, and no more than {_MAX_ASKED} are asked at once")
    return session.answer_of(operation, (*asked, ("groep", None), ("samengestelde_groep", None)))


def _require_names(reading: Reading, operation: Operation) -> None:
    body, payload = reading.body, reading.payload
    require(
        body is not None
        and local(body) == operation.answer
        and body.tag == operation.request_tag.replace(operation.request, operation.answer),
        f"The element in the Body is not {operation.answer} in the namespace of leerlinggegevens.",
    )
    require(payload is not None and local(payload) == operation.payload, f"The payload is not {operation.payload}.")


def _key(record: etree._Element) -> tuple[str, str]:
    return str(record.get("key", "")), str(record.get("eckid", ""))


def _written(reading: Reading, kind: str) -> dict[tuple[str, str], list[tuple[str, str, str]]]:
    """Return what the answer says of each record of a kind: names, texts and keys, without prefixes."""
    return {
        _key(record): [
            (local(one), (one.text or "").strip(), str(one.get("key", ""))) for one in record.iter(etree.Element)
        ]
        for record in reading.records(kind)
    }


def _is_in(record: etree._Element, key: str | None) -> bool:
    return any(one.get("key") == key for one in record.iter("{*}groep"))
